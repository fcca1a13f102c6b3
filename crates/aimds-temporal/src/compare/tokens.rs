//! Edit distance and longest common subsequence, 64 cells of the alignment a machine operation.
//!
//! Edit distance after Myers 1999 in the block form of Hyyrö 2003; common subsequence after Hyyrö 2004. Both are exact
//! and take length times ceil(length / 64) steps.

use super::masks::PositionMasks;
use super::{CompareError, TOKENS_MAX};

/// The least number of insertions, deletions and substitutions that turn one sequence into the other (Levenshtein).
pub fn edit_distance(left: &[u64], right: &[u64]) -> Result<usize, CompareError> {
    check(left.len().max(right.len()))?;
    Ok(edit(left, right))
}

/// The number of tokens in the longest sequence that both contain in this order, gaps allowed.
pub fn lcs_length(left: &[u64], right: &[u64]) -> Result<usize, CompareError> {
    check(left.len().max(right.len()))?;
    Ok(lcs(left, right))
}

/// 1 - distance / longer length; 1 for two empty sequences.
pub fn edit_similarity(left: &[u64], right: &[u64]) -> Result<f64, CompareError> {
    edit_distance(left, right).map(|distance| share_unlike(distance, left.len().max(right.len())))
}

/// Common length / longer length; 1 for two empty sequences.
pub fn lcs_similarity(left: &[u64], right: &[u64]) -> Result<f64, CompareError> {
    lcs_length(left, right).map(|length| share_alike(length, left.len().max(right.len())))
}

/// [`edit_distance`] over the characters (code points) of two texts.
pub fn edit_distance_text(left: &str, right: &str) -> Result<usize, CompareError> {
    let (left, right) = (characters(left)?, characters(right)?);
    Ok(edit(&left, &right))
}

/// [`lcs_length`] over the characters of two texts.
pub fn lcs_length_text(left: &str, right: &str) -> Result<usize, CompareError> {
    let (left, right) = (characters(left)?, characters(right)?);
    Ok(lcs(&left, &right))
}

/// [`edit_similarity`] over the characters of two texts.
pub fn edit_similarity_text(left: &str, right: &str) -> Result<f64, CompareError> {
    let (left, right) = (characters(left)?, characters(right)?);
    Ok(share_unlike(edit(&left, &right), left.len().max(right.len())))
}

/// [`lcs_similarity`] over the characters of two texts.
pub fn lcs_similarity_text(left: &str, right: &str) -> Result<f64, CompareError> {
    let (left, right) = (characters(left)?, characters(right)?);
    Ok(share_alike(lcs(&left, &right), left.len().max(right.len())))
}

fn check(length: usize) -> Result<(), CompareError> {
    if length > TOKENS_MAX {
        return Err(CompareError::TooLong {
            length,
            limit: TOKENS_MAX,
        });
    }
    Ok(())
}

fn characters(text: &str) -> Result<Vec<u64>, CompareError> {
    // A text has at most as many characters as bytes, so an ordinary one is not counted.
    if text.len() > TOKENS_MAX {
        check(text.chars().count())?;
    }
    if text.is_ascii() {
        return Ok(text.bytes().map(u64::from).collect());
    }
    Ok(text.chars().map(u64::from).collect())
}

fn share_unlike(distance: usize, longer: usize) -> f64 {
    if longer == 0 {
        1.0
    } else {
        1.0 - distance as f64 / longer as f64
    }
}

fn share_alike(length: usize, longer: usize) -> f64 {
    if longer == 0 {
        1.0
    } else {
        length as f64 / longer as f64
    }
}

/// What is equal at both ends changes neither result beyond a constant; returns the middles and how much was cut.
fn strip_common<'a>(left: &'a [u64], right: &'a [u64]) -> (&'a [u64], &'a [u64], usize) {
    let prefix = left.iter().zip(right).take_while(|(a, b)| a == b).count();
    let (left, right) = (
        left.get(prefix..).unwrap_or(&[]),
        right.get(prefix..).unwrap_or(&[]),
    );
    let suffix = left
        .iter()
        .rev()
        .zip(right.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let keep = |tokens: &'a [u64]| tokens.get(..tokens.len() - suffix).unwrap_or(&[]);
    (keep(left), keep(right), prefix + suffix)
}

