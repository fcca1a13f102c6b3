//! The kernel without the filter: what it must accept, what it must reject and why.

use super::Loader;
use crate::certificate::{Decision, Verdict};
use crate::export::encode::Encoder;
use crate::export::source::{declare_all, parse};
use crate::export::stream::{BinderInfo, ConstructorRecord, InductiveRecord, Stream};
use crate::export::term::{Binder, Term, Universe, apply, arrow, compile, constant, for_all, lambda, word};
use crate::limits::{Budget, Limit};
use crate::notation::{parse_policy, parse_trace};
use crate::outcome::{Checked, Reason, Stop};
use crate::prelude::prelude;

const NOT_FALSE: &str = include_str!("../../tests/known/not_false.ndjson");

fn kernel_alone(text: &str) -> Checked<()> {
    Loader::new(Budget::DECISION).load(text, 1)
}

fn reason(result: Checked<()>) -> Option<Reason> {
    match result {
        Err(Stop::Rejected(rejection)) => Some(rejection.reason),
        _ => None,
    }
}

/// `text` with `from`, which must be there exactly once, replaced.
fn edited(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from}");
    text.replace(from, to)
}

#[test]
fn known_certificate_is_accepted() {
    assert_eq!(kernel_alone(NOT_FALSE), Ok(()));
}

