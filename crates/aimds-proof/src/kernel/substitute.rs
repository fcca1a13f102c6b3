//! Substitution on terms: opening and closing binders, and universes for universe parameters.

use super::meter::Meter;
use super::terms::{FastMap, Level, Levels, Name, Node, TermId, Terms};
use crate::outcome::Checked;

/// What happens to the leaves of a term that is copied.
enum Change<'a> {
    /// The outermost bound variables become these closed terms (the first is the outermost); others are lowered.
    Instantiate(&'a [TermId]),
    /// A free variable becomes bound.
    Abstract(u32),
    /// Universe parameters become universes.
    Universes(&'a [(Name, Level)]),
}

struct Copy<'a> {
    terms: &'a mut Terms,
    meter: &'a mut Meter,
    change: Change<'a>,
    /// By term and number of binders passed: the copy. Without it shared parts would be copied again and again.
    done: FastMap<(TermId, u32), TermId>,
}

impl Terms {
    /// `body` with its outermost bound variables replaced by `values`, the last for the innermost binder. Values have no
    /// loose variables.
    pub(crate) fn instantiate(
        &mut self,
        body: TermId,
        values: &[TermId],
        meter: &mut Meter,
    ) -> Checked<TermId> {
        if self.loose(body) == 0 || values.is_empty() {
            return Ok(body);
        }
        self.copy(body, Change::Instantiate(values), meter)
    }

    /// `term` with the free variable as the variable of a binder around it.
    pub(crate) fn close(&mut self, term: TermId, free: u32, meter: &mut Meter) -> Checked<TermId> {
        self.copy(term, Change::Abstract(free), meter)
    }

    /// `term` with universes for universe parameters.
    pub(crate) fn with_universes(
        &mut self,
        term: TermId,
        universes: &[(Name, Level)],
        meter: &mut Meter,
    ) -> Checked<TermId> {
        self.copy(term, Change::Universes(universes), meter)
    }

    fn copy(&mut self, term: TermId, change: Change<'_>, meter: &mut Meter) -> Checked<TermId> {
        Copy {
            terms: self,
            meter,
            change,
            done: FastMap::default(),
        }
        .term(term, 0)
    }
}

impl Copy<'_> {
    /// Whether nothing in the term would change below `depth` binders.
    fn is_untouched(&self, term: TermId, depth: u32) -> bool {
        match self.change {
            Change::Instantiate(_) => self.terms.loose(term) <= depth,
            Change::Abstract(_) => !self.terms.has_free(term),
            Change::Universes(_) => false,
        }
    }

    fn term(&mut self, term: TermId, depth: u32) -> Checked<TermId> {
        if self.is_untouched(term, depth) {
            return Ok(term);
        }
        let node = self.terms.node(term);
        if let Node::Bound(_) | Node::Free(_) | Node::Sort(_) | Node::Constant(..) = node {
            return self.leaf(term, node, depth);
        }
        if let Some(copy) = self.done.get(&(term, depth)) {
            return Ok(*copy);
        }
        self.meter.enter()?;
        self.meter.step()?;
        let copy = match node {
            Node::Application(function, argument) => {
                Node::Application(self.term(function, depth)?, self.term(argument, depth)?)
            }
            Node::Lambda(kind, body) => Node::Lambda(self.term(kind, depth)?, self.term(body, depth + 1)?),
            Node::ForAll(kind, body) => Node::ForAll(self.term(kind, depth)?, self.term(body, depth + 1)?),
            Node::Let(kind, value, body) => Node::Let(
                self.term(kind, depth)?,
                self.term(value, depth)?,
                self.term(body, depth + 1)?,
            ),
            leaf => leaf,
        };
        let copy = self.terms.make(copy, self.meter)?;
        self.meter.leave();
        self.done.insert((term, depth), copy);
        Ok(copy)
    }

    fn leaf(&mut self, term: TermId, node: Node, depth: u32) -> Checked<TermId> {
        let changed = match (&self.change, node) {
            (Change::Instantiate(values), Node::Bound(index)) if index >= depth => {
                let outward = (index - depth) as usize;
                match values
                    .len()
                    .checked_sub(outward + 1)
                    .and_then(|at| values.get(at))
                {
                    Some(value) => return Ok(*value),
                    None => Node::Bound(index - values.len() as u32),
                }
            }
            (Change::Abstract(free), Node::Free(number)) if *free == number => Node::Bound(depth),
            (Change::Universes(universes), Node::Sort(level)) => Node::Sort(replaced(level, universes)),
            (Change::Universes(universes), Node::Constant(name, Levels(levels))) => Node::Constant(
                name,
                Levels(levels.map(|level| level.map(|level| replaced(level, universes)))),
            ),
            _ => return Ok(term),
        };
        self.terms.make(changed, self.meter)
    }
}

fn replaced(level: Level, universes: &[(Name, Level)]) -> Level {
    match level {
        Level::Parameter(name) => universes
            .iter()
            .find(|(parameter, _)| *parameter == name)
            .map_or(level, |(_, universe)| *universe),
        Level::Number(_) => level,
    }
}
