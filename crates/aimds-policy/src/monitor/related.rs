//! Operators over relations to the pending event: they remember past events, not answers.

use super::Truth;
use super::program::{Operand, Operator, OperatorKind};
use crate::limits::SLICE_EVENTS_MAX;
use aimds_proof::logic::{AtomId, Value};
use std::collections::VecDeque;

/// What relates a past event to the pending one.
pub trait Relations {
    /// The value of a relation between the event of this sequence number (the pending one included) and the pending one.
    fn value(&self, sequence: u64, atom: AtomId) -> Value;
}

/// Nothing is known of any relation.
#[derive(Debug, Clone, Copy)]
pub struct NoRelations;

impl Relations for NoRelations {
    fn value(&self, _sequence: u64, _atom: AtomId) -> Value {
        Value::Unknown
    }
}

/// A past event: the values of the operator's slots there, two bits each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) time_ms: u64,
    pub(super) sequence: u64,
    pub(super) slots: u64,
}

impl Entry {
    fn slot(&self, index: usize) -> Truth {
        let bits = self.slots >> (2 * index);
        Truth {
            must: bits & 1 != 0,
            may: bits & 2 != 0,
        }
    }
}

/// What one operator over relations remembers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RelatedCell {
    /// Events at which a relation could matter, oldest first; of `prev`, the last event.
    pub(super) entries: VecDeque<Entry>,
    /// The event of the current step, for `prev`.
    pub(super) current: Option<Entry>,
    /// Time of the newest event that had to be forgotten.
    pub(super) lost_ms: Option<u64>,
}

/// An operand's value when nothing is known of the relations.
struct Open;

impl Relations for Open {
    fn value(&self, _sequence: u64, _atom: AtomId) -> Value {
        Value::Unknown
    }
}

fn evaluate(operand: &Operand, entry: &Entry, relations: &impl Relations) -> Truth {
    match operand {
        Operand::Slot(index) => entry.slot(*index),
        Operand::Relation(atom) => Truth::of(relations.value(entry.sequence, *atom)),
        Operand::Not(inner) => evaluate(inner, entry, relations).negated(),
        Operand::And(left, right) => {
            // Relations cost most: remembered values decide first where they can.
            let (first, second) = if matches!(**left, Operand::Relation(_)) {
                (right, left)
            } else {
                (left, right)
            };
            let value = evaluate(first, entry, relations);
            if value == Truth::NO {
                value
            } else {
                value.and(evaluate(second, entry, relations))
            }
        }
        Operand::Or(left, right) => {
            let value = evaluate(left, entry, relations);
            if value == Truth::YES {
                value
            } else {
                value.or(evaluate(right, entry, relations))
            }
        }
    }
}

impl RelatedCell {
    /// Takes note of the current event, unless no relation can make it matter.
    pub(super) fn note(&mut self, operator: &Operator, time_ms: u64, sequence: u64, values: &[Truth]) {
        let mut slots = 0_u64;
        for (index, node) in operator.slots.iter().enumerate() {
            let truth = values.get(*node).copied().unwrap_or(Truth::UNKNOWN);
            slots |= (u64::from(truth.must) | u64::from(truth.may) << 1) << (2 * index);
        }
        let entry = Entry {
            time_ms,
            sequence,
            slots,
        };
        if operator.kind == OperatorKind::Previous {
            self.current = Some(entry);
            return;
        }
        let starts = evaluate(&operator.from, &entry, &Open).may;
        let holds = operator
            .hold
            .as_ref()
            .is_none_or(|hold| evaluate(hold, &entry, &Open).must);
        if starts || !holds {
            self.entries.push_back(entry);
        }
        let (OperatorKind::Within { to_ms, .. } | OperatorKind::Count { to_ms, .. }) = operator.kind else {
            return;
        };
        let oldest_ms = time_ms.saturating_sub(to_ms);
        while self
            .entries
            .front()
            .is_some_and(|entry| entry.time_ms < oldest_ms)
        {
            self.entries.pop_front();
        }
        if self.entries.len() > SLICE_EVENTS_MAX
            && let Some(lost) = self.entries.pop_front()
        {
            self.lost_ms = Some(lost.time_ms);
        }
    }

    /// Ends the step: the current event becomes the previous one.
    pub(super) fn finish(&mut self) {
        if let Some(current) = self.current.take() {
            self.entries.clear();
            self.entries.push_back(current);
        }
    }

    pub(super) fn answer(&self, operator: &Operator, now_ms: u64, relations: &impl Relations) -> Truth {
        match operator.kind {
            OperatorKind::Previous => match self.entries.back() {
                Some(entry) => evaluate(&operator.from, entry, relations),
                None => Truth::NO,
            },
            OperatorKind::Within { from_ms, to_ms } => {
                self.within(operator, now_ms, from_ms, to_ms, relations)
            }
            OperatorKind::Count {
                from_ms,
                to_ms,
                at_least,
            } => self.count(operator, now_ms, from_ms, to_ms, at_least, relations),
        }
    }

    /// Whether forgotten events lie in the window.
    fn is_lost(&self, now_ms: u64, to_ms: u64) -> bool {
        self.lost_ms
            .is_some_and(|lost_ms| lost_ms >= now_ms.saturating_sub(to_ms))
    }

    fn within(
        &self,
        operator: &Operator,
        now_ms: u64,
        from_ms: u64,
        to_ms: u64,
        relations: &impl Relations,
    ) -> Truth {
        let mut result = Truth::NO;
        let mut alive = Truth::YES;
        for entry in self.entries.iter().rev() {
            if now_ms
                .checked_sub(from_ms)
                .is_some_and(|newest_ms| entry.time_ms <= newest_ms)
            {
                result = result.or(alive.and(evaluate(&operator.from, entry, relations)));
                if result == Truth::YES {
                    return result;
                }
            }
            if let Some(hold) = &operator.hold {
                alive = alive.and(evaluate(hold, entry, relations));
                if alive == Truth::NO {
                    return result;
                }
            }
        }
        if alive.may && self.is_lost(now_ms, to_ms) {
            result.may = true;
        }
        result
    }

    fn count(
        &self,
        operator: &Operator,
        now_ms: u64,
        from_ms: u64,
        to_ms: u64,
        at_least: u64,
        relations: &impl Relations,
    ) -> Truth {
        let (mut must, mut may) = (0_u64, 0_u64);
        for entry in self.entries.iter().rev() {
            if must >= at_least {
                break;
            }
            if now_ms
                .checked_sub(from_ms)
                .is_some_and(|newest_ms| entry.time_ms <= newest_ms)
            {
                let value = evaluate(&operator.from, entry, relations);
                must += u64::from(value.must);
                may += u64::from(value.may);
            }
        }
        Truth {
            must: must >= at_least,
            may: may >= at_least || self.is_lost(now_ms, to_ms),
        }
    }
}