/// Name of a change, text, its replacement, what the kernel says.
const CHANGED_RECORDS: &[(&str, &str, &str, Reason)] = &[
    (
        "flipped goal",
        "\"ie\":73,\"app\":{\"fn\":72,\"arg\":47}",
        "\"ie\":73,\"app\":{\"fn\":72,\"arg\":45}",
        Reason::DeclaredType,
    ),
    (
        "flipped proof",
        "\"ie\":76,\"app\":{\"fn\":75,\"arg\":71}",
        "\"ie\":76,\"app\":{\"fn\":75,\"arg\":45}",
        Reason::DeclaredType,
    ),
    (
        "swapped application",
        "\"ie\":71,\"app\":{\"fn\":70,\"arg\":45}",
        "\"ie\":71,\"app\":{\"fn\":45,\"arg\":70}",
        Reason::NotAFunction,
    ),
    (
        "wrong argument",
        "\"ie\":71,\"app\":{\"fn\":70,\"arg\":45}",
        "\"ie\":71,\"app\":{\"fn\":70,\"arg\":70}",
        Reason::ArgumentType,
    ),
    (
        "loose variable",
        "\"ie\":66,\"app\":{\"fn\":65,\"arg\":1}",
        "\"ie\":66,\"app\":{\"fn\":65,\"arg\":2}",
        Reason::LooseVariable,
    ),
    (
        "short universe list",
        "{\"ie\":68,\"const\":{\"name\":1,\"us\":[3]}}",
        "{\"ie\":68,\"const\":{\"name\":1,\"us\":[]}}",
        Reason::UniverseCount,
    ),
    (
        "long universe list",
        "{\"ie\":68,\"const\":{\"name\":1,\"us\":[3]}}",
        "{\"ie\":68,\"const\":{\"name\":1,\"us\":[3,3]}}",
        Reason::UniverseCount,
    ),
    (
        "longer universe list",
        "{\"ie\":68,\"const\":{\"name\":1,\"us\":[3]}}",
        "{\"ie\":68,\"const\":{\"name\":1,\"us\":[3,3,3]}}",
        Reason::UniverseCount,
    ),
    (
        "wrong universe",
        "{\"ie\":68,\"const\":{\"name\":1,\"us\":[3]}}",
        "{\"ie\":68,\"const\":{\"name\":1,\"us\":[0]}}",
        Reason::ArgumentType,
    ),
    (
        "unknown universe",
        "{\"ie\":68,\"const\":{\"name\":1,\"us\":[3]}}",
        "{\"ie\":68,\"const\":{\"name\":1,\"us\":[9]}}",
        Reason::Reference,
    ),
    (
        "universe parameter",
        "{\"ie\":68,\"const\":{\"name\":1,\"us\":[3]}}",
        "{\"ie\":68,\"const\":{\"name\":1,\"us\":[1]}}",
        Reason::Universe,
    ),
    (
        "undeclared universe parameter",
        "\"levelParams\":[5],",
        "\"levelParams\":[7],",
        Reason::Reference,
    ),
    (
        "polymorphic definition",
        "{\"def\":{\"name\":19,\"levelParams\":[]",
        "{\"def\":{\"name\":19,\"levelParams\":[4]",
        Reason::Universe,
    ),
    (
        "wrong type of a definition",
        "\"levelParams\":[],\"type\":60",
        "\"levelParams\":[],\"type\":43",
        Reason::DeclaredType,
    ),
    (
        "type that is no type",
        "\"levelParams\":[],\"type\":60",
        "\"levelParams\":[],\"type\":47",
        Reason::NotAType,
    ),
    (
        "undeclared constant",
        "{\"ie\":70,\"const\":{\"name\":19,",
        "{\"ie\":70,\"const\":{\"name\":18,",
        Reason::UnknownConstant,
    ),
    (
        "expression of itself",
        "{\"ie\":64,\"app\":{\"fn\":63,\"arg\":47}}",
        "{\"ie\":64,\"app\":{\"fn\":63,\"arg\":64}}",
        Reason::Reference,
    ),
    (
        "theorem that is no proposition",
        "{\"thm\":{\"name\":20,\"levelParams\":[],\"type\":73,\"value\":76",
        "{\"thm\":{\"name\":20,\"levelParams\":[],\"type\":43,\"value\":47",
        Reason::NotAProposition,
    ),
    (
        "declared twice",
        "{\"thm\":{\"name\":20,\"levelParams\":[],\"type\":73,\"value\":76,\"all\":[20]",
        "{\"thm\":{\"name\":19,\"levelParams\":[],\"type\":73,\"value\":76,\"all\":[19]",
        Reason::DeclaredTwice,
    ),
    (
        "number of a record",
        "{\"ie\":70,",
        "{\"ie\":71,",
        Reason::Numbering,
    ),
    (
        "name twice",
        "{\"in\":19,\"str\":{\"pre\":18,\"str\":\"not\"}}",
        "{\"in\":19,\"str\":{\"pre\":12,\"str\":\"true\"}}",
        Reason::Duplicate,
    ),
    (
        "level twice",
        "{\"il\":3,\"succ\":0}",
        "{\"il\":3,\"param\":5}",
        Reason::Duplicate,
    ),
    (
        "successor of a parameter",
        "{\"il\":3,\"succ\":0}",
        "{\"il\":3,\"succ\":1}",
        Reason::Universe,
    ),
];

/// Each change makes the certificate wrong, and the kernel says how.
#[test]
fn kernel_rejects_changed_records() {
    for (name, from, to, expected) in CHANGED_RECORDS {
        assert_eq!(
            reason(kernel_alone(&edited(NOT_FALSE, from, to))),
            Some(*expected),
            "{name}"
        );
    }
}

