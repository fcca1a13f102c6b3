//! Hashed n-grams of words and characters: they give the classifier word order and spelling.
//!
//! Method: the hashing trick (Weinberger et al. 2009) over the n-grams of fastText (Bojanowski et al. 2017); the exact
//! hash is in `docs/model-formats.md`, section 6.

use std::ops::Range;

use crate::error::VectorError;
use crate::limits::{BUCKETS_MAX, CHARACTER_ORDER_MAX, WORD_ORDER_MAX};
use crate::units::Units;

/// Start of every hash: the offset basis of 64-bit FNV-1a.
pub(crate) const SEED: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x100_0000_01b3;
const CHARACTER_SEED: u64 = 16;
/// Units below this length have no character n-grams: the unit itself says it all.
const CHARACTER_UNIT_MIN: u32 = 2;

/// One step of the hash over code points.
#[inline]
pub(crate) fn step(hash: u64, code_point: u32) -> u64 {
    (hash ^ u64::from(code_point)).wrapping_mul(PRIME)
}

/// The finaliser of splitmix64 (Steele et al. 2014): every input bit reaches every output bit.
#[inline]
fn mix(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// Which n-grams are hashed, and into how many buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedPlan {
    word_orders: Vec<usize>,
    character_orders: Vec<usize>,
    shift: u32,
    buckets: usize,
    distinct: bool,
}

impl HashedPlan {
    /// A plan; `buckets` must be a power of two, orders in 1-5 (words) and 1-8 (characters) without repetition.
    pub fn new(
        word_orders: Vec<usize>,
        character_orders: Vec<usize>,
        buckets: usize,
        distinct: bool,
    ) -> Result<Self, VectorError> {
        if !buckets.is_power_of_two() || buckets > BUCKETS_MAX {
            return Err(VectorError::invalid(format!(
                "buckets must be a power of two up to {BUCKETS_MAX}, got {buckets}"
            )));
        }
        for (orders, maximum) in [
            (&word_orders, WORD_ORDER_MAX),
            (&character_orders, CHARACTER_ORDER_MAX),
        ] {
            let rising = orders
                .windows(2)
                .all(|pair| matches!(pair, [low, high] if low < high));
            if !rising || orders.iter().any(|order| !(1..=maximum).contains(order)) {
                return Err(VectorError::invalid(format!(
                    "n-gram orders must rise within 1 to {maximum}"
                )));
            }
        }
        Ok(Self {
            word_orders,
            character_orders,
            shift: 64 - buckets.trailing_zeros(),
            buckets,
            distinct,
        })
    }

    /// Number of buckets.
    pub fn buckets(&self) -> usize {
        self.buckets
    }

    fn bucket(&self, hash: u64) -> u32 {
        mix(hash).checked_shr(self.shift).unwrap_or(0) as u32
    }
}

/// The bucket ids of one text, laid out so that those of a window are a few slices.
#[derive(Debug, Clone)]
pub struct HashedUnits {
    /// One list per word order; entry i is the n-gram that starts at unit i.
    words: Vec<(usize, Vec<u32>)>,
    characters: Vec<u32>,
    /// `characters[character_ends[i - 1]..character_ends[i]]` belong to unit i.
    character_ends: Vec<u32>,
    distinct: bool,
}

impl HashedUnits {
    /// Hashes all n-grams of a text.
    pub fn of(units: &Units, plan: &HashedPlan) -> Self {
        let words = plan
            .word_orders
            .iter()
            .map(|&order| (order, word_ids(units, order, plan)))
            .collect();
        let mut characters = Vec::new();
        let mut character_ends = Vec::with_capacity(units.all().len());
        let longest = plan.character_orders.last().copied().unwrap_or(0);
        let mut marked: Vec<u32> = Vec::new();
        for unit in units.all() {
            if longest > 0 && unit.characters >= CHARACTER_UNIT_MIN {
                marked.clear();
                marked.push(u32::from('<'));
                marked.extend_from_slice(units.lower(unit));
                marked.push(u32::from('>'));
                push_character_ids(&marked, longest, plan, &mut characters);
            }
            character_ends.push(characters.len() as u32);
        }
        Self {
            words,
            characters,
            character_ends,
            distinct: plan.distinct,
        }
    }

