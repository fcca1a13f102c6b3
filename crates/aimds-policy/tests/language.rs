//! The language: what compiles, and the code, place and help of what does not.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop"
)]

use aimds_policy::bundle::{Compiled, Source, compile};
use aimds_policy::diagnostic::{Code, Diagnostic, Level};
use aimds_policy::limits::DIAGNOSTICS_MAX;
use aimds_policy::testing::run;

/// A schema that every test here shares.
const SCHEMA: &str = r#"
schema agent v1
label trust: untrusted < user < trusted
event prompt, document, tool_call, tool_result, response, approval, revocation
group call = tool_call
group read = document, tool_result
role system, user, assistant, tool, agent
detector secret, jailbreak_roleplay
attribute region: text
argument anything: path
tag sink(external) for "*send*"
tag irreversible
tool email.send(to: set of host, subject: text, body: text) is sink(external)
tool pay(amount: amount, account: text, urgent: flag) is irreversible
tool files.read(path: path, limit: integer)
"#;

fn source(name: &str, text: &str) -> Source {
    Source {
        name: name.into(),
        text: text.into(),
    }
}

fn compiled(text: &str) -> Compiled {
    let root = source("root.policy", &format!("import \"schema.policy\"\n{text}"));
    compile(&root, &[source("schema.policy", SCHEMA)])
}

/// One policy of the given clauses, alone in a set.
fn policy(clauses: &str) -> Compiled {
    compiled(&format!(
        "policy p {{ {clauses} }}\nset all = {{ p }} default allow"
    ))
}

fn form(clauses: &str) -> String {
    let compiled = policy(clauses);
    let Some(bundle) = &compiled.bundle else {
        panic!("{}", compiled.render());
    };
    let set = &bundle.sets[0];
    show(&set.rules[0].body.form, &set.atoms)
}

/// The core form with the texts of its atoms.
fn show(form: &aimds_proof::logic::Form, atoms: &aimds_policy::atoms::AtomTable) -> String {
    use aimds_proof::logic::Form;
    let text = |id| atoms.atom(id).map_or_else(|| "?".into(), ToString::to_string);
    match form {
        Form::True => "true".into(),
        Form::False => "false".into(),
        Form::Atom(id) => format!("[{}]", text(*id)),
        Form::AtMost(id, bound) => format!("[{} <= {bound}]", text(*id)),
        Form::Not(inner) => format!("!{}", show(inner, atoms)),
        Form::And(left, right) => format!("({} & {})", show(left, atoms), show(right, atoms)),
        Form::Or(left, right) => format!("({} | {})", show(left, atoms), show(right, atoms)),
        Form::Previous(inner) => format!("prev {}", show(inner, atoms)),
        Form::Once { from_ms, to_ms, form } => format!("once[{from_ms},{to_ms}] {}", show(form, atoms)),
        Form::Since {
            from_ms,
            to_ms,
            hold,
            from,
        } => format!(
            "({} since[{from_ms},{to_ms}] {})",
            show(hold, atoms),
            show(from, atoms)
        ),
        Form::Count {
            from_ms,
            to_ms,
            at_least,
            form,
        } => format!("count[{from_ms},{to_ms}] {} >= {at_least}", show(form, atoms)),
    }
}

/// The example of the reference lowers to `when and D and not U`, with the relation as an atom of the past event.
#[test]
fn a_denial_is_when_and_condition_and_not_unless() {
    let text = form(
        "when call c to sink(external)
         deny if once[0s, 10m] (read r where r.trust <= untrusted and flows(r, c.args))
         unless (not revoked(c)) since[0s, 5m] approved(c) by user",
    );
    assert_eq!(
        text,
        "((([kind tool_call] & [tool is sink(external)]) & once[0,600000] (([kind document] | [kind tool_result]) & \
         ([trust level <= 0] & [flows into pending args]))) & !(!([kind revocation] & [is about the pending call]) \
         since[0,300000] (([kind approval] & [is about the pending call]) & [by user])))"
    );
}

