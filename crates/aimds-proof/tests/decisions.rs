//! Decisions: the kernel says what the naive semantics say, and refuses the opposite.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop")]

mod common;

use aimds_proof::logic::{Policy, Trace};
use aimds_proof::{Budget, Decision, Outcome, Reason, Verdict, check_stream, lean_text};
use common::{ALLOWED, DENIED, POLICY, any_policy, any_trace, cases, certified, policy, trace};
use proptest::prelude::*;

/// What the kernel says about a verdict, without a reason.
fn kernel_says(policy: &Policy, trace: &Trace, verdict: Verdict) -> Outcome {
    let decision = Decision {
        policy: policy.clone(),
        trace: trace.clone(),
        verdict,
        reason: None,
    };
    check_stream(
        decision.stream(&Budget::DECISION).unwrap().as_bytes(),
        &Budget::DECISION,
    )
}

fn is_refuted(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Rejected(rejection) if rejection.reason == Reason::DeclaredType)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(700), failure_persistence: None, ..ProptestConfig::default() })]

    /// For any policy and trace the right theorem is accepted, with its reason, and the opposite one refuted.
    #[test]
    fn kernel_agrees_with_naive_semantics(policy in any_policy(), trace in any_trace()) {
        let decision = Decision::new(policy.clone(), trace.clone());
        let stream = decision.stream(&Budget::DECISION).unwrap();
        prop_assert!(check_stream(stream.as_bytes(), &Budget::DECISION).is_accepted());
        prop_assert!(is_refuted(&kernel_says(&policy, &trace, decision.verdict.opposite())));
        // The same data give the same bytes.
        prop_assert_eq!(stream, Decision::new(policy, trace).stream(&Budget::DECISION).unwrap());
    }
}

/// The generators reach both verdicts, every kind of reason, and windows that matter. Otherwise the test above proves little.
#[test]
fn random_cases_are_not_one_sided() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut allowed, mut denied, mut by_default) = (0, 0, 0);
    for _ in 0..700 {
        let policy = any_policy().new_tree(&mut runner).unwrap().current();
        let trace = any_trace().new_tree(&mut runner).unwrap().current();
        let decision = Decision::new(policy, trace);
        match (decision.verdict, decision.reason) {
            (Verdict::Allow, _) => allowed += 1,
            (Verdict::Deny, Some(_)) => denied += 1,
            (Verdict::Deny, None) => by_default += 1,
        }
    }
    assert!(
        allowed > 60 && denied > 100 && by_default > 100,
        "{allowed} {denied} {by_default}"
    );
}

fn assert_decides(policy_text: &str, trace_text: &str, expected: Verdict) {
    let certified = certified(policy_text, trace_text);
    assert_eq!(
        certified.certificate.decision.verdict, expected,
        "{policy_text}{trace_text}"
    );
    assert!(
        certified.outcome.is_accepted(),
        "{policy_text}{trace_text}{:?}",
        certified.outcome
    );
    let opposite = kernel_says(&policy(policy_text), &trace(trace_text), expected.opposite());
    assert!(is_refuted(&opposite), "{policy_text}{trace_text}{opposite:?}");
}

/// An unknown approval lifts no denial, an unknown revocation keeps it, an unknown permit grants nothing.
#[test]
fn unknown_facts_never_grant() {
    let unless_approved = "deny not since 0 100 not atom 2 atom 1\npermit true\n";
    assert_decides(unless_approved, "0 no 1=yes\n50 no\n", Verdict::Allow);
    assert_decides(unless_approved, "0 no 1=unknown\n50 no\n", Verdict::Deny);
    assert_decides(unless_approved, "0 no 1=yes\n50 no 2=unknown\n", Verdict::Deny);
    assert_decides(unless_approved, "0 unknown\n50 no\n", Verdict::Deny);
    assert_decides("permit atom 1\n", "0 no 1=unknown\n", Verdict::Deny);
    assert_decides("permit not atom 1\n", "0 unknown\n", Verdict::Deny);
    assert_decides("deny atom 1\npermit true\n", "0 unknown\n", Verdict::Deny);
    // A number in the place of yes or no, and the other way round, is unknown.
    assert_decides("deny atom 1\npermit true\n", "0 no 1=0\n", Verdict::Deny);
    assert_decides("permit atmost 1 5\n", "0 no 1=yes\n", Verdict::Deny);
    assert_decides("permit atmost 1 5\n", "0 no\n", Verdict::Deny);
}

