//! Does this read as language? Letter-pair statistics answer for Latin letters, in one table look-up a byte.
//!
//! The method is the classic one of cryptanalysis (log-likelihood of digrams, Sinkov 1966), over [`LETTER_PAIRS`]. The
//! gain of a cipher is the log-likelihood of the deciphered text minus that of the text as it stands; the place of a
//! ciphered passage is the stretch of words with the largest sum of gains (Kadane's maximum subarray).

use super::characters::is_letter;
use super::letter_pairs::{LETTER_PAIRS, PAIR_CLASSES};
use std::ops::Range;
use std::sync::LazyLock;

/// Classes of bytes; 0-25 are letters.
const OTHER: u8 = 26;
const DIGIT_OR_SIGN: u8 = 27;
const DOT_OR_DASH: u8 = 28;
const SPACE: u8 = 29;
const SPECIAL: u8 = 30;
/// Bytes of characters outside ASCII: letters more often than not, and of no known pair.
const FOREIGN: u8 = 31;

/// Eighths of a bit per pair between language (about -28) and letters at random (about -45). Some rotations of English are
/// not much worse than other languages, so the line lies near language; what is called bad here is only looked at again.
const RANDOM_LEVEL: i16 = -34;

/// A word is flushed after this many pairs, so that 16-bit sums (at most 254 a pair) cannot overflow.
const WORD_PAIRS_MAX: usize = 64;

/// The longest words of ordinary text, with the signs before them.
const WORD_LETTERS_MAX: usize = 28;

/// What one pair of neighbouring bytes adds: badness, gain of reversal, of rot13, of Atbash, then counts.
const LANES: usize = 8;
const LEET_LANE: usize = 4;
const MORSE_LANE: usize = 5;
const SPECIAL_LANE: usize = 6;
const SEPARATOR_LANE: usize = 7;

static BYTE_CLASSES: [u8; 256] = byte_classes();
static PAIR_LANES: LazyLock<Vec<[i16; LANES]>> = LazyLock::new(pair_lanes);

const fn byte_classes() -> [u8; 256] {
    let mut classes = [OTHER; 256];
    let mut byte = 0;
    while byte < 256 {
        let class = match byte as u8 {
            letter @ b'a'..=b'z' => letter - b'a',
            letter @ b'A'..=b'Z' => letter - b'A',
            b'0'..=b'9' | b'@' | b'$' | b'!' | b'|' => DIGIT_OR_SIGN,
            b'.' | b'-' | b'_' => DOT_OR_DASH,
            b' ' | b'\t' | b'\n' | b'\r' | b'/' => SPACE,
            b'#'
            | b'%'
            | b'&'
            | b'('
            | b')'
            | b'*'
            | b'+'
            | b';'
            | b'<'..=b'?'
            | b'^'
            | b'`'
            | b'{'
            | b'}'
            | b'~' => SPECIAL,
            0x80.. => FOREIGN,
            _ => OTHER,
        };
        #[expect(
            clippy::indexing_slicing,
            reason = "a constant loop over the length of the array"
        )]
        {
            classes[byte] = class;
        }
        byte += 1;
    }
    classes
}

/// Log-likelihood of a pair in eighths of a bit; everything but a letter is a boundary.
fn likelihood(first: usize, second: usize) -> i16 {
    let boundary = PAIR_CLASSES - 1;
    let row = LETTER_PAIRS.get(first.min(boundary));
    row.and_then(|row| row.get(second.min(boundary)))
        .copied()
        .map_or(0, i16::from)
}

