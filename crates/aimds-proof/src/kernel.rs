//! The fragment kernel: checks definitions and theorems of the part of Lean 4's core type theory that certificates use.
//!
//! In: universes that are numbers (parameters only in recursors and `Eq`), functions, `let`, data types without parameters,
//! recursion on them, unfolding. Not in, because certificates do not need it: eta, proof irrelevance, K, quotients,
//! projections, literals, indexed and nested inductive types, polymorphic definitions, reduction of `Eq.rec`. What is not in
//! is rejected or stuck; leaving a rule out can only reject more.

mod declare;
mod environment;
mod equal;
mod infer;
mod machine;
mod meter;
mod recursor;
mod reduce;
mod substitute;
mod terms;

pub(crate) use declare::{Constructor, Inductive};
pub(crate) use terms::{Level, Levels, Name, Node, TermId};

use environment::Environment;
use machine::Machine;
use meter::Meter;
use terms::{FastMap, FastSet, Terms};

use crate::deadline::Deadline;
use crate::limits::Budget;
use crate::outcome::{Checked, Reason};

/// Everything that was declared, and everything that was found out about it.
#[derive(Debug, Clone)]
pub(crate) struct Kernel {
    terms: Terms,
    environment: Environment,
    meter: Meter,
    machine: Machine,
    /// By number of a free variable: its type.
    free_types: Vec<TermId>,
    /// `Bool.true`, its name and its term, once it is declared.
    truth: Option<(Name, TermId)>,
    core_forms: FastMap<TermId, TermId>,
    forms: FastMap<TermId, TermId>,
    types: FastMap<TermId, TermId>,
    equal: FastSet<(TermId, TermId)>,
    /// Does without the machine; tests compare both ways.
    substitution_only: bool,
}

impl Kernel {
    pub(crate) fn new(budget: Budget, deadline: Deadline) -> Self {
        Self {
            terms: Terms::default(),
            environment: Environment::default(),
            meter: Meter::new(budget, deadline),
            machine: Machine::default(),
            free_types: Vec::new(),
            truth: None,
            core_forms: FastMap::default(),
            forms: FastMap::default(),
            types: FastMap::default(),
            equal: FastSet::default(),
            substitution_only: false,
        }
    }

    /// Starts a new budget, and forgets what only speeds work up.
    pub(crate) fn restart(&mut self, budget: Budget, deadline: Deadline) {
        self.meter = Meter::new(budget, deadline);
        self.machine = Machine::default();
        self.core_forms = FastMap::default();
        self.forms = FastMap::default();
        self.equal = FastSet::default();
        self.types = FastMap::default();
    }

    /// Compares by substitution alone from now on.
    #[cfg(test)]
    pub(crate) fn use_substitution_only(&mut self) {
        self.substitution_only = true;
    }

    /// The term of this node.
    pub(crate) fn make(&mut self, node: Node) -> Checked<TermId> {
        self.terms.make(node, &self.meter)
    }

    /// Says which constant is `Bool.true`.
    pub(crate) fn set_truth(&mut self, name: Name) -> Checked<()> {
        let term = self.make(Node::Constant(name, Levels::default()))?;
        self.truth = Some((name, term));
        Ok(())
    }

    pub(crate) fn steps(&self) -> u64 {
        self.meter.steps
    }

    pub(crate) fn depth_reached(&self) -> u32 {
        self.meter.depth_reached
    }

    pub(crate) fn nodes(&self) -> usize {
        self.terms.len() + self.machine.len()
    }

    /// A new free variable of this type: its number and its term.
    fn open(&mut self, kind: TermId) -> Checked<(u32, TermId)> {
        let number = u32::try_from(self.free_types.len()).map_err(|_| Reason::NumberSize)?;
        self.free_types.push(kind);
        let term = self.make(Node::Free(number))?;
        Ok((number, term))
    }

    fn free_type(&self, number: u32) -> Checked<TermId> {
        let kind = self.free_types.get(number as usize).copied();
        kind.ok_or_else(|| Reason::LooseVariable.into())
    }
}
