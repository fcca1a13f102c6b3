//! What cannot be read, is missing or stands there twice is unknown: it never grants, and never lifts a denial.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]

mod common;

use aimds_policy::claims::{Answer, PATH_EVENTS, Shown, show};
use aimds_policy::record::{EventRecord, RecordValue};
use aimds_policy::session::{Decision, Engine, Session, Verdict};
use aimds_proof::naive::allows;
use aimds_proof::{Budget, Verdict as Proved, check_stream};
use common::bundle_of;
use common::seen::{call, session, text};
use std::sync::Arc;

fn texts(values: &[&str]) -> RecordValue {
    RecordValue::List(values.iter().map(|value| text(value)).collect())
}

/// `/`, `?` and `#` may stand before the `@` of a mail address: what looks like an allowed host with a path may be an address
/// elsewhere, and is no host that the list of allowed ones could hold.
#[test]
fn an_address_that_looks_like_a_host_with_a_path_is_no_allowed_host() {
    let bundle = bundle_of("import \"tool_constraints.policy\"");
    let engine = Arc::new(Engine::new(bundle.set("tool_constraints").unwrap().clone()).unwrap());
    let judge = |call: &EventRecord| Session::new(Arc::clone(&engine)).judge(call);
    for address in [
        "corp.example/x@evil.example",
        "corp.example?x@evil.example",
        "corp.example#x@evil.example",
    ] {
        for (call, rule) in [
            (
                call("email.send", &[("to", texts(&["ann@corp.example", address]))]),
                "recipients_outside",
            ),
            (call("http.get", &[("url", text(address))]), "host_not_reachable"),
        ] {
            let decision = judge(&call);
            assert_eq!(decision.verdict, Verdict::Deny, "{address}");
            let denial = decision.fired.iter().find(|fired| fired.name == rule).unwrap();
            assert!(!denial.certain, "{address}: the host cannot be read");
        }
    }
    let fine = judge(&call("email.send", &[("to", texts(&["ann@corp.example"]))]));
    assert_eq!(fine.verdict, Verdict::Allow);
    let fine = judge(&call(
        "http.get",
        &[("url", text("https://corp.example/x@evil.example"))],
    ));
    assert_eq!(
        fine.verdict,
        Verdict::Allow,
        "a URL names its host before the path"
    );
}

/// What a comparison of an amount says, seen from both sides: whether a denial by it fires and is certain, and whether a permit
/// by it grants. Naive semantics and kernel must agree with each verdict, and the kernel refuse its opposite.
fn amount_seen_from_both_sides(condition: &str, amount: Option<&RecordValue>) -> (bool, bool, bool) {
    let arguments: Vec<_> = amount
        .map(|amount| ("amount", amount.clone()))
        .into_iter()
        .collect();
    let judge = |effect: &str, default: &str| -> Decision {
        let mut session = session(&format!(
            "policy p {{ when call c to payments.transfer {effect} if c.args.amount {condition} }}
             set s = {{ p }} default {default}"
        ));
        let decision = session.judge(&call("payments.transfer", &arguments));
        let policy = session.engine().set().core_policy().unwrap();
        let trace = session.slice().trace().unwrap();
        let allowed = decision.verdict == Verdict::Allow;
        assert_eq!(allows(&policy, &trace), allowed, "{condition} {amount:?}");
        let verdict = if allowed { Proved::Allow } else { Proved::Deny };
        for (verdict, right) in [(verdict, true), (verdict.opposite(), false)] {
            let claimed = aimds_proof::Decision {
                policy: policy.clone(),
                trace: trace.clone(),
                verdict,
                reason: None,
            };
            let stream = claimed.stream(&Budget::DECISION).unwrap();
            let accepted = check_stream(stream.as_bytes(), &Budget::DECISION).is_accepted();
            assert_eq!(accepted, right, "{condition} {amount:?}");
        }
        decision
    };
    let denial = judge("deny", "allow");
    let fires = denial.verdict == Verdict::Deny;
    let certain = denial.fired.iter().all(|fired| fired.certain);
    (fires, certain, judge("permit", "deny").verdict == Verdict::Allow)
}