/// Order signs on counts and amounts become `at least` and `at most`.
#[test]
fn numbers_lower_to_the_two_comparisons_of_the_core() {
    assert!(form("when call c deny if count[0s, 1h] (call _ to pay) > 20").ends_with(">= 21)"));
    assert!(form("when call c deny if count[0s, 1h] (call _ to pay) <= 20").contains("!count[0,3600000]"));
    let amounts = |sign: &str| form(&format!("when call c to pay deny if c.args.amount {sign} 19.99"));
    assert!(amounts("<=").ends_with("[args.amount in hundredths <= 1999])"));
    assert!(amounts("<").ends_with("[args.amount in hundredths <= 1998])"));
    assert!(amounts(">").ends_with("![args.amount in hundredths <= 1999])"));
    assert!(amounts(">=").ends_with("![args.amount in hundredths <= 1998])"));
    // Zero has nothing below it: still a question about the amount, and unknown where that is.
    let zero = |sign: &str| form(&format!("when call c to pay deny if c.args.amount {sign} 0"));
    assert!(zero(">=").ends_with(" & [args.amount in hundredths <= 9007199254740992])"));
    assert!(zero("<").ends_with(" & ![args.amount in hundredths <= 9007199254740992])"));
}

/// Trust is an order of labels: each comparison is made of "at most".
#[test]
fn trust_lowers_to_levels() {
    let trust = |condition: &str| form(&format!("when read r deny if r.trust {condition}"));
    assert!(trust("<= user").ends_with("[trust level <= 1])"));
    assert!(trust("< user").ends_with("[trust level <= 0])"));
    assert!(trust(">= user").ends_with("![trust level <= 0])"));
    assert!(trust("== user").ends_with("([trust level <= 1] & ![trust level <= 0]))"));
    // Below the lowest label nothing is: still a question about the label, and unknown where that is.
    assert!(trust(">= untrusted").ends_with("[trust level <= 2])"));
    assert!(trust("< untrusted").ends_with("![trust level <= 2])"));
}

/// `every x != a` says that no member is `a`; `not every x == a` would be something else.
#[test]
fn quantified_inequality_speaks_of_members() {
    let text = form("when call c to email.send deny if every c.args.to != \"corp.example\"");
    assert!(
        text.ends_with("![some args.to: set of host in {\"corp.example\"}])"),
        "{text}"
    );
}

/// Each mistake has its code, and the help is not empty.
#[test]
fn mistakes_have_codes() {
    let cases = [
        (
            "when call c deny if c.args.path under \"/etc\"",
            Code::UndeclaredArgument,
        ),
        ("when call c to pay deny if c.args.ammount > 3", Code::UnknownName),
        ("when call c to pai deny", Code::UnknownName),
        ("when cal c deny", Code::UnknownName),
        (
            "when call c to pay deny if c.args.amount within {\"a.example\"}",
            Code::WrongType,
        ),
        (
            "when call c to pay deny if c.args.amount > 1.999",
            Code::WrongType,
        ),
        (
            "when call c to email.send deny if c.args.to within {\"a.example\"}",
            Code::WrongType,
        ),
        (
            "when call c to files.read deny if c.args.path under \"etc\"",
            Code::WrongType,
        ),
        ("when call c to pay deny if c.args.account", Code::WrongType),
        ("when call c deny if once[10m, 5m] read r", Code::BadWindow),
        ("when call c deny if once[0s, 5] read r", Code::WrongType),
        ("when call c deny if count[0s, 5m] read _ >= 0", Code::BadCount),
        ("when call c deny if count[0s, 5m] read _ > 200", Code::BadCount),
        ("when call c deny if flows(c, c.args)", Code::WrongVariable),
        (
            "when call c deny if once[0s, 5m] (read r where c.trust <= user)",
            Code::WrongVariable,
        ),
        ("when call c deny if once[0s, 5m] (read c)", Code::WrongVariable),
        (
            "when call c deny if once[0s, 5m] once[0s, 5m] (read r where flows(r, c.args))",
            Code::NestedRelation,
        ),
        (
            "when call c deny if once[0s, 5m] once[0s, 5m] approved(c)",
            Code::NestedRelation,
        ),
        ("when call c deny if approved(c)", Code::WrongVariable),
        ("when read r deny if r.trust <= nobody", Code::UnknownName),
        ("when read r deny if r.args.amount > 1", Code::WrongType),
        ("when read r deny if score(r, secrets) >= 0.5", Code::UnknownName),
        ("when read r deny if score(r, secret) >= 1.5", Code::WrongType),
        ("when read r deny if r.role < user", Code::WrongType),
        ("when call c deny action explode", Code::UnknownName),
        ("when call c permit action ask", Code::BadClause),
        ("when call c deny severity awful", Code::UnknownName),
        ("when call c deny obligation sing(\"a\")", Code::BadClause),
        ("deny if true", Code::BadClause),
        ("when call c", Code::BadClause),
        ("when call c when call d deny", Code::BadClause),
    ];
    for (clauses, code) in cases {
        let compiled = policy(clauses);
        let codes: Vec<Code> = compiled.diagnostics.iter().map(|found| found.code).collect();
        assert!(compiled.bundle.is_none(), "compiled: {clauses}");
        assert!(codes.contains(&code), "{clauses}: {}", compiled.render());
        assert!(compiled.diagnostics.iter().all(|found| !found.help.is_empty()));
    }
}

