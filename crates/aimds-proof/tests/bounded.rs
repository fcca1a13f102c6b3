//! Theorems over all traces of a given number of events.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]

mod common;

use aimds_proof::limits::UNROLLED_EVENTS_MAX;
use aimds_proof::logic::{Event, Form, Policy, Rule, Trace, Value};
use aimds_proof::naive::{allows, fires};
use aimds_proof::universal::{Attempt, Claim, Scope, prove, prove_for};
use aimds_proof::{Budget, Limit};
use common::{any_form, any_policy, any_trace, policy};
use proptest::prelude::*;

const BUDGET: Budget = Budget::UNIVERSAL;

/// No mail to the outside after an untrusted read that flows into it, unless it was approved and not revoked since. Atoms: 1
/// untrusted read, 2 mail, 3 external, 4 approved, 5 flows into the call, 6 revoked.
const POLICY: &str =
    "deny and and atom 2 atom 3 and once 0 600000 and atom 1 atom 5 not since 0 300000 not atom 6 atom 4
deny count 0 3600000 3 atom 2
permit true
";

fn forbids(of: &str, path: &str) -> Claim {
    Claim::Forbids {
        policy: policy(of),
        path: policy(path),
    }
}

/// The approval of the path is any at all, that of the policy one that was not revoked: two operators over the same events, which
/// no skeleton over all traces relates.
#[test]
fn operators_over_the_same_events_are_related() {
    let path = "deny and and atom 2 atom 3 and once 0 600000 and atom 1 atom 5 not once 0 300000 atom 4\n";
    let claim = forbids(POLICY, path);
    assert!(matches!(prove(&claim, &BUDGET), Attempt::Candidate(_)));
    for events in 1..=4 {
        match prove_for(&claim, Scope::Events(events), &BUDGET) {
            Attempt::Proved(proof) => println!(
                "{events} events: {} variables, {} cases, {} bytes, {:?}",
                proof.variables,
                proof.leaves,
                proof.stream.len(),
                proof.work
            ),
            other => panic!("{events}: {:.300}", format!("{other:?}")),
        }
    }
    // The other way round it is false: a revoked approval.
    let looser = POLICY.replace("since 0 300000 not atom 6 atom 4", "once 0 300000 atom 4");
    let strict = "deny and and atom 2 atom 3 and once 0 600000 and atom 1 atom 5 not since 0 300000 not atom 6 atom 4\n";
    for events in 2..=4 {
        let attempt = prove_for(&forbids(&looser, strict), Scope::Events(events), &BUDGET);
        assert!(matches!(attempt, Attempt::Candidate(_)), "{events}");
    }
}

/// A path through two rules of the policy needs both.
#[test]
fn rules_answer_together() {
    let of = "deny and atom 1 once 0 10 atom 2\ndeny and atom 1 not once 0 10 atom 2\npermit true\n";
    for events in 1..=3 {
        let attempt = prove_for(&forbids(of, "deny atom 1\n"), Scope::Events(events), &BUDGET);
        assert!(matches!(attempt, Attempt::Proved(_)), "{events}");
    }
}

/// Each operator, with windows that begin later and counts, unrolls to what the kernel computes.
#[test]
fn every_operator_unrolls() {
    for form in [
        "atom 1",
        "atmost 1 7",
        "not atom 1",
        "previous atom 2",
        "previous previous not atom 2",
        "once 0 10 atom 1",
        "once 3 10 atom 1",
        "since 3 10 atom 1 not atom 2",
        "since 0 10 not atom 1 atom 2",
        "count 0 10 2 or atom 1 atom 2",
        "count 2 10 2 atom 1",
        "once 0 10 previous since 1 5 atom 1 once 0 3 atmost 2 4",
        "count 0 9 2 once 1 4 not count 0 5 1 atom 3",
    ] {
        // The rule is not the path's own form, so that it is unrolled on both sides.
        let of = format!("deny or atom 9 {form}\npermit true\n");
        for events in 1..=3 {
            let attempt = prove_for(
                &forbids(&of, &format!("deny {form}\n")),
                Scope::Events(events),
                &BUDGET,
            );
            assert!(
                matches!(attempt, Attempt::Proved(_)),
                "{form}, {events}: {:.300}",
                format!("{attempt:?}")
            );
        }
    }
}

