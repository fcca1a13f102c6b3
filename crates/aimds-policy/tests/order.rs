//! The ends of an order: what is unknown stands nowhere in it, and nothing lies beyond it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]

mod common;

use aimds_policy::claims::{Answer, PATH_EVENTS, Shown, show};
use aimds_policy::record::EventRecord;
use aimds_proof::Budget;
use common::bundle_of;
use common::seen::{call, seen_from_both_sides};

/// Neither the lowest label nor the highest is reached by an event whose trust is not known.
#[test]
fn unknown_trust_stands_nowhere_in_the_order() {
    let of = |trust: Option<&str>| EventRecord {
        trust: trust.map(str::to_owned),
        ..call("email.send", &[])
    };
    // What it says of `untrusted`, `user` and `trusted`.
    for (condition, holds) in [
        (">= untrusted", [true, true, true]),
        ("< untrusted", [false, false, false]),
        ("== untrusted", [true, false, false]),
        ("!= untrusted", [false, true, true]),
        ("<= untrusted", [true, false, false]),
        ("> untrusted", [false, true, true]),
        (">= trusted", [false, false, true]),
        ("<= trusted", [true, true, true]),
        ("> trusted", [false, false, false]),
        ("!= trusted", [true, true, false]),
    ] {
        let condition = format!("c.trust {condition}");
        for unknown in [None, Some("root")] {
            let seen = seen_from_both_sides("call c", &condition, &of(unknown));
            assert_eq!(seen, (true, false, false), "{condition} {unknown:?}");
        }
        for (label, holds) in ["untrusted", "user", "trusted"].into_iter().zip(holds) {
            let seen = seen_from_both_sides("call c", &condition, &of(Some(label)));
            assert_eq!(seen, (holds, true, holds), "{condition} {label}");
        }
    }
}

/// No label lies below the lowest or above the highest, no score below 0 or above 1: no trace shows a rule that waits for one.
#[test]
fn no_trace_shows_what_lies_beyond_an_order() {
    for condition in [
        "c.trust < untrusted",
        "c.trust > trusted",
        "score(c, secret) < 0",
        "score(c, secret) > 1",
    ] {
        let bundle = bundle_of(&format!(
            "import \"schema.policy\"
             policy p {{ when call c permit if {condition} }}
             set s = {{ p }} default deny
             claim fires(s, p)"
        ));
        for Answer { shown, .. } in show(&bundle, PATH_EVENTS, &Budget::UNIVERSAL) {
            assert!(matches!(shown, Shown::NotShown(_)), "{condition}: {shown:?}");
        }
    }
}

/// A score beyond 1 is none: it neither fits "at most 1" nor exceeds it.
#[test]
fn scores_beyond_one_are_unknown() {
    for condition in ["<= 1", "> 1", ">= 0", "< 0", ">= 0.5"] {
        let event = EventRecord {
            scores: vec![("secret".into(), 1_001)],
            ..call("email.send", &[])
        };
        let seen = seen_from_both_sides("call c", &format!("score(c, secret) {condition}"), &event);
        assert_eq!(seen, (true, false, false), "{condition}");
    }
}