/// What an event of a test has once is told once: of two, the first would be forgotten in silence. What is told is not overwritten
/// by what is usual.
#[test]
fn tests_tell_nothing_twice() {
    let of = |details: &str, verdict: &str| {
        format!(
            "policy p {{ when call c deny if c.trust <= untrusted }} set s = {{ p }} default allow
             test \"t\" for s {{ given call c to pay {details} at 0s expect {verdict} }}"
        )
    };
    for (once, again) in [
        ("score secret 0.1", "score secret 0.9"),
        ("score secret unknown", "score secret 0"),
        ("with region \"us\"", "with region \"eu\""),
        ("trust user", "trust unknown"),
        ("role user", "role agent"),
        ("text \"a\"", "text \"b\""),
    ] {
        let text = of(&format!("{once} {again}"), "allow");
        let compiled = compiled(&text);
        let [found] = compiled.diagnostics.as_slice() else {
            panic!("{again}: {}", compiled.render());
        };
        assert_eq!(found.code, Code::Duplicate, "{again}");
        let source = &compiled.sources[usize::from(found.span.file)].text;
        let place = &source[found.span.start as usize..found.span.end as usize];
        assert_eq!(place.trim(), again);
    }
    for (details, verdict) in [
        ("trust untrusted role user score secret 0.1", "deny"),
        ("role agent trust user from a from b", "allow"),
        ("role agent", "deny"),
    ] {
        let compiled = compiled(&of(details, verdict));
        let report = run(&compiled.bundle.unwrap());
        assert!(report.passed(), "{details}: {:?}", report.outcomes);
    }
}

/// One run reports the errors of every policy and clause, not just the first.
#[test]
fn reading_goes_on_after_an_error() {
    let compiled = compiled(
        "policy a { when call deny if oops }\npolicy b { when call c deny if ) severity high }\nset s = { a } default\ntest 5 {}",
    );
    let codes: Vec<&str> = compiled
        .diagnostics
        .iter()
        .map(|found| found.code.text())
        .collect();
    assert_eq!(codes.len(), 4, "{}", compiled.render());
}

/// A crowd of warnings hides no error: the bundle cannot be used, and the error is told.
#[test]
fn warnings_do_not_make_a_bundle_valid() {
    let unused: Vec<String> = (0..60)
        .map(|number| format!("policy unused{number} {{ when call c deny }}\n"))
        .collect();
    let used = "policy p { when call c deny }\nset s = { p } default allow\n";
    let unused = format!("{}{used}", unused.concat());
    assert!(compiled(&unused).bundle.is_some(), "warnings alone do no harm");
    for wrong in [
        "claim fires(nowhere, p)",
        "claim sings(s, p)",
        "test \"t\" for nowhere { given call c to pay at 0s expect deny }",
    ] {
        let compiled = compiled(&format!("{unused}{wrong}"));
        assert!(compiled.bundle.is_none(), "{wrong}");
        let errors: Vec<&Diagnostic> = compiled
            .diagnostics
            .iter()
            .filter(|found| found.level == Level::Error)
            .collect();
        assert_eq!(errors.len(), 1, "{wrong}: {}", compiled.render());
        assert!(compiled.diagnostics.len() <= DIAGNOSTICS_MAX);
    }
}

