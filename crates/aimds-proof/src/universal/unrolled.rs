//! Forms over a trace of a given number of events, unrolled: what is left to ask is a fact of one event, or how two times lie.
//!
//! Every step has the shape to which the prelude's `eval` and its scans unfold on such a trace, so that the kernel sees that they
//! are the same. Method: the recursion equations of `prelude.lisp`, with the events as a list of known length.

use super::skeleton::{Fact, Proposition, Question, Skeleton};
use crate::logic::{AtomId, Form};
use crate::naive::Mode;

/// A window as seen from one event.
#[derive(Clone, Copy)]
struct Window {
    from_ms: u64,
    to_ms: u64,
    /// The event of evaluation, counted from the newest.
    at: usize,
}

impl Skeleton {
    /// The form in this mode at the event `at`, counted from the newest, of so many events. Recursion is as deep as the form and
    /// the events together.
    pub(super) fn unrolled(&mut self, form: &Form, mode: Mode, at: usize, events: usize) -> Proposition {
        if !self.count_node() {
            return Proposition::False;
        }
        match form {
            Form::True => Proposition::True,
            Form::False => Proposition::False,
            whole if self.is_whole_state(whole) => self.variable(Question::HoldsAt(whole.clone(), mode, at)),
            Form::Atom(atom) => self.fact(at, *atom, None, mode),
            Form::AtMost(atom, bound) => self.fact(at, *atom, Some(*bound), mode),
            Form::Not(inner) => self.unrolled(inner, mode.opposite(), at, events).negated(),
            Form::And(left, right) => {
                let left = self.unrolled(left, mode, at, events);
                left.and(self.unrolled(right, mode, at, events))
            }
            Form::Or(left, right) => {
                let left = self.unrolled(left, mode, at, events);
                left.or(self.unrolled(right, mode, at, events))
            }
            Form::Previous(inner) if at + 1 < events => self.unrolled(inner, mode, at + 1, events),
            Form::Previous(_) => Proposition::False,
            Form::Once { from_ms, to_ms, form } => {
                let window = Window::new(*from_ms, *to_ms, at);
                (at..events).rev().fold(Proposition::False, |older, event| {
                    let here = self.unrolled(form, mode, event, events);
                    let hit = self.inside(window, event).and(here);
                    self.within_reach(window, event, hit.or(older))
                })
            }
            Form::Since {
                from_ms,
                to_ms,
                hold,
                from,
            } => {
                let window = Window::new(*from_ms, *to_ms, at);
                (at..events).rev().fold(Proposition::False, |older, event| {
                    let begun = self.unrolled(from, mode, event, events);
                    let begun = self.inside(window, event).and(begun);
                    let held = self.unrolled(hold, mode, event, events);
                    self.within_reach(window, event, begun.or(held.and(older)))
                })
            }
            Form::Count {
                from_ms,
                to_ms,
                at_least,
                form,
            } => {
                let hits: Vec<Proposition> = (at..events)
                    .map(|event| self.unrolled(form, mode, event, events))
                    .collect();
                self.counted(Window::new(*from_ms, *to_ms, at), *at_least, &hits, at)
            }
        }
    }

    fn fact(&mut self, event: usize, atom: AtomId, bound: Option<u64>, mode: Mode) -> Proposition {
        self.variable(Question::Fact(Fact { event, atom, bound }, mode))
    }

    /// Whether `missing` more of the events from `event` on are hits; `hits` are those of these events.
    fn counted(&mut self, window: Window, missing: u64, hits: &[Proposition], event: usize) -> Proposition {
        let Some(fewer) = missing.checked_sub(1) else {
            return Proposition::True;
        };
        let Some((hit, older)) = hits.split_first() else {
            return Proposition::False;
        };
        if !self.count_node() {
            return Proposition::False;
        }
        let hit = self.inside(window, event).and(hit.clone());
        let counted = self.counted(window, fewer, older, event + 1);
        let passed_over = self.counted(window, missing, older, event + 1);
        let either = Proposition::If(Box::new(hit), Box::new(counted), Box::new(passed_over));
        self.within_reach(window, event, either)
    }

    /// Scans end at the first event that is too old.
    fn within_reach(&mut self, window: Window, event: usize, then: Proposition) -> Proposition {
        let reached = self.variable(Question::NotOlder {
            at: window.at,
            event,
            age_ms: window.to_ms,
        });
        Proposition::If(Box::new(reached), Box::new(then), Box::new(Proposition::False))
    }

    /// Whether the event is old enough for the window.
    fn inside(&mut self, window: Window, event: usize) -> Proposition {
        if window.from_ms == 0 {
            return Proposition::True;
        }
        let (at, age_ms) = (window.at, window.from_ms);
        let long = self.variable(Question::HasAge { at, age_ms });
        let old = self.variable(Question::NotYounger { at, event, age_ms });
        Proposition::False.or(long.and(old))
    }
}

impl Window {
    fn new(from_ms: u64, to_ms: u64, at: usize) -> Self {
        Self { from_ms, to_ms, at }
    }
}
