//! Why: the parts of a rule that decided, the past events they bind, and the smallest single change that would have let the
//! event pass. Everything is found by replay under the naive semantics, and so is as true as the verdict itself.

use crate::atoms::Atom;
use crate::diagnostic::Span;
use crate::monitor::Truth;
use crate::rules::{Effect, Join, Obligation, Part};
use crate::schema::APPROVAL_KIND;
use crate::session::{Decision, Engine, Session, Verdict};
use crate::slice::{SliceEvent, trace_of};
use aimds_proof::logic::{Event, Form, LogicError, Value};
use aimds_proof::naive::{Mode, holds};

/// Replays that one search may take: each costs about what a decision does.
const REPLAYS_MAX: usize = 64;

/// A part of a rule that made it fire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deciding {
    /// Where it was written.
    pub span: Span,
    /// Numbers of the past events that it binds, oldest first; empty when it speaks of the pending event or of an absence.
    pub events: Vec<u64>,
    /// It holds because something is absent.
    pub absence: bool,
}

/// Why one rule fired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trail {
    /// The rule's name.
    pub rule: String,
    /// All parts that were needed, in the order of the text.
    pub parts: Vec<Deciding>,
    /// The one among them that says most: the last that binds a past event, else the last that is no absence.
    pub deciding: Option<Deciding>,
}

/// A single change of the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Somebody of this role approves the pending call.
    Approval {
        /// The role.
        role: String,
    },
    /// The content of a past event may carry orders of this label.
    Trust {
        /// The event's number.
        sequence: u64,
        /// The label.
        label: String,
    },
    /// The event comes later, when something has left a window.
    Wait {
        /// By how much.
        wait_ms: u64,
    },
}

/// A change with which the event would pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterfactual {
    /// The change.
    pub change: Change,
    /// The trace with the change: it can be certified like any other.
    pub events: Vec<SliceEvent>,
}

/// Why a decision is what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// One trail for each fired rule.
    pub trails: Vec<Trail>,
    /// For a stopped event, the first change found that lets it pass; `None` when none does, or it passed.
    pub counterfactual: Option<Counterfactual>,
}

impl Session {
    /// Why the last event was decided as it was.
    pub fn explain(&self, decision: &Decision) -> Result<Explanation, LogicError> {
        let slice = self.slice();
        let trace = slice.trace()?;
        let engine = self.engine();
        let trails = decision
            .fired
            .iter()
            .filter_map(|fired| engine.set().rules.get(fired.rule))
            .map(|rule| {
                let mode = if rule.effect == Effect::Permit {
                    Mode::Lower
                } else {
                    Mode::Upper
                };
                let mut parts = Vec::new();
                decide_parts(&rule.body, mode, trace.events(), &slice.events, &mut parts);
                let bound = parts.iter().rev().find(|part| !part.events.is_empty());
                let deciding = bound
                    .or_else(|| parts.iter().rev().find(|part| !part.absence))
                    .cloned();
                Trail {
                    rule: rule.name.clone(),
                    parts,
                    deciding,
                }
            })
            .collect::<Vec<_>>();
        let counterfactual = if decision.verdict == Verdict::Allow {
            None
        } else {
            Search {
                engine,
                events: &slice.events,
                replays: 0,
            }
            .run(decision, &trails)
        };
        Ok(Explanation {
            trails,
            counterfactual,
        })
    }
}

/// Collects the parts that make a part hold.
fn decide_parts(part: &Part, mode: Mode, events: &[Event], numbers: &[SliceEvent], out: &mut Vec<Deciding>) {
    match part.join {
        Join::All => {
            for inner in &part.parts {
                decide_parts(inner, mode, events, numbers, out);
            }
        }
        Join::Any => {
            if let Some(first) = part.parts.iter().find(|inner| holds(&inner.form, mode, events)) {
                decide_parts(first, mode, events, numbers, out);
            }
        }
        Join::Leaf | Join::Temporal | Join::Negation => {
            let bound = bound_events(&part.form, mode, events);
            let number = |at: &usize| numbers.get(*at).map(|event| event.sequence);
            out.push(Deciding {
                span: part.span,
                events: bound.iter().filter_map(number).collect(),
                absence: matches!(part.form, Form::Not(_)),
            });
        }
    }
}

/// Positions of the past events that a temporal form binds, oldest first.
fn bound_events(form: &Form, mode: Mode, events: &[Event]) -> Vec<usize> {
    let now_ms = events.last().map_or(0, Event::time_ms);
    let hits = |from_ms: u64, to_ms: u64, inner: &Form| -> Vec<usize> {
        let in_window = |event: &Event| {
            let age_ms = now_ms.saturating_sub(event.time_ms());
            (from_ms..=to_ms).contains(&age_ms)
        };
        events
            .iter()
            .enumerate()
            .filter(|(at, event)| {
                in_window(event) && events.get(..=*at).is_some_and(|upto| holds(inner, mode, upto))
            })
            .map(|(at, _)| at)
            .collect()
    };
    match form {
        Form::Previous(_) => events.len().checked_sub(2).into_iter().collect(),
        Form::Once { from_ms, to_ms, form } => hits(*from_ms, *to_ms, form).pop().into_iter().collect(),
        Form::Since {
            from_ms, to_ms, from, ..
        } => hits(*from_ms, *to_ms, from).pop().into_iter().collect(),
        Form::Count {
            from_ms, to_ms, form, ..
        } => hits(*from_ms, *to_ms, form),
        Form::And(left, _) => bound_events(left, mode, events),
        _ => Vec::new(),
    }
}