/// The shorter one becomes the pattern, held in bits.
fn by_length<'a>(left: &'a [u64], right: &'a [u64]) -> (&'a [u64], &'a [u64]) {
    if left.len() <= right.len() {
        (left, right)
    } else {
        (right, left)
    }
}

fn edit(left: &[u64], right: &[u64]) -> usize {
    let (left, right, _) = strip_common(left, right);
    let (pattern, text) = by_length(left, right);
    if pattern.is_empty() {
        return text.len();
    }
    let masks = PositionMasks::new(pattern.iter().copied());
    if pattern.len() <= 64 {
        return edit_one_word(&masks, pattern.len(), text);
    }
    edit_blocks(&masks, pattern.len(), text)
}

fn edit_one_word(masks: &PositionMasks, length: usize, text: &[u64]) -> usize {
    let last = 1_u64 << (length - 1);
    let mut column = Column { plus: !0, minus: 0 };
    let mut distance = length;
    for &token in text {
        let equal = masks.get(token).first().copied().unwrap_or(0);
        let (out, _) = column.step(equal, Horizontal { plus: 1, minus: 0 }, last);
        distance = distance + (out.plus as usize) - (out.minus as usize);
    }
    distance
}

fn edit_blocks(masks: &PositionMasks, length: usize, text: &[u64]) -> usize {
    let words = length.div_ceil(64);
    let mut columns = vec![Column { plus: !0, minus: 0 }; words];
    let last = 1_u64 << ((length - 1) % 64);
    let mut distance = length;
    for &token in text {
        let mut carried = Horizontal { plus: 1, minus: 0 };
        let mut at_end = carried;
        for (column, &equal) in columns.iter_mut().zip(masks.get(token)) {
            (at_end, carried) = column.step(equal, carried, last);
        }
        distance = distance + (at_end.plus as usize) - (at_end.minus as usize);
    }
    distance
}

/// Vertical differences of 64 cells of one column: where the next cell is one more, where one less.
#[derive(Clone, Copy)]
struct Column {
    plus: u64,
    minus: u64,
}

/// A horizontal difference that leaves a block at the bottom: +1, -1 or 0.
#[derive(Clone, Copy)]
struct Horizontal {
    plus: u64,
    minus: u64,
}

impl Column {
    /// One text token: updates the differences; returns the horizontal difference at the bit `last`, and the one that
    /// is carried into the block below.
    #[inline]
    fn step(&mut self, equal: u64, above: Horizontal, last: u64) -> (Horizontal, Horizontal) {
        let vertical_equal = equal | self.minus;
        let equal = equal | above.minus;
        let zero = ((equal & self.plus).wrapping_add(self.plus) ^ self.plus) | equal | self.minus;
        let plus = self.minus | !(zero | self.plus);
        let minus = self.plus & zero;
        let at_last = Horizontal {
            plus: u64::from(plus & last != 0),
            minus: u64::from(minus & last != 0),
        };
        let below = Horizontal {
            plus: plus >> 63,
            minus: minus >> 63,
        };
        let plus = (plus << 1) | above.plus;
        let minus = (minus << 1) | above.minus;
        self.plus = minus | !(vertical_equal | plus);
        self.minus = plus & vertical_equal;
        (at_last, below)
    }
}

fn lcs(left: &[u64], right: &[u64]) -> usize {
    let (left, right, common) = strip_common(left, right);
    let (pattern, text) = by_length(left, right);
    if pattern.is_empty() {
        return common;
    }
    let masks = PositionMasks::new(pattern.iter().copied());
    // A zero bit says: one more token of the pattern up to here can be matched.
    let mut open = vec![!0_u64; pattern.len().div_ceil(64)];
    for &token in text {
        let mut carry = false;
        for (word, &equal) in open.iter_mut().zip(masks.get(token)) {
            let matched = *word & equal;
            let (sum, first) = word.overflowing_add(matched);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            carry = first || second;
            *word = sum | (*word & !matched);
        }
    }
    // Bits past the pattern never match, so they stay set and add nothing.
    common + open.iter().map(|word| word.count_zeros() as usize).sum::<usize>()
}
