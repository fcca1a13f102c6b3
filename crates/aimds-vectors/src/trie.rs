//! A byte trie in double-array form: 12 bytes a node, one look-up a byte.
//!
//! Method: Aoe, "An efficient digital search algorithm by using a double-array structure" (1989), in the variant where a
//! child stands at `base XOR byte`, so that all children of a node lie in one block of 256.

const FREE: u32 = u32::MAX;
const NONE: u32 = u32::MAX;
/// Stands as the root's parent: no state has this number, so no byte leads back to the root.
const NOBODY: u32 = u32::MAX - 1;
const BLOCK: usize = 256;
/// Free slots tried for one node before a new block is opened: bounds the build at the price of some empty slots.
const TRIES_MAX: usize = 256;

#[derive(Debug, Clone, Copy)]
struct Node {
    base: u32,
    parent: u32,
    value: u32,
}

/// Maps byte strings to numbers.
#[derive(Debug, Clone)]
pub(crate) struct Trie {
    nodes: Vec<Node>,
}

/// A place inside the trie: the prefix walked so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State(u32);

impl Trie {
    /// The empty prefix.
    pub(crate) const ROOT: State = State(0);

    /// Builds the trie of `keys`, which must be sorted; of equal keys the first counts, empty ones never match.
    pub(crate) fn build(keys: &[(&[u8], u32)]) -> Self {
        Builder::new().build(keys)
    }

    /// One byte further, if some key has it.
    #[inline]
    pub(crate) fn step(&self, state: State, byte: u8) -> Option<State> {
        let base = self.nodes.get(state.0 as usize)?.base;
        let child = base ^ u32::from(byte);
        (self.nodes.get(child as usize)?.parent == state.0).then_some(State(child))
    }

    /// The number of the key that ends here.
    #[inline]
    pub(crate) fn value(&self, state: State) -> Option<u32> {
        let value = self.nodes.get(state.0 as usize)?.value;
        (value != NONE).then_some(value)
    }

    /// The state after `bytes`, if some key begins so.
    pub(crate) fn walk(&self, bytes: &[u8]) -> Option<State> {
        bytes
            .iter()
            .try_fold(Self::ROOT, |state, &byte| self.step(state, byte))
    }

    /// Memory held.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.nodes.capacity() * size_of::<Node>()
    }
}

struct Builder {
    nodes: Vec<Node>,
    /// Free slots, newest block last; entries that were taken meanwhile are dropped when they are met.
    free: Vec<u32>,
}

impl Builder {
    fn new() -> Self {
        let mut builder = Self {
            nodes: Vec::new(),
            free: Vec::new(),
        };
        builder.open_block();
        builder.take(0, NOBODY);
        builder
    }

    fn build(mut self, keys: &[(&[u8], u32)]) -> Trie {
        // Depth first over ranges of the sorted keys: all keys of a range share their first `depth` bytes.
        let mut open = vec![(0_u32, 0..keys.len(), 0_usize)];
        let mut labels: Vec<(u8, std::ops::Range<usize>)> = Vec::new();
        while let Some((node, range, depth)) = open.pop() {
            labels.clear();
            for at in range {
                let Some((key, value)) = keys.get(at) else {
                    continue;
                };
                match key.get(depth) {
                    None => self.set_value(node, *value, depth),
                    Some(&byte) => match labels.last_mut() {
                        Some((last, span)) if *last == byte => span.end = at + 1,
                        _ => labels.push((byte, at..at + 1)),
                    },
                }
            }
            if labels.is_empty() {
                continue;
            }
            let base = self.find_base(&labels);
            if let Some(slot) = self.nodes.get_mut(node as usize) {
                slot.base = base;
            }
            for (byte, span) in labels.drain(..) {
                let child = base ^ u32::from(byte);
                self.take(child, node);
                open.push((child, span, depth + 1));
            }
        }
        self.nodes.shrink_to_fit();
        Trie { nodes: self.nodes }
    }

    fn set_value(&mut self, node: u32, value: u32, depth: usize) {
        if let Some(slot) = self.nodes.get_mut(node as usize)
            && slot.value == NONE
            && depth > 0
        {
            slot.value = value;
        }
    }

    fn find_base(&mut self, labels: &[(u8, std::ops::Range<usize>)]) -> u32 {
        let first = labels.first().map_or(0, |(byte, _)| u32::from(*byte));
        let mut at = self.free.len();
        let mut tries = 0;
        while at > 0 && tries < TRIES_MAX {
            at -= 1;
            let Some(&slot) = self.free.get(at) else { break };
            if !self.is_free(slot) {
                self.free.swap_remove(at);
                continue;
            }
            tries += 1;
            let base = slot ^ first;
            if labels
                .iter()
                .all(|(byte, _)| self.is_free(base ^ u32::from(*byte)))
            {
                return base;
            }
        }
        self.open_block()
    }

    fn is_free(&self, slot: u32) -> bool {
        self.nodes
            .get(slot as usize)
            .is_some_and(|node| node.parent == FREE)
    }

    fn take(&mut self, slot: u32, parent: u32) {
        if let Some(node) = self.nodes.get_mut(slot as usize) {
            node.parent = parent;
        }
    }

    /// Adds 256 free slots and returns the first of them, a base that fits any node.
    fn open_block(&mut self) -> u32 {
        let start = self.nodes.len() as u32;
        let empty = Node {
            base: 0,
            parent: FREE,
            value: NONE,
        };
        self.nodes.resize(self.nodes.len() + BLOCK, empty);
        self.free.extend(start..start + BLOCK as u32);
        start
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn find(trie: &Trie, key: &[u8]) -> Option<u32> {
        trie.walk(key).and_then(|state| trie.value(state))
    }

    #[test]
    fn an_empty_trie_knows_nothing() {
        let trie = Trie::build(&[]);
        assert_eq!(find(&trie, b""), None);
        assert_eq!(find(&trie, b"\0"), None);
    }

    #[test]
    fn the_root_is_never_its_own_child() {
        let trie = Trie::build(&[(b"a".as_slice(), 1)]);
        for byte in 0..=255_u8 {
            assert_eq!(find(&trie, &[byte]), (byte == b'a').then_some(1), "byte {byte}");
            assert_eq!(find(&trie, &[byte, b'a']), None);
        }
    }

    proptest! {
        /// The trie answers as a map does, for keys that are in it and for keys that are not.
        #[test]
        fn it_answers_as_a_map(
            keys in prop::collection::btree_map(prop::collection::vec(any::<u8>(), 1..6), any::<u16>(), 0..300),
            probes in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..6), 0..50),
        ) {
            let map: BTreeMap<Vec<u8>, u32> = keys.into_iter().map(|(key, value)| (key, u32::from(value))).collect();
            let sorted: Vec<(&[u8], u32)> = map.iter().map(|(key, value)| (key.as_slice(), *value)).collect();
            let trie = Trie::build(&sorted);
            for (key, value) in &map {
                prop_assert_eq!(find(&trie, key), Some(*value));
            }
            for probe in probes {
                prop_assert_eq!(find(&trie, &probe), map.get(&probe).copied());
            }
        }
    }
}
