//! Literals in a double-array trie (Aoe 1989): a step is one look-up in one table, whatever the alphabet.
//!
//! No two prefixes share a base, so that a slot need not know where it is reached from: the byte that leads to it says enough.
//! What a walk touches is kept small, because it is the way to memory that a step waits for.

/// No literal ends here.
const NONE: u32 = u32::MAX;

/// The base of a prefix that no literal goes on from; the slots behind it stay free.
const NOWHERE: u32 = 0;

/// The slot is taken: its lower byte is the one that leads there.
const TAKEN: u16 = 1 << 8;

/// A literal ends here.
const ENDS: u16 = 1 << 9;

/// A set of literals, each with its number.
#[derive(Debug)]
pub struct Trie {
    root: u32,
    /// What each slot is: the byte that leads there, [`TAKEN`], [`ENDS`]; zero if it is free.
    labels: Vec<u16>,
    /// The prefix that is longer by a byte stands at this place plus the byte.
    bases: Vec<u32>,
    /// The literal that ends in each slot.
    literals: Vec<u32>,
}

impl Trie {
    /// Builds a trie of distinct literals in ascending order; each gets its place in the order as its number.
    pub fn new<T: AsRef<[u8]>>(literals: &[T]) -> Self {
        let literals: Vec<&[u8]> = literals.iter().map(AsRef::as_ref).collect();
        let mut builder = Builder::new();
        // Slots whose literals are known, with the first and the number of them, and their length so far; no slot for the root.
        let mut open = std::collections::VecDeque::from([(None, 0, literals.len(), 0)]);
        while let Some((slot, first, count, length)) = open.pop_front() {
            let group = literals.get(first..first + count).unwrap_or_default();
            let ends = group.first().is_some_and(|literal| literal.len() == length);
            if ends && let Some(slot) = slot {
                builder.end(slot, first as u32);
            }
            let group = group.get(usize::from(ends)..).unwrap_or_default();
            let mut next = first + usize::from(ends);
            let byte = |literal: &&[u8]| literal.get(length).copied().unwrap_or_default();
            let parts: Vec<&[&[u8]]> = group.chunk_by(|a, b| byte(a) == byte(b)).collect();
            let bytes: Vec<u8> = parts.iter().filter_map(|part| part.first().map(byte)).collect();
            let base = builder.place(slot, &bytes);
            for (part, byte) in parts.into_iter().zip(bytes) {
                open.push_back((Some(base + usize::from(byte)), next, part.len(), length + 1));
                next += part.len();
            }
        }
        builder.trie
    }

    /// Tells of every literal that `bytes` begin with, the shortest first: its length and its number.
    #[inline]
    pub fn walk(&self, bytes: impl Iterator<Item = u8>, mut found: impl FnMut(usize, u32)) {
        let mut base = self.root;
        for (index, byte) in bytes.enumerate() {
            let place = (base as usize).wrapping_add(usize::from(byte));
            let label = self.labels.get(place).copied().unwrap_or_default();
            if label & !ENDS != TAKEN | u16::from(byte) {
                return;
            }
            if label & ENDS != 0 {
                found(index + 1, self.literals.get(place).copied().unwrap_or(NONE));
            }
            base = self.bases.get(place).copied().unwrap_or(NOWHERE);
        }
    }
}

const BYTES: usize = 256;

struct Builder {
    trie: Trie,
    /// The bases that are taken.
    taken_bases: Vec<bool>,
    /// No slot before this one is free, but for those so near the root's that a base could lie before it.
    first_free: usize,
    /// Where the first of the last children with siblings stands. Looking for room before it again and again would be
    /// quadratic; only children, the most by far, fill the gaps.
    last_group: usize,
    /// Where the last only child of each byte stands: what is before it is taken, or its base is.
    last_single: Vec<usize>,
}

