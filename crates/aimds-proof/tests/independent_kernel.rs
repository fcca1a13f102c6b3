//! A second kernel, by other people, over the same streams: `cargo test --features independent-kernel --test independent_kernel`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]

mod common;
#[path = "common/other_kernel.rs"]
mod other_kernel;

use aimds_proof::universal::{Attempt, Claim, prove};
use aimds_proof::{Budget, Decision, prelude_text};
use common::{ALLOWED, DENIED, POLICY, any_policy, any_trace, certified, policy};
use other_kernel::{Answer, exchanged_recursor, other_kernel};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

/// The prelude: every declaration verified.
#[test]
fn prelude_is_verified() {
    let Answer::Refused(summary) = other_kernel(prelude_text().unwrap()) else {
        panic!("the prelude has no verdict");
    };
    println!("{summary}");
    assert!(
        summary.starts_with("no verdict: Summary { verified: 31, unsupported: 0, rejected: 0"),
        "{summary}"
    );
}

/// The example of the reference in both directions, and the opposite verdicts refused.
#[test]
fn example_is_verified() {
    for trace in [ALLOWED, DENIED] {
        let right = certified(POLICY, trace);
        assert_eq!(other_kernel(&right.stream), Answer::Accepted);
        let wrong = Decision {
            verdict: right.certificate.decision.verdict.opposite(),
            reason: None,
            ..right.certificate.decision
        };
        let answer = other_kernel(&wrong.stream(&Budget::DECISION).unwrap());
        println!("{answer:?}");
        assert!(matches!(answer, Answer::Refused(why) if why.starts_with("Aimds.verdict: Rejected")));
    }
}

/// Two hundred random decisions: it accepts what we accept, and refuses the opposite.
#[test]
fn random_decisions_are_verified() {
    let mut runner = TestRunner::deterministic();
    let cases = (any_policy(), any_trace());
    for _ in 0..200 {
        let (policy, trace) = cases.new_tree(&mut runner).unwrap().current();
        let right = Decision::new(policy, trace);
        assert_eq!(
            other_kernel(&right.stream(&Budget::DECISION).unwrap()),
            Answer::Accepted,
            "{right:?}"
        );
        let wrong = Decision {
            verdict: right.verdict.opposite(),
            reason: None,
            ..right
        };
        let answer = other_kernel(&wrong.stream(&Budget::DECISION).unwrap());
        assert!(
            matches!(&answer, Answer::Refused(why) if why.starts_with("Aimds.verdict: Rejected")),
            "{answer:?}"
        );
    }
}

/// Theorems about all traces.
#[test]
fn universal_theorems_are_verified() {
    let claims = [
        Claim::NoWidening {
            old: policy(POLICY),
            new: policy(&format!("{POLICY}deny once 0 5 atom 7\n")),
        },
        Claim::ForbidDominates {
            policy: policy(POLICY),
            rule: 1,
        },
        Claim::Equivalent {
            left: policy("permit or atom 1 atom 2\n"),
            right: policy("permit atom 2\npermit atom 1\n"),
        },
        Claim::Disjoint {
            left: policy("permit and atom 1 false\n"),
            right: policy("permit true\n"),
        },
        // With the theorems by induction.
        Claim::Disjoint {
            left: policy("deny count 0 10 3 since 0 5 atom 1 atom 2\npermit true\n"),
            right: policy("permit count 0 10 3 since 0 5 atom 1 atom 2\n"),
        },
    ];
    for claim in claims {
        let Attempt::Proved(proof) = prove(&claim, &Budget::UNIVERSAL) else {
            panic!("{claim:?}");
        };
        assert_eq!(other_kernel(&proof.stream), Answer::Accepted, "{claim:?}");
    }
}

/// The attack that a known kernel believes: `Bool` comes with a second recursor whose rules are exchanged, and with it
/// `true = false` has a proof. Ours does not get to see it (the prelude differs), and neither does the other kernel take it.
#[test]
fn exchanged_recursor_is_refused() {
    let attack = exchanged_recursor();
    assert!(!aimds_proof::check_stream(attack.as_bytes(), &Budget::DECISION).is_accepted());
    let answer = other_kernel(&attack);
    println!("{answer:?}");
    assert!(matches!(answer, Answer::Refused(_)));
    // The same stream without the second recursor and its theorem is in order, so that it is the attack that was refused.
    let harmless = include_str!("known/not_false.ndjson");
    assert_eq!(other_kernel(harmless), Answer::Accepted);
}
