//! A bounded search for a trace on which a form holds.
//!
//! The search walks the form and adds what it asks for: facts to events, events at the ends of windows. It tries
//! alternatives in turn up to a bound. What it builds is closed under what atoms mean (an event has one kind and one tool,
//! a score of 0.9 is also one of 0.5), and counts only when the naive semantics agrees.

use crate::atoms::{Atom, Field, ValueTest};
use crate::limits::NUMBER_MAX;
use crate::record::SCORE_MAX;
use crate::rules::PolicySet;
use crate::schema::Schema;
use crate::values::fits;
use aimds_proof::logic::{AtomId, Event, Form, Trace, Value};
use aimds_proof::naive::times_never_decrease;
use std::collections::BTreeMap;

/// Drafts that one search may look at: a second of work at the most.
const DRAFTS_MAX: usize = 4_000;
/// Alternatives that are followed at one point.
const BRANCHES_MAX: usize = 24;
/// Events of one draft: counts go up to 200, of which a search follows the smaller.
const EVENTS_MAX: usize = 64;
/// Where the pending event stands in time: behind it there is room for nested windows.
const NOW_MS: u64 = (1 << 31) - 1;

/// A trace in the making: events by age, youngest first; the first is the pending one.
#[derive(Debug, Clone, Default)]
struct Draft {
    events: Vec<DraftEvent>,
}

#[derive(Debug, Clone)]
struct DraftEvent {
    time_ms: u64,
    facts: BTreeMap<AtomId, Value>,
}

/// A search over the atoms of one set.
#[derive(Debug)]
pub struct Search<'a> {
    set: &'a PolicySet,
}

impl<'a> Search<'a> {
    /// Over this set.
    pub fn new(set: &'a PolicySet) -> Self {
        Self { set }
    }

    /// The set whose atoms it searches over.
    pub fn set(&self) -> &PolicySet {
        self.set
    }

    /// A trace that `wanted` accepts, built from what `form` asks for; `None` when the bounds are reached without one.
    pub fn find(&self, form: &Form, wanted: &dyn Fn(&[Event]) -> bool) -> Option<Trace> {
        let start = Draft {
            events: vec![DraftEvent {
                time_ms: NOW_MS,
                facts: BTreeMap::new(),
            }],
        };
        let mut left = DRAFTS_MAX;
        let drafts = self.satisfy(form, true, 0, start, &mut left);
        drafts
            .iter()
            .find_map(|draft| self.finish(draft).filter(|trace| wanted(trace.events())))
    }

    /// Drafts in which the form holds (or does not) at the event of this position, as far as this one step can tell.
    fn satisfy(&self, form: &Form, want: bool, at: usize, draft: Draft, left: &mut usize) -> Vec<Draft> {
        if *left == 0 {
            return Vec::new();
        }
        *left -= 1;
        match form {
            Form::True => {
                if want {
                    vec![draft]
                } else {
                    Vec::new()
                }
            }
            Form::False => {
                if want {
                    Vec::new()
                } else {
                    vec![draft]
                }
            }
            Form::Atom(atom) => self.set_fact(draft, at, *atom, if want { Value::Yes } else { Value::No }),
            Form::AtMost(atom, bound) => {
                let number = if want { *bound } else { bound.saturating_add(1) };
                // No event states a greater one: a trace with it would show what cannot happen.
                if number > NUMBER_MAX {
                    return Vec::new();
                }
                self.set_fact(draft, at, *atom, Value::Number(number))
            }
            Form::Not(inner) => self.satisfy(inner, !want, at, draft, left),
            Form::And(one, other) if want => self.both((one, true), (other, true), at, draft, left),
            Form::Or(one, other) if !want => self.both((one, false), (other, false), at, draft, left),
            Form::And(one, other) | Form::Or(one, other) => {
                let mut all = self.satisfy(one, want, at, draft.clone(), left);
                all.extend(self.satisfy(other, want, at, draft, left));
                all.truncate(BRANCHES_MAX);
                all
            }
            temporal => self.temporal(temporal, want, at, draft, left),
        }
    }

