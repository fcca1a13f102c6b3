//! The monitor gives the answers of the naive semantics, on random forms and traces and at every exact end of a window.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop"
)]

mod common;

use aimds_policy::limits::{RUNS_MAX, SLICE_EVENTS_MAX};
use aimds_policy::monitor::{Monitor, Program, ProgramError, Relations, StateError, Truth};
use aimds_proof::logic::{AtomId, Form, Value};
use aimds_proof::naive::{Mode, holds};
use common::random::{
    Scrambled, Step, absent, atom, boxed, is_relation, own_facts, plain_form, related_form, step, trace_upto,
};
use proptest::prelude::*;
use std::sync::Arc;

fn agree(forms: &[Form], steps: &[Step], restart_at: usize) -> Result<(), TestCaseError> {
    let program = Arc::new(Program::new(&forms.iter().collect::<Vec<_>>(), &is_relation).unwrap());
    let mut monitor = Monitor::new(Arc::clone(&program));
    let mut time_ms = 0;
    for (index, step) in steps.iter().enumerate() {
        if index == restart_at {
            monitor = Monitor::restore(Arc::clone(&program), &monitor.export()).unwrap();
        }
        time_ms += step.gap_ms;
        let relations = Scrambled { seed: step.relations };
        let results = monitor
            .step(time_ms, &own_facts(step), absent(step), &relations)
            .to_vec();
        let events = trace_upto(steps, index);
        for (form, result) in forms.iter().zip(results) {
            let naive = Truth {
                must: holds(form, Mode::Lower, &events),
                may: holds(form, Mode::Upper, &events),
            };
            prop_assert_eq!(result, naive, "at event {} of {:?}", index, form);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Forms without relations, equal times and unknowns included, with a restart in the middle.
    #[test]
    fn agrees_with_the_naive_semantics(
        forms in prop::collection::vec(plain_form(), 1..4),
        steps in prop::collection::vec(step(), 1..24),
        restart_at in 0_usize..24,
    ) {
        agree(&forms, &steps, restart_at)?;
    }

    /// Forms over relations to the pending event, whose values are others at every event.
    #[test]
    fn agrees_on_relations(
        forms in prop::collection::vec(related_form(), 1..4),
        steps in prop::collection::vec(step(), 1..24),
        restart_at in 0_usize..24,
    ) {
        agree(&forms, &steps, restart_at)?;
    }

    /// No bytes make restoring panic, and a changed state is refused or runs on within its bounds.
    #[test]
    fn restoring_never_panics(
        forms in prop::collection::vec(related_form(), 1..3),
        steps in prop::collection::vec(step(), 1..12),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let program = Arc::new(Program::new(&forms.iter().collect::<Vec<_>>(), &is_relation).unwrap());
        let mut monitor = Monitor::new(Arc::clone(&program));
        for step in &steps {
            monitor.step(monitor.time_ms() + step.gap_ms, &own_facts(step), absent(step), &Scrambled { seed: 1 });
        }
        let mut bytes = monitor.export();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(mut restored) = Monitor::restore(Arc::clone(&program), &bytes) {
            restored.step(restored.time_ms().saturating_add(1), &[], Value::Unknown, &Scrambled { seed: 2 });
        }
        prop_assert!(Monitor::restore(program, &bytes[..at]).is_err());
    }
}

fn single(form: &Form) -> Monitor {
    Monitor::new(Arc::new(Program::new(&[form], &is_relation).unwrap()))
}

const YES: Truth = Truth::YES;
const NO: Truth = Truth::NO;

/// Both ends of a window are in it, and one millisecond outside is not.
#[test]
fn windows_have_exact_ends() {
    for (age_ms, expected) in [(0, NO), (1, NO), (2, YES), (5, YES), (6, NO)] {
        let mut monitor = single(&Form::Once {
            from_ms: 2,
            to_ms: 5,
            form: boxed(Form::Atom(atom(1))),
        });
        let relations = Scrambled { seed: 0 };
        monitor.step(100, &[(atom(1), Value::Yes)], Value::No, &relations);
        assert_eq!(
            monitor.step(100 + age_ms, &[], Value::No, &relations),
            [expected],
            "age {age_ms}"
        );
    }
}

/// Relations that never hold.
struct Never;

impl Relations for Never {
    fn value(&self, _sequence: u64, _atom: AtomId) -> Value {
        Value::No
    }
}

/// Where a cell's bound is passed the answer is unknown, not wrong: runs of `once`, young events of `count`, related events.
#[test]
fn full_cells_answer_unknown() {
    let relations = Scrambled { seed: 0 };
    let far_ms = 1_000_000;
    let mut once = single(&Form::Once {
        from_ms: far_ms,
        to_ms: far_ms,
        form: boxed(Form::Atom(atom(1))),
    });
    for index in 0..=RUNS_MAX as u64 {
        once.step(index * 10, &[(atom(1), Value::Yes)], Value::No, &relations);
    }
    assert_eq!(once.step(far_ms, &[], Value::No, &relations), [Truth::UNKNOWN]);
    assert_eq!(once.step(far_ms + 20, &[], Value::No, &relations), [YES]);
    assert_eq!(once.step(far_ms + 25, &[], Value::No, &relations), [NO]);

    let counted = |at_least| Form::Count {
        from_ms: far_ms,
        to_ms: 2 * far_ms,
        at_least,
        form: boxed(Form::Atom(atom(1))),
    };
    let mut count = single(&counted(200));
    for _ in 0..=SLICE_EVENTS_MAX {
        count.step(0, &[(atom(1), Value::Yes)], Value::No, &relations);
    }
    assert_eq!(
        count.step(far_ms - 1, &[], Value::No, &relations),
        [Truth::UNKNOWN]
    );
    assert_eq!(count.step(far_ms, &[], Value::No, &relations), [YES]);

    let mut related = single(&Form::Once {
        from_ms: 0,
        to_ms: 10,
        form: boxed(Form::And(boxed(Form::Atom(atom(1))), boxed(Form::Atom(atom(5))))),
    });
    for _ in 0..SLICE_EVENTS_MAX {
        assert_eq!(related.step(0, &[(atom(1), Value::Yes)], Value::No, &Never), [NO]);
    }
    assert_eq!(
        related.step(0, &[(atom(1), Value::Yes)], Value::No, &Never),
        [Truth::UNKNOWN]
    );
    assert_eq!(related.step(10, &[], Value::No, &Never), [Truth::UNKNOWN]);
    assert_eq!(related.step(11, &[], Value::No, &Never), [NO]);
}

/// A clock that runs backwards counts as one that stands still.
#[test]
fn time_never_decreases() {
    let mut monitor = single(&Form::Once {
        from_ms: 0,
        to_ms: 5,
        form: boxed(Form::Atom(atom(1))),
    });
    let relations = Scrambled { seed: 0 };
    monitor.step(100, &[(atom(1), Value::Yes)], Value::No, &relations);
    assert_eq!(monitor.step(3, &[], Value::No, &relations), [YES]);
    assert_eq!(monitor.time_ms(), 100);
}

/// A state belongs to its program.
#[test]
fn states_of_other_programs_are_refused() {
    let monitor = single(&Form::Atom(atom(1)));
    let other = Arc::new(Program::new(&[&Form::Atom(atom(2))], &is_relation).unwrap());
    assert_eq!(
        Monitor::restore(other, &monitor.export()).unwrap_err(),
        StateError::OtherProgram
    );
}

/// Relations outside one operator are refused, not guessed.
#[test]
fn misplaced_relations_are_refused() {
    let relation = Form::Atom(atom(5));
    let twice = Form::Previous(boxed(Form::Previous(boxed(relation.clone()))));
    for form in [relation, twice] {
        assert_eq!(
            Program::new(&[&form], &is_relation).unwrap_err(),
            ProgramError::MisplacedRelation
        );
    }
}
