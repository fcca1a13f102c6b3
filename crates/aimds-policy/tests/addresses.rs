//! Addresses: what may name another recipient than it seems to is unknown, and one recipient is one however it is written.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]

mod common;

use aimds_policy::record::{EventRecord, RecordValue};
use aimds_policy::session::{Engine, Session, Verdict};
use common::bundle_of;
use std::sync::Arc;

/// Sends mail to these, one call a second, under one rule; whether the last one is denied, and surely.
fn last_is_denied(rule: &str, default: &str, calls: &[&[&str]]) -> (bool, bool) {
    let bundle = bundle_of(&format!(
        "import \"schema.policy\"
         policy p {{ when call c to email.send {rule} }}
         set s = {{ p }} default {default}"
    ));
    let engine = Engine::new(bundle.set("s").unwrap().clone()).unwrap();
    let mut session = Session::new(Arc::new(engine));
    let decisions = calls.iter().zip(1..).map(|(to, second)| {
        let to = to.iter().map(|one| RecordValue::Text((*one).into())).collect();
        session.judge(&EventRecord {
            time_ms: second * 1_000,
            kind: "tool_call".into(),
            tool: Some("email.send".into()),
            arguments: Some(vec![("to".into(), RecordValue::List(to))]),
            covered: true,
            ..EventRecord::default()
        })
    });
    let last = decisions.last().unwrap();
    (
        last.verdict == Verdict::Deny,
        last.fired.iter().all(|fired| fired.certain),
    )
}

/// A link of several recipients, and what some reader takes for the address of somebody else: neither within an allowed domain,
/// nor one recipient, nor the same as a plain one.
#[test]
fn what_may_name_other_recipients_is_unknown() {
    for address in [
        "mailto:ann@corp.example?bcc=x%40evil.example",
        "mailto:ann@corp.example?bcc=x@evil.example",
        "mailto:ann@corp.example?cc=bob",
        "mailto:ann@corp.example,x@evil.example",
        "mailto:ann@corp.example%2cx%40evil.example",
        "mailto:x:ann@corp.example",
        "mailto://ann@corp.example?bcc=x@evil.example",
        "ann@corp.example?cc=x%40evil.example",
        "ann@corp.example/,bob",
        "corp.example/x%40evil.example",
        "corp.example/x\u{ff20}evil.example",
        "corp.example?x\u{fe6b}evil.example",
        "corp.example/x&#64;evil.example",
        "corp.example\u{ff20}evil.example",
        "a://corp.example/b@evil.example",
        "evil.example!x@corp.example",
        "x(@corp.example",
    ] {
        let unknown = |condition: &str| {
            let one: &[&[&str]] = &[&[address]];
            let denial = last_is_denied(&format!("deny if {condition}"), "allow", one);
            assert_eq!(denial, (true, false), "{condition}: {address}");
            let permit = last_is_denied(&format!("permit if {condition}"), "deny", one);
            assert!(permit.0, "{condition}: {address}");
        };
        unknown("every c.args.to within {\"corp.example\"}");
        unknown("not every c.args.to within {\"corp.example\"}");
        unknown("some c.args.to within {\"corp.example\"}");
        unknown("c.args.to.count <= 1");
        unknown("c.args.to.count > 1");
        let before = "once[1ms, 1h] (call x to email.send where x.args.to == c.args.to)";
        for other in ["ann@corp.example", "corp.example", address] {
            let calls: &[&[&str]] = &[&[other], &[address]];
            let denial = last_is_denied(&format!("deny if {before}"), "allow", calls);
            assert_eq!(denial, (true, false), "{address} and {other}");
            assert!(last_is_denied(&format!("permit if {before}"), "deny", calls).0);
        }
    }
}

/// `mailto:` changes nothing about who gets it, neither alone nor in a set.
#[test]
fn one_recipient_is_one_however_it_is_written() {
    let before = "once[1ms, 1h] (call x to email.send where x.args.to == c.args.to)";
    let same = |first: &[&str], second: &[&str]| {
        let calls: &[&[&str]] = &[first, second];
        let (denied, certain) = last_is_denied(&format!("deny if {before}"), "allow", calls);
        assert!(certain);
        assert_eq!(
            last_is_denied(&format!("permit if {before}"), "deny", calls).0,
            !denied
        );
        denied
    };
    assert!(same(&["ann@corp.example"], &["mailto:ann@corp.example"]));
    assert!(same(&["MAILTO:Ann@Corp.Example"], &["ann@corp.example"]));
    assert!(same(
        &["mailto:ann@corp.example", "bob@corp.example"],
        &["mailto:bob@corp.example", "ann@corp.example"]
    ));
    assert!(!same(&["mailto:ann@corp.example"], &["mailto:bob@corp.example"]));
    assert!(!same(&["mailto:ann@corp.example"], &["corp.example"]));
    let within = "deny unless every c.args.to within {\"corp.example\"}";
    assert!(!last_is_denied(within, "allow", &[&["mailto:ann@corp.example"]]).0);
}
