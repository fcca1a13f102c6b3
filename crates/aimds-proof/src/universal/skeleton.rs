//! The Boolean skeleton of a statement about all traces: what is asked of the trace becomes a variable.
//!
//! Variables are taken as independent, but for one thing: what must hold may hold. So what holds of the skeleton holds of every trace, but an assignment that refutes it
//! need not belong to any trace.

use std::collections::{HashMap, HashSet};

use super::Scope;
use crate::limits::UNROLLED_NODES_MAX;
use crate::logic::{AtomId, Form, Policy, Rule};
use crate::naive::Mode;

/// A fact of one event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fact {
    /// The event, counted from the newest, which is 0.
    pub event: usize,
    /// The atom.
    pub atom: AtomId,
    /// If the question is whether it is at most a number: that number.
    pub bound: Option<u64>,
}

/// A yes/no question about a trace.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Question {
    /// Do times never decrease?
    TimesNeverDecrease,
    /// Does the form hold in this mode?
    Holds(Form, Mode),
    /// Does the form, which looks at no other event, hold in this mode at an event, counted from the newest? This and what follows
    /// only in traces of a given number of events.
    HoldsAt(Form, Mode, usize),
    /// Does the fact hold in this mode?
    Fact(Fact, Mode),
    /// Seen from the event `at`, is `event` at most so old?
    NotOlder {
        /// Where the question is asked; events are counted from the newest, which is 0.
        at: usize,
        /// The event in question.
        event: usize,
        /// The greatest age.
        age_ms: u64,
    },
    /// Is the time of the event `at` this much or more? Otherwise nothing can be so old.
    HasAge {
        /// The event.
        at: usize,
        /// The least time.
        age_ms: u64,
    },
    /// Seen from the event `at`, is `event` at least so old?
    NotYounger {
        /// Where the question is asked.
        at: usize,
        /// The event in question.
        event: usize,
        /// The least age.
        age_ms: u64,
    },
}

/// A statement over variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Proposition {
    True,
    False,
    Variable(usize),
    Not(Box<Proposition>),
    And(Box<Proposition>, Box<Proposition>),
    Or(Box<Proposition>, Box<Proposition>),
    /// Condition, then, otherwise.
    If(Box<Proposition>, Box<Proposition>, Box<Proposition>),
}

impl Proposition {
    pub(super) fn negated(self) -> Self {
        Self::Not(Box::new(self))
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self::And(Box::new(self), Box::new(other))
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self::Or(Box::new(self), Box::new(other))
    }

    /// `not self or other`, as the statements spell it.
    pub(super) fn implies(self, other: Self) -> Self {
        self.negated().or(other)
    }
}

/// What computing a proposition under a partial assignment comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Known(bool),
    /// Computation waits for this variable.
    Blocked(usize),
}

/// Forms that are one question each, however they are built.
#[derive(Debug, Clone, Default)]
pub(super) struct Wholes {
    /// Of whole rules.
    pub rules: HashSet<Form>,
    /// About a single event, in traces of a given number of events.
    pub states: HashSet<Form>,
}

/// The questions of a statement, numbered as its variables.
pub(super) struct Skeleton {
    pub questions: Vec<Question>,
    numbers: HashMap<Question, usize>,
    wholes: Wholes,
    /// The traces that the statement is about.
    pub scope: Scope,
    /// Parts that unrolling may still make.
    nodes_left: usize,
}

impl Skeleton {
    pub(super) fn new(wholes: Wholes, scope: Scope) -> Self {
        Self {
            questions: Vec::new(),
            numbers: HashMap::new(),
            wholes,
            scope,
            nodes_left: UNROLLED_NODES_MAX,
        }
    }

    /// Whether unrolling stopped at its bound: then the skeleton is not that of the statement.
    pub(super) fn is_full(&self) -> bool {
        self.nodes_left == 0
    }

    pub(super) fn is_whole_state(&self, form: &Form) -> bool {
        self.wholes.states.contains(form)
    }

    /// One part more; `false` at the bound.
    pub(super) fn count_node(&mut self) -> bool {
        self.nodes_left = self.nodes_left.saturating_sub(1);
        self.nodes_left > 0
    }

