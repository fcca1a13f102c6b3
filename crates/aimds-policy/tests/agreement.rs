//! Three ways to the same verdict: the incremental monitor, the naive trace semantics and the kernel, on random policies and
//! traces; and the kernel refuses the opposite theorem of each.
//!
//! `make agreement` runs 10,000 pairs and prints the counts; without `AIMDS_CASES` a few hundred run.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may stop, and prints what it counted"
)]

mod common;

use aimds_policy::monitor::{Monitor, Program};
use aimds_proof::logic::{Event, Form, Policy, Rule, Trace};
use aimds_proof::naive::allows;
use aimds_proof::{Budget, Decision, Outcome, Reason, Verdict, check_stream};
use common::cases;
use common::random::{
    Scrambled, Step, absent, is_relation, own_facts, plain_form, related_form, step, trace_upto,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use std::sync::Arc;

/// Pairs without `AIMDS_CASES`: some seconds.
const USUAL_CASES: u32 = 400;

/// Up to five rules, with and without relations to the pending event.
fn policy() -> impl Strategy<Value = Policy> {
    let form = prop_oneof![3 => plain_form(), 1 => related_form()];
    let rule = (any::<bool>(), form).prop_map(|(denies, form)| {
        if denies {
            Rule::Deny(form)
        } else {
            Rule::Permit(form)
        }
    });
    prop::collection::vec(rule, 0..=5).prop_map(|rules| Policy::new(rules).unwrap())
}

/// What the monitor says of the last event, having seen every event once.
fn monitor_allows(policy: &Policy, steps: &[Step]) -> bool {
    let forms: Vec<&Form> = policy.rules().iter().map(Rule::form).collect();
    let mut monitor = Monitor::new(Arc::new(Program::new(&forms, &is_relation).unwrap()));
    let mut truths = Vec::new();
    let mut time_ms = 0;
    for step in steps {
        time_ms += step.gap_ms;
        let relations = Scrambled { seed: step.relations };
        truths = monitor
            .step(time_ms, &own_facts(step), absent(step), &relations)
            .to_vec();
    }
    let fired = policy.rules().iter().zip(truths);
    let (mut denied, mut permitted) = (false, false);
    fired.for_each(|(rule, truth)| match rule {
        Rule::Deny(_) => denied |= truth.may,
        Rule::Permit(_) => permitted |= truth.must,
    });
    permitted && !denied
}

/// What the kernel says of a verdict.
fn kernel_says(policy: &Policy, trace: &Trace, verdict: Verdict) -> Outcome {
    let decision = Decision {
        policy: policy.clone(),
        trace: trace.clone(),
        verdict,
        reason: None,
    };
    let stream = decision.stream(&Budget::DECISION).unwrap();
    check_stream(stream.as_bytes(), &Budget::DECISION)
}

#[test]
fn monitor_naive_semantics_and_kernel_agree() {
    let mut runner = TestRunner::deterministic();
    let pairs = (policy(), prop::collection::vec(step(), 1..=12));
    let (mut allowed, mut unknown, mut windowed, mut differences) = (0, 0, 0, Vec::new());
    let count = cases(USUAL_CASES);
    for number in 0..count {
        let (policy, steps) = pairs.new_tree(&mut runner).unwrap().current();
        let events = trace_upto(&steps, steps.len() - 1);
        let start_ms = events.first().map_or(0, Event::time_ms);
        let events = events.iter().map(|event| {
            Event::new(event.time_ms() - start_ms, event.facts().to_vec(), event.absent()).unwrap()
        });
        let trace = Trace::new(events.collect()).unwrap();
        let naive = allows(&policy, &trace);
        let verdict = if naive { Verdict::Allow } else { Verdict::Deny };
        let right = kernel_says(&policy, &trace, verdict);
        let wrong = kernel_says(&policy, &trace, verdict.opposite());
        let refuted =
            matches!(&wrong, Outcome::Rejected(rejection) if rejection.reason == Reason::DeclaredType);
        if monitor_allows(&policy, &steps) != naive || !right.is_accepted() || !refuted {
            differences.push(format!(
                "pair {number}: {policy:?} on {trace:?}: {right:?}, {wrong:?}"
            ));
        }
        allowed += u32::from(naive);
        unknown += u32::from(steps.iter().any(|step| !step.covered));
        windowed += u32::from(policy.rules().iter().any(|rule| has_window(rule.form())));
        if (number + 1) % 1_000 == 0 {
            println!("{} pairs, {} differences", number + 1, differences.len());
        }
    }
    println!(
        "{count} pairs of policy and trace ({allowed} allowed, {} denied; {windowed} with windows, {unknown} with \
         unknown facts): monitor = naive semantics = kernel, opposite theorem rejected; {} differences",
        count - allowed,
        differences.len()
    );
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    // Otherwise the agreement would say little.
    assert!(allowed > count / 20 && windowed > count / 4 && unknown > count / 4);
}

fn has_window(form: &Form) -> bool {
    let temporal = matches!(
        form,
        Form::Previous(_) | Form::Once { .. } | Form::Since { .. } | Form::Count { .. }
    );
    temporal || form.children().any(has_window)
}
