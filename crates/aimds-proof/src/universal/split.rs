//! Proves a Boolean statement for all values of its variables, by cases.

use super::skeleton::{Proposition, Status, status};
use crate::export::source::{is_true, reflexivity};
use crate::export::term::{Binder, Term, Universe, apply, constant, for_all, lambda, word};
use crate::limits::{Limit, SPLIT_LEAVES_MAX, SPLIT_NAMES_MAX};

/// Why a statement was not proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// Under this assignment the hypotheses are true, or may be, and the goal is false.
    False(Vec<Option<bool>>),
    Limit(Limit),
}

/// For all variables: if the hypotheses are true, then so is the goal.
pub(super) struct Statement {
    pub variables: usize,
    pub hypotheses: Vec<Proposition>,
    pub goal: Proposition,
    /// The constant that the caller declares as the goal's function of the variables; without one the goal is written out.
    pub function: Option<&'static str>,
}

/// A statement as a term, with its proof.
pub(super) struct Lemma {
    pub statement: Term,
    pub proof: Term,
    pub leaves: usize,
}

/// The name of a variable. New names of a certificate stand under `Aimds`, those of binders too.
fn variable(number: usize) -> String {
    format!("Aimds.x{number}")
}

fn hypothesis(number: usize) -> String {
    format!("Aimds.h{number}")
}

fn binders(count: usize) -> Vec<Binder> {
    (0..count)
        .map(|number| Binder::new(variable(number), word("Bool")))
        .collect()
}

fn variables(count: usize) -> Vec<Term> {
    (0..count).map(|number| word(variable(number))).collect()
}

fn truth_term(value: bool) -> Term {
    word(if value { "Bool.true" } else { "Bool.false" })
}

/// The proposition with these terms for its variables.
fn proposition_term(proposition: &Proposition, values: &[Term]) -> Term {
    let term = |inner: &Proposition| proposition_term(inner, values);
    match proposition {
        Proposition::True => truth_term(true),
        Proposition::False => truth_term(false),
        Proposition::Variable(number) => values
            .get(*number)
            .cloned()
            .unwrap_or_else(|| word(variable(*number))),
        Proposition::Not(inner) => apply(word("Aimds.not"), vec![term(inner)]),
        Proposition::And(left, right) => apply(word("Aimds.and"), vec![term(left), term(right)]),
        Proposition::Or(left, right) => apply(word("Aimds.or"), vec![term(left), term(right)]),
        Proposition::If(condition, then, otherwise) => {
            let motive = lambda(vec![Binder::new("t", word("Bool"))], word("Bool"));
            let arguments = vec![motive, term(otherwise), term(then), term(condition)];
            apply(constant("Bool.rec", &[Universe::One]), arguments)
        }
    }
}

impl Statement {
    /// The goal as a function of its variables, for the constant [`Statement::function`].
    pub(super) fn goal_function(&self) -> Term {
        lambda(
            binders(self.variables),
            proposition_term(&self.goal, &variables(self.variables)),
        )
    }

    /// Looks for a proof, splitting on the variable for which computation waits.
    pub(super) fn prove(&self) -> Result<Lemma, Failure> {
        let mut split = Split {
            of: self,
            assignment: vec![None; self.variables],
            leaves: 0,
        };
        let cases = split.cases()?;
        let leaves = split.leaves;
        Ok(Lemma {
            statement: for_all(binders(self.variables), self.claim(&variables(self.variables))),
            proof: lambda(binders(self.variables), cases),
            leaves,
        })
    }

    fn hypothesis_binders(&self, values: &[Term]) -> Vec<Binder> {
        self.hypotheses
            .iter()
            .enumerate()
            .map(|(number, each)| Binder::new(hypothesis(number), is_true(proposition_term(each, values))))
            .collect()
    }

    /// What is claimed about these values of the variables.
    fn claim(&self, values: &[Term]) -> Term {
        let goal = match self.function {
            Some(function) => apply(word(function), values.to_vec()),
            None => proposition_term(&self.goal, values),
        };
        for_all(self.hypothesis_binders(values), is_true(goal))
    }
}

struct Split<'a> {
    of: &'a Statement,
    assignment: Vec<Option<bool>>,
    leaves: usize,
}

impl Split<'_> {
    /// Recursion is at most as deep as there are variables.
    fn cases(&mut self) -> Result<Term, Failure> {
        match status(&self.of.goal, &self.assignment) {
            Status::Known(true) => self.leaf(reflexivity()),
            Status::Known(false) => self.contradiction(),
            Status::Blocked(number) => self.split(number),
        }
    }

    /// The goal is false. Then a false hypothesis proves it, for both say that false is true.
    fn contradiction(&mut self) -> Result<Term, Failure> {
        let mut open = None;
        for (number, each) in self.of.hypotheses.iter().enumerate() {
            match status(each, &self.assignment) {
                Status::Known(false) => return self.leaf(word(hypothesis(number))),
                Status::Known(true) => {}
                Status::Blocked(variable) => open = open.or(Some(variable)),
            }
        }
        match open {
            Some(variable) => self.split(variable),
            None => Err(Failure::False(self.assignment.clone())),
        }
    }

    fn leaf(&mut self, proof: Term) -> Result<Term, Failure> {
        self.leaves += 1;
        let names = self.leaves.saturating_mul(self.assignment.len());
        if self.leaves > SPLIT_LEAVES_MAX || names > SPLIT_NAMES_MAX {
            return Err(Failure::Limit(Limit::Expressions));
        }
        Ok(lambda(self.of.hypothesis_binders(&self.values(None)), proof))
    }

    fn split(&mut self, number: usize) -> Result<Term, Failure> {
        let claim = self.of.claim(&self.values(Some(number)));
        let motive = lambda(vec![Binder::new("Aimds.y", word("Bool"))], claim);
        let if_false = self.case(number, false)?;
        let if_true = self.case(number, true)?;
        let recursor = constant("Bool.rec", &[Universe::Zero]);
        Ok(apply(
            recursor,
            vec![motive, if_false, if_true, word(variable(number))],
        ))
    }

    fn case(&mut self, number: usize, value: bool) -> Result<Term, Failure> {
        self.assign(number, Some(value));
        let term = self.cases();
        self.assign(number, None);
        term
    }

    fn assign(&mut self, number: usize, value: Option<bool>) {
        if let Some(slot) = self.assignment.get_mut(number) {
            *slot = value;
        }
    }

    /// The values assigned so far, variables for the others, and `Aimds.y` for the one that is split on.
    fn values(&self, split_on: Option<usize>) -> Vec<Term> {
        self.assignment
            .iter()
            .enumerate()
            .map(|(at, value)| match value {
                _ if split_on == Some(at) => word("Aimds.y"),
                Some(value) => truth_term(*value),
                None => word(variable(at)),
            })
            .collect()
    }
}
