//! Contracts: what `ensures` means, what a claim about it shows of each instance, and that it decides nothing.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop"
)]

mod common;

use aimds_policy::bundle::{Bundle, Compiled, Source, compile};
use aimds_policy::claims::{Answer, PATH_EVENTS, Shown, show};
use aimds_policy::diagnostic::{Code, Level};
use aimds_policy::limits::ENSURES_MAX;
use aimds_proof::Budget;
use aimds_proof::logic::{Event, Rule, Trace, Value};
use aimds_proof::naive::{allows, fires};
use common::{bundle_of, cases, library, shipped};
use proptest::prelude::*;

/// A template for amounts, of which the guarantee is that of the stricter instance.
const LIMIT: &str = r#"import "schema.policy"
template limit(most: amount) {
  when call c to payments.transfer
  deny if c.args.amount > most
  ensures c.args.amount <= 10
}
use limit(10) as strict
use limit(20) as loose
"#;

fn compiled(text: &str) -> Compiled {
    let root = Source {
        name: "root.policy".into(),
        text: text.into(),
    };
    compile(&root, &library())
}

fn answers(text: &str) -> Vec<Answer> {
    show(&bundle_of(text), PATH_EVENTS, &Budget::UNIVERSAL)
}

/// How each instance came off: its rule, the template with its arguments, and a word.
fn words(answers: &[Answer]) -> Vec<(String, Option<String>, &'static str)> {
    let word = |shown: &Shown| match shown {
        Shown::Proved(_) => "proved",
        Shown::ProvedUpTo(_) => "proved up to",
        Shown::Witnessed(_) => "witnessed",
        Shown::Refuted(_) => "refuted",
        Shown::NotShown(_) => "not shown",
    };
    let row = |answer: &Answer| {
        let instance = answer.instance.clone().unwrap();
        (instance.rule, instance.filled_in, word(&answer.shown))
    };
    answers.iter().map(row).collect()
}

/// One policy of these clauses in a set, and the claim of its contract.
fn one(clauses: &str, default: &str) -> Vec<Answer> {
    answers(&format!(
        "import \"schema.policy\"\npolicy p {{ {clauses} }}\nset s = {{ p }} default {default}\nclaim contract(s, p)"
    ))
}

/// What one policy's contract came to, in a set that allows by default.
fn how(clauses: &str) -> &'static str {
    words(&one(clauses, "allow"))[0].2
}

/// A guarantee that is the condition's contrary is a theorem over all traces, for each instance by its name and arguments.
#[test]
fn each_instance_is_a_theorem() {
    let text = "import \"schema.policy\"
        let burst = 3
        template rate(what: tool, most: integer, window: duration) {
          when call c to what
          deny if count[0s, window] (call _ to what) > most
          ensures count[0s, window] (call _ to what) <= most
        }
        use rate(email.send, burst, 1m) as mail
        use rate({http.get, http.post}, 5, 1h) as web
        set s = { mail, web } default allow
        claim contract(s, rate)";
    let answers = answers(text);
    let named = |rule: &str, filled: &str| (rule.to_owned(), Some(filled.to_owned()), "proved");
    assert_eq!(
        words(&answers),
        [
            named("mail", "rate(email.send, burst, 1m)"),
            named("web", "rate({http.get, http.post}, 5, 1h)")
        ]
    );
    assert!(answers.iter().all(|answer| answer.claim.about == ["s", "rate"]));
}

/// The looser instance breaks the guarantee: its trace is replayed, on it the set allows, and it names that instance.
#[test]
fn an_instance_that_breaks_it_is_refuted_by_name() {
    let alone = answers(&format!(
        "{LIMIT} set s = {{ strict }} default allow\nset t = {{ loose }} default allow
         claim contract(s, limit)\nclaim contract(t, limit)"
    ));
    let row = |rule: &str, filled: &str, word| (rule.to_owned(), Some(filled.to_owned()), word);
    assert_eq!(
        words(&alone),
        [
            row("strict", "limit(10)", "proved"),
            row("loose", "limit(20)", "refuted")
        ]
    );
    let Shown::Refuted(witness) = &alone[1].shown else {
        panic!("{alone:?}")
    };
    let bundle = bundle_of(&format!("{LIMIT} set t = {{ loose }} default allow"));
    let policy = bundle.set("t").unwrap().core_policy().unwrap();
    assert!(allows(&policy, &witness.trace), "the set lets it pass");
    let broken = Rule::Deny(bundle.contracts("t").unwrap().all[0].broken.clone());
    assert!(
        fires(&broken, witness.trace.events()),
        "and it breaks the contract"
    );
    assert_eq!(witness.streams.len(), 2);
}

