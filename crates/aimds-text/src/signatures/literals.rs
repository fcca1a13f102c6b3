//! Literals anywhere in a text, in any case or in one case: what punctuated phrases and regexes start from.
//!
//! Few bytes begin a literal; tables of how literals begin, by their first two to four bytes, say where to look at all.

use super::shared::Stretch;
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
    any_case_count: u32,
    /// Bytes of the longest literal.
    longest: usize,
}

/// What was found in the first view of a text, in order.
#[derive(Debug, Default)]
pub struct SeenLiterals {
    hits: Vec<Hit>,
}

impl SeenLiterals {
    /// The literals that begin in a range.
    fn within(&self, range: &Range<usize>, longest: usize) -> impl Iterator<Item = Hit> + use<'_> {
        let (start, end) = (range.start as u32, range.end as u32);
        let last_end = (range.end + longest) as u32;
        let first = self.hits.partition_point(|hit| hit.end <= start);
        let rest = self.hits.get(first..).unwrap_or_default().iter().copied();
        rest.take_while(move |hit| hit.end < last_end)
            .filter(move |hit| (start..end).contains(&hit.start))
    }
}

/// One literal found; views are far shorter than 4 GiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Hit {
    end: u32,
    start: u32,
    literal: u32,
}

impl<U> Literals<U> {
    /// Takes literals that are the same in any (ASCII) case, in small letters, and literals in one case.
    pub fn new(any_case: BTreeMap<String, Vec<U>>, this_case: BTreeMap<String, Vec<U>>) -> Self {
        let (any, mut uses): (Vec<String>, Vec<Vec<U>>) = any_case.into_iter().unzip();
        let (this, more): (Vec<String>, Vec<Vec<U>>) = this_case.into_iter().unzip();
        uses.extend(more);
        let mut beginnings = Beginnings::new();
        for literal in any.iter().chain(&this) {
            beginnings.add(literal.as_bytes());
        }
        Self {
            any_case: Trie::new(&any),
            this_case: Trie::new(&this),
            beginnings,
            uses,
            any_case_count: any.len() as u32,
            longest: any.iter().chain(&this).map(String::len).max().unwrap_or(1),
        }
    }

    /// Tells of every literal in the text, in order of their end, the longest first. `small` is the text in small letters
    /// of ASCII. What was `seen` in the first view is not looked for again in the stretches `shared` with it; a first view
    /// (`is_first`) leaves behind what it holds.
    pub fn find<'a>(
        &'a self,
        (text, small): (&str, &str),
        shared: &[Stretch],
        seen: &mut SeenLiterals,
        is_first: bool,
        mut found: impl FnMut(Range<usize>, &'a [U]),
    ) {
        let bytes = text.as_bytes();
        let mut told: Vec<Hit> = Vec::new();
        let mut waiting: Vec<Hit> = Vec::new();
        let mut tell = |waiting: &mut Vec<Hit>, until: usize| {
            waiting.sort_unstable();
            let count = waiting.partition_point(|hit| hit.end as usize <= until);
            for hit in waiting.drain(..count) {
                if is_first {
                    told.push(hit);
                }
                found(
                    hit.start as usize..hit.end as usize,
                    self.uses.get(hit.literal as usize).map_or(&[], Vec::as_slice),
                );
            }
        };
        let mut from = 0;
        for stretch in shared {
            // What begins nearer to the end of the stretch may go on behind it.
            let known = stretch.range.start..(stretch.range.end + 1).saturating_sub(self.longest);
            if known.is_empty() {
                continue;
            }
            self.look(
                bytes,
                small.as_bytes(),
                from..known.start,
                &mut waiting,
                &mut tell,
            );
            tell(&mut waiting, known.start);
            let there = stretch.first..stretch.first + known.len();
            let left = !waiting.is_empty();
            let moved = |place: u32| (known.start + (place as usize - there.start)) as u32;
            waiting.extend(seen.within(&there, self.longest).map(|hit| Hit {
                end: moved(hit.end),
                start: moved(hit.start),
                literal: hit.literal,
            }));
            if left {
                // Two sorted parts: joined in one pass.
                waiting.sort();
            }
            from = known.end;
        }
        self.look(
            bytes,
            small.as_bytes(),
            from..bytes.len(),
            &mut waiting,
            &mut tell,
        );
        tell(&mut waiting, bytes.len());
        if is_first {
            seen.hits = told;
        }
    }

    /// Looks for the literals that begin in a range, and tells of those that end before the next ones begin.
    #[inline]
    fn look(
        &self,
        bytes: &[u8],
        small: &[u8],
        range: Range<usize>,
        waiting: &mut Vec<Hit>,
        tell: &mut impl FnMut(&mut Vec<Hit>, usize),
    ) {
        let hit = |start: usize, length: usize, literal: u32| Hit {
            end: (start + length) as u32,
            start: start as u32,
            literal,
        };
        let mut look = |start: usize| {
            // What begins here or later ends later.
            if !waiting.is_empty() {
                tell(waiting, start);
            }
            let rest = small.get(start..).unwrap_or_default().iter().copied();
            self.any_case.walk(rest, |length, literal| {
                waiting.push(hit(start, length, literal));
            });
            let rest = bytes.get(start..).unwrap_or_default().iter().copied();
            self.this_case.walk(rest, |length, literal| {
                waiting.push(hit(start, length, self.any_case_count + literal));
            });
        };
        let mut next = range.start;
        let quads = small
            .get(range.start..small.len().min(range.end + 3))
            .unwrap_or_default();
        for quad in quads.windows(4) {
            if let Ok(quad) = quad.try_into()
                && self.beginnings.has(u32::from_le_bytes(quad))
            {
                look(next);
            }
            next += 1;
        }
        // The last three bytes of a text have fewer than three behind them.
        for start in next..range.end {
            let mut quad = [0; 4];
            for (place, byte) in quad.iter_mut().zip(small.get(start..).unwrap_or_default()) {
                *place = *byte;
            }
            if self.beginnings.has(u32::from_le_bytes(quad)) {
                look(start);
            }
        }
    }
}