/// Outside of the bound nothing is claimed, and what grows too large is inconclusive.
#[test]
fn bounds_are_kept() {
    let claim = forbids(POLICY, "deny atom 2\n");
    for events in [0, UNROLLED_EVENTS_MAX + 1] {
        let attempt = prove_for(&claim, Scope::Events(events), &BUDGET);
        assert_eq!(attempt, Attempt::Inconclusive(Limit::Logic));
    }
    let nested = format!("deny or atom 9 {} atom 1\npermit true\n", "once 0 10 ".repeat(20));
    let path = format!("deny {} atom 1\n", "once 0 10 ".repeat(20));
    let attempt = prove_for(
        &forbids(&nested.replace("  ", " "), &path.replace("  ", " ")),
        Scope::Events(6),
        &BUDGET,
    );
    assert_eq!(attempt, Attempt::Inconclusive(Limit::Logic));
}

/// Where forms as wholes are too coarse and their parts too many, nothing is known; a coarse candidate would say that there may be a
/// trace against a policy that denies this very form.
#[test]
fn a_coarse_candidate_is_no_answer() {
    let form = "once 12 9 once 0 100 count 1 100 2 atom 4";
    let of = format!("permit false\ndeny and atom 4 count 0 100 0 false\ndeny or {form} false\n");
    let attempt = prove_for(
        &forbids(&of, &format!("deny {form}\n")),
        Scope::Events(3),
        &BUDGET,
    );
    assert_eq!(attempt, Attempt::Inconclusive(Limit::Expressions));
}

fn first_events(trace: &Trace, events: usize) -> Option<Trace> {
    let first: Vec<Event> = trace.events().iter().take(events).cloned().collect();
    (first.len() == events).then(|| Trace::new(first).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is proved for so many events holds on any trace of so many; and the kernel never refuses what was found.
    #[test]
    fn proofs_hold_on_every_trace(
        of in any_policy(),
        form in any_form(),
        events in 1_usize..4,
        traces in prop::collection::vec(any_trace(), 20),
    ) {
        let path = Rule::Deny(form.clone());
        let claim = Claim::Forbids { policy: of.clone(), path: Policy::new(vec![path.clone()]).unwrap() };
        let attempt = prove_for(&claim, Scope::Events(events), &BUDGET);
        prop_assert!(!matches!(attempt, Attempt::Refused(_) | Attempt::NoSuchRule), "{:?}", attempt);
        if matches!(attempt, Attempt::Proved(_)) {
            for trace in traces.iter().filter_map(|trace| first_events(trace, events)) {
                prop_assert!(!(fires(&path, trace.events()) && allows(&of, &trace)));
            }
        }
        // With the path among its denials it is always proved.
        let mut rules = of.rules().to_vec();
        rules.push(Rule::Deny(Form::Or(Box::new(form.clone()), Box::new(Form::False))));
        let stricter = Claim::Forbids {
            policy: Policy::new(rules).unwrap(),
            path: Policy::new(vec![Rule::Deny(form)]).unwrap(),
        };
        let attempt = prove_for(&stricter, Scope::Events(events), &BUDGET);
        prop_assert!(
            matches!(attempt, Attempt::Proved(_) | Attempt::Inconclusive(_)),
            "{:.300}",
            format!("{:?}", attempt)
        );
    }
}

/// Values that are not read by the claim do not matter, unknown ones included.
#[test]
fn unknown_facts_are_covered() {
    let claim = forbids("deny not atom 1\npermit true\n", "deny and not atom 1 true\n");
    let Attempt::Proved(_) = prove_for(&claim, Scope::Events(1), &BUDGET) else {
        panic!("not proved");
    };
    let trace = Trace::new(vec![Event::new(0, Vec::new(), Value::Unknown).unwrap()]).unwrap();
    assert!(!allows(&policy("deny not atom 1\npermit true\n"), &trace));
}