fn pair_lanes() -> Vec<[i16; LANES]> {
    let letter = |class: usize| class < 26;
    let rot13 = |class: usize| if letter(class) { (class + 13) % 26 } else { class };
    let atbash = |class: usize| if letter(class) { 25 - class } else { class };
    let mut table = vec![[0; LANES]; 32 * 32];
    for (index, lanes) in table.iter_mut().enumerate() {
        let (first, second) = (index / 32, index % 32);
        let here = likelihood(first, second);
        let is = |class: usize, wanted: u8| class == usize::from(wanted);
        let leet = letter(first) && is(second, DIGIT_OR_SIGN) || is(first, DIGIT_OR_SIGN) && letter(second);
        let texty = letter(second) || is(second, DIGIT_OR_SIGN);
        let known = !is(first, FOREIGN) && !is(second, FOREIGN);
        let (bad, gains) = if known && (letter(first) || letter(second)) {
            let bad = RANDOM_LEVEL - here;
            (
                bad,
                [
                    likelihood(second, first) - here,
                    likelihood(rot13(first), rot13(second)) - here,
                    likelihood(atbash(first), atbash(second)) - here,
                ],
            )
        } else {
            (0, [0; 3])
        };
        let [reverse, rot, mirror] = gains;
        // Signs count before a letter: after one they are ordinary punctuation.
        let morse = is(first, SPACE) && is(second, DOT_OR_DASH);
        let special = is(first, SPECIAL) && texty;
        let separator = is(first, DOT_OR_DASH) && letter(second);
        let counts = [leet, morse, special, separator].map(i16::from);
        let [leet, morse, special, separator] = counts;
        *lanes = [bad, reverse, rot, mirror, leet, morse, special, separator];
    }
    table
}

/// A stretch of words and how much better it would read (eighths of a bit, over the whole stretch).
#[derive(Debug, Clone, Default)]
pub(crate) struct Region {
    pub(crate) gain: i32,
    pub(crate) range: Range<usize>,
}

/// The running maximum-subarray search for one lane.
#[derive(Debug, Default)]
struct Search {
    sum: i32,
    start: usize,
    best: Region,
}

impl Search {
    #[inline]
    fn add(&mut self, gain: i16, word: &Range<usize>) {
        if self.sum <= 0 {
            self.sum = 0;
            self.start = word.start;
        }
        self.sum = self.sum.saturating_add(i32::from(gain));
        if self.sum > self.best.gain {
            self.best = Region {
                gain: self.sum,
                range: self.start..word.end,
            };
        }
    }
}

/// What one pass over a text tells the decoders.
#[derive(Debug, Default)]
pub(crate) struct Features {
    /// Where letters follow one another as no language has them.
    pub(crate) bad: Region,
    pub(crate) reverse: Region,
    pub(crate) rot13: Region,
    pub(crate) atbash: Region,
    /// Places where a letter touches a digit or sign.
    pub(crate) leet: u32,
    /// Dots or dashes after a space.
    pub(crate) morse: u32,
    /// Signs that base85 uses, before letters or digits.
    pub(crate) specials: u32,
    /// Dots, dashes or underscores before a letter.
    pub(crate) separators: u32,
    /// Longest series of one-letter words.
    pub(crate) single_letters: usize,
}