/// How literals begin, in small letters: three tables of 8 KiB, which stay in the nearest cache. Beginnings are numbers of four
/// bytes, the first one the lowest.
#[derive(Debug)]
struct Beginnings {
    /// Hashes of the first four bytes of literals. Chance hits cost a walk.
    quads: Vec<u64>,
    /// Hashes of the literals of three bytes.
    triples: Vec<u64>,
    /// The literals of two bytes, and those of one with any byte behind.
    pairs: Vec<u64>,
}

const BITS_LOG: u32 = 16;
const TRIPLE: u32 = 0x00FF_FFFF;
const PAIR: u32 = 0xFFFF;

impl Beginnings {
    fn new() -> Self {
        let table = vec![0; 1 << (BITS_LOG - 6)];
        Self {
            quads: table.clone(),
            triples: table.clone(),
            pairs: table,
        }
    }

    /// Whether a literal may begin with these bytes.
    #[inline]
    fn has(&self, beginning: u32) -> bool {
        has_bit(&self.quads, hash(beginning))
            | has_bit(&self.triples, hash(beginning & TRIPLE))
            | has_bit(&self.pairs, (beginning & PAIR) as usize)
    }

    fn add(&mut self, literal: &[u8]) {
        let small = |byte: u8| u32::from(byte.to_ascii_lowercase());
        match *literal {
            [] => {}
            [first] => {
                for second in 0..=u32::from(u8::MAX) {
                    set_bit(&mut self.pairs, (small(first) | second << 8) as usize);
                }
            }
            [first, second] => set_bit(&mut self.pairs, (small(first) | small(second) << 8) as usize),
            [first, second, third] => {
                let beginning = small(first) | small(second) << 8 | small(third) << 16;
                set_bit(&mut self.triples, hash(beginning));
            }
            [first, second, third, fourth, ..] => {
                let beginning = small(first) | small(second) << 8 | small(third) << 16 | small(fourth) << 24;
                set_bit(&mut self.quads, hash(beginning));
            }
        }
    }
}

/// Spreads four bytes over the table by a multiplication (Knuth 6.4).
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
    use proptest::prelude::*;

    #[test]
    fn literals_are_told_in_order_of_their_end() {
        let any = ["ab", "b", "cab", "é"].map(|literal| (literal.to_owned(), vec![literal]));
        let this = ["AB"].map(|literal| (literal.to_owned(), vec!["exact"]));
        let literals = Literals::new(BTreeMap::from(any), BTreeMap::from(this));
        let mut found = Vec::new();
        let mut seen = SeenLiterals::default();
        literals.find(
            ("xcaB ABé", "xcab abé"),
            &[],
            &mut seen,
            false,
            |range, uses| {
                found.push((range, uses[0]));
            },
        );
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
            literals.find((text, text), &[], &mut SeenLiterals::default(), false, |_, _| {
                found += 1;
            });
            assert_eq!(found, count, "{text}");
        }
    }

    proptest! {
        /// Every place of every literal is told of, whatever its length.
        #[test]
        fn every_literal_is_found(
            any in prop::collection::btree_set("[ab.é]{1,6}", 0..8),
            this in prop::collection::btree_set("[abAB.]{1,6}", 0..8),
            text in "[abAB.é]{0,12}",
        ) {
            let with_itself = |literals: &std::collections::BTreeSet<String>| -> BTreeMap<String, Vec<String>> {
                literals.iter().map(|literal| (literal.clone(), vec![literal.clone()])).collect()
            };
            let literals = Literals::new(with_itself(&any), with_itself(&this));
            let small = text.to_ascii_lowercase();
            let places = |text: &str, wanted: &str| -> Vec<(usize, usize, String)> {
                (0..text.len())
                    .filter(|at| text.get(*at..).is_some_and(|rest| rest.starts_with(wanted)))
                    .map(|at| (at, at + wanted.len(), wanted.to_owned()))
                    .collect()
            };
            let mut expected: Vec<_> = any.iter().flat_map(|wanted| places(&small, wanted)).collect();
            expected.extend(this.iter().flat_map(|wanted| places(&text, wanted)));
            expected.sort();
            let mut found = Vec::new();
            let mut seen = SeenLiterals::default();
            literals.find((&text, &small), &[], &mut seen, true, |range, uses| {
                found.push((range.start, range.end, uses[0].clone()));
            });
            // The same once more around a stretch that is known.
            let other = format!("b{text}a");
            let other_small = other.to_ascii_lowercase();
            let stretch = Stretch { range: 1..text.len() + 1, first: 0 };
            let (mut anew, mut known) = (Vec::new(), Vec::new());
            let mut nothing = SeenLiterals::default();
            literals.find((&other, &other_small), &[], &mut nothing, false, |range, uses| {
                anew.push((range, uses[0].clone()));
            });
            literals.find((&other, &other_small), &[stretch], &mut seen, false, |range, uses| {
                known.push((range, uses[0].clone()));
            });
            prop_assert_eq!(known, anew);
            prop_assert!(found.is_sorted_by_key(|(_, end, _)| *end));
            found.sort();
            prop_assert_eq!(found, expected);
        }
    }
}