impl Builder {
    fn new() -> Self {
        Self {
            trie: Trie {
                root: NOWHERE,
                labels: Vec::new(),
                bases: Vec::new(),
                literals: Vec::new(),
            },
            taken_bases: vec![true],
            first_free: BYTES,
            last_group: BYTES,
            last_single: vec![BYTES; BYTES],
        }
    }

    /// Tells that a literal ends in a slot.
    fn end(&mut self, slot: usize, literal: u32) {
        if let (Some(label), Some(number)) =
            (self.trie.labels.get_mut(slot), self.trie.literals.get_mut(slot))
        {
            *label |= ENDS;
            *number = literal;
        }
    }

    /// Finds room for the children of a slot; returns their base.
    fn place(&mut self, parent: Option<usize>, bytes: &[u8]) -> usize {
        let Some(&least) = bytes.first() else {
            return NOWHERE as usize;
        };
        while !self.is_free(self.first_free) {
            self.first_free += 1;
        }
        let group = bytes.len() > 1;
        let last_single = self.last_single.get(usize::from(least)).copied();
        let mut first = if group {
            self.last_group
        } else {
            self.first_free.max(last_single.unwrap_or_default())
        };
        while !self.fits(first - usize::from(least), bytes) {
            first += 1;
        }
        if group {
            self.last_group = first;
        } else if let Some(last) = self.last_single.get_mut(usize::from(least)) {
            *last = first;
        }
        let base = first - usize::from(least);
        self.take(base, bytes);
        match parent {
            None => self.trie.root = base as u32,
            Some(parent) => {
                if let Some(slot) = self.trie.bases.get_mut(parent) {
                    *slot = base as u32;
                }
            }
        }
        base
    }

    fn take(&mut self, base: usize, bytes: &[u8]) {
        let trie = &mut self.trie;
        if trie.labels.len() < base + BYTES {
            trie.labels.resize(base + BYTES, 0);
            trie.bases.resize(base + BYTES, NOWHERE);
            trie.literals.resize(base + BYTES, NONE);
            self.taken_bases.resize(base + BYTES, false);
        }
        if let Some(taken) = self.taken_bases.get_mut(base) {
            *taken = true;
        }
        for &byte in bytes {
            if let Some(label) = trie.labels.get_mut(base + usize::from(byte)) {
                *label = TAKEN | u16::from(byte);
            }
        }
    }

    fn fits(&self, base: usize, bytes: &[u8]) -> bool {
        self.taken_bases.get(base) != Some(&true)
            && bytes.iter().all(|&byte| self.is_free(base + usize::from(byte)))
    }

    /// Whether a slot may be taken; those behind the end are made when they are.
    fn is_free(&self, place: usize) -> bool {
        self.trie.labels.get(place).is_none_or(|label| *label == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(trie: &Trie, text: &[u8]) -> Vec<(usize, u32)> {
        let mut found = Vec::new();
        trie.walk(text.iter().copied(), |length, literal| {
            found.push((length, literal));
        });
        found
    }

    #[test]
    fn an_empty_trie_finds_nothing() {
        assert_eq!(found(&Trie::new::<&str>(&[]), b"text"), []);
    }

    proptest! {
        /// A walk tells of just the literals that the text begins with.
        #[test]
        fn walks_find_every_prefix(
            literals in prop::collection::btree_set("[a-d\u{e9}\u{4e00}]{1,6}", 0..60),
            text in "[a-d\u{e9}\u{4e00}]{0,10}",
        ) {
            let literals: Vec<String> = literals.into_iter().collect();
            let trie = Trie::new(&literals);
            let mut expected: Vec<(usize, u32)> = (0..)
                .zip(&literals)
                .filter(|(_, literal)| text.starts_with(literal.as_str()))
                .map(|(number, literal)| (literal.len(), number))
                .collect();
            expected.sort_unstable();
            prop_assert_eq!(found(&trie, text.as_bytes()), expected);
        }
    }
}