    pub(super) fn variable(&mut self, question: Question) -> Proposition {
        let next = self.questions.len();
        let number = *self.numbers.entry(question.clone()).or_insert(next);
        if number == next {
            self.questions.push(question);
        }
        Proposition::Variable(number)
    }

    /// The form down to what is neither a connective nor a whole. Recursion is as deep as the form.
    pub(super) fn form(&mut self, form: &Form, mode: Mode) -> Proposition {
        if self.wholes.rules.contains(form) {
            return self.variable(Question::Holds(form.clone(), mode));
        }
        if let Scope::Events(events) = self.scope {
            return self.unrolled(form, mode, 0, events);
        }
        match form {
            Form::True => Proposition::True,
            Form::False => Proposition::False,
            Form::Not(inner) => self.form(inner, mode.opposite()).negated(),
            Form::And(left, right) => {
                let left = self.form(left, mode);
                left.and(self.form(right, mode))
            }
            Form::Or(left, right) => {
                let left = self.form(left, mode);
                left.or(self.form(right, mode))
            }
            other => self.variable(Question::Holds(other.clone(), mode)),
        }
    }

    /// The variables of what is asked for in both modes: that for must, and that for may.
    pub(super) fn in_both_modes(&self) -> Vec<(usize, usize)> {
        let lower = self.questions.iter().enumerate();
        lower
            .filter_map(|(must, question)| {
                let may = match question {
                    Question::Holds(form, Mode::Lower) => Question::Holds(form.clone(), Mode::Upper),
                    Question::HoldsAt(form, Mode::Lower, event) => {
                        Question::HoldsAt(form.clone(), Mode::Upper, *event)
                    }
                    Question::Fact(fact, Mode::Lower) => Question::Fact(fact.clone(), Mode::Upper),
                    _ => return None,
                };
                self.numbers.get(&may).map(|may| (must, *may))
            })
            .collect()
    }

    /// `anyDeny` of the prelude, in the shape to which it unfolds.
    pub(super) fn any_deny(&mut self, policy: &Policy) -> Proposition {
        let denials = policy.rules().iter().rev().filter_map(|rule| match rule {
            Rule::Deny(form) => Some(form),
            Rule::Permit(_) => None,
        });
        denials.fold(Proposition::False, |denied, form| {
            self.form(form, Mode::Upper).or(denied)
        })
    }

    /// `decide` of the prelude, in the shape to which it unfolds.
    pub(super) fn decide(&mut self, policy: &Policy) -> Proposition {
        let times = self.variable(Question::TimesNeverDecrease);
        let mut denied = Proposition::False;
        let mut permitted = Proposition::False;
        for rule in policy.rules().iter().rev() {
            match rule {
                Rule::Deny(form) => denied = self.form(form, Mode::Upper).or(denied),
                Rule::Permit(form) => permitted = self.form(form, Mode::Lower).or(permitted),
            }
        }
        times.and(denied.negated().and(permitted))
    }
}

/// Computes as a kernel does: the first argument of `and` and `or` before the second.
pub(super) fn status(proposition: &Proposition, assignment: &[Option<bool>]) -> Status {
    match proposition {
        Proposition::True => Status::Known(true),
        Proposition::False => Status::Known(false),
        Proposition::Variable(number) => match assignment.get(*number).copied().flatten() {
            Some(value) => Status::Known(value),
            None => Status::Blocked(*number),
        },
        Proposition::Not(inner) => match status(inner, assignment) {
            Status::Known(value) => Status::Known(!value),
            blocked @ Status::Blocked(_) => blocked,
        },
        Proposition::And(left, right) => match status(left, assignment) {
            Status::Known(true) => status(right, assignment),
            other => other,
        },
        Proposition::Or(left, right) => match status(left, assignment) {
            Status::Known(false) => status(right, assignment),
            other => other,
        },
        Proposition::If(condition, then, otherwise) => match status(condition, assignment) {
            Status::Known(true) => status(then, assignment),
            Status::Known(false) => status(otherwise, assignment),
            blocked @ Status::Blocked(_) => blocked,
        },
    }
}
