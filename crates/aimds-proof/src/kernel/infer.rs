//! The type of a term, with every argument checked.

use super::Kernel;
use super::terms::{Level, Node, TermId};
use crate::outcome::{Checked, Reason};

impl Kernel {
    /// The type of a term without loose variables.
    pub(super) fn infer(&mut self, term: TermId) -> Checked<TermId> {
        if let Some(known) = self.types.get(&term) {
            return Ok(*known);
        }
        self.meter.enter()?;
        self.meter.step()?;
        let kind = match self.terms.node(term) {
            Node::Bound(_) => return Err(Reason::LooseVariable.into()),
            Node::Free(number) => self.free_type(number)?,
            Node::Sort(Level::Number(level)) => {
                let above = level.checked_add(1).ok_or(Reason::NumberSize)?;
                self.terms.make(Node::Sort(Level::Number(above)), &self.meter)?
            }
            Node::Sort(Level::Parameter(_)) => return Err(Reason::Universe.into()),
            Node::Constant(name, levels) => {
                let universes = self.environment.universes(name, levels)?;
                let kind = self.environment.declaration(name)?.kind;
                if universes.is_empty() {
                    kind
                } else {
                    self.terms.with_universes(kind, &universes, &mut self.meter)?
                }
            }
            Node::Application(..) => self.infer_application(term)?,
            Node::Lambda(kind, body) => self.infer_lambda(kind, body)?,
            Node::ForAll(kind, body) => self.infer_for_all(kind, body)?,
            Node::Let(kind, value, body) => {
                self.universe_of(kind)?;
                let found = self.infer(value)?;
                if !self.is_equal(found, kind)? {
                    return Err(Reason::ArgumentType.into());
                }
                let body = self.terms.instantiate(body, &[value], &mut self.meter)?;
                self.infer(body)?
            }
        };
        self.meter.leave();
        self.types.insert(term, kind);
        Ok(kind)
    }

    /// The universe in which a type lives; a number, 0 for propositions.
    pub(super) fn universe_of(&mut self, kind: TermId) -> Checked<u32> {
        let sort = self.infer(kind)?;
        let sort = self.weak_head(sort)?;
        match self.terms.node(sort) {
            Node::Sort(Level::Number(level)) => Ok(level),
            _ => Err(Reason::NotAType.into()),
        }
    }

    fn infer_application(&mut self, term: TermId) -> Checked<TermId> {
        let (head, arguments) = self.terms.spine(term);
        let mut kind = self.infer(head)?;
        // Arguments from here on are not yet substituted into `kind`.
        let mut pending = 0;
        for (at, argument) in arguments.iter().enumerate() {
            if !matches!(self.terms.node(kind), Node::ForAll(..)) {
                kind = self.with_arguments(kind, &arguments, pending, at)?;
                pending = at;
                kind = self.weak_head(kind)?;
            }
            let Node::ForAll(domain, body) = self.terms.node(kind) else {
                return Err(Reason::NotAFunction.into());
            };
            let domain = self.with_arguments(domain, &arguments, pending, at)?;
            let found = self.infer(*argument)?;
            if !self.is_equal(found, domain)? {
                return Err(Reason::ArgumentType.into());
            }
            kind = body;
        }
        self.with_arguments(kind, &arguments, pending, arguments.len())
    }

    fn with_arguments(
        &mut self,
        term: TermId,
        arguments: &[TermId],
        from: usize,
        to: usize,
    ) -> Checked<TermId> {
        let values = arguments.get(from..to).unwrap_or_default();
        self.terms.instantiate(term, values, &mut self.meter)
    }

    fn infer_lambda(&mut self, kind: TermId, body: TermId) -> Checked<TermId> {
        self.universe_of(kind)?;
        let (number, variable) = self.open(kind)?;
        let body = self.terms.instantiate(body, &[variable], &mut self.meter)?;
        let result = self.infer(body)?;
        let result = self.terms.close(result, number, &mut self.meter)?;
        self.terms.make(Node::ForAll(kind, result), &self.meter)
    }

    fn infer_for_all(&mut self, kind: TermId, body: TermId) -> Checked<TermId> {
        let argument = self.universe_of(kind)?;
        let (_, variable) = self.open(kind)?;
        let body = self.terms.instantiate(body, &[variable], &mut self.meter)?;
        let result = self.universe_of(body)?;
        // Statements about anything are propositions.
        let level = if result == 0 { 0 } else { argument.max(result) };
        self.terms.make(Node::Sort(Level::Number(level)), &self.meter)
    }
}