/// Both ends of a window count, and one millisecond beyond does not.
#[test]
fn windows_include_their_ends() {
    let denied_by = |form: &str| format!("deny {form}\npermit true\n");
    for (at_ms, expected) in [
        (89, Verdict::Allow),
        (90, Verdict::Deny),
        (95, Verdict::Deny),
        (96, Verdict::Allow),
    ] {
        let events = format!("0 no\n{at_ms} no 1=yes\n100 no\n");
        assert_decides(&denied_by("once 5 10 atom 1"), &events, expected);
        assert_decides(&denied_by("since 5 10 true atom 1"), &events, expected);
        assert_decides(&denied_by("count 5 10 1 atom 1"), &events, expected);
    }
    // The event itself counts from age zero only.
    assert_decides(&denied_by("once 0 10 atom 1"), "0 no 1=yes\n", Verdict::Deny);
    assert_decides(&denied_by("once 1 10 atom 1"), "0 no 1=yes\n", Verdict::Allow);
}

/// The n-th call passes and the next does not; a call that may have been one counts; the pending one is included.
#[test]
fn rates_count_the_pending_call() {
    let rate = "deny count 0 1000 3 atom 1\npermit true\n";
    assert_decides(rate, "0 no 1=yes\n1 no 1=yes\n", Verdict::Allow);
    assert_decides(rate, "0 no 1=yes\n1 no 1=yes\n1 no 1=yes\n", Verdict::Deny);
    assert_decides(rate, "0 no 1=yes\n1 no 1=unknown\n1 no 1=yes\n", Verdict::Deny);
    assert_decides(
        "deny count 0 1000 0 false\npermit true\n",
        "0 no\n",
        Verdict::Deny,
    );
    assert_decides("permit count 0 1000 0 false\n", "", Verdict::Allow);
}

/// Equal times keep the order of the list, decreasing ones allow nothing, and an empty trace knows no event.
#[test]
fn times_and_empty_traces() {
    assert_decides("permit previous atom 1\n", "5 no 1=yes\n5 no\n", Verdict::Allow);
    assert_decides("permit true\n", "5 no\n4 no\n", Verdict::Deny);
    assert_decides("permit true\n", "9 no\n5 no\n7 no\n", Verdict::Deny);
    assert_decides("permit true\n", "", Verdict::Allow);
    assert_decides("permit not atom 1\n", "", Verdict::Allow);
    assert_decides("permit previous true\n", "0 no\n", Verdict::Deny);
    assert_decides("", "0 no\n", Verdict::Deny);
}

/// Large numbers: the greatest of each kind still computes.
#[test]
fn greatest_numbers_compute() {
    let most = u64::MAX;
    assert_decides(
        &format!("permit atmost 65535 {most}\n"),
        &format!("2147483647 no 65535={most}\n"),
        Verdict::Allow,
    );
    assert_decides(
        &format!("permit atmost 1 {}\n", most - 1),
        &format!("0 no 1={most}\n"),
        Verdict::Deny,
    );
    assert_decides(
        "permit once 2147483647 2147483647 atom 1\n",
        "0 no 1=yes\n2147483647 no\n",
        Verdict::Allow,
    );
}

/// The example of the reference in both directions, with its reasons, and golden hashes of the streams.
#[test]
fn reference_example_has_golden_streams() {
    let allowed = certified(POLICY, ALLOWED);
    let denied = certified(POLICY, DENIED);
    assert_eq!(allowed.certificate.decision.reason, Some(2));
    assert_eq!(denied.certificate.decision.reason, Some(0));
    assert!(allowed.outcome.is_accepted() && denied.outcome.is_accepted());
    assert_eq!(
        allowed.certificate.stream_sha256,
        "c5f5ac35bb4bc0fbe18cc1c293d61251a8df1d4970445e2faafcbf7f929c2f95"
    );
    assert_eq!(
        denied.certificate.stream_sha256,
        "fca7671a5333c29f9ef6650d8e9dbc015bbce26bc3a125f933b08a7a1e1748ac"
    );
}

/// The readable rendering says what it is, and holds the policy, the trace and the statement.
#[test]
fn lean_text_says_that_it_is_a_second_rendering() {
    let text = lean_text(&certified(POLICY, DENIED).certificate.decision).unwrap();
    assert!(text.starts_with("/-\nThis file is a second rendering, for people."));
    assert!(text.contains(POLICY) && text.contains(DENIED));
    for part in [
        "inductive Aimds.Form where",
        "noncomputable def Aimds.decide : (Aimds.Pol → (Aimds.Trace → Bool)) :=",
        "noncomputable def Aimds.rule_3 : Aimds.Form :=",
        "theorem Aimds.reason : Aimds.eval Aimds.rule_1 Bool.true Aimds.trace = true :=",
        "theorem Aimds.verdict : Aimds.not (Aimds.decide Aimds.policy Aimds.trace) = true :=",
    ] {
        assert!(text.contains(part), "{part}");
    }
    assert!(!text.contains("inductive Bool"), "Lean has its own");
    assert_eq!(text.matches('(').count(), text.matches(')').count());
}