    fn both(
        &self,
        one: (&Form, bool),
        other: (&Form, bool),
        at: usize,
        draft: Draft,
        left: &mut usize,
    ) -> Vec<Draft> {
        // Events are only ever added behind the pending one in age order; `at` is found again by its time and rank.
        let anchor = Anchor::of(&draft, at);
        let mut all = Vec::new();
        for draft in self.satisfy(one.0, one.1, at, draft, left) {
            let at = anchor.find(&draft);
            all.extend(self.satisfy(other.0, other.1, at, draft, left));
            if all.len() >= BRANCHES_MAX {
                all.truncate(BRANCHES_MAX);
                break;
            }
        }
        all
    }

    fn temporal(&self, form: &Form, want: bool, at: usize, draft: Draft, left: &mut usize) -> Vec<Draft> {
        let now_ms = draft.events.get(at).map_or(0, |event| event.time_ms);
        match form {
            Form::Previous(inner) => {
                if want {
                    let (draft, place) = insert(draft, now_ms.saturating_sub(1), at);
                    return self.satisfy(inner, true, place, draft, left);
                }
                vec![draft]
            }
            Form::Once { from_ms, to_ms, form } => {
                if want {
                    self.somewhere(form, (*from_ms, *to_ms), at, &draft, left)
                } else {
                    self.nowhere(form, (*from_ms, *to_ms), at, &draft, left)
                }
            }
            Form::Since {
                from_ms,
                to_ms,
                from,
                hold,
            } => {
                if !want {
                    return self.nowhere(from, (*from_ms, *to_ms), at, &draft, left);
                }
                // `hold` is asked of the event of evaluation; events between are those of other parts, and the check at the
                // end looks at them.
                let anchor = Anchor::of(&draft, at);
                let mut all = Vec::new();
                for draft in self.somewhere(from, (*from_ms, *to_ms), at, &draft, left) {
                    let at = anchor.find(&draft);
                    all.extend(self.satisfy(hold, true, at, draft, left));
                }
                all.truncate(BRANCHES_MAX);
                all
            }
            Form::Count {
                from_ms,
                to_ms,
                at_least,
                form,
            } => {
                if !want {
                    return if *at_least > 1 {
                        vec![draft]
                    } else {
                        self.nowhere(form, (*from_ms, *to_ms), at, &draft, left)
                    };
                }
                let needed = usize::try_from(*at_least).unwrap_or(usize::MAX);
                if needed > EVENTS_MAX {
                    return Vec::new();
                }
                let time_ms = now_ms.saturating_sub(*from_ms);
                let mut drafts = vec![draft];
                for _ in 0..needed {
                    let mut next = Vec::new();
                    for draft in drafts {
                        let (draft, place) = insert(draft, time_ms, at);
                        next.extend(self.satisfy(form, true, place, draft, left));
                    }
                    next.truncate(2);
                    drafts = next;
                }
                drafts
            }
            _ => Vec::new(),
        }
    }

    /// The form holds at some event of the window: the one of evaluation, one that is there, or a new one at either end.
    fn somewhere(
        &self,
        form: &Form,
        window: (u64, u64),
        at: usize,
        draft: &Draft,
        left: &mut usize,
    ) -> Vec<Draft> {
        let now_ms = draft.events.get(at).map_or(0, |event| event.time_ms);
        let mut all = Vec::new();
        let inside: Vec<usize> = in_window(draft, now_ms, window, at);
        let middle = window.0 + (window.1 - window.0) / 2;
        for age_ms in [middle, window.0, window.1] {
            if draft.events.len() < EVENTS_MAX {
                let (draft, place) = insert(draft.clone(), now_ms.saturating_sub(age_ms), at);
                all.extend(self.satisfy(form, true, place, draft, left));
            }
        }
        for place in inside {
            all.extend(self.satisfy(form, true, place, draft.clone(), left));
        }
        all.truncate(BRANCHES_MAX);
        all
    }

