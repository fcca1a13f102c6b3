//! Literals in a double-array trie (Aoe 1989): a step is one look-up in one table, whatever the alphabet.

/// No literal ends here.
const NONE: u32 = u32::MAX;

/// The slot of the empty prefix; no byte leads to it.
const ROOT: usize = 0;

/// One prefix of some literal.
#[derive(Debug, Clone, Copy)]
struct Slot {
    /// The slot that leads here; its own place if the slot is free.
    parent: u32,
    /// The prefix that is longer by a byte stands at this place plus the byte.
    base: u32,
    /// The literal that ends here.
    literal: u32,
}

impl Slot {
    const FREE: Self = Self {
        parent: NONE,
        base: NONE,
        literal: NONE,
    };
}

/// A set of literals, each with its number.
#[derive(Debug)]
pub struct Trie {
    slots: Vec<Slot>,
}

impl Trie {
    /// Builds a trie of distinct literals in ascending order; each gets its place in the order as its number.
    pub fn new<T: AsRef<[u8]>>(literals: &[T]) -> Self {
        let literals: Vec<&[u8]> = literals.iter().map(AsRef::as_ref).collect();
        let mut builder = Builder {
            slots: vec![Slot::FREE; 2 * BYTES],
            first_free: BYTES,
            last_group: BYTES,
        };
        // Slots whose literals are known, with the first and the number of them, and their length so far.
        let mut open = std::collections::VecDeque::from([(ROOT, 0, literals.len(), 0)]);
        while let Some((slot, first, count, length)) = open.pop_front() {
            let group = literals.get(first..first + count).unwrap_or_default();
            let ends = group.first().is_some_and(|literal| literal.len() == length);
            if ends && let Some(slot) = builder.slots.get_mut(slot) {
                slot.literal = first as u32;
            }
            let group = group.get(usize::from(ends)..).unwrap_or_default();
            let mut next = first + usize::from(ends);
            let byte = |literal: &&[u8]| literal.get(length).copied().unwrap_or_default();
            let parts: Vec<&[&[u8]]> = group.chunk_by(|a, b| byte(a) == byte(b)).collect();
            let bytes: Vec<u8> = parts.iter().filter_map(|part| part.first().map(byte)).collect();
            let base = builder.place(slot, &bytes);
            for (part, byte) in parts.into_iter().zip(bytes) {
                open.push_back((base + usize::from(byte), next, part.len(), length + 1));
                next += part.len();
            }
        }
        builder.slots.shrink_to_fit();
        Self { slots: builder.slots }
    }

    /// Tells of every literal that `bytes` begin with, the shortest first: its length and its number.
    #[inline]
    pub fn walk(&self, bytes: impl Iterator<Item = u8>, mut found: impl FnMut(usize, u32)) {
        let mut state = ROOT;
        let mut base = self.slots.first().map_or(NONE, |root| root.base);
        for (index, byte) in bytes.enumerate() {
            let place = (base as usize).wrapping_add(usize::from(byte));
            match self.slots.get(place) {
                Some(slot) if slot.parent as usize == state => {
                    if slot.literal != NONE {
                        found(index + 1, slot.literal);
                    }
                    (state, base) = (place, slot.base);
                }
                _ => return,
            }
        }
    }
}

const BYTES: usize = 256;

struct Builder {
    slots: Vec<Slot>,
    /// No slot before this one is free, but for those so near the root's that a base could lie before it.
    first_free: usize,
    /// Where the first of the last children with siblings stands. Looking for room before it again and again would be
    /// quadratic; only children, the most by far, fill the gaps.
    last_group: usize,
}

impl Builder {
    /// Finds room for the children of a slot; returns their base.
    fn place(&mut self, parent: usize, bytes: &[u8]) -> usize {
        let Some(&least) = bytes.first() else {
            return ROOT;
        };
        while !self.is_free(self.first_free) {
            self.first_free += 1;
        }
        let group = bytes.len() > 1;
        let mut first = if group { self.last_group } else { self.first_free };
        let fits = |builder: &Self, base: usize| {
            bytes
                .iter()
                .all(|&byte| builder.is_free(base + usize::from(byte)))
        };
        while !fits(self, first - usize::from(least)) {
            first += 1;
        }
        if group {
            self.last_group = first;
        }
        let base = first - usize::from(least);
        if self.slots.len() < base + BYTES {
            self.slots.resize(base + 2 * BYTES, Slot::FREE);
        }
        if let Some(slot) = self.slots.get_mut(parent) {
            slot.base = base as u32;
        }
        for &byte in bytes {
            if let Some(slot) = self.slots.get_mut(base + usize::from(byte)) {
                slot.parent = parent as u32;
            }
        }
        base
    }

    /// Whether a slot may be taken; those behind the end are made when they are.
    fn is_free(&self, place: usize) -> bool {
        place != ROOT && self.slots.get(place).is_none_or(|slot| slot.parent == NONE)
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