/// It is the set that must keep the promise: beside the stricter instance the looser one is safe too.
#[test]
fn the_whole_set_keeps_the_promise() {
    let together = answers(&format!(
        "{LIMIT} set s = {{ strict, loose }} default allow\nclaim contract(s, limit)"
    ));
    let words: Vec<&str> = words(&together).iter().map(|(_, _, word)| *word).collect();
    assert_eq!(words, ["proved", "proved"]);
}

/// A contract can be claimed of one instance, by the name of its rule.
#[test]
fn one_instance_can_be_claimed() {
    let found = answers(&format!(
        "{LIMIT} set s = {{ strict, loose }} default allow\nclaim contract(s, loose)"
    ));
    assert_eq!(words(&found).len(), 1);
    assert_eq!(found[0].instance.as_ref().unwrap().rule, "loose");
}

/// Instances are found through nested sets and overlays; what an overlay replaced is none of the set's.
#[test]
fn instances_come_with_nested_sets_and_overlays() {
    let text = "import \"schema.policy\"
        policy base_limit overridable { when call c to payments.transfer deny if c.args.amount > 5
          ensures c.args.amount <= 5 }
        template limit(most: amount) { when call c to payments.transfer deny if c.args.amount > most
          ensures c.args.amount <= most }
        use limit(7) as inner_limit
        use limit(9) as team_limit replaces base_limit
        set inner = { inner_limit } default allow
        set base = { inner, base_limit } default allow
        set team = overlay(base, team_limit) default allow
        claim contract(base, limit)
        claim contract(team, limit)
        claim contract(base, base_limit)";
    let found = answers(text);
    let rules: Vec<String> = words(&found).into_iter().map(|(rule, _, _)| rule).collect();
    assert_eq!(rules, ["inner_limit", "inner_limit", "team_limit", "base_limit"]);
    assert!(
        found.iter().all(|one| matches!(one.shown, Shown::Proved(_))),
        "{found:?}"
    );
    let gone = compiled(&format!("{text}\nclaim contract(team, base_limit)"));
    assert!(gone.bundle.is_none());
}

/// An approval that holds since is one that was given; but that two operators hang together like this is not seen over all traces, and
/// what short traces keep is no contract.
#[test]
fn what_only_short_traces_keep_is_not_shown() {
    let clauses = "when call c to irreversible deny
        unless (not revoked(c)) since[0s, 5m] approved(c) by user";
    assert_eq!(
        how(&format!("{clauses} ensures once[0s, 5m] approved(c) by user")),
        "not shown"
    );
    assert_eq!(
        how(&format!(
            "{clauses} ensures (not revoked(c)) since[0s, 5m] approved(c) by user"
        )),
        "proved"
    );
    assert_eq!(
        how(&format!("{clauses} ensures once[0s, 1m] approved(c) by user")),
        "refuted"
    );
}

/// Several clauses mean all of them; what only a longer window would tell is not shown.
#[test]
fn clauses_are_joined() {
    let deny = "when call c to payments.transfer
        deny if c.args.amount > 10 or c.trust <= untrusted";
    assert_eq!(
        how(&format!(
            "{deny} ensures c.args.amount <= 10 ensures c.trust > untrusted"
        )),
        "proved"
    );
    assert_eq!(
        how(&format!(
            "{deny} ensures c.args.amount <= 10 ensures c.trust > user"
        )),
        "refuted"
    );
    let wide = "when call c deny if once[0s, 10m] (read r where r.trust <= untrusted)";
    let narrow = "ensures not once[0s, 9m] (read r where r.trust <= untrusted)";
    assert_eq!(how(&format!("{wide} {narrow}")), "not shown");
}

/// Permits and advice may state what they ensure; whether the set keeps it is another matter.
#[test]
fn permits_and_advice_may_ensure() {
    let permit = "when call c to payments.transfer permit if c.args.amount <= 10 ensures c.args.amount <= 10";
    assert_eq!(words(&one(permit, "deny"))[0].2, "proved");
    assert_eq!(how(permit), "refuted");
    assert_eq!(
        how("when read r deny if r.trust <= untrusted action notify ensures r.trust > untrusted"),
        "refuted"
    );
    assert_eq!(
        how("when call c to payments.transfer deny ensures false"),
        "proved"
    );
}