/// The verdict on a changed trace, by the naive semantics.
pub fn replay(engine: &Engine, events: &[SliceEvent]) -> Result<Decision, LogicError> {
    let trace = trace_of(events)?;
    let truths: Vec<Truth> = engine
        .set()
        .rules
        .iter()
        .map(|rule| Truth {
            must: holds(&rule.body.form, Mode::Lower, trace.events()),
            may: holds(&rule.body.form, Mode::Upper, trace.events()),
        })
        .collect();
    let (sequence, time_ms) = events
        .last()
        .map_or((0, 0), |event| (event.sequence, event.time_ms));
    Ok(engine.decide(&truths, sequence, time_ms))
}

struct Search<'a> {
    engine: &'a Engine,
    events: &'a [SliceEvent],
    replays: usize,
}

impl Search<'_> {
    /// Approval first, for it is the way the rules foresee; then trust; then waiting.
    fn run(&mut self, decision: &Decision, trails: &[Trail]) -> Option<Counterfactual> {
        self.approval(decision)
            .or_else(|| self.trust(trails))
            .or_else(|| self.wait(decision))
    }

    fn passes(&mut self, change: Change, events: Vec<SliceEvent>) -> Option<Counterfactual> {
        self.replays += 1;
        if self.replays > REPLAYS_MAX {
            return None;
        }
        let decision = replay(self.engine, &events).ok()?;
        (decision.verdict == Verdict::Allow).then_some(Counterfactual { change, events })
    }

    fn approval(&mut self, decision: &Decision) -> Option<Counterfactual> {
        let atoms = &self.engine.set().atoms;
        let schema = &self.engine.set().schema;
        let role = decision
            .obligations
            .iter()
            .find_map(|obligation| match obligation {
                Obligation::Ask(role) => Some(role.clone()),
                _ => None,
            });
        let role = role.unwrap_or_else(|| "user".into());
        let trusted = schema.level("user").unwrap_or_default();
        let facts = atoms.iter().filter_map(|(id, atom)| {
            let holds = match atom {
                Atom::Kind(kind) => kind == APPROVAL_KIND,
                Atom::Role(own) => *own == role,
                Atom::TrustAtMost(level) => trusted <= *level,
                Atom::About => true,
                _ => false,
            };
            holds.then_some((id, Value::Yes))
        });
        let (pending, older) = self.events.split_last()?;
        let mut events = older.to_vec();
        events.push(SliceEvent {
            // A number that no event has: it did not happen.
            sequence: u64::MAX,
            id: None,
            time_ms: pending.time_ms,
            facts: facts.collect(),
            absent: Value::No,
        });
        events.push(pending.clone());
        self.passes(Change::Approval { role }, events)
    }

    fn trust(&mut self, trails: &[Trail]) -> Option<Counterfactual> {
        let schema = std::sync::Arc::clone(&self.engine.set().schema);
        let bound = trails
            .iter()
            .flat_map(|trail| trail.parts.iter().flat_map(|part| &part.events));
        for sequence in bound.copied().collect::<std::collections::BTreeSet<u64>>() {
            for (level, label) in schema.labels.iter().enumerate().skip(1) {
                let events = self.with_trust(sequence, level as u8);
                let change = Change::Trust {
                    sequence,
                    label: label.clone(),
                };
                if let Some(found) = self.passes(change, events) {
                    return Some(found);
                }
            }
        }
        None
    }

    fn with_trust(&self, sequence: u64, level: u8) -> Vec<SliceEvent> {
        let atoms = &self.engine.set().atoms;
        let mut events = self.events.to_vec();
        if let Some(event) = events.iter_mut().find(|event| event.sequence == sequence) {
            event
                .facts
                .retain(|(id, _)| !matches!(atoms.atom(*id), Some(Atom::TrustAtMost(_))));
            for (id, atom) in atoms.iter() {
                if let Atom::TrustAtMost(bound) = atom {
                    event
                        .facts
                        .push((id, if level <= *bound { Value::Yes } else { Value::No }));
                }
            }
            event.facts.sort_unstable_by_key(|(id, _)| *id);
        }
        events
    }

    fn wait(&mut self, decision: &Decision) -> Option<Counterfactual> {
        let now_ms = self.events.last()?.time_ms;
        let mut waits = std::collections::BTreeSet::new();
        for fired in &decision.fired {
            let mut open = vec![&self.engine.set().rules.get(fired.rule)?.body.form];
            while let Some(form) = open.pop() {
                if let Form::Once { to_ms, .. } | Form::Since { to_ms, .. } | Form::Count { to_ms, .. } = form
                {
                    let leaves = self.events.iter().map(|event| {
                        let age_ms = now_ms.saturating_sub(event.time_ms);
                        to_ms.saturating_sub(age_ms).saturating_add(1)
                    });
                    waits.extend(leaves);
                }
                open.extend(form.children());
            }
        }
        for wait_ms in waits {
            let mut events = self.events.to_vec();
            let pending = events.last_mut()?;
            pending.time_ms = pending.time_ms.saturating_add(wait_ms);
            if let Some(found) = self.passes(Change::Wait { wait_ms }, events) {
                return Some(found);
            }
        }
        None
    }
}
