//! Contracts: what the instance of a template, or a policy of its own, ensures of every set that contains it.
//!
//! A contract decides nothing and is kept apart from the rules: no session evaluates it, its facts are not extracted, no test has
//! to reach it, and neither certificates nor session states know of it. A claim has it proved (`claims`).

use crate::atoms::AtomTable;
use aimds_proof::logic::Form;

/// What one rule of a set ensures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    /// The rule's name.
    pub rule: String,
    /// The template that it is an instance of; `None` for a policy of its own.
    pub template: Option<String>,
    /// What must not happen: `when and not (E and F ..)`, as a denial over the atoms of [`Contracts::atoms`].
    pub broken: Form,
}

/// What the rules of one set ensure.
#[derive(Debug, Clone)]
pub struct Contracts {
    /// The set.
    pub set: String,
    /// The facts of the set under the numbers that they have there, and behind them those that only contracts name.
    pub atoms: AtomTable,
    /// One for each rule that ensures something, in the order of the set.
    pub all: Vec<Contract>,
}

impl Contract {
    /// Whether a claim of this name is about it: the name of its template or of its rule.
    pub fn is_of(&self, name: &str) -> bool {
        self.rule == name || self.template.as_deref() == Some(name)
    }
}