/// A set of which one policy failed is told once: what names the set is not at fault as well.
#[test]
fn a_failed_policy_is_the_only_fault_of_its_set() {
    let compiled = compiled(
        "policy good { when call c deny }
         policy bad { when call c to pay deny if c.args.ammount > 3 }
         set s = { good, bad } default allow
         set t = { good } default allow
         claim fires(s, bad)
         claim no_path(t, s)
         test \"t\" for s { given call c to pay at 0s expect deny }",
    );
    assert!(compiled.bundle.is_none());
    let codes: Vec<Code> = compiled.diagnostics.iter().map(|found| found.code).collect();
    assert_eq!(codes, [Code::UnknownName], "{}", compiled.render());
}

/// The excerpt shows the line and marks the place.
#[test]
fn a_diagnostic_shows_its_place() {
    let rendered = policy("when call c to pai deny").render();
    let expected = "error[policy-unknown-name]: there is no tool or tag `pai`
  --> root.policy:2:27
2 | policy p { when call c to pai deny }
  |                           ^^^
  = help: did you mean `pay`?";
    assert!(rendered.contains(expected), "{rendered}");
}

/// Of a mail address in a rule only the host would count: it would mean the whole firm.
#[test]
fn a_rule_names_no_more_than_a_host() {
    for (written, host) in [
        ("ann@corp.example", "corp.example"),
        ("https://corp.example/x", "corp.example"),
    ] {
        let rendered = policy(&format!(
            "when call c to email.send deny unless every c.args.to in {{\"{written}\"}}"
        ))
        .render();
        assert!(
            rendered.contains("error[policy-wrong-type]: only the host of"),
            "{rendered}"
        );
        assert!(rendered.contains(&format!("write \"{host}\"")), "{rendered}");
    }
    let good = policy("when call c to email.send deny unless every c.args.to in {\"Corp.Example.\"}");
    assert!(good.bundle.is_some(), "{}", good.render());
}

/// In a test the values of an argument stand in brackets, and the error says so.
#[test]
fn braces_around_values_of_a_test_are_explained() {
    let rendered = compiled(
        "policy p { when call c deny }
         set s = { p } default allow
         test \"t\" for s { given call c to email.send(to: {\"a.example\"}) at 0s expect deny }",
    )
    .render();
    assert!(rendered.contains("several stand in brackets"), "{rendered}");
}

/// Templates are filled in by kind and number.
#[test]
fn templates_take_parameters() {
    let template = "template rate(t: tool, n: integer, w: duration) {
        when call c to t deny if count[0s, w] (call _ to t) > n action throttle }\n";
    let good = compiled(&format!(
        "{template} use rate(email.send, 20, 1h) as mail\nset s = {{ mail }} default allow"
    ));
    let bundle = good
        .bundle
        .as_ref()
        .unwrap_or_else(|| panic!("{}", good.render()));
    let set = &bundle.sets[0];
    assert_eq!(
        show(&set.rules[0].body.form, &set.atoms),
        "(([kind tool_call] & [tool email.send]) & count[0,3600000] ([kind tool_call] & [tool email.send]) >= 21)"
    );
    for arguments in [
        "email.send, 20",
        "email.send, 1h, 20",
        "email.send, 20, 1h, 3",
        "nothing, 20, 1h",
    ] {
        let bad = compiled(&format!(
            "{template} use rate({arguments}) as mail\nset s = {{ mail }} default allow"
        ));
        assert!(bad.bundle.is_none(), "{arguments}");
    }
}

