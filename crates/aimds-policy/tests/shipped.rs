//! The shipped policies: they compile, their tests pass, and the tests reach every rule and both ends of every window.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop"
)]

mod common;

use aimds_policy::claims::{Answer, PATH_EVENTS, Shown, show};
use aimds_policy::session::Verdict;
use aimds_policy::testing::{run, run_with};
use aimds_proof::{Budget, Certificate, Verdict as CertifiedVerdict, verify};
use common::{read, shipped, shipped_names};

/// Every test of every shipped file passes.
#[test]
fn their_tests_pass() {
    let mut failures = Vec::new();
    let mut checked = 0;
    for name in &shipped_names() {
        for outcome in run(&shipped(name)).outcomes {
            checked += outcome.checked;
            let text = &read(name).text;
            failures.extend(outcome.failures.iter().map(|failure| {
                let place = aimds_policy::diagnostic::Place::find(text, failure.span.start);
                format!(
                    "{name}.policy:{}: {}: {}",
                    place.line, outcome.name, failure.message
                )
            }));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    println!("{checked} expectations met");
}

/// Each rule fires and does not, and both ends of each window are hit and missed by a millisecond.
#[test]
fn their_tests_reach_everything() {
    let mut missing = Vec::new();
    let (mut reached, mut all) = (0, 0);
    for name in &shipped_names() {
        let bundle = shipped(name);
        let report = run(&bundle);
        assert_eq!(report.coverage.len(), 1, "{name}");
        for coverage in report.coverage.values() {
            let counts = coverage.counts();
            reached += counts.0;
            all += counts.1;
            missing.extend(coverage.missing().map(|(rule, span, goal)| {
                format!("{name}: {rule}: {}: {}", goal.text(), bundle.excerpt(span))
            }));
        }
    }
    println!("{reached} of {all} goals reached");
    assert!(missing.is_empty(), "\n{}", missing.join("\n"));
}

/// Every decision that the tests check gets a certificate of the same verdict, and the kernel accepts it.
#[test]
fn their_decisions_are_certified() {
    let (mut certified, mut slowest_ms) = (0, 0.0_f64);
    for name in &shipped_names() {
        run_with(&shipped(name), &mut |session, decision| {
            let policy = session.engine().set().core_policy().unwrap();
            let begin = std::time::Instant::now();
            let built =
                Certificate::build(policy, session.slice().trace().unwrap(), &Budget::DECISION).unwrap();
            slowest_ms = slowest_ms.max(begin.elapsed().as_secs_f64() * 1e3);
            assert!(built.outcome.is_accepted(), "{name}: {:?}", built.outcome);
            let allowed = built.certificate.decision.verdict == CertifiedVerdict::Allow;
            assert_eq!(allowed, decision.verdict == Verdict::Allow, "{name}");
            let again = verify(
                &built.certificate,
                Some(built.stream.as_bytes()),
                &Budget::DECISION,
            );
            assert!(again.is_accepted(), "{name}");
            certified += 1;
        });
    }
    println!("{certified} decisions certified, the slowest in {slowest_ms:.1} ms");
    assert!(certified > 200);
}

/// Every claim is shown: by a theorem about all traces, or by a trace.
#[test]
fn their_claims_are_shown() {
    let (mut proofs, mut witnesses) = (0, 0);
    for name in &shipped_names() {
        let bundle = shipped(name);
        assert!(!bundle.claims.is_empty(), "{name} claims nothing");
        for Answer { claim, shown, .. } in show(&bundle, PATH_EVENTS, &Budget::UNIVERSAL) {
            match shown {
                Shown::Proved(_) | Shown::ProvedUpTo(_) => proofs += 1,
                Shown::Witnessed(_) => witnesses += 1,
                Shown::NotShown(_) | Shown::Refuted(_) => {
                    panic!("{name}: {}({}) is not shown", claim.kind, claim.about.join(", "))
                }
            }
        }
    }
    println!("{proofs} claims proved, {witnesses} witnessed");
}
