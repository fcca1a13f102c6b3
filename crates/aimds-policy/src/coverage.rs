//! What tests reached: each rule fired and not fired, both ends of each window, each count met exactly and missed by one.

use crate::diagnostic::Span;
use crate::rules::{Part, PolicySet};
use crate::session::Decision;
use crate::slice::{SliceEvent, trace_of};
use aimds_proof::logic::{Event, Form};
use aimds_proof::naive::{Mode, holds};
use std::collections::BTreeMap;

/// Something that a test can reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Goal {
    /// The rule fires.
    Fired,
    /// It does not.
    NotFired,
    /// An event of the window's exact greatest age.
    FarEndInside,
    /// One millisecond older.
    FarEndOutside,
    /// An event of the window's exact least age.
    NearEndInside,
    /// One millisecond younger.
    NearEndOutside,
    /// The count is met, and no event is to spare.
    CountMet,
    /// The count is missed by one.
    CountMissed,
}

impl Goal {
    /// What is missing, for people.
    pub fn text(self) -> &'static str {
        match self {
            Self::Fired => "never fires",
            Self::NotFired => "never fails to fire",
            Self::FarEndInside => "no event of exactly the greatest age of this window",
            Self::FarEndOutside => "no event one millisecond too old for this window",
            Self::NearEndInside => "no event of exactly the least age of this window",
            Self::NearEndOutside => "no event one millisecond too young for this window",
            Self::CountMet => "this count is never met exactly",
            Self::CountMissed => "this count is never missed by one",
        }
    }
}

/// What the tests of one set reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Each goal by rule and place, and whether it was reached.
    pub goals: BTreeMap<(String, Span, Goal), bool>,
}

/// A window in a rule.
struct Window<'a> {
    span: Span,
    from_ms: u64,
    to_ms: u64,
    operand: &'a Form,
    at_least: Option<u64>,
    nested: bool,
}

impl Coverage {
    /// Nothing reached yet.
    pub fn new(set: &PolicySet) -> Self {
        let mut coverage = Self::default();
        for rule in &set.rules {
            for goal in [Goal::Fired, Goal::NotFired] {
                coverage.goals.insert((rule.name.clone(), rule.span, goal), false);
            }
            for window in windows(&rule.body) {
                let mut goals = vec![Goal::FarEndInside, Goal::FarEndOutside, Goal::NearEndInside];
                if window.from_ms > 0 {
                    goals.push(Goal::NearEndOutside);
                }
                if window.at_least.is_some() {
                    goals.extend([Goal::CountMet, Goal::CountMissed]);
                }
                for goal in goals {
                    coverage
                        .goals
                        .insert((rule.name.clone(), window.span, goal), false);
                }
            }
        }
        coverage
    }

    /// Goals reached, and all of them.
    pub fn counts(&self) -> (usize, usize) {
        (
            self.goals.values().filter(|reached| **reached).count(),
            self.goals.len(),
        )
    }

    /// What was not reached.
    pub fn missing(&self) -> impl Iterator<Item = (&str, Span, Goal)> {
        self.goals
            .iter()
            .filter(|(_, reached)| !**reached)
            .map(|((rule, span, goal), _)| (rule.as_str(), *span, *goal))
    }

    /// Takes note of one checked decision and the whole past before it.
    pub fn observe(&mut self, set: &PolicySet, decision: &Decision, past: &[SliceEvent]) {
        let Ok(trace) = trace_of(past) else { return };
        for rule in &set.rules {
            let goal = if decision.has_fired(&rule.name) {
                Goal::Fired
            } else {
                Goal::NotFired
            };
            self.goals.insert((rule.name.clone(), rule.span, goal), true);
            for window in windows(&rule.body) {
                let points = if window.nested {
                    1..=trace.events().len()
                } else {
                    trace.events().len()..=trace.events().len()
                };
                for point in points {
                    let events = trace.events().get(..point).unwrap_or_default();
                    for goal in window.reached(events) {
                        let key = (rule.name.clone(), window.span, goal);
                        if let Some(reached) = self.goals.get_mut(&key) {
                            *reached = true;
                        }
                    }
                }
            }
        }
    }
}

impl Window<'_> {
    /// The goals that the events up to the point of evaluation reach.
    fn reached(&self, events: &[Event]) -> Vec<Goal> {
        let mut goals = Vec::new();
        let now_ms = events.last().map_or(0, Event::time_ms);
        let mut inside = 0;
        for (at, event) in events.iter().enumerate() {
            let held = events
                .get(..=at)
                .is_some_and(|upto| holds(self.operand, Mode::Upper, upto));
            if !held {
                continue;
            }
            let age_ms = now_ms.saturating_sub(event.time_ms());
            inside += u64::from((self.from_ms..=self.to_ms).contains(&age_ms));
            let ends = [
                (age_ms == self.to_ms, Goal::FarEndInside),
                (age_ms == self.to_ms.saturating_add(1), Goal::FarEndOutside),
                (age_ms == self.from_ms, Goal::NearEndInside),
                (age_ms.saturating_add(1) == self.from_ms, Goal::NearEndOutside),
            ];
            goals.extend(ends.into_iter().filter(|(hit, _)| *hit).map(|(_, goal)| goal));
        }
        if let Some(at_least) = self.at_least {
            if inside == at_least {
                goals.push(Goal::CountMet);
            }
            if inside.saturating_add(1) == at_least {
                goals.push(Goal::CountMissed);
            }
        }
        goals
    }
}

/// All windows of a rule, with the place of their operator.
fn windows(body: &Part) -> Vec<Window<'_>> {
    let mut all = Vec::new();
    let mut open = vec![(body, false)];
    while let Some((part, nested)) = open.pop() {
        let temporal = part.join == crate::rules::Join::Temporal;
        if temporal {
            all.extend(window(&part.form, part.span, nested));
        }
        open.extend(part.parts.iter().map(|inner| (inner, nested || temporal)));
    }
    all
}

fn window(form: &Form, span: Span, nested: bool) -> Option<Window<'_>> {
    let (from_ms, to_ms, operand, at_least) = match form {
        Form::Not(inner) => return window(inner, span, nested),
        // `count == n` is two counts over one window: the first stands for both.
        Form::And(left, _) => return window(left, span, nested),
        Form::Once { from_ms, to_ms, form } => (from_ms, to_ms, form, None),
        Form::Since {
            from_ms, to_ms, from, ..
        } => (from_ms, to_ms, from, None),
        Form::Count {
            from_ms,
            to_ms,
            at_least,
            form,
        } => (from_ms, to_ms, form, Some(*at_least)),
        _ => return None,
    };
    Some(Window {
        span,
        from_ms: *from_ms,
        to_ms: *to_ms,
        operand,
        at_least,
        nested,
    })
}