/// Every number that an inductive record repeats is compared with what the constructors give.
#[test]
fn kernel_rejects_changed_inductive_types() {
    let eq = "\"numParams\":2,\"numIndices\":1,\"numMotives\":1";
    let cases = [
        ("k of Eq", "\"k\":true", "\"k\":false"),
        ("k of Bool", "\"k\":false", "\"k\":true"),
        (
            "parameters",
            eq,
            "\"numParams\":1,\"numIndices\":1,\"numMotives\":1",
        ),
        ("indices", eq, "\"numParams\":2,\"numIndices\":0,\"numMotives\":1"),
        (
            "cases",
            "\"numMotives\":1,\"numMinors\":2",
            "\"numMotives\":1,\"numMinors\":1",
        ),
        ("constructor index", "\"cidx\":1,", "\"cidx\":0,"),
        (
            "fields of a constructor",
            "\"induct\":12,\"cidx\":1,\"numParams\":0,\"numFields\":0",
            "\"induct\":12,\"cidx\":1,\"numParams\":0,\"numFields\":1",
        ),
        (
            "type of a constructor",
            "\"induct\":12,\"cidx\":1",
            "\"induct\":1,\"cidx\":1",
        ),
        (
            "isRec",
            "\"ctors\":[13,14],\"numNested\":0,\"isRec\":false",
            "\"ctors\":[13,14],\"numNested\":0,\"isRec\":true",
        ),
        ("constructors exchanged", "\"ctors\":[13,14]", "\"ctors\":[14,13]"),
        (
            "rules exchanged",
            "{\"ctor\":13,\"nfields\":0,\"rhs\":56},{\"ctor\":14,\"nfields\":0,\"rhs\":59}",
            "{\"ctor\":13,\"nfields\":0,\"rhs\":59},{\"ctor\":14,\"nfields\":0,\"rhs\":56}",
        ),
        (
            "rules of the other constructor",
            "{\"ctor\":13,\"nfields\":0,\"rhs\":56},{\"ctor\":14,\"nfields\":0,\"rhs\":59}",
            "{\"ctor\":14,\"nfields\":0,\"rhs\":56},{\"ctor\":13,\"nfields\":0,\"rhs\":59}",
        ),
        (
            "fields of a rule",
            "{\"ctor\":14,\"nfields\":0",
            "{\"ctor\":14,\"nfields\":1",
        ),
        (
            "type of the recursor",
            "\"levelParams\":[5],\"type\":53",
            "\"levelParams\":[5],\"type\":44",
        ),
        (
            "type of Eq",
            "\"levelParams\":[4],\"type\":6",
            "\"levelParams\":[4],\"type\":12",
        ),
        (
            "universes of Eq.rec",
            "\"levelParams\":[5,4]",
            "\"levelParams\":[4,4]",
        ),
        (
            "rule of Eq",
            "{\"ctor\":2,\"nfields\":0,\"rhs\":41}",
            "{\"ctor\":2,\"nfields\":0,\"rhs\":37}",
        ),
    ];
    for (name, from, to) in cases {
        let result = reason(kernel_alone(&edited(NOT_FALSE, from, to)));
        assert!(matches!(result, Some(Reason::Inductive(_))), "{name}: {result:?}");
    }
}

/// Without any one of its records the certificate is not accepted, however short it gets.
#[test]
fn kernel_rejects_a_dropped_record() {
    let lines: Vec<&str> = NOT_FALSE.lines().collect();
    // The last record is the theorem itself: its absence is for the filter to see.
    for dropped in 0..lines.len() - 1 {
        let text: String = lines
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != dropped)
            .flat_map(|(_, line)| [*line, "\n"])
            .collect();
        let result = kernel_alone(&text);
        assert!(result.is_err(), "line {}", dropped + 1);
    }
}

/// A data type whose constructor takes a function of itself would allow loops.
#[test]
fn kernel_rejects_non_positive_types() {
    let mut stream = Stream::new(100_000);
    declare_all(&mut stream, &parse("(inductive Bool (false) (true))").unwrap());
    let [name, constructor, recursor, universe] =
        ["Bad", "Bad.mk", "Bad.rec", "u"].map(|name| stream.name(name));
    let kind = compile(&mut stream, &Term::Sort(Universe::One));
    let function = arrow(vec![word("Bad")], word("Bool"));
    let constructor_kind = compile(&mut stream, &arrow(vec![function], word("Bad")));
    stream.inductive(&InductiveRecord {
        name,
        level_parameters: &[],
        kind,
        parameters: 0,
        indices: 0,
        is_recursive: true,
        constructors: &[ConstructorRecord {
            name: constructor,
            kind: constructor_kind,
            fields: 1,
            rule: constructor_kind,
        }],
        recursor,
        recursor_level_parameters: &[universe],
        recursor_kind: constructor_kind,
        k: false,
    });
    assert_eq!(
        reason(kernel_alone(stream.text())),
        Some(Reason::Inductive("the type of a field"))
    );
}

