//! Literals anywhere in a text, in any case or in one case: what punctuated phrases and regexes start from.
//!
//! Most pairs of bytes begin no literal; a table of those that do says where to look at all.

use super::trie::Trie;
use std::collections::BTreeMap;
use std::ops::Range;

/// Literals that are found wherever they stand, with the uses of each.
#[derive(Debug)]
pub struct Literals<U> {
    any_case: Trie,
    this_case: Trie,
    pairs: PairSet,
    /// The uses of the literals in any case, then of those in this case.
    uses: Vec<Vec<U>>,
    any_case_count: usize,
}

/// One literal found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Hit {
    end: usize,
    start: usize,
    literal: usize,
}

impl<U> Literals<U> {
    /// Takes literals that are the same in any (ASCII) case, in small letters, and literals in one case.
    pub fn new(any_case: BTreeMap<String, Vec<U>>, this_case: BTreeMap<String, Vec<U>>) -> Self {
        let (any, mut uses): (Vec<String>, Vec<Vec<U>>) = any_case.into_iter().unzip();
        let (this, more): (Vec<String>, Vec<Vec<U>>) = this_case.into_iter().unzip();
        uses.extend(more);
        let mut pairs = PairSet::new();
        for literal in &any {
            pairs.add(literal.as_bytes(), true);
        }
        for literal in &this {
            pairs.add(literal.as_bytes(), false);
        }
        Self {
            any_case: Trie::new(&any),
            this_case: Trie::new(&this),
            pairs,
            uses,
            any_case_count: any.len(),
        }
    }

    /// Tells of every literal in the text, in order of their end, the longest first.
    pub fn find<'a>(&'a self, text: &str, mut found: impl FnMut(Range<usize>, &'a [U])) {
        let bytes = text.as_bytes();
        let mut waiting: Vec<Hit> = Vec::new();
        let mut tell = |waiting: &mut Vec<Hit>, until: usize| {
            waiting.sort_unstable();
            let count = waiting.partition_point(|hit| hit.end <= until);
            for hit in waiting.drain(..count) {
                found(
                    hit.start..hit.end,
                    self.uses.get(hit.literal).map_or(&[], Vec::as_slice),
                );
            }
        };
        let seconds = bytes.iter().skip(1).chain(std::iter::once(&0));
        for (start, (first, second)) in bytes.iter().zip(seconds).enumerate() {
            if !self.pairs.has(*first, *second) {
                continue;
            }
            // What begins here or later ends later.
            if !waiting.is_empty() {
                tell(&mut waiting, start);
            }
            let rest = bytes.get(start..).unwrap_or_default().iter();
            self.any_case
                .walk(rest.clone().map(u8::to_ascii_lowercase), |length, literal| {
                    let (end, literal) = (start + length, literal as usize);
                    waiting.push(Hit { end, start, literal });
                });
            self.this_case.walk(rest.copied(), |length, literal| {
                let (end, literal) = (start + length, self.any_case_count + literal as usize);
                waiting.push(Hit { end, start, literal });
            });
        }
        tell(&mut waiting, bytes.len());
    }
}

/// A set of pairs of bytes: 8 KiB, which stay in the nearest cache.
#[derive(Debug)]
struct PairSet {
    bits: Vec<u64>,
}

impl PairSet {
    fn new() -> Self {
        Self { bits: vec![0; 1024] }
    }

    fn has(&self, first: u8, second: u8) -> bool {
        let pair = usize::from(first) << 8 | usize::from(second);
        self.bits
            .get(pair / 64)
            .is_some_and(|bits| bits >> (pair % 64) & 1 == 1)
    }

    /// Adds the first two bytes of a literal, in both cases if asked to; any second byte if there is none.
    fn add(&mut self, literal: &[u8], any_case: bool) {
        let cases = |byte: u8| {
            let other = if any_case { byte.to_ascii_uppercase() } else { byte };
            [byte, other]
        };
        let Some(&first) = literal.first() else {
            return;
        };
        let seconds: Vec<u8> = match literal.get(1) {
            Some(&second) => cases(second).to_vec(),
            None => (0..=u8::MAX).collect(),
        };
        for first in cases(first) {
            for second in &seconds {
                let pair = usize::from(first) << 8 | usize::from(*second);
                if let Some(bits) = self.bits.get_mut(pair / 64) {
                    *bits |= 1 << (pair % 64);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_told_in_order_of_their_end() {
        let any = ["ab", "b", "cab", "é"].map(|literal| (literal.to_owned(), vec![literal]));
        let this = ["AB"].map(|literal| (literal.to_owned(), vec!["exact"]));
        let literals = Literals::new(BTreeMap::from(any), BTreeMap::from(this));
        let mut found = Vec::new();
        literals.find("xcaB ABé", |range, uses| found.push((range, uses[0])));
        let expected = [
            (1..4, "cab"),
            (2..4, "ab"),
            (3..4, "b"),
            (5..7, "ab"),
            (5..7, "exact"),
            (6..7, "b"),
            (7..9, "é"),
        ];
        assert_eq!(found, expected);
    }
}
