//! Rules of one policy, seen from both sides: as a denial and as a permit.

use super::bundle_of;
use aimds_policy::record::{EventRecord, RecordValue};
use aimds_policy::session::{Engine, Session, Verdict};
use aimds_proof::naive::allows;
use std::sync::Arc;

/// A session under the set `s` of a text over the shipped schema.
pub fn session(text: &str) -> Session {
    let bundle = bundle_of(&format!("import \"schema.policy\"\n{text}"));
    Session::new(Arc::new(Engine::new(bundle.set("s").unwrap().clone()).unwrap()))
}

/// A call of which everything is known.
pub fn call(tool: &str, arguments: &[(&str, RecordValue)]) -> EventRecord {
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

/// A text as a value.
pub fn text(value: &str) -> RecordValue {
    RecordValue::Text(value.into())
}

/// What a rule says of an event, seen from both sides: whether a denial by it fires and is certain, and whether a permit by it
/// grants. Naive semantics must agree with each verdict.
pub fn seen_from_both_sides(pattern: &str, condition: &str, event: &EventRecord) -> (bool, bool, bool) {
    let judge = |effect: &str, default: &str| {
        let mut session = session(&format!(
            "policy p {{ when {pattern} {effect} if {condition} }} set s = {{ p }} default {default}"
        ));
        let decision = session.judge(event);
        let policy = session.engine().set().core_policy().unwrap();
        let allowed = allows(&policy, &session.slice().trace().unwrap());
        assert_eq!(decision.verdict == Verdict::Allow, allowed, "{condition}");
        decision
    };
    let denial = judge("deny", "allow");
    let fires = denial.verdict == Verdict::Deny;
    let certain = denial.fired.iter().all(|fired| fired.certain);
    (fires, certain, judge("permit", "deny").verdict == Verdict::Allow)
}