/// A wrong leaf of a case split is found, a right one passes, and `let` computes.
#[test]
fn case_splits_are_checked_leaf_by_leaf() {
    let identity = lambda(vec![Binder::new("x", word("Bool"))], word("x"));
    let is_true = |term| {
        apply(
            constant("Eq", &[Universe::One]),
            vec![word("Bool"), term, word("Bool.true")],
        )
    };
    let refl = || {
        apply(
            constant("Eq.refl", &[Universe::One]),
            vec![word("Bool"), word("Bool.true")],
        )
    };
    let either = |x: &str| {
        apply(
            word("Aimds.or"),
            vec![word(x), apply(word("Aimds.not"), vec![word(x)])],
        )
    };
    let of_identity = |x: &str| apply(identity.clone(), vec![word(x)]);
    let theorem = |claim: &dyn Fn(&str) -> Term| {
        let mut stream = prelude().unwrap().stream.clone();
        let binder = || vec![Binder::new("x", word("Bool"))];
        let motive = lambda(vec![Binder::new("t", word("Bool"))], is_true(claim("t")));
        let split = apply(
            constant("Bool.rec", &[Universe::Zero]),
            vec![motive, refl(), refl(), word("x")],
        );
        let statement = compile(&mut stream, &for_all(binder(), is_true(claim("x"))));
        let proof = compile(&mut stream, &lambda(binder(), split));
        stream.theorem("Aimds.verdict", statement, proof);
        reason(kernel_alone(stream.text()))
    };
    assert_eq!(theorem(&either), None);
    assert_eq!(theorem(&of_identity), Some(Reason::ArgumentType));
}

/// `let` is checked and computes; its value must have its type.
#[test]
fn lets_are_checked() {
    let tail = |kind: u32| {
        let text = NOT_FALSE.replace("{\"ie\":71,\"app\":{\"fn\":70,\"arg\":45}}", &format!(
            "{{\"ie\":71,\"letE\":{{\"name\":9,\"type\":{kind},\"value\":47,\"body\":1,\"nondep\":false}}}}"
        ));
        kernel_alone(&text)
    };
    assert_eq!(tail(43), Ok(()));
    assert_eq!(reason(tail(42)), Some(Reason::ArgumentType));
}

/// Two ways to compute, environments and substitution, agree on accepting and rejecting.
#[test]
fn machine_and_substitution_agree() {
    let policies = [
        "deny once 0 10 atom 1\npermit true\n",
        "deny since 0 10 atom 1 atom 2\npermit atom 1\n",
        "deny count 1 10 2 atom 1\npermit not atom 3\n",
        "deny previous not atom 2\npermit atmost 4 7\n",
        "permit or atom 9 and atom 1 not not atom 2\n",
    ];
    let traces = [
        "",
        "0 no 1=yes 4=7\n",
        "0 no 1=yes\n5 unknown 2=yes\n5 no 1=yes 3=unknown 4=8\n",
        "9 no 1=yes\n3 no 1=yes 2=yes\n",
    ];
    for policy in policies {
        for trace in traces {
            let right = Decision::new(parse_policy(policy).unwrap(), parse_trace(trace).unwrap());
            let wrong = Decision {
                verdict: right.verdict.opposite(),
                reason: None,
                ..right.clone()
            };
            for (decision, expected) in [(right, None), (wrong, Some(Reason::DeclaredType))] {
                let stream = decision.stream(&Budget::DECISION).unwrap();
                for substitution_only in [false, true] {
                    let mut loader = Loader::new(Budget::DECISION);
                    if substitution_only {
                        loader.use_substitution_only();
                    }
                    assert_eq!(
                        reason(loader.load(&stream, 1)),
                        expected,
                        "{policy} {trace} {substitution_only}"
                    );
                }
            }
        }
    }
}

