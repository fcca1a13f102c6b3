//! Random forms over six atoms, and random events for them.

#![allow(clippy::indexing_slicing, reason = "a test may stop")]

use aimds_policy::monitor::Relations;
use aimds_proof::logic::{AtomId, Event, Form, Value};
use proptest::prelude::*;

/// The atom of a number.
pub fn atom(number: u32) -> AtomId {
    AtomId::new(number).unwrap()
}

/// Atoms 1 to 4 are about one event; 5 and 6 relate it to the pending one.
pub fn is_relation(id: AtomId) -> bool {
    id.number() >= 5
}

/// An event: time step, values of atoms 1 to 4, whether the extractor covers the schema.
#[derive(Debug, Clone)]
pub struct Step {
    pub gap_ms: u64,
    pub facts: [Option<Value>; 4],
    pub covered: bool,
    /// Values of the relations, mixed with the sequence number of the past event.
    pub relations: u64,
}

/// Relations that are a fixed scramble of seed, past event and atom.
pub struct Scrambled {
    pub seed: u64,
}

impl Relations for Scrambled {
    fn value(&self, sequence: u64, id: AtomId) -> Value {
        let mixed = (self.seed ^ sequence.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(id.number()) << 32)
            .wrapping_mul(0xbf58_476d_1ce4_e5b9);
        match (mixed >> 40) % 5 {
            0 => Value::Unknown,
            1 | 2 => Value::Yes,
            3 => Value::No,
            _ => Value::Number(3),
        }
    }
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => Just(Value::Yes),
        3 => Just(Value::No),
        1 => Just(Value::Unknown),
        1 => (0_u64..6).prop_map(Value::Number),
    ]
}

/// Any event.
pub fn step() -> impl Strategy<Value = Step> {
    let facts = prop::array::uniform4(prop::option::weighted(0.7, value()));
    (
        prop_oneof![Just(0_u64), 1_u64..6],
        facts,
        prop::bool::weighted(0.7),
        any::<u64>(),
    )
        .prop_map(|(gap_ms, facts, covered, relations)| Step {
            gap_ms,
            facts,
            covered,
            relations,
        })
}

fn plain_leaf() -> impl Strategy<Value = Form> {
    prop_oneof![
        1 => Just(Form::True),
        1 => Just(Form::False),
        6 => (1_u32..5).prop_map(|number| Form::Atom(atom(number))),
        2 => (1_u32..5, 0_u64..6).prop_map(|(number, bound)| Form::AtMost(atom(number), bound)),
    ]
}

fn window() -> impl Strategy<Value = (u64, u64)> {
    prop_oneof![
        (Just(0_u64), 0_u64..12),
        (0_u64..8, 0_u64..8).prop_map(|(from, width)| (from, from + width))
    ]
}

/// For the parts of a form.
pub fn boxed(form: Form) -> Box<Form> {
    Box::new(form)
}

fn temporal(operand: BoxedStrategy<Form>) -> impl Strategy<Value = Form> {
    let pair = (operand.clone(), operand.clone());
    prop_oneof![
        operand.clone().prop_map(|form| Form::Previous(boxed(form))),
        (window(), operand.clone()).prop_map(|((from_ms, to_ms), form)| Form::Once {
            from_ms,
            to_ms,
            form: boxed(form)
        }),
        (window(), pair).prop_map(|((from_ms, to_ms), (hold, from))| Form::Since {
            from_ms,
            to_ms,
            hold: boxed(hold),
            from: boxed(from)
        }),
        (window(), 0_u64..5, operand).prop_map(|((from_ms, to_ms), at_least, form)| Form::Count {
            from_ms,
            to_ms,
            at_least,
            form: boxed(form)
        }),
    ]
}

fn connectives(leaf: BoxedStrategy<Form>) -> BoxedStrategy<Form> {
    leaf.prop_recursive(2, 6, 2, |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            inner.prop_map(|form| Form::Not(boxed(form))),
            pair.clone()
                .prop_map(|(left, right)| Form::And(boxed(left), boxed(right))),
            pair.prop_map(|(left, right)| Form::Or(boxed(left), boxed(right))),
        ]
    })
    .boxed()
}

/// Any form without relations.
pub fn plain_form() -> BoxedStrategy<Form> {
    let small = connectives(plain_leaf().boxed());
    let once = connectives(prop_oneof![small.clone(), temporal(small).boxed()].boxed());
    connectives(prop_oneof![once.clone(), temporal(once).boxed()].boxed())
}

/// Any form with relations below exactly one operator.
pub fn related_form() -> BoxedStrategy<Form> {
    let relation = (5_u32..7).prop_map(|number| Form::Atom(atom(number)));
    let small = connectives(plain_leaf().boxed());
    let inner = prop_oneof![2 => plain_leaf().boxed(), 3 => relation.boxed(), 1 => temporal(small).boxed()];
    let operand = connectives(inner.boxed());
    connectives(prop_oneof![1 => plain_leaf().boxed(), 3 => temporal(operand).boxed()].boxed())
}

/// The trace as the naive semantics sees it when the event at `pending` is decided.
pub fn trace_upto(steps: &[Step], pending: usize) -> Vec<Event> {
    let relations = Scrambled {
        seed: steps[pending].relations,
    };
    let mut time_ms = 0;
    steps[..=pending]
        .iter()
        .zip(0_u64..)
        .map(|(step, sequence)| {
            time_ms += step.gap_ms;
            let mut facts = own_facts(step);
            facts.extend((5..7).map(|number| (atom(number), relations.value(sequence, atom(number)))));
            Event::new(time_ms, facts, absent(step)).unwrap()
        })
        .collect()
}

/// The stated facts of an event, without relations.
pub fn own_facts(step: &Step) -> Vec<(AtomId, Value)> {
    step.facts
        .iter()
        .zip(1_u32..)
        .filter_map(|(value, number)| value.map(|value| (atom(number), value)))
        .collect()
}

/// What the others mean.
pub fn absent(step: &Step) -> Value {
    if step.covered { Value::No } else { Value::Unknown }
}