    /// The form fails at every event of the window that is there so far.
    fn nowhere(
        &self,
        form: &Form,
        window: (u64, u64),
        at: usize,
        draft: &Draft,
        left: &mut usize,
    ) -> Vec<Draft> {
        let now_ms = draft.events.get(at).map_or(0, |event| event.time_ms);
        let mut drafts = vec![draft.clone()];
        for place in in_window(draft, now_ms, window, at) {
            let anchor = Anchor::of(draft, place);
            let mut next = Vec::new();
            for draft in drafts {
                let place = anchor.find(&draft);
                next.extend(self.satisfy(form, false, place, draft, left));
            }
            next.truncate(BRANCHES_MAX);
            drafts = next;
        }
        drafts
    }

    fn set_fact(&self, mut draft: Draft, at: usize, atom: AtomId, value: Value) -> Vec<Draft> {
        let Some(event) = draft.events.get_mut(at) else {
            return Vec::new();
        };
        let forced = self
            .set
            .atoms
            .atom(atom)
            .and_then(|atom| forced(&self.set.schema, atom));
        if forced.is_some_and(|forced| forced != value) {
            return Vec::new();
        }
        match event.facts.get(&atom) {
            Some(known)
                if *known != value && !matches!((known, value), (Value::Number(_), Value::Number(_))) =>
            {
                Vec::new()
            }
            Some(Value::Number(_)) => vec![draft],
            _ => {
                event.facts.insert(atom, value);
                if self.is_consistent(event) {
                    vec![draft]
                } else {
                    Vec::new()
                }
            }
        }
    }

    /// Whether no two facts of an event exclude each other.
    fn is_consistent(&self, event: &DraftEvent) -> bool {
        let stated: Vec<(&Atom, Value)> = event
            .facts
            .iter()
            .filter_map(|(id, value)| self.set.atoms.atom(*id).map(|atom| (atom, *value)))
            .collect();
        stated.iter().enumerate().all(|(at, left)| {
            stated
                .iter()
                .skip(at + 1)
                .all(|right| !excludes(&self.set.schema, left, right))
        })
    }

    /// The trace of a draft: consequences of its facts stated, everything else false.
    fn finish(&self, draft: &Draft) -> Option<Trace> {
        let mut events: Vec<Event> = Vec::new();
        let start_ms = draft.events.last()?.time_ms;
        for event in draft.events.iter().rev() {
            let mut facts = event.facts.clone();
            for (id, atom) in self.set.atoms.iter() {
                let follows = |(own, value): (&AtomId, &Value)| {
                    self.set
                        .atoms
                        .atom(*own)
                        .is_some_and(|own| implies(&self.set.schema, (own, *value), atom))
                };
                let certain = forced(&self.set.schema, atom) == Some(Value::Yes);
                if !facts.contains_key(&id) && (certain || event.facts.iter().any(follows)) {
                    facts.insert(id, Value::Yes);
                }
            }
            let facts = facts
                .into_iter()
                .filter(|(_, value)| *value != Value::No)
                .collect();
            events.push(Event::new(event.time_ms.saturating_sub(start_ms), facts, Value::No).ok()?);
        }
        let trace = Trace::new(events).ok()?;
        times_never_decrease(trace.events()).then_some(trace)
    }
}

/// An event of a draft, found again after others were put in: by its time, and its rank among those of the same time counted
/// from the oldest (new ones are put in as the youngest past event of their time).
struct Anchor {
    time_ms: u64,
    older_same: usize,
    pending: bool,
}

impl Anchor {
    fn of(draft: &Draft, at: usize) -> Self {
        let time_ms = draft.events.get(at).map_or(0, |event| event.time_ms);
        let older_same = draft
            .events
            .iter()
            .skip(at + 1)
            .filter(|event| event.time_ms == time_ms)
            .count();
        Self {
            time_ms,
            older_same,
            pending: at == 0,
        }
    }

    fn find(&self, draft: &Draft) -> usize {
        if self.pending {
            return 0;
        }
        let same: Vec<usize> = draft
            .events
            .iter()
            .enumerate()
            .skip(1)
            .filter(|(_, event)| event.time_ms == self.time_ms)
            .map(|(at, _)| at)
            .collect();
        same.iter().rev().nth(self.older_same).copied().unwrap_or(0)
    }
}