/// Comparing with zero asks for an amount like every other comparison: one that is negative, of another form or missing is unknown.
#[test]
fn amounts_that_cannot_be_read_never_grant_at_zero_either() {
    let unknown = [
        Some(RecordValue::Integer(-500)),
        Some(RecordValue::Decimal("-0.01".into())),
        Some(text("1e9 or so")),
        Some(RecordValue::List(Vec::new())),
        Some(RecordValue::Null),
        None,
    ];
    // What it says of 0 and of 5.
    for (condition, zero, five) in [
        (">= 0", true, true),
        ("< 0", false, false),
        ("<= 0", true, false),
        ("> 0", false, true),
        ("== 0", true, false),
        ("!= 0", false, true),
    ] {
        for amount in &unknown {
            let seen = amount_seen_from_both_sides(condition, amount.as_ref());
            assert_eq!(seen, (true, false, false), "{condition} {amount:?}");
        }
        for (amount, holds) in [(0, zero), (5, five)] {
            let seen = amount_seen_from_both_sides(condition, Some(&RecordValue::Integer(amount)));
            assert_eq!(seen, (holds, true, holds), "{condition} {amount}");
        }
    }
}

/// No amount lies below zero, and so no trace shows a permit that waits for one.
#[test]
fn no_trace_shows_an_amount_below_zero() {
    let bundle = bundle_of(
        "import \"schema.policy\"
         policy p { when call c to payments.transfer permit if c.args.amount < 0 }
         set s = { p } default deny
         claim fires(s, p)",
    );
    for Answer { shown, .. } in show(&bundle, PATH_EVENTS, &Budget::UNIVERSAL) {
        assert!(matches!(shown, Shown::NotShown(_)), "{shown:?}");
    }
}

/// Members are counted only if each can be read: a line of three addresses is not one recipient, nor is a list in a list.
#[test]
fn sets_with_a_member_that_cannot_be_read_are_not_counted() {
    let judge = |count: &str, value: &RecordValue| {
        let verdict = |effect: &str, default: &str| {
            let mut session = session(&format!(
                "policy p {{ when call c to email.send {effect} if c.args.{count} }}
                 set s = {{ p }} default {default}"
            ));
            session.judge(&call("email.send", &[("to", value.clone())]))
        };
        let denial = verdict("deny", "allow");
        let certain = denial.fired.iter().all(|fired| fired.certain);
        let fires = denial.verdict == Verdict::Deny;
        (
            fires,
            certain,
            verdict("permit", "deny").verdict == Verdict::Allow,
        )
    };
    let unreadable = [
        text("a@x.example, b@y.example, c@z.example"),
        RecordValue::List(vec![texts(&["a@x.example", "b@y.example", "c@z.example"])]),
        texts(&["a@x.example", "b@y.example;c@z.example"]),
        RecordValue::List(vec![text("a@x.example"), RecordValue::Null]),
        RecordValue::List(vec![RecordValue::Integer(3)]),
        RecordValue::Map(vec![("a@x.example".into(), text("b@y.example"))]),
        RecordValue::Flag(true),
    ];
    for field in ["to", "destinations"] {
        for value in &unreadable {
            for condition in ["count > 1", "count <= 1", "count == 2"] {
                let seen = judge(&format!("{field}.{condition}"), value);
                assert_eq!(seen, (true, false, false), "{field}.{condition} {value:?}");
            }
        }
        for (value, count) in [
            (text("a@x.example"), 1),
            (texts(&["a@x.example"]), 1),
            (texts(&["a@x.example", "b@y.example"]), 2),
        ] {
            for number in 0..4 {
                let seen = judge(&format!("{field}.count == {number}"), &value);
                let holds = count == number;
                assert_eq!(seen, (holds, true, holds), "{field} {value:?} {number}");
            }
        }
    }
    assert_eq!(judge("to.count == 0", &texts(&[])), (true, true, true));
}

