//! Two versions of a set: proved or refuted in each direction, with facts matched by meaning.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]

mod common;

use aimds_policy::bundle::Bundle;
use aimds_policy::versions::{Step, compare};
use aimds_proof::limits::Budget;
use common::bundle_of;

fn bundle(rules: &str, set: &str) -> Bundle {
    bundle_of(&format!("import \"schema.policy\"\n{rules}\nset s = {set}"))
}

fn word(step: &Step) -> &'static str {
    match step {
        Step::Proved(_) => "proved",
        Step::Refuted(_) => "refuted",
        Step::Unknown(_) => "unknown",
    }
}

/// The order of declarations numbers the facts differently; the comparison must not care. An exception that is dropped
/// narrows, one that is added widens, and the trace has the approval that makes the difference.
#[test]
fn facts_are_matched_by_meaning() {
    let mail = "policy mail { when call c to email.send deny unless once[0s, 5m] approved(c) by user }";
    let strict = "policy mail { when call c to email.send deny }";
    let pay = "policy pay { when call c to payments.transfer deny }";
    let cases = [
        (
            [mail, pay, "{mail, pay} default allow"],
            [pay, mail, "{pay, mail} default allow"],
            ["proved", "proved"],
        ),
        (
            [mail, pay, "{mail, pay} default allow"],
            [pay, strict, "{pay, mail} default allow"],
            ["proved", "refuted"],
        ),
        (
            [pay, strict, "{pay, mail} default allow"],
            [mail, pay, "{mail, pay} default allow"],
            ["refuted", "proved"],
        ),
        (
            [mail, pay, "{mail, pay} default allow"],
            [mail, pay, "{pay, mail} default deny"],
            ["proved", "refuted"],
        ),
    ];
    for ([first, second, set], [new_first, new_second, new_set], expected) in cases {
        let old = bundle(&format!("{first}\n{second}"), set);
        let new = bundle(&format!("{new_first}\n{new_second}"), new_set);
        let found = compare(old.set("s").unwrap(), new.set("s").unwrap(), &Budget::UNIVERSAL).unwrap();
        assert_eq!(
            [word(&found.no_widening), word(&found.no_narrowing)],
            expected,
            "{new_first} {new_second}"
        );
        assert!(found.same_schema);
    }
}