/// Unknown never grants: an amount that cannot be read breaks the promise, and a set that lets it pass does not keep it.
#[test]
fn unknown_breaks_the_promise() {
    let bundle = bundle_of(&format!(
        "{LIMIT} set s = {{ strict }} default allow\nclaim contract(s, limit)"
    ));
    let broken = Rule::Deny(bundle.contracts("s").unwrap().all[0].broken.clone());
    let unknown = Trace::new(vec![Event::new(0, Vec::new(), Value::Unknown).unwrap()]).unwrap();
    assert!(fires(&broken, unknown.events()));
    let other = Trace::new(vec![Event::new(0, Vec::new(), Value::No).unwrap()]).unwrap();
    assert!(!fires(&broken, other.events()), "nor where `when` cannot match");
    assert!(!allows(
        &bundle.set("s").unwrap().core_policy().unwrap(),
        &unknown
    ));
}

/// Rules, facts and policy of a set are the same with and without contracts, also where these name further facts.
#[test]
fn a_contract_decides_nothing() {
    let set = |ensures: &str| {
        let bundle = bundle_of(&format!(
            "import \"schema.policy\"
             policy p {{ when call c to email.send deny if c.args.to.count > 3 {ensures} }}
             policy q {{ when call c to http.post deny if score(c, secret) >= 0.5 }}
             set s = {{ p, q }} default allow"
        ));
        let set = bundle.set("s").unwrap().clone();
        (
            set.core_policy().unwrap(),
            set.atoms
                .iter()
                .map(|(id, atom)| (id, atom.clone()))
                .collect::<Vec<_>>(),
            set.granting_detectors().len(),
        )
    };
    assert_eq!(
        set(""),
        set("ensures score(c, jailbreak_roleplay) < 0.5 and known(c.args.subject)")
    );
}

/// What is wrong with a claim of a contract has its code, its place and help; nothing counts as shown.
#[test]
fn wrong_claims_are_errors() {
    let sets = format!(
        "{LIMIT} policy bare {{ when call c to payments.transfer deny if c.args.amount > 7 }}
         policy open {{ when event e permit }}
         set s = {{ strict, bare }} default allow\nset all = {{ open }} default allow\n"
    );
    for (claim, code, message, marked) in [
        (
            "contract(s, nowhere)",
            Code::UnknownName,
            "no template or policy `nowhere`",
            "nowhere",
        ),
        (
            "contract(nowhere, limit)",
            Code::UnknownName,
            "no policy set `nowhere`",
            "nowhere",
        ),
        (
            "contract(s, bare)",
            Code::BadClause,
            "`bare` states no `ensures`",
            "bare",
        ),
        (
            "contract(all, limit)",
            Code::UnknownName,
            "`all` has no instance of `limit`",
            "claim contract(all, limit)",
        ),
        (
            "contract(s, loose)",
            Code::UnknownName,
            "`s` has no instance of `loose`",
            "claim contract(s, loose)",
        ),
        (
            "contract(s)",
            Code::BadClause,
            "about a set and a template",
            "claim contract(s)",
        ),
        (
            "contract(s, limit, strict)",
            Code::BadClause,
            "about a set and a template",
            "claim contract(s, limit, strict)",
        ),
        (
            "contracts(s, limit)",
            Code::UnknownName,
            "no claim `contracts`",
            "contracts",
        ),
    ] {
        let compiled = compiled(&format!("{sets}claim {claim}"));
        assert!(compiled.bundle.is_none(), "{claim}");
        let errors = compiled
            .diagnostics
            .iter()
            .filter(|found| found.level == Level::Error);
        let [error] = errors.collect::<Vec<_>>()[..] else {
            panic!("{claim}: {}", compiled.render())
        };
        assert_eq!(error.code, code, "{claim}");
        assert!(
            error.message.contains(message) && !error.help.is_empty(),
            "{claim}: {error:?}"
        );
        let text = &compiled.sources[0].text;
        assert_eq!(&text[error.span.start as usize..error.span.end as usize], marked);
    }
}