/// Positions of the events in a window, that of evaluation included when the window begins at zero.
fn in_window(draft: &Draft, now_ms: u64, window: (u64, u64), at: usize) -> Vec<usize> {
    let inside = |event: &DraftEvent| {
        now_ms
            .checked_sub(event.time_ms)
            .is_some_and(|age_ms| (window.0..=window.1).contains(&age_ms))
    };
    draft
        .events
        .iter()
        .enumerate()
        .skip(at)
        .filter(|(_, event)| inside(event))
        .map(|(at, _)| at)
        .collect()
}

/// A new event, older than the one of evaluation; says where it stands.
fn insert(mut draft: Draft, time_ms: u64, at: usize) -> (Draft, usize) {
    let behind = draft
        .events
        .iter()
        .skip(at + 1)
        .position(|event| event.time_ms <= time_ms);
    let place = behind.map_or(draft.events.len(), |offset| at + 1 + offset);
    draft.events.insert(
        place,
        DraftEvent {
            time_ms,
            facts: BTreeMap::new(),
        },
    );
    (draft, place)
}

/// The only value, besides unknown, of a fact that lies beyond an order: no label is above the highest, no score below 0 or above 1.
pub(crate) fn forced(schema: &Schema, atom: &Atom) -> Option<Value> {
    match atom {
        Atom::TrustAtMost(level) if *level >= schema.highest_level() => Some(Value::Yes),
        Atom::ScoreAtLeast(_, 0) => Some(Value::Yes),
        Atom::ScoreAtLeast(_, score) if *score > SCORE_MAX => Some(Value::No),
        _ => None,
    }
}

/// Whether one fact makes another atom true.
pub(crate) fn implies(schema: &Schema, fact: (&Atom, Value), atom: &Atom) -> bool {
    let yes = fact.1 == Value::Yes;
    match (fact.0, atom) {
        (Atom::TrustAtMost(own), Atom::TrustAtMost(other)) => yes && own <= other,
        (Atom::ScoreAtLeast(detector, own), Atom::ScoreAtLeast(same, other)) => {
            yes && detector == same && own >= other
        }
        (Atom::Tool(tool), Atom::ToolGlob(glob)) => yes && fits(tool, glob),
        (Atom::Tool(tool), Atom::Tag(tag)) => yes && schema.has_tag(tool, tag) == Some(true),
        (Atom::Amount(own), Atom::Known(other)) => matches!(fact.1, Value::Number(_)) && own == other,
        (Atom::Value(own, ..) | Atom::Flag(own), Atom::Known(other)) => yes && own == other,
        (Atom::Flows(Field::Argument(..)), Atom::Flows(Field::Arguments)) => yes,
        _ => false,
    }
}

/// Whether two facts of one event cannot both be.
pub(crate) fn excludes(schema: &Schema, left: &(&Atom, Value), right: &(&Atom, Value)) -> bool {
    let both_yes = left.1 == Value::Yes && right.1 == Value::Yes;
    let contradicts = |fact: &(&Atom, Value), other: &(&Atom, Value)| {
        other.1 == Value::No && implies(schema, (fact.0, fact.1), other.0)
    };
    if contradicts(left, right) || contradicts(right, left) {
        return true;
    }
    match (left.0, right.0) {
        (Atom::Kind(one), Atom::Kind(other)) | (Atom::Role(one), Atom::Role(other)) => {
            both_yes && one != other
        }
        (Atom::Tool(one), Atom::Tool(other)) => both_yes && one != other,
        (Atom::Tool(tool), Atom::Tag(tag)) | (Atom::Tag(tag), Atom::Tool(tool)) => {
            both_yes && schema.has_tag(tool, tag) == Some(false)
        }
        (Atom::Tool(tool), Atom::ToolGlob(glob)) | (Atom::ToolGlob(glob), Atom::Tool(tool)) => {
            both_yes && !fits(tool, glob)
        }
        (
            Atom::Value(field, one, ValueTest::OneOf(left)),
            Atom::Value(other, two, ValueTest::OneOf(right)),
        ) => both_yes && field == other && one == two && left.iter().all(|value| !right.contains(value)),
        _ => false,
    }
}
