//! What policies mean: the slow, obvious semantics that monitor and kernel are held against.
//!
//! Unknown facts make every form two-valued twice (strong Kleene logic on two Booleans): [`Mode::Upper`] says whether the
//! form *may* hold, [`Mode::Lower`] whether it *must*. Negation swaps the modes. Deny rules are read in upper mode, permit
//! rules in lower mode, so that an unknown neither grants nor lifts a denial.

use crate::logic::{AtomId, Event, Form, Policy, Rule, Trace, Value};

/// How unknown facts are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mode {
    /// May hold: an unknown atom counts as true (and under a negation as false).
    Upper,
    /// Must hold: an unknown atom counts as false (and under a negation as true).
    Lower,
}

impl Mode {
    /// The mode below a negation.
    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Self::Upper => Self::Lower,
            Self::Lower => Self::Upper,
        }
    }
}

/// Whether `policy` allows the last event of `trace`: times never decrease, no deny rule may hold, and a permit rule must.
pub fn allows(policy: &Policy, trace: &Trace) -> bool {
    let events = trace.events();
    times_never_decrease(events)
        && !policy
            .rules()
            .iter()
            .any(|rule| matches!(rule, Rule::Deny(_)) && fires(rule, events))
        && policy
            .rules()
            .iter()
            .any(|rule| matches!(rule, Rule::Permit(_)) && fires(rule, events))
}

/// Whether the rule's form holds in the mode of its kind.
pub fn fires(rule: &Rule, events: &[Event]) -> bool {
    match rule {
        Rule::Deny(form) => holds(form, Mode::Upper, events),
        Rule::Permit(form) => holds(form, Mode::Lower, events),
    }
}

/// Whether no event is older than the one before it. Otherwise windows, which stop at the first event that is too old,
/// could overlook some.
pub fn times_never_decrease(events: &[Event]) -> bool {
    events
        .iter()
        .zip(events.iter().skip(1))
        .all(|(older, newer)| older.time_ms() <= newer.time_ms())
}

/// Whether `form` holds at the last of `events` (oldest first). Recursion is as deep as the form.
pub fn holds(form: &Form, mode: Mode, events: &[Event]) -> bool {
    match form {
        Form::True => true,
        Form::False => false,
        Form::Atom(atom) => truth(mode, *atom, events),
        Form::AtMost(atom, bound) => at_most(mode, *atom, *bound, events),
        Form::Not(form) => !holds(form, mode.opposite(), events),
        Form::And(left, right) => holds(left, mode, events) && holds(right, mode, events),
        Form::Or(left, right) => holds(left, mode, events) || holds(right, mode, events),
        Form::Previous(form) => match events.split_last() {
            Some((_, older)) if !older.is_empty() => holds(form, mode, older),
            _ => false,
        },
        Form::Once { from_ms, to_ms, form } => Window::new(*from_ms, *to_ms, events)
            .any(|(in_window, upto)| in_window && holds(form, mode, upto)),
        Form::Since {
            from_ms,
            to_ms,
            hold,
            from,
        } => {
            for (in_window, upto) in Window::new(*from_ms, *to_ms, events) {
                if in_window && holds(from, mode, upto) {
                    return true;
                }
                if !holds(hold, mode, upto) {
                    return false;
                }
            }
            false
        }
        Form::Count {
            from_ms,
            to_ms,
            at_least,
            form,
        } => {
            let counted = Window::new(*from_ms, *to_ms, events)
                .filter(|(in_window, upto)| *in_window && holds(form, mode, upto))
                .count();
            counted as u64 >= *at_least
        }
    }
}

fn truth(mode: Mode, atom: AtomId, events: &[Event]) -> bool {
    events.last().is_some_and(|event| match event.value(atom) {
        Value::Yes => true,
        Value::No => false,
        // A number in a yes/no place says nothing.
        Value::Unknown | Value::Number(_) => mode == Mode::Upper,
    })
}

fn at_most(mode: Mode, atom: AtomId, bound: u64, events: &[Event]) -> bool {
    events.last().is_some_and(|event| match event.value(atom) {
        Value::Number(number) => number <= bound,
        // Yes or no in the place of a number says nothing.
        Value::Unknown | Value::No | Value::Yes => mode == Mode::Upper,
    })
}

/// Walks from the newest event to older ones and stops before the first that is older than the window. Each step gives
/// whether the event is old enough, and the events up to and including it.
struct Window<'trace> {
    from_ms: u64,
    now_ms: u64,
    oldest_ms: u64,
    rest: &'trace [Event],
}

impl<'trace> Window<'trace> {
    fn new(from_ms: u64, to_ms: u64, events: &'trace [Event]) -> Self {
        let now_ms = events.last().map_or(0, Event::time_ms);
        Self {
            from_ms,
            now_ms,
            oldest_ms: now_ms.saturating_sub(to_ms),
            rest: events,
        }
    }
}

impl<'trace> Iterator for Window<'trace> {
    type Item = (bool, &'trace [Event]);

    fn next(&mut self) -> Option<Self::Item> {
        let upto = self.rest;
        let (event, older) = upto.split_last()?;
        if event.time_ms() < self.oldest_ms {
            self.rest = &[];
            return None;
        }
        self.rest = older;
        let in_window = self.from_ms == 0
            || self
                .now_ms
                .checked_sub(self.from_ms)
                .is_some_and(|newest_ms| event.time_ms() <= newest_ms);
        Some((in_window, upto))
    }
}