/// The clause is checked like a condition, with an instance's arguments, whether or not anybody claims it.
#[test]
fn the_clause_is_type_checked() {
    for (ensures, code) in [
        ("c.args.ammount <= 3", Code::UnknownName),
        ("c.args.amount within {\"a.example\"}", Code::WrongType),
        ("not once[10m, 5m] read r", Code::BadWindow),
        ("not once[0s, 5] read r", Code::WrongType),
        ("count[0s, 5m] read _ > 200", Code::BadCount),
        ("flows(c, c.args)", Code::WrongVariable),
        ("approved(d)", Code::WrongVariable),
        ("once[0s, 5m] once[0s, 5m] approved(c)", Code::NestedRelation),
        ("", Code::Expected),
        (")", Code::Expected),
    ] {
        let compiled = compiled(&format!(
            "import \"schema.policy\"\npolicy p {{ when call c to payments.transfer deny ensures {ensures} }}
             set s = {{ p }} default allow"
        ));
        let codes: Vec<Code> = compiled.diagnostics.iter().map(|found| found.code).collect();
        assert!(
            compiled.bundle.is_none() && codes.contains(&code),
            "{ensures}: {}",
            compiled.render()
        );
    }
    let of_instance = |age: &str| {
        compiled(&format!(
            "import \"schema.policy\"
             template t(age: duration) {{ when call c deny ensures not once[1m, age] read _ }}
             use t({age}) as p\nset s = {{ p }} default allow\nclaim contract(s, t)"
        ))
    };
    assert!(of_instance("5m").diagnostics.is_empty());
    assert_eq!(of_instance("5s").diagnostics[0].code, Code::BadWindow);
    let many = |count: usize| {
        let ensures = "ensures c.args.amount <= 9 ".repeat(count);
        compiled(&format!(
            "import \"schema.policy\"\npolicy p {{ when call c to payments.transfer deny {ensures} }}
             set s = {{ p }} default allow\nclaim contract(s, p)"
        ))
    };
    assert!(many(ENSURES_MAX).bundle.is_some());
    let codes: Vec<Code> = many(ENSURES_MAX + 1)
        .diagnostics
        .iter()
        .map(|found| found.code)
        .collect();
    assert_eq!(codes, [Code::TooLarge]);
}

/// What a set uses and nobody claims is told, once for a template, and as long as one instance is in no claimed set.
#[test]
fn an_unclaimed_contract_is_a_warning() {
    let warnings = |rest: &str| -> Vec<String> {
        let compiled = compiled(&format!("{LIMIT}{rest}"));
        assert!(compiled.bundle.is_some(), "{}", compiled.render());
        let unused = compiled
            .diagnostics
            .iter()
            .filter(|found| found.code == Code::Unused);
        unused.map(|found| found.message.clone()).collect()
    };
    let both = "set s = { strict, loose } default allow\n";
    let of =
        |rule: &str| format!("`limit` states `ensures`, but no `claim contract` has it proved of `{rule}`");
    assert_eq!(warnings(both), [of("strict")]);
    assert_eq!(
        warnings(&format!("{both}claim contract(s, strict)")),
        [of("loose")]
    );
    assert!(warnings(&format!("{both}claim contract(s, limit)")).is_empty());
    let two = "set s = { strict } default allow\nset t = { s, loose } default allow\n";
    assert_eq!(warnings(&format!("{two}claim contract(s, limit)")), [of("loose")]);
    assert!(warnings(&format!("{two}claim contract(t, limit)")).is_empty());
    let own =
        "policy own { when call c to payments.transfer deny if c.args.amount > 5 ensures c.args.amount <= 5 }
        set s = { strict, loose, own } default allow\nclaim contract(s, limit)";
    assert_eq!(
        warnings(own),
        ["`own` states `ensures`, but no `claim contract` has it proved"]
    );
    let library = compiled(
        "import \"schema.policy\"\ntemplate t(n: amount) { when call c to payments.transfer
        deny if c.args.amount > n ensures c.args.amount <= n }",
    );
    assert!(
        library.diagnostics.is_empty(),
        "a template that no set uses promises nobody anything"
    );
}

/// The shipped contracts, with the words that the reference uses of them.
#[test]
fn shipped_contracts_are_shown() {
    let instances = |name: &str| {
        let bundle: Bundle = shipped(name);
        let found = show(&bundle, PATH_EVENTS, &Budget::UNIVERSAL);
        let found: Vec<Answer> = found
            .into_iter()
            .filter(|one| one.claim.kind == "contract")
            .collect();
        words(&found)
    };
    let row = |rule: &str, filled: Option<&str>, word| (rule.to_owned(), filled.map(str::to_owned), word);
    assert_eq!(
        instances("rate_limits"),
        [
            row("mail_rate", Some("rate(email.send, 5, 1m)"), "proved"),
            row("payment_rate", Some("rate(payments.transfer, 3, 1h)"), "proved"),
            row("sink_rate", Some("rate(sink(external), 8, 10m)"), "proved"),
        ]
    );
    assert_eq!(
        instances("approval"),
        [
            row(
                "irreversible_needs_approval",
                Some("confirmed(irreversible, 5m)"),
                "proved"
            ),
            row("large_payment_needs_two", None, "proved"),
        ]
    );
}

