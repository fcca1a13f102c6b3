//! A second kernel, by other people, over the same streams: `cargo test --features independent-kernel --test independent_kernel`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]

mod common;

use std::io::BufReader;

use aimds_proof::universal::{Attempt, Claim, prove};
use aimds_proof::{Budget, Decision, prelude_text};
use common::{ALLOWED, DENIED, POLICY, any_policy, any_trace, certified, policy};
use oxilean_verify::{VERSION, Verdict, VerifyOptions, verify_stream};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

/// What the other kernel says about a stream.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    /// All declarations verified, and the last theorem is among them.
    Accepted,
    /// The first declaration that is not verified, and why.
    Refused(String),
}

fn other_kernel(stream: &str) -> Answer {
    let stream = stream.to_owned();
    // Its recursion needs more room than a test thread has.
    std::thread::Builder::new()
        .stack_size(512 * 1024 * 1024)
        .spawn(move || {
            let mut refused = None;
            let mut verdict_seen = false;
            let report = verify_stream(
                BufReader::new(stream.as_bytes()),
                VERSION,
                VerifyOptions::default(),
                |event| {
                    let is_verified = matches!(event.verdict, Verdict::Verified { .. });
                    verdict_seen |= is_verified && event.name == "Aimds.verdict";
                    if !is_verified && refused.is_none() {
                        refused = Some(format!("{}: {:?}", event.name, event.verdict));
                    }
                },
            );
            match (report, refused) {
                (Err(error), _) => Answer::Refused(error.to_string()),
                (Ok(_), Some(refused)) => Answer::Refused(refused),
                (Ok(report), None) if report.summary.rejected + report.summary.unsupported > 0 => {
                    Answer::Refused(format!("{:?}", report.summary))
                }
                (Ok(_), None) if verdict_seen => Answer::Accepted,
                (Ok(report), None) => Answer::Refused(format!("no verdict: {:?}", report.summary)),
            }
        })
        .unwrap()
        .join()
        .unwrap()
}

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

/// The smallest certificate, but `Bool` comes with `Bool.rec2`, whose rules are exchanged, `not` is defined by it, and the theorem
/// says `not true = true`.
fn exchanged_recursor() -> String {
    let known = include_str!("known/not_false.ndjson");
    let start = known.find("{\"inductive\":{\"types\":[{\"name\":12").unwrap();
    let (before, rest) = known.split_at(start);
    let (record, after) = rest.split_once('\n').unwrap();
    let (head, recursor) = record.split_once("\"recs\":[").unwrap();
    let recursor = recursor.strip_suffix("]}}").unwrap();
    let exchanged = recursor
        .replace("\"name\":15", "\"name\":18")
        .replace("\"rhs\":56", "\"rhs\":0")
        .replace("\"rhs\":59", "\"rhs\":56")
        .replace("\"rhs\":0", "\"rhs\":59");
    assert_ne!(recursor, exchanged);
    // The new name takes number 18, so that later ones move up by one.
    let mut after = after.to_owned();
    for number in [20, 19, 18] {
        for key in ["\"in\":", "\"name\":", "\"pre\":", "\"all\":["] {
            for end in [",", "]"] {
                after = after.replace(
                    &format!("{key}{number}{end}"),
                    &format!("{key}{}{end}", number + 1),
                );
            }
        }
    }
    let after = after
        .replace(
            "{\"ie\":61,\"const\":{\"name\":15,",
            "{\"ie\":61,\"const\":{\"name\":18,",
        )
        .replace(
            "{\"ie\":71,\"app\":{\"fn\":70,\"arg\":45}}",
            "{\"ie\":71,\"app\":{\"fn\":70,\"arg\":47}}",
        );
    format!(
        "{before}{{\"in\":18,\"str\":{{\"pre\":12,\"str\":\"rec2\"}}}}\n{head}\"recs\":[{recursor},{exchanged}]}}}}\n{after}"
    )
}
