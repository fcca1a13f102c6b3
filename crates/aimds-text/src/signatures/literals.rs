//! Literals anywhere in a text, in any case or in one case: what punctuated phrases and regexes start from.
//!
//! Few bytes begin a literal; tables of the pairs and triples of bytes that do say where to look at all.

use super::trie::Trie;
use std::collections::BTreeMap;
use std::ops::Range;

/// Literals that are found wherever they stand, with the uses of each.
#[derive(Debug)]
pub struct Literals<U> {
    any_case: Trie,
    this_case: Trie,
    beginnings: Beginnings,
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
        let mut beginnings = Beginnings::new();
        for literal in &any {
            beginnings.add_any_case(literal.as_bytes());
        }
        for literal in &this {
            beginnings.add_pair(literal.as_bytes(), false);
        }
        Self {
            any_case: Trie::new(&any),
            this_case: Trie::new(&this),
            beginnings,
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
        let mut beginning = Beginning::default();
        let mut padded = bytes.iter().copied().chain([0, 0]);
        for byte in padded.by_ref().take(2) {
            beginning.push(byte);
        }
        padded.enumerate().for_each(|(start, third)| {
            beginning.push(third);
            if !self.beginnings.has(&beginning) {
                return;
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
        });
        tell(&mut waiting, bytes.len());
    }
}

/// How literals begin: two tables of 8 KiB, which stay in the nearest cache.
#[derive(Debug)]
struct Beginnings {
    /// Pairs of bytes: of literals in one case, and of literals that are no longer.
    pairs: Vec<u64>,
    /// Hashes of the first three bytes of literals in any case, in small letters. Chance hits cost a walk.
    triples: Vec<u64>,
}

const BITS_LOG: u32 = 16;

impl Beginnings {
    fn new() -> Self {
        let table = vec![0; 1 << (BITS_LOG - 6)];
        Self {
            pairs: table.clone(),
            triples: table,
        }
    }

    /// Whether a literal may begin with these bytes.
    #[inline]
    fn has(&self, beginning: &Beginning) -> bool {
        let pair = (beginning.bytes >> 8 & 0xFFFF) as usize;
        has_bit(&self.triples, hash(beginning.small)) || has_bit(&self.pairs, pair)
    }

    fn add_any_case(&mut self, literal: &[u8]) {
        match literal {
            [first, second, third, ..] => {
                let mut beginning = Beginning::default();
                for byte in [first, second, third] {
                    beginning.push(*byte);
                }
                set_bit(&mut self.triples, hash(beginning.small));
            }
            _ => self.add_pair(literal, true),
        }
    }

    /// Adds the first two bytes of a literal, in both cases if asked to; any second byte if there is none.
    fn add_pair(&mut self, literal: &[u8], any_case: bool) {
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
                set_bit(&mut self.pairs, usize::from(first) << 8 | usize::from(*second));
            }
        }
    }
}

/// Three bytes in a row, as they are and in small letters.
#[derive(Debug, Default)]
struct Beginning {
    bytes: u32,
    small: u32,
}

impl Beginning {
    #[inline]
    fn push(&mut self, byte: u8) {
        self.bytes = self.bytes << 8 | u32::from(byte);
        self.small = (self.small << 8 | u32::from(byte.to_ascii_lowercase())) & 0x00FF_FFFF;
    }
}

/// Spreads three bytes over the table by a multiplication (Knuth 6.4).
fn hash(bytes: u32) -> usize {
    const GOLDEN: u32 = 0x9E37_79B1;
    (bytes.wrapping_mul(GOLDEN) >> (u32::BITS - BITS_LOG)) as usize
}

fn has_bit(table: &[u64], bit: usize) -> bool {
    table
        .get(bit / 64)
        .is_some_and(|bits| bits >> (bit % 64) & 1 == 1)
}

fn set_bit(table: &mut [u64], bit: usize) {
    if let Some(bits) = table.get_mut(bit / 64) {
        *bits |= 1 << (bit % 64);
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

    #[test]
    fn a_sign_alone_is_found() {
        let literals = Literals::new(BTreeMap::from([("@".to_owned(), vec![()])]), BTreeMap::new());
        for (text, count) in [("", 0), ("@", 1), ("a@", 1), ("@a@", 2)] {
            let mut found = 0;
            literals.find(text, |_, _| found += 1);
            assert_eq!(found, count, "{text}");
        }
    }
}