/// A false reason does not pass, even beside a right verdict.
#[test]
fn a_false_reason_is_rejected() {
    let decision = Decision {
        reason: Some(1),
        ..Decision::new(
            parse_policy("deny atom 1\ndeny atom 2\n").unwrap(),
            parse_trace("0 no 1=yes\n").unwrap(),
        )
    };
    assert_eq!(decision.verdict, Verdict::Deny);
    let stream = decision.stream(&Budget::DECISION).unwrap();
    assert_eq!(reason(kernel_alone(&stream)), Some(Reason::DeclaredType));
}

/// Each budget ends a check, and as a limit, never as a rejection.
#[test]
fn every_budget_ends_a_check() {
    let decision = Decision::new(
        parse_policy("deny once 0 100 atom 1\npermit true\n").unwrap(),
        parse_trace("0 no 2=yes\n50 no 2=yes\n").unwrap(),
    );
    let stream = decision.stream(&Budget::DECISION).unwrap();
    let full = Budget::DECISION;
    let cases = [
        (
            Budget {
                records_max: 1_400,
                ..full
            },
            Limit::Records,
        ),
        (
            Budget {
                expressions_max: 1_200,
                ..full
            },
            Limit::Expressions,
        ),
        (
            Budget {
                steps_max: 2_000,
                ..full
            },
            Limit::Steps,
        ),
        (
            Budget {
                nodes_max: 1_500,
                ..full
            },
            Limit::Nodes,
        ),
        (
            Budget {
                depth_max: 10,
                ..full
            },
            Limit::Depth,
        ),
        (
            Budget {
                time_max: std::time::Duration::ZERO,
                ..full
            },
            Limit::Time,
        ),
    ];
    for (budget, expected) in cases {
        let result = Loader::new(budget).load(&stream, 1);
        assert_eq!(result, Err(Stop::Limit(expected)));
    }
    assert_eq!(Loader::new(full).load(&stream, 1), Ok(()));
}

/// A definition by itself, and one by a later one, which the kernel must not have to take on trust.
#[test]
fn kernel_rejects_circles() {
    let declared = |names: [&str; 2]| {
        let mut stream = prelude().unwrap().stream.clone();
        for (name, value) in [("Aimds.first", names[0]), ("Aimds.second", names[1])] {
            let mut encoder = Encoder { stream: &mut stream };
            let kind = encoder.constant("Bool");
            let value = encoder.constant(value);
            stream.definition(name, kind, value);
        }
        reason(kernel_alone(stream.text()))
    };
    assert_eq!(declared(["Bool.true", "Aimds.first"]), None);
    assert_eq!(
        declared(["Aimds.first", "Bool.true"]),
        Some(Reason::UnknownConstant)
    );
    assert_eq!(
        declared(["Aimds.second", "Bool.true"]),
        Some(Reason::UnknownConstant)
    );
}

/// Names and kinds of binders carry no meaning for the kernel.
#[test]
fn binder_names_do_not_matter() {
    let renamed = edited(
        NOT_FALSE,
        "{\"ie\":67,\"lam\":{\"name\":7,",
        "{\"ie\":67,\"lam\":{\"name\":9,",
    );
    assert_eq!(kernel_alone(&renamed), Ok(()));
    let mut stream = prelude().unwrap().stream.clone();
    let mut encoder = Encoder { stream: &mut stream };
    let bool = encoder.constant("Bool");
    let body = stream.bound(0);
    let value = stream.lambda("x", BinderInfo::Implicit, bool, body);
    let kind = stream.for_all("a", BinderInfo::Default, bool, bool);
    stream.definition("Aimds.identity", kind, value);
    assert_eq!(kernel_alone(stream.text()), Ok(()));
}