/// A detector that is named twice has no score that all readers agree on: it keeps the denial and grants nothing.
#[test]
fn a_detector_named_twice_has_no_score() {
    let verdict = |scores: &[(&str, u16)], effect: &str, default: &str| {
        let mut session = session(&format!(
            "policy p {{ when prompt p {effect} if score(p, jailbreak_roleplay) >= 0.5 }}
             set s = {{ p }} default {default}"
        ));
        session.judge(&EventRecord {
            kind: "prompt".into(),
            scores: scores
                .iter()
                .map(|(name, score)| ((*name).into(), *score))
                .collect(),
            covered: true,
            ..EventRecord::default()
        })
    };
    for twice in [
        [("jailbreak_roleplay", 0), ("jailbreak_roleplay", 990)],
        [("jailbreak_roleplay", 990), ("jailbreak_roleplay", 0)],
    ] {
        assert_eq!(
            verdict(&twice, "deny", "allow").verdict,
            Verdict::Deny,
            "{twice:?}"
        );
        assert_eq!(
            verdict(&twice, "permit", "deny").verdict,
            Verdict::Deny,
            "{twice:?}"
        );
    }
    let once = [("jailbreak_roleplay", 990), ("secret", 0)];
    assert_eq!(verdict(&once, "permit", "deny").verdict, Verdict::Allow);
    assert_eq!(
        verdict(&[("jailbreak_roleplay", 0)], "deny", "allow").verdict,
        Verdict::Allow
    );
}

/// Sets are the same only if their members are: the sign that joined them may stand in a member, and none is not an empty one.
#[test]
fn different_sets_are_never_the_same() {
    let denied = |first: &RecordValue, second: &RecordValue| {
        let mut session = session(
            "policy p { when call c to email.send
               deny if once[1ms,10m] (call d to email.send where d.args.contents == c.args.contents) }
             set s = { p } default allow",
        );
        let send = |value: &RecordValue, time_ms: u64| EventRecord {
            time_ms,
            ..call("email.send", &[("contents", value.clone())])
        };
        session.judge(&send(first, 0));
        session.judge(&send(second, 1_000)).verdict == Verdict::Deny
    };
    for (first, second) in [
        (texts(&["a\u{1f}b"]), texts(&["a", "b"])),
        (texts(&[]), texts(&[""])),
        (texts(&["", ""]), texts(&[])),
        (texts(&["1:a"]), texts(&["a"])),
        (texts(&["a1:b"]), texts(&["a", "b"])),
    ] {
        assert!(
            !denied(&first, &second) && !denied(&second, &first),
            "{first:?} {second:?}"
        );
        assert!(
            denied(&first, &first) && denied(&second, &second),
            "{first:?} {second:?}"
        );
    }
    assert!(
        denied(&texts(&["b", "a", "b"]), &texts(&["a", "b"])),
        "order and repetition mean nothing"
    );
    assert!(denied(&text("a"), &texts(&["a"])), "one value is a set of one");
}

/// A rule of which the caller tells nothing is unknown: it stops, and grants nothing.
#[test]
fn rules_without_an_answer_are_unknown() {
    let engine = |effect: &str, default: &str| {
        let bundle = bundle_of(&format!(
            "import \"schema.policy\"
             policy p {{ when prompt p {effect} }}
             set s = {{ p }} default {default}"
        ));
        Engine::new(bundle.set("s").unwrap().clone()).unwrap()
    };
    assert_eq!(engine("deny", "allow").decide(&[], 0, 0).verdict, Verdict::Deny);
    assert_eq!(engine("permit", "deny").decide(&[], 0, 0).verdict, Verdict::Deny);
}
