//! The Boolean skeleton of a statement about all traces: what is asked of the trace becomes a variable.
//!
//! Variables are taken as independent, but for one thing: what must hold may hold. So what holds of the skeleton holds of every trace, but an assignment that refutes it
//! need not belong to any trace.

use std::collections::{HashMap, HashSet};

use crate::logic::{Form, Policy, Rule};
use crate::naive::Mode;

/// A yes/no question about a trace.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Question {
    /// Do times never decrease?
    TimesNeverDecrease,
    /// Does the form hold in this mode?
    Holds(Form, Mode),
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

/// The questions of a statement, numbered as its variables.
pub(super) struct Skeleton {
    pub questions: Vec<Question>,
    numbers: HashMap<Question, usize>,
    /// Forms that are one question each, however they are built.
    whole: HashSet<Form>,
}

impl Skeleton {
    pub(super) fn new(whole: HashSet<Form>) -> Self {
        Self {
            questions: Vec::new(),
            numbers: HashMap::new(),
            whole,
        }
    }

    fn variable(&mut self, question: Question) -> Proposition {
        let next = self.questions.len();
        let number = *self.numbers.entry(question.clone()).or_insert(next);
        if number == next {
            self.questions.push(question);
        }
        Proposition::Variable(number)
    }

    /// The form down to what is neither a connective nor a whole. Recursion is as deep as the form.
    pub(super) fn form(&mut self, form: &Form, mode: Mode) -> Proposition {
        if self.whole.contains(form) {
            return self.variable(Question::Holds(form.clone(), mode));
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

    /// The forms that are asked for in both modes, with the variables for must and may.
    pub(super) fn in_both_modes(&self) -> Vec<(&Form, usize, usize)> {
        self.questions
            .iter()
            .enumerate()
            .filter_map(|(must, question)| match question {
                Question::Holds(form, Mode::Lower) => {
                    let may = self.numbers.get(&Question::Holds(form.clone(), Mode::Upper))?;
                    Some((form, must, *may))
                }
                _ => None,
            })
            .collect()
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
