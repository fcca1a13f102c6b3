//! Takes declarations in: definitions, theorems, and inductive types whose recursors are derived again and compared.

use std::sync::Arc;

use super::Kernel;
use super::environment::{Declaration, Recursor, Rule};
use super::terms::{FastMap, Level, Levels, Name, Node, TermId};
use crate::outcome::{Checked, Reason};

/// A constructor as its record tells it.
pub(crate) struct Constructor {
    pub name: Name,
    pub kind: TermId,
    pub rule: TermId,
}

/// An inductive type as its record tells it. Numbers that follow from the rest were compared by the loader.
pub(crate) struct Inductive {
    pub name: Name,
    /// Empty for data types.
    pub universes: Vec<Name>,
    pub kind: TermId,
    pub constructors: Vec<Constructor>,
    pub recursor: Name,
    pub recursor_universes: Vec<Name>,
    pub recursor_kind: TermId,
}

/// The fields of one constructor: their types, and which are recursive.
pub(crate) struct Fields {
    pub kinds: Vec<TermId>,
    pub recursive: Arc<[bool]>,
}

impl Kernel {
    /// Takes in an abbreviation after checking its value against its type.
    pub(crate) fn declare_definition(
        &mut self,
        name: Name,
        kind: TermId,
        value: TermId,
        height: u32,
    ) -> Checked<()> {
        self.check_value(name, kind, value)?;
        self.add(name, &[], kind, Some(value), height)
    }

    /// Takes in a theorem after checking that its statement is a proposition and that the proof proves it.
    pub(crate) fn declare_theorem(&mut self, name: Name, statement: TermId, proof: TermId) -> Checked<()> {
        if self.universe_of(statement)? != 0 {
            return Err(Reason::NotAProposition.into());
        }
        self.check_value(name, statement, proof)?;
        // Without a value: a theorem is never unfolded.
        self.add(name, &[], statement, None, 0)
    }

    fn check_value(&mut self, name: Name, kind: TermId, value: TermId) -> Checked<()> {
        if self.environment.contains(name) {
            return Err(Reason::DeclaredTwice.into());
        }
        if self.terms.loose(kind) > 0 || self.terms.loose(value) > 0 {
            return Err(Reason::LooseVariable.into());
        }
        self.universe_of(kind)?;
        let found = self.infer(value)?;
        if !self.is_equal(found, kind)? {
            return Err(Reason::DeclaredType.into());
        }
        Ok(())
    }

    fn add(
        &mut self,
        name: Name,
        universes: &[Name],
        kind: TermId,
        value: Option<TermId>,
        height: u32,
    ) -> Checked<()> {
        let declaration = Declaration {
            universes: universes.into(),
            kind,
            value,
            height,
        };
        self.environment.declare(name, declaration)
    }

    /// Takes in a data type: no parameters, no indices, in `Sort 1`, every field of a data type that stands before, or of
    /// this one. Gives the fields of each constructor.
    pub(crate) fn declare_data_type(&mut self, inductive: &Inductive) -> Checked<Vec<Fields>> {
        let sort = self.terms.make(Node::Sort(Level::Number(1)), &self.meter)?;
        if inductive.kind != sort || !inductive.universes.is_empty() {
            return Err(Reason::Inductive("the type's own type").into());
        }
        let [universe] = inductive.recursor_universes.as_slice() else {
            return Err(Reason::Inductive("the number of universes of the recursor").into());
        };
        self.add(inductive.name, &[], inductive.kind, None, 0)?;
        let itself = self.constant(inductive.name)?;
        let mut fields = Vec::with_capacity(inductive.constructors.len());
        for constructor in &inductive.constructors {
            self.add(constructor.name, &[], constructor.kind, None, 0)?;
            fields.push(self.fields(constructor.kind, itself)?);
        }
        self.add(inductive.recursor, &[*universe], inductive.recursor_kind, None, 0)?;
        self.compare_recursor(inductive, itself, *universe, &fields)?;
        self.environment.add_data_type(inductive.name);
        let rules: FastMap<Name, Rule> = inductive
            .constructors
            .iter()
            .zip(&fields)
            .enumerate()
            .map(|(case, (constructor, fields))| {
                let recursive = Arc::clone(&fields.recursive);
                (constructor.name, Rule { case, recursive })
            })
            .collect();
        let recursor = Recursor {
            cases: inductive.constructors.len(),
            rules: Arc::new(rules),
        };
        self.environment.add_recursor(inductive.recursor, recursor);
        Ok(fields)
    }

    /// Takes in `Eq`, whose types are the literal ones of Lean. Its recursor is typed and never reduced.
    pub(crate) fn declare_equality(&mut self, inductive: &Inductive) -> Checked<()> {
        let (&[universe], &[result, same], [refl]) = (
            inductive.universes.as_slice(),
            inductive.recursor_universes.as_slice(),
            inductive.constructors.as_slice(),
        ) else {
            return Err(Reason::Inductive("the shape of `Eq`").into());
        };
        if same != universe || result == universe {
            return Err(Reason::Inductive("the universes of `Eq`").into());
        }
        let expected = self.equality_terms(inductive.name, refl.name, universe, result)?;
        let found = [inductive.kind, refl.kind, inductive.recursor_kind, refl.rule];
        if expected != found {
            return Err(Reason::Inductive("`Eq`").into());
        }
        self.add(inductive.name, &[universe], inductive.kind, None, 0)?;
        self.add(refl.name, &[universe], refl.kind, None, 0)?;
        self.add(
            inductive.recursor,
            &[result, universe],
            inductive.recursor_kind,
            None,
            0,
        )
    }

    fn constant(&mut self, name: Name) -> Checked<TermId> {
        self.terms
            .make(Node::Constant(name, Levels::default()), &self.meter)
    }

    fn fields(&mut self, constructor: TermId, itself: TermId) -> Checked<Fields> {
        let mut kinds = Vec::new();
        let mut recursive = Vec::new();
        let mut rest = constructor;
        while let Node::ForAll(kind, body) = self.terms.node(rest) {
            let is_recursive = kind == itself;
            let is_data = match self.terms.node(kind) {
                Node::Constant(name, levels) => levels.is_empty() && self.environment.is_data_type(name),
                _ => false,
            };
            if !is_recursive && !is_data {
                return Err(Reason::Inductive("the type of a field").into());
            }
            kinds.push(kind);
            recursive.push(is_recursive);
            rest = body;
        }
        if rest != itself {
            return Err(Reason::Inductive("the result of a constructor").into());
        }
        Ok(Fields {
            kinds,
            recursive: recursive.into(),
        })
    }
}
