//! Which events and atoms a decision needs: one contiguous run of events up to the pending one.
//!
//! A window needs all events within its far end of the point of evaluation, `prev` the next older event however old, and
//! operands are walked from each of these. Dropping an event inside the run would change `since`, `prev` and `count`;
//! only facts of atoms that the policy does not name are left out, and extraction never states those.

use crate::history::{Past, relation};
use crate::rules::{Effect, PolicySet};
use aimds_proof::logic::{AtomId, Event, Form, LogicError, Trace, Value};
use std::collections::{BTreeSet, VecDeque};

/// An event of a slice, times as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SliceEvent {
    /// Its number in the session.
    pub sequence: u64,
    /// Its id.
    pub id: Option<String>,
    /// Recorded time.
    pub time_ms: u64,
    /// Facts about it and about its relation to the pending event, sorted by atom.
    pub facts: Vec<(AtomId, Value)>,
    /// What an atom means that they do not name.
    pub absent: Value,
}

/// All that one decision hangs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// Events, oldest first; the last is the pending one.
    pub events: Vec<SliceEvent>,
    /// Atoms that the rules name.
    pub atoms: BTreeSet<AtomId>,
    /// No event that the decision needs was forgotten. Otherwise a certificate would speak of another past: INCONCLUSIVE.
    pub complete: bool,
}

impl Slice {
    pub(crate) fn cut(set: &PolicySet, history: &VecDeque<Past>, forgotten_ms: Option<u64>) -> Self {
        let times: Vec<u64> = history.iter().map(|past| past.time_ms).collect();
        let last = times.len().saturating_sub(1);
        let mut reach = Reach {
            times: &times,
            forgotten_ms,
            complete: true,
        };
        let mut first = last;
        let mut atoms = BTreeSet::new();
        for rule in &set.rules {
            first = first.min(reach.of(&rule.body.form, last));
            collect_atoms(&rule.body.form, &mut atoms);
        }
        Self {
            events: events_from(set, history, first),
            atoms,
            complete: reach.complete,
        }
    }

    /// The slice in the core logic: times since its first event.
    pub fn trace(&self) -> Result<Trace, LogicError> {
        trace_of(&self.events)
    }
}

/// The events of a history from a position on, each with its relations to the pending one.
pub(crate) fn events_from(set: &PolicySet, history: &VecDeque<Past>, first: usize) -> Vec<SliceEvent> {
    let relations: Vec<_> = set.atoms.iter().filter(|(_, atom)| atom.is_relation()).collect();
    let mut events = Vec::new();
    if let Some(pending) = history.back() {
        for past in history.iter().skip(first) {
            let mut facts = past.facts.clone();
            let related = relations
                .iter()
                .map(|(id, atom)| (*id, relation(atom, past, pending)));
            facts.extend(related.filter(|(_, value)| *value != past.absent));
            facts.sort_unstable_by_key(|(id, _)| *id);
            events.push(SliceEvent {
                sequence: past.sequence,
                id: past.id.clone(),
                time_ms: past.time_ms,
                facts,
                absent: past.absent,
            });
        }
    }
    events
}

/// Events in the core logic: times since the first of them.
pub(crate) fn trace_of(events: &[SliceEvent]) -> Result<Trace, LogicError> {
    let start_ms = events.first().map_or(0, |event| event.time_ms);
    let events: Result<Vec<Event>, LogicError> = events
        .iter()
        .map(|event| {
            Event::new(
                event.time_ms.saturating_sub(start_ms),
                event.facts.clone(),
                event.absent,
            )
        })
        .collect();
    Trace::new(events?)
}

fn collect_atoms(form: &Form, atoms: &mut BTreeSet<AtomId>) {
    let mut open = vec![form];
    while let Some(form) = open.pop() {
        if let Form::Atom(atom) | Form::AtMost(atom, _) = form {
            atoms.insert(*atom);
        }
        open.extend(form.children());
    }
}

/// The furthest a set of rules looks back: the windows on the longest path added up, and how many `prev` lie on a path.
pub fn horizon(set: &PolicySet) -> (u64, usize) {
    fn of(form: &Form) -> (u64, usize) {
        let inner = form
            .children()
            .map(of)
            .fold((0, 0), |left, right| (left.0.max(right.0), left.1.max(right.1)));
        match form {
            Form::Once { to_ms, .. } | Form::Since { to_ms, .. } | Form::Count { to_ms, .. } => {
                (inner.0.saturating_add(*to_ms), inner.1)
            }
            Form::Previous(_) => (inner.0, inner.1 + 1),
            _ => inner,
        }
    }
    let all = set.rules.iter().map(|rule| of(&rule.body.form));
    all.fold((0, 0), |left, right| (left.0.max(right.0), left.1.max(right.1)))
}

/// Whether any rule of the set may stop or permit: advice alone needs no certificate of the verdict.
pub fn decides(set: &PolicySet) -> bool {
    set.rules
        .iter()
        .any(|rule| rule.effect.stops() || rule.effect == Effect::Permit)
}

struct Reach<'a> {
    times: &'a [u64],
    forgotten_ms: Option<u64>,
    complete: bool,
}

impl Reach<'_> {
    /// The oldest event that a form needs when it is evaluated at `at`. The older the point of evaluation, the further back
    /// the form reaches, so that the oldest point of a window stands for all of them. As deep as the form.
    fn of(&mut self, form: &Form, at: usize) -> usize {
        let to_ms = match form {
            Form::Previous(inner) => {
                if at == 0 {
                    self.complete &= self.forgotten_ms.is_none();
                    return 0;
                }
                return self.of(inner, at - 1);
            }
            Form::Once { to_ms, .. } | Form::Since { to_ms, .. } | Form::Count { to_ms, .. } => *to_ms,
            _ => {
                return form
                    .children()
                    .map(|child| self.of(child, at))
                    .min()
                    .unwrap_or(at);
            }
        };
        let oldest_ms = self
            .times
            .get(at)
            .copied()
            .unwrap_or_default()
            .saturating_sub(to_ms);
        let first = self.times.partition_point(|time_ms| *time_ms < oldest_ms).min(at);
        if first == 0
            && self
                .forgotten_ms
                .is_some_and(|forgotten_ms| forgotten_ms >= oldest_ms)
        {
            self.complete = false;
        }
        form.children()
            .map(|child| self.of(child, first))
            .min()
            .unwrap_or(first)
            .min(first)
    }
}
