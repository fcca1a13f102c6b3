//! Proves a Boolean statement for all values of its variables, by cases.

use super::skeleton::{Proposition, Status, status};
use crate::export::term::{Binder, Term, Universe, apply, constant, for_all, lambda, word};
use crate::limits::{Limit, SPLIT_LEAVES_MAX, SPLIT_NAMES_MAX};

/// Why a statement was not proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// Under this assignment it is false.
    False(Vec<Option<bool>>),
    Limit(Limit),
}

/// The statement as a function of its variables, what is claimed about it, and the proof.
pub(super) struct Lemma {
    pub function: Term,
    pub statement: Term,
    pub proof: Term,
    pub leaves: usize,
}

/// The name of a variable. New names of a certificate stand under `Aimds`, those of binders too.
fn variable(number: usize) -> String {
    format!("Aimds.x{number}")
}

fn binders(count: usize) -> Vec<Binder> {
    (0..count)
        .map(|number| Binder::new(variable(number), word("Bool")))
        .collect()
}

fn truth_term(value: bool) -> Term {
    word(if value { "Bool.true" } else { "Bool.false" })
}

/// `term = Bool.true`.
pub(super) fn is_true(term: Term) -> Term {
    apply(
        constant("Eq", &[Universe::One]),
        vec![word("Bool"), term, word("Bool.true")],
    )
}

fn proposition_term(proposition: &Proposition) -> Term {
    match proposition {
        Proposition::True => word("Bool.true"),
        Proposition::False => word("Bool.false"),
        Proposition::Variable(number) => word(variable(*number)),
        Proposition::Not(inner) => apply(word("Aimds.not"), vec![proposition_term(inner)]),
        Proposition::And(left, right) => apply(
            word("Aimds.and"),
            vec![proposition_term(left), proposition_term(right)],
        ),
        Proposition::Or(left, right) => apply(
            word("Aimds.or"),
            vec![proposition_term(left), proposition_term(right)],
        ),
    }
}

/// Proves that the proposition over `count` variables is always true; `function_name` is the constant that the caller
/// declares as [`Lemma::function`].
pub(super) fn prove(proposition: &Proposition, count: usize, function_name: &str) -> Result<Lemma, Failure> {
    let mut split = Split {
        proposition,
        function_name,
        assignment: vec![None; count],
        leaves: 0,
    };
    let cases = split.cases()?;
    let leaves = split.leaves;
    let variables = (0..count).map(|number| word(variable(number))).collect();
    Ok(Lemma {
        function: lambda(binders(count), proposition_term(proposition)),
        statement: for_all(binders(count), is_true(apply(word(function_name), variables))),
        proof: lambda(binders(count), cases),
        leaves,
    })
}

struct Split<'a> {
    proposition: &'a Proposition,
    function_name: &'a str,
    assignment: Vec<Option<bool>>,
    leaves: usize,
}

impl Split<'_> {
    /// A case split on the variable that computation waits for. Recursion is at most as deep as there are variables.
    fn cases(&mut self) -> Result<Term, Failure> {
        match status(self.proposition, &self.assignment) {
            Status::Known(false) => Err(Failure::False(self.assignment.clone())),
            Status::Known(true) => {
                self.leaves += 1;
                let names = self.leaves.saturating_mul(self.assignment.len());
                if self.leaves > SPLIT_LEAVES_MAX || names > SPLIT_NAMES_MAX {
                    return Err(Failure::Limit(Limit::Expressions));
                }
                let refl = constant("Eq.refl", &[Universe::One]);
                Ok(apply(refl, vec![word("Bool"), word("Bool.true")]))
            }
            Status::Blocked(number) => {
                let claim = self.claim_about(number);
                let motive = lambda(vec![Binder::new("Aimds.y", word("Bool"))], claim);
                let if_false = self.case(number, false)?;
                let if_true = self.case(number, true)?;
                let split = constant("Bool.rec", &[Universe::Zero]);
                Ok(apply(
                    split,
                    vec![motive, if_false, if_true, word(variable(number))],
                ))
            }
        }
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

    /// What is claimed about the values assigned so far, with `Aimds.y` in the place of one variable.
    fn claim_about(&self, number: usize) -> Term {
        let arguments = self
            .assignment
            .iter()
            .enumerate()
            .map(|(at, value)| match value {
                _ if at == number => word("Aimds.y"),
                Some(value) => truth_term(*value),
                None => word(variable(at)),
            })
            .collect();
        is_true(apply(word(self.function_name), arguments))
    }
}
