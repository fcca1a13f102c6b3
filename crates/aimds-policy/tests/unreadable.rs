//! What cannot be read, is missing or stands there twice is unknown: it never grants, and never lifts a denial.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]

mod common;

use aimds_policy::record::{EventRecord, RecordValue};
use aimds_policy::session::{Engine, Session, Verdict};
use common::bundle_of;
use std::sync::Arc;

/// A call of which everything is known.
fn call(tool: &str, arguments: &[(&str, RecordValue)]) -> EventRecord {
    let named = |(name, value): &(&str, RecordValue)| ((*name).to_owned(), value.clone());
    EventRecord {
        kind: "tool_call".into(),
        role: Some("assistant".into()),
        trust: Some("user".into()),
        tool: Some(tool.into()),
        arguments: Some(arguments.iter().map(named).collect()),
        covered: true,
        ..EventRecord::default()
    }
}

fn text(value: &str) -> RecordValue {
    RecordValue::Text(value.into())
}

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