    /// The ids of the units `window`, into `ids`: word n-grams inside it, then its units' character n-grams. `seen` is
    /// scratch of one bit a bucket, all zero before and after; it serves `distinct`.
    pub fn window_ids(&self, window: Range<usize>, seen: &mut Vec<u64>, ids: &mut Vec<u32>) {
        ids.clear();
        for (order, list) in &self.words {
            let end = (window.end + 1).saturating_sub(*order);
            ids.extend_from_slice(list.get(window.start..end.min(list.len())).unwrap_or_default());
        }
        let end_of = |unit: usize| self.character_ends.get(unit).map_or(0, |&end| end as usize);
        let start = window.start.checked_sub(1).map_or(0, end_of);
        let end = window.end.checked_sub(1).map_or(0, end_of);
        ids.extend_from_slice(self.characters.get(start..end).unwrap_or_default());
        if self.distinct {
            keep_first(ids, seen);
        }
    }
}

fn keep_first(ids: &mut Vec<u32>, seen: &mut Vec<u64>) {
    ids.retain(|&id| {
        let (word, bit) = ((id / 64) as usize, 1_u64 << (id % 64));
        if seen.len() <= word {
            seen.resize(word + 1, 0);
        }
        let Some(mask) = seen.get_mut(word) else {
            return false;
        };
        let new = *mask & bit == 0;
        *mask |= bit;
        new
    });
    for &id in ids.iter() {
        if let Some(mask) = seen.get_mut((id / 64) as usize) {
            *mask = 0;
        }
    }
}

fn word_ids(units: &Units, order: usize, plan: &HashedPlan) -> Vec<u32> {
    units
        .all()
        .windows(order)
        .map(|gram| {
            let start = SEED ^ order as u64;
            let hash = gram
                .iter()
                .fold(start, |hash, unit| mix(hash).wrapping_add(unit.hash));
            plan.bucket(hash)
        })
        .collect()
}

fn push_character_ids(marked: &[u32], longest: usize, plan: &HashedPlan, ids: &mut Vec<u32>) {
    for start in 0..marked.len() {
        let rest = marked.get(start..).unwrap_or_default();
        for &order in &plan.character_orders {
            let Some(gram) = rest.get(..order) else { break };
            debug_assert!(order <= longest, "orders rise");
            let seed = SEED ^ (CHARACTER_SEED + order as u64);
            ids.push(plan.bucket(gram.iter().fold(seed, |hash, &code_point| step(hash, code_point))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(distinct: bool) -> HashedPlan {
        HashedPlan::new(vec![1, 2], vec![3], 1 << 16, distinct).unwrap()
    }

    fn ids(text: &str, window: Range<usize>, distinct: bool) -> Vec<u32> {
        let (mut seen, mut ids) = (Vec::new(), Vec::new());
        let units = Units::of(text);
        HashedUnits::of(&units, &plan(distinct)).window_ids(window, &mut seen, &mut ids);
        assert!(seen.iter().all(|mask| *mask == 0), "scratch is left clean");
        ids
    }

    #[test]
    fn a_window_has_the_ids_of_its_text_alone() {
        let whole = "one two three four five";
        assert_eq!(ids(whole, 1..4, false), ids("two three four", 0..3, false));
        assert_eq!(ids(whole, 1..4, true), ids("two three four", 0..3, true));
    }

    #[test]
    fn word_order_matters_and_letter_case_does_not() {
        assert_ne!(ids("do not", 0..2, false), ids("not do", 0..2, false));
        assert_eq!(ids("DO Not", 0..2, false), ids("do not", 0..2, false));
    }

    #[test]
    fn distinct_counts_once() {
        // a, a, a: one unigram and one bigram; no character n-grams, since each unit has one character.
        assert_eq!(ids("a a a", 0..3, true).len(), 2);
        assert_eq!(ids("a a a", 0..3, false).len(), 5);
    }

    #[test]
    fn one_bucket_takes_everything() {
        let plan = HashedPlan::new(vec![1], vec![], 1, false).unwrap();
        let (mut seen, mut ids) = (Vec::new(), Vec::new());
        HashedUnits::of(&Units::of("a b"), &plan).window_ids(0..2, &mut seen, &mut ids);
        assert_eq!(ids, [0, 0]);
    }

    #[test]
    fn bad_plans_are_refused() {
        assert!(HashedPlan::new(vec![1], vec![], 1000, false).is_err());
        assert!(HashedPlan::new(vec![0], vec![], 16, false).is_err());
        assert!(HashedPlan::new(vec![2, 1], vec![], 16, false).is_err());
        assert!(HashedPlan::new(vec![], vec![9], 16, false).is_err());
    }
}
