//! The canonical text: there and back, and nothing but the one spelling.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

mod common;

use aimds_proof::notation::{
    parse_policy, parse_trace, policy_sha256, policy_text, trace_sha256, trace_text,
};
use common::{ALLOWED, POLICY, any_policy, any_trace};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// What was written reads back as the same.
    #[test]
    fn text_reads_back(policy in any_policy(), trace in any_trace()) {
        prop_assert_eq!(parse_policy(&policy_text(&policy)).unwrap(), policy);
        prop_assert_eq!(parse_trace(&trace_text(&trace)).unwrap(), trace);
    }

    /// Any text at all gives data or an error; what gives data is the canonical text of them.
    #[test]
    fn any_text_is_answered(text in "(deny|permit|not|and|once|atom|true|=|yes|no|[0-9]{1,3}| |\n){0,30}") {
        if let Ok(policy) = parse_policy(&text) {
            prop_assert_eq!(policy_text(&policy), text.clone());
        }
        if let Ok(trace) = parse_trace(&text) {
            prop_assert_eq!(trace_text(&trace), text);
        }
    }
}

#[test]
fn other_spellings_are_refused() {
    for text in [
        "deny atom 01\n",
        "deny  true\n",
        "deny true",
        "deny true\n\n",
        "deny true \n",
        "allow true\n",
        "deny\n",
        "deny atom\n",
        "deny atom x\n",
        "deny and true\n",
        "deny true true\n",
        "deny atom 0\n",
        "deny atom 65536\n",
        "deny atmost 1 18446744073709551616\n",
        "deny once 0 2147483648 true\n",
        "Deny true\n",
        "deny true\r\n",
    ] {
        assert!(parse_policy(text).is_err(), "{text:?}");
    }
    for text in [
        "0 yes\n",
        "0 maybe\n",
        "0 no 2=yes 1=yes\n",
        "0 no 1=yes 1=no\n",
        "0 no 1\n",
        "0 no 1=\n",
        "-1 no\n",
        "00 no\n",
        "2147483648 no\n",
        "0 no 1=yes ",
        "0 no",
    ] {
        assert!(parse_trace(text).is_err(), "{text:?}");
    }
    let deep = format!("deny {}true\n", "not ".repeat(100_000));
    assert_eq!(parse_policy(&deep).unwrap_err().code(), "logic.limit");
    assert_eq!(
        parse_policy(&" ".repeat(2_000_000)).unwrap_err().code(),
        "notation.size"
    );
}

/// Hashes are of the text, and differ with it.
#[test]
fn hashes_follow_the_text() {
    let policy = parse_policy(POLICY).unwrap();
    let trace = parse_trace(ALLOWED).unwrap();
    assert_eq!(policy_sha256(&policy).len(), 64);
    assert_ne!(
        policy_sha256(&policy),
        policy_sha256(&parse_policy("permit true\n").unwrap())
    );
    assert_ne!(
        trace_sha256(&trace),
        trace_sha256(&parse_trace("0 no\n").unwrap())
    );
    assert_eq!(
        policy_sha256(&parse_policy("").unwrap()),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
}
