//! What was not told, not read or told twice is unknown: neither there nor absent.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]

mod common;

use aimds_policy::limits::TAINT_CHARACTERS_MAX;
use aimds_policy::record::{EventRecord, RecordValue};
use aimds_policy::session::Verdict;
use common::seen::{call, session, text};

/// A pending call of this value, behind a page: whether a denial of what flows from the page fires, and whether a permit of what
/// does not flow from it grants.
fn flow_from_a_page(page: &str, arguments: &[(&str, RecordValue)]) -> (bool, bool) {
    let page = EventRecord {
        kind: "document".into(),
        text: Some(page.into()),
        covered: true,
        ..EventRecord::default()
    };
    let judge = |rule: &str, default: &str| {
        let mut session = session(&format!(
            "policy p {{ when call c {rule} }} set s = {{ p }} default {default}"
        ));
        session.judge(&page);
        session.judge(&call("http.post", arguments)).verdict == Verdict::Allow
    };
    let flows = "once[0s, 1h] (read r where flows(r, c.args))";
    (
        !judge(&format!("deny if {flows}"), "allow"),
        judge(&format!("permit if not {flows}"), "deny"),
    )
}

/// Of a long value only the beginning is read: what stands behind it may come from anywhere.
#[test]
fn what_stands_behind_the_beginning_of_a_value_may_flow() {
    let secret = "the numbers of the third quarter are 4711 and 815";
    let noise = |length: usize| {
        let letters = "zqxjkvbw".chars().cycle();
        letters.take(length).collect::<String>()
    };
    let padded = |length: usize| [("body", text(&format!("{} {secret}", noise(length))))];
    assert_eq!(
        flow_from_a_page(secret, &padded(100)),
        (true, false),
        "it is found"
    );
    assert_eq!(
        flow_from_a_page(secret, &padded(TAINT_CHARACTERS_MAX)),
        (true, false),
        "it is not read"
    );
    let harmless = [("body", text(&noise(TAINT_CHARACTERS_MAX - 1)))];
    assert_eq!(
        flow_from_a_page(secret, &harmless),
        (false, true),
        "all of it is read"
    );
}

/// A name inside a value carries content as a value does, and so does the name of an argument that the schema does not know.
#[test]
fn names_inside_values_are_content() {
    let secret = "the numbers of the third quarter are 4711 and 815";
    let named = |value: RecordValue| RecordValue::Map(vec![(secret.into(), value)]);
    for arguments in [
        [("body", named(RecordValue::Null))],
        [("body", named(text("quite another thing that nobody wrote")))],
        [("body", RecordValue::List(vec![named(RecordValue::Flag(true))]))],
        [(secret, RecordValue::Integer(1))],
    ] {
        assert_eq!(
            flow_from_a_page(secret, &arguments),
            (true, false),
            "{arguments:?}"
        );
    }
    let declared = [("body", RecordValue::Integer(1))];
    assert_eq!(
        flow_from_a_page("the subject is somebody's body", &declared),
        (false, true)
    );
}

/// A recipient may stand in a name: what covers the values alone does not surely cover the whole.
#[test]
fn names_that_nobody_gave_are_not_covered() {
    let allows = |rule: &str, default: &str, to: &RecordValue| {
        let mut session = session(&format!(
            "policy p {{ when call c to email.send {rule} }} set s = {{ p }} default {default}"
        ));
        session.judge(&EventRecord {
            kind: "prompt".into(),
            text: Some("Write to ann@corp.example, please.".into()),
            covered: true,
            ..EventRecord::default()
        });
        session.judge(&call("email.send", &[("to", to.clone())])).verdict == Verdict::Allow
    };
    let covers = "once[0s, 1h] (prompt p where covers(p, c.args.to))";
    let judge = |to: &RecordValue| {
        (
            allows(&format!("deny unless {covers}"), "allow", to),
            allows(&format!("permit if not {covers}"), "deny", to),
        )
    };
    let named = |name: &str, value: &str| RecordValue::Map(vec![(name.into(), text(value))]);
    assert_eq!(judge(&text("ann@corp.example")), (true, false));
    assert_eq!(judge(&text("x@evil.example")), (false, true));
    assert_eq!(
        judge(&named("x@evil.example", "ann@corp.example")),
        (false, false)
    );
    assert_eq!(judge(&named("x@evil.example", "x@evil.example")), (false, true));
    assert_eq!(
        judge(&named("ann@corp.example", "ann@corp.example")),
        (true, false)
    );
}