/// Conditions as an author writes them, joined at random.
fn conditions() -> impl Strategy<Value = String> {
    let parts = vec![
        "c.trust <= untrusted",
        "c.args.amount > 3",
        "known(c.args.account)",
        "once[0s, 10m] (read r where r.trust <= untrusted and flows(r, c.args))",
        "count[0s, 1h] (call _ to payments.transfer) > 2",
        "(not revoked(c)) since[0s, 5m] approved(c)",
        "prev (read _)",
        "not once[1s, 2s] approved(c) by user",
        "score(c, secret) >= 0.5",
    ];
    let join = prop::sample::select(vec![" and ", " or ", " and not "]);
    (prop::sample::subsequence(parts, 1..4), join).prop_map(|(parts, join)| parts.join(join))
}

/// Events of random facts, unknown ones among them, with the gaps between them.
fn traces() -> impl Strategy<Value = Vec<Vec<(u64, u64)>>> {
    let gap = prop::sample::select(vec![0, 1, 1_000, 300_000, 600_000, 3_600_000]);
    prop::collection::vec(prop::collection::vec((gap, any::<u64>()), 1..=PATH_EVENTS), 20)
}

fn trace(bundle: &Bundle, events: &[(u64, u64)]) -> Trace {
    let mut now_ms = 0;
    let events = events.iter().map(|(gap_ms, seed)| {
        now_ms += gap_ms;
        let facts = bundle.contracts("s").unwrap().atoms.iter().map(|(id, _)| {
            let mixed = (seed ^ u64::from(id.number())).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 60;
            // Mostly yes, so that `when` matches now and then.
            (
                id,
                [Value::Unknown, Value::No, Value::Number(200), Value::Number(400)]
                    .get(mixed as usize)
                    .copied(),
            )
        });
        let facts = facts
            .map(|(id, value)| (id, value.unwrap_or(Value::Yes)))
            .collect();
        Event::new(now_ms, facts, Value::No).unwrap()
    });
    Trace::new(events.collect()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(64), failure_persistence: None, ..ProptestConfig::default() })]

    /// A denial ensures the contrary of its condition, in every set with it, whatever else the set holds; a set without it has
    /// nothing to show.
    #[test]
    fn a_denial_ensures_the_contrary(condition in conditions(), other in conditions(), deny in any::<bool>()) {
        let default = if deny { "deny" } else { "allow" };
        let text = format!(
            "import \"schema.policy\"
             policy p {{ when call c to payments.transfer deny if {condition} ensures not ({condition}) }}
             policy q {{ when call c to payments.transfer deny if {other} }}
             policy open {{ when event e permit }}
             set s = {{ open, q, p }} default {default}
             set without = {{ open }} default allow\n"
        );
        let found = answers(&format!("{text}claim contract(s, p)"));
        prop_assert!(matches!(found[0].shown, Shown::Proved(_)), "{condition}: {:?}", found[0].shown);
        let nothing = compiled(&format!("{text}claim contract(without, p)"));
        prop_assert!(nothing.bundle.is_none());
    }

    /// Of any condition and any guarantee: what is called proved holds on random traces, and what is called refuted fails
    /// on its witness.
    #[test]
    fn words_are_true_of_traces(
        condition in conditions(), ensured in conditions(), strict in any::<bool>(), traces in traces()
    ) {
        let ensured = if strict { format!("not ({condition}) or {ensured}") } else { ensured };
        let text = format!(
            "import \"schema.policy\"
             policy p {{ when call c to payments.transfer deny if {condition} ensures {ensured} }}
             set s = {{ p }} default allow
             claim contract(s, p)"
        );
        let bundle = bundle_of(&text);
        let policy = bundle.set("s").unwrap().core_policy().unwrap();
        let broken = Rule::Deny(bundle.contracts("s").unwrap().all[0].broken.clone());
        let breaks = |trace: &Trace| allows(&policy, trace) && fires(&broken, trace.events());
        let events_max = match &answers(&text)[0].shown {
            Shown::Proved(_) => usize::MAX,
            Shown::Refuted(witness) => {
                prop_assert!(breaks(&witness.trace));
                0
            }
            _ => 0,
        };
        prop_assert!(!strict || events_max == usize::MAX, "{condition}: {ensured}");
        for events in traces.iter().filter(|events| events.len() <= events_max) {
            prop_assert!(!breaks(&trace(&bundle, events)), "{condition}: {ensured}: {events:?}");
        }
    }
}