/// Reads a text once, in a few nanoseconds a byte.
pub(crate) fn features(text: &str) -> Features {
    let table: &[[i16; LANES]] = &PAIR_LANES;
    let mut searches: [Search; 4] = Default::default();
    let mut counts = [0_u32; 4];
    let mut sums = [0_i16; LANES];
    let (mut previous, mut pairs, mut start, mut letters) = (OTHER, 0_usize, 0_usize, 0_usize);
    let (mut singles, mut singles_max) = (0_usize, 0_usize);
    // One boundary after the end closes the last word.
    for (at, byte) in text.bytes().chain(std::iter::once(b' ')).enumerate() {
        let class = BYTE_CLASSES.get(usize::from(byte)).copied().unwrap_or(OTHER);
        let index = usize::from(previous) * 32 + usize::from(class);
        if let Some(lanes) = table.get(index) {
            for (sum, lane) in sums.iter_mut().zip(lanes) {
                *sum = sum.wrapping_add(*lane);
            }
        }
        pairs += 1;
        let ends = class > 25 && previous <= 25;
        letters += usize::from(class <= 25);
        if ends || pairs >= WORD_PAIRS_MAX {
            let word = start..at;
            // Digits inside or a length no word has: encoded bytes, not a cipher. One letter tells nothing.
            let odd = sums.get(LEET_LANE).is_some_and(|&leet| leet > 0)
                || at - start > WORD_LETTERS_MAX
                || letters == 1;
            for (search, &gain) in searches.iter_mut().zip(&sums) {
                search.add(if odd { gain.min(0) } else { gain }, &word);
            }
            for (count, &lane) in counts.iter_mut().zip(sums.iter().skip(LEET_LANE)) {
                *count = count.wrapping_add(u32::from(lane.unsigned_abs()));
            }
            if ends {
                singles = if letters == 1 { singles + 1 } else { 0 };
                singles_max = singles_max.max(singles);
                letters = 0;
            }
            sums = [0; LANES];
            (pairs, start) = (0, at);
        }
        previous = class;
    }
    let [bad, reverse, rot13, atbash] = searches.map(|search| search.best);
    let lane = |lane: usize| counts.get(lane - LEET_LANE).copied().unwrap_or(0);
    Features {
        bad,
        reverse,
        rot13,
        atbash,
        leet: lane(LEET_LANE),
        morse: lane(MORSE_LANE),
        specials: lane(SPECIAL_LANE),
        separators: lane(SEPARATOR_LANE),
        single_letters: singles_max,
    }
}

/// The mean log-likelihood of a text's letter pairs, in eighths of a bit; `None` below eight pairs.
pub(crate) fn mean_likelihood(text: &str) -> Option<i32> {
    const PAIRS_MIN: i32 = 8;
    const BYTES_MAX: usize = 4096; // enough to tell; the rest of a long text reads alike
    let (mut sum, mut pairs, mut previous) = (0_i32, 0_i32, usize::from(OTHER));
    for byte in text.bytes().take(BYTES_MAX) {
        let class = usize::from(BYTE_CLASSES.get(usize::from(byte)).copied().unwrap_or(OTHER));
        let known = previous != usize::from(FOREIGN) && class != usize::from(FOREIGN);
        if known && (previous < 26 || class < 26) {
            sum += i32::from(likelihood(previous, class));
            pairs += 1;
        }
        previous = class;
    }
    (pairs >= PAIRS_MIN).then(|| sum / pairs)
}

/// The log-likelihood of one pair of characters, in eighths of a bit.
pub(crate) fn pair_likelihood(first: char, second: char) -> i32 {
    let class = |character: char| {
        let byte = u8::try_from(character).ok().filter(u8::is_ascii).unwrap_or(b' ');
        usize::from(BYTE_CLASSES.get(usize::from(byte)).copied().unwrap_or(OTHER))
    };
    i32::from(likelihood(class(first), class(second)))
}

/// Whether a text reads as sentences of some language: for Latin letters by their pairs, for others by being mostly
/// letters. One bare word is not enough.
pub(crate) fn reads_as_language(text: &str) -> bool {
    const SAMPLE_CHARACTERS: usize = 2048;
    const LANGUAGE_LEVEL: i32 = -35; // languages of the corpus lie at -28 to -34, random letters near -45
    let (mut letters, mut latin, mut spaces, mut all) = (0_usize, 0_usize, 0_usize, 0_usize);
    for character in text.chars().take(SAMPLE_CHARACTERS) {
        all += 1;
        letters += usize::from(is_letter(character));
        latin += usize::from(character.is_ascii_alphabetic());
        spaces += usize::from(character.is_whitespace());
    }
    if letters < 5 || letters * 10 < all * 6 {
        return false;
    }
    if latin * 2 < letters {
        return true;
    }
    // Words of 2 to 15 letters on average.
    let words = spaces + 1;
    spaces > 0 && letters < words * 15 && mean_likelihood(text).is_some_and(|mean| mean > LANGUAGE_LEVEL)
}
