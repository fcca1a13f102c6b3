//! What was declared: constants with their types and values, and how recursors reduce.

use std::sync::Arc;

use super::terms::{FastMap, FastSet, Level, Levels, Name, TermId};
use crate::outcome::{Checked, Reason};

/// A declared constant.
#[derive(Debug, Clone)]
pub(crate) struct Declaration {
    /// Its universe parameters.
    pub universes: Arc<[Name]>,
    /// Its type.
    pub kind: TermId,
    /// What it abbreviates; none for types, constructors, recursors and theorems.
    pub value: Option<TermId>,
    /// One more than the greatest height of the constants in its value: the higher of two is unfolded first.
    pub height: u32,
}

/// A recursor of a data type without parameters; its arguments are the motive, one case a constructor, the major one.
#[derive(Debug, Clone)]
pub(crate) struct Recursor {
    /// How many cases there are.
    pub cases: usize,
    /// By constructor: what happens when the major argument is one.
    pub rules: Arc<FastMap<Name, Rule>>,
}

/// How a recursor reduces on one constructor.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    /// Which case applies, from 0.
    pub case: usize,
    /// For each field, whether it is recursive.
    pub recursive: Arc<[bool]>,
}

/// All declarations of one check.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    declarations: FastMap<Name, Declaration>,
    recursors: FastMap<Name, Recursor>,
    data_types: FastSet<Name>,
}

impl Environment {
    /// Adds a constant; a second one of the same name is refused.
    pub(crate) fn declare(&mut self, name: Name, declaration: Declaration) -> Checked<()> {
        if self.declarations.contains_key(&name) {
            return Err(Reason::DeclaredTwice.into());
        }
        self.declarations.insert(name, declaration);
        Ok(())
    }

    pub(crate) fn add_recursor(&mut self, name: Name, recursor: Recursor) {
        self.recursors.insert(name, recursor);
    }

    pub(crate) fn add_data_type(&mut self, name: Name) {
        self.data_types.insert(name);
    }

    /// Whether the constant is an inductive type in `Sort 1` without parameters.
    pub(crate) fn is_data_type(&self, name: Name) -> bool {
        self.data_types.contains(&name)
    }

    pub(crate) fn contains(&self, name: Name) -> bool {
        self.declarations.contains_key(&name)
    }

    pub(crate) fn declaration(&self, name: Name) -> Checked<&Declaration> {
        self.declarations
            .get(&name)
            .ok_or_else(|| Reason::UnknownConstant.into())
    }

    pub(crate) fn recursor(&self, name: Name) -> Option<&Recursor> {
        self.recursors.get(&name)
    }

    /// What the constant abbreviates, with its height. Definitions have no universe parameters.
    pub(crate) fn value(&self, name: Name, levels: Levels) -> Option<(TermId, u32)> {
        let declaration = self.declarations.get(&name)?;
        if !levels.is_empty() {
            return None;
        }
        declaration.value.map(|value| (value, declaration.height))
    }

    /// The universe parameters of a constant with the universes given for them. They must be as many, and numbers.
    pub(crate) fn universes(&self, name: Name, levels: Levels) -> Checked<Vec<(Name, Level)>> {
        let declaration = self.declaration(name)?;
        if declaration.universes.len() != levels.iter().count() {
            return Err(Reason::UniverseCount.into());
        }
        if levels.iter().any(|level| matches!(level, Level::Parameter(_))) {
            return Err(Reason::Universe.into());
        }
        Ok(declaration.universes.iter().copied().zip(levels.iter()).collect())
    }
}
