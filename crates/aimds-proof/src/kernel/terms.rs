//! The kernel's terms: hash-consed, without the names of binders, so that equal terms have equal ids.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use super::meter::Meter;
use crate::outcome::{Checked, Reason};

/// A term's place in the arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TermId(u32);

impl TermId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A constant's name: its number in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Name(pub u32);

/// A universe level: a number, or a parameter of the declaration at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Level {
    Number(u32),
    Parameter(Name),
}

/// The universes of a constant: none, one, or two as `Eq.rec` has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Levels(pub [Option<Level>; 2]);

impl Levels {
    pub(crate) fn iter(&self) -> impl Iterator<Item = Level> {
        self.0.into_iter().flatten()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }
}

/// One term, over the ids of its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    /// A bound variable: how many binders lie between it and its own.
    Bound(u32),
    /// A variable whose binder was opened; its number leads to its type.
    Free(u32),
    Sort(Level),
    Constant(Name, Levels),
    Application(TermId, TermId),
    /// Type of the variable, and body.
    Lambda(TermId, TermId),
    ForAll(TermId, TermId),
    /// Type, value and body.
    Let(TermId, TermId, TermId),
}

/// A fast hash for short keys (multiply and rotate). Collisions that an attacker chooses cost time, and time is bounded.
#[derive(Default, Clone, Copy)]
pub(crate) struct FastHasher(u64);

impl Hasher for FastHasher {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    fn write_isize(&mut self, value: isize) {
        self.write_u64(value as u64);
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

/// A map with [`FastHasher`].
pub(crate) type FastMap<K, V> = HashMap<K, V, BuildHasherDefault<FastHasher>>;

/// A set with [`FastHasher`].
pub(crate) type FastSet<K> = HashSet<K, BuildHasherDefault<FastHasher>>;

/// All terms of one check.
#[derive(Debug, Clone, Default)]
pub(crate) struct Terms {
    nodes: Vec<Node>,
    ids: FastMap<Node, TermId>,
    /// By term: one more than the highest bound variable that points out of it; 0 for none.
    loose: Vec<u32>,
    /// By term: whether a free variable is in it.
    has_free: Vec<bool>,
}

impl Terms {
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The node of a term. Ids come from this arena only; a foreign one reads as a variable that nothing binds.
    #[inline]
    pub(crate) fn node(&self, term: TermId) -> Node {
        self.nodes
            .get(term.index())
            .copied()
            .unwrap_or(Node::Bound(u32::MAX))
    }

    /// One more than the highest bound variable that points out of the term.
    #[inline]
    pub(crate) fn loose(&self, term: TermId) -> u32 {
        self.loose.get(term.index()).copied().unwrap_or(u32::MAX)
    }

    #[inline]
    pub(crate) fn has_free(&self, term: TermId) -> bool {
        self.has_free.get(term.index()).copied().unwrap_or(true)
    }

    /// The term of this node: the one that is there already, or a new one.
    pub(crate) fn make(&mut self, node: Node, meter: &Meter) -> Checked<TermId> {
        if let Some(id) = self.ids.get(&node) {
            return Ok(*id);
        }
        meter.nodes(self.nodes.len())?;
        let (loose, has_free) = self.summary(node)?;
        let id = TermId(u32::try_from(self.nodes.len()).map_err(|_| Reason::NumberSize)?);
        self.nodes.push(node);
        self.ids.insert(node, id);
        self.loose.push(loose);
        self.has_free.push(has_free);
        Ok(id)
    }

    fn summary(&self, node: Node) -> Checked<(u32, bool)> {
        Ok(match node {
            Node::Bound(index) => (index.checked_add(1).ok_or(Reason::NumberSize)?, false),
            Node::Free(_) => (0, true),
            Node::Sort(_) | Node::Constant(..) => (0, false),
            Node::Application(first, second) => (
                self.loose(first).max(self.loose(second)),
                self.has_free(first) || self.has_free(second),
            ),
            Node::Lambda(kind, body) | Node::ForAll(kind, body) => (
                self.loose(kind).max(self.loose(body).saturating_sub(1)),
                self.has_free(kind) || self.has_free(body),
            ),
            Node::Let(kind, value, body) => (
                self.loose(kind)
                    .max(self.loose(value))
                    .max(self.loose(body).saturating_sub(1)),
                self.has_free(kind) || self.has_free(value) || self.has_free(body),
            ),
        })
    }

    pub(crate) fn apply(&mut self, function: TermId, argument: TermId, meter: &Meter) -> Checked<TermId> {
        self.make(Node::Application(function, argument), meter)
    }

    pub(crate) fn apply_all(
        &mut self,
        function: TermId,
        arguments: &[TermId],
        meter: &Meter,
    ) -> Checked<TermId> {
        let mut result = function;
        for argument in arguments {
            result = self.apply(result, *argument, meter)?;
        }
        Ok(result)
    }

    /// The function of a chain of applications, and its arguments.
    pub(crate) fn spine(&self, term: TermId) -> (TermId, Vec<TermId>) {
        let mut arguments = Vec::new();
        let mut head = term;
        while let Node::Application(function, argument) = self.node(head) {
            arguments.push(argument);
            head = function;
        }
        arguments.reverse();
        (head, arguments)
    }
}