/// An overlay may replace what its owner declared overridable, and nothing else.
#[test]
fn overlays_replace_only_what_is_overridable() {
    let two = |marked: &str, set: &str| {
        compiled(&format!(
            "policy base_rule {marked} {{ when call c to pay deny }}
             policy mine replaces base_rule {{ when call c to pay deny if c.args.amount > 5 }}
             set base = {{ base_rule }} default deny
             set prod = {set} combine forbid_overrides default deny"
        ))
    };
    let good = two("overridable", "overlay(base, mine)");
    let bundle = good
        .bundle
        .as_ref()
        .unwrap_or_else(|| panic!("{}", good.render()));
    let names: Vec<&str> = bundle
        .set("prod")
        .unwrap()
        .rules
        .iter()
        .map(|rule| rule.name.as_str())
        .collect();
    assert_eq!(names, ["mine"]);
    for (marked, set) in [
        ("", "overlay(base, mine)"),
        ("overridable", "{ base, mine }"),
        ("overridable", "overlay(mine, base)"),
    ] {
        assert!(two(marked, set).bundle.is_none(), "{marked} {set}");
    }
}

/// Names are declared once, imports are found, sets do not contain themselves.
#[test]
fn bundles_are_consistent() {
    for text in [
        "import \"missing.policy\"",
        "policy p { when call c deny } policy p { when call c deny } set s = { p } default deny",
        "set s = { t } default deny set t = { s } default deny",
        "set s = { nothing } default deny",
        "schema agent v2",
        "tool pay() is irreversible",
        "tool other(path: text)",
        "claim fires(nowhere, p)",
        "test \"t\" for nowhere { given call c to pay at 0s expect deny }",
    ] {
        assert!(compiled(text).bundle.is_none(), "compiled: {text}");
    }
}

/// Names of names of names: what would open into more than memory holds is refused, and quickly.
#[test]
fn nested_constants_and_sets_are_bounded() {
    let many = |name: &str| vec![name; 1_000].join(", ");
    let mut constants = String::from("let n0 = {}\n");
    let mut sets = String::from("policy p { when call c deny }\nset s0 = { p } default deny\n");
    for level in 1..8 {
        let below = level - 1;
        let names = many(&format!("n{below}"));
        constants.push_str(
            &[
                "let n",
                &level.to_string(),
                " = { ",
                &names,
                " }
",
            ]
            .concat(),
        );
        let names = many(&format!("s{below}"));
        sets.push_str(
            &[
                "set s",
                &level.to_string(),
                " = { ",
                &names,
                " } default deny
",
            ]
            .concat(),
        );
    }
    let used = "policy q { when call c to pay deny if c.args.account in n7 } set all = { q } default deny";
    for text in [format!("{constants}{used}"), sets] {
        let codes: Vec<Code> = compiled(&text)
            .diagnostics
            .iter()
            .map(|found| found.code)
            .collect();
        assert!(codes.contains(&Code::TooLarge), "{codes:?}");
    }
}

/// A gathering argument is a set of declared arguments that gather nothing themselves.
#[test]
fn gathering_arguments_are_checked() {
    let code = |line: &str| {
        let schema = format!("{SCHEMA}{line}\n");
        let root = source(
            "root.policy",
            "import \"schema.policy\"\npolicy p { when call c deny if known(c.args.whom) }\nset all = { p } default allow",
        );
        let found = compile(&root, &[source("schema.policy", &schema)]);
        found.diagnostics.first().map(|one| one.code)
    };
    assert_eq!(code("argument whom: set of host from to, account"), None);
    assert_eq!(
        code("argument whom: host from to, account"),
        Some(Code::WrongType)
    );
    assert_eq!(
        code("argument whom: set of host from to, nobody"),
        Some(Code::UnknownName)
    );
    assert_eq!(
        code("argument whom: set of host from to, whom"),
        Some(Code::WrongType)
    );
    assert_eq!(
        code("argument whom: set of host from to, to"),
        Some(Code::Duplicate)
    );
    assert_eq!(
        code("argument all: set of host from to\nargument whom: set of host from all"),
        Some(Code::WrongType)
    );
}
