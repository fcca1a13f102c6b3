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

/// A word is flushed after this many pairs, so that 15-bit sums (at most 255 a pair) cannot overflow.
const WORD_PAIRS_MAX: usize = 64;

/// The longest words of ordinary text, with the signs before them.
const WORD_LETTERS_MAX: usize = 28;

/// What one pair of neighbouring bytes adds to the sums of a word: all at once, because this is done for every byte.
#[derive(Debug, Clone, Copy, Default)]
struct Pair {
    /// Badness, gains of reversal, of rot13 and of Atbash, each in 16 bits with [`BIAS`] on top, so that none is negative.
    gains: u64,
    /// Counts in eight bits each ([`LEET`] to [`LETTERS`] say where), and [`ENDS`].
    counts: u64,
}

const GAINS: usize = 4;
const BIAS: i16 = 128;

/// One in each lane, and the highest bit of each lane; no sum of a word comes there.
const LANE_ONES: u64 = 0x0001_0001_0001_0001;
const LANE_TOPS: u64 = LANE_ONES << 15;

/// Where each count lies.
const LEET: u32 = 0;
const MORSE: u32 = 8;
const SPECIALS: u32 = 16;
const SEPARATORS: u32 = 24;
const LETTERS: u32 = 32;
/// The second byte is the first behind a word.
const ENDS: u64 = 1 << 63;

const CLASSES: usize = 32;

static BYTE_CLASSES: [u8; 256] = byte_classes();
static PAIRS: LazyLock<[Pair; CLASSES * CLASSES]> =
    LazyLock::new(|| std::array::from_fn(|index| pair(index / CLASSES, index % CLASSES)));

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

fn pair(first: usize, second: usize) -> Pair {
    let letter = |class: usize| class < 26;
    let rot13 = |class: usize| if letter(class) { (class + 13) % 26 } else { class };
    let atbash = |class: usize| if letter(class) { 25 - class } else { class };
    let here = likelihood(first, second);
    let is = |class: usize, wanted: u8| class == usize::from(wanted);
    let leet = letter(first) && is(second, DIGIT_OR_SIGN) || is(first, DIGIT_OR_SIGN) && letter(second);
    let texty = letter(second) || is(second, DIGIT_OR_SIGN);
    let known = !is(first, FOREIGN) && !is(second, FOREIGN);
    let gains = if known && (letter(first) || letter(second)) {
        [
            RANDOM_LEVEL - here,
            likelihood(second, first) - here,
            likelihood(rot13(first), rot13(second)) - here,
            likelihood(atbash(first), atbash(second)) - here,
        ]
    } else {
        [0; GAINS]
    };
    // Signs count before a letter: after one they are ordinary punctuation.
    let morse = is(first, SPACE) && is(second, DOT_OR_DASH);
    let special = is(first, SPECIAL) && texty;
    let separator = is(first, DOT_OR_DASH) && letter(second);
    let ends = letter(first) && !letter(second);
    Pair {
        gains: gains.iter().rev().fold(0, |packed, gain| {
            packed << 16 | u64::from((BIAS + gain).unsigned_abs())
        }),
        counts: u64::from(leet) << LEET
            | u64::from(morse) << MORSE
            | u64::from(special) << SPECIALS
            | u64::from(separator) << SEPARATORS
            | u64::from(letter(second)) << LETTERS
            | if ends { ENDS } else { 0 },
    }
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
    fn add(&mut self, gain: i32, word: &Range<usize>) {
        if self.sum <= 0 {
            self.sum = 0;
            self.start = word.start;
        }
        self.sum = self.sum.saturating_add(gain);
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

/// What is known of the words read so far.
#[derive(Debug, Default)]
struct Sums {
    searches: [Search; GAINS],
    /// Whether a stretch of gains is open in some search.
    open: bool,
    features: Features,
    /// Letters of the word being read, and how many words before it were one letter.
    letters: u64,
    singles: usize,
}

impl Sums {
    /// Takes in a word, or as much of a long one as is read at once: `pairs` of bytes.
    fn word(&mut self, sum: Pair, pairs: usize, word: &Range<usize>) {
        let count = |at: u32| sum.counts >> at & 0xFF;
        self.letters += count(LETTERS);
        // Digits inside or a length no word has: encoded bytes, not a cipher. One letter tells nothing.
        let odd = count(LEET) > 0 || word.len() > WORD_LETTERS_MAX || self.letters == 1;
        let zeros = LANE_ONES.wrapping_mul(pairs as u64 * u64::from(BIAS.unsigned_abs()));
        let gains = (zeros | LANE_TOPS).wrapping_sub(sum.gains) & LANE_TOPS != LANE_TOPS;
        // Where nothing is gained and nothing was before it, no search has anything to note; so it is with most words.
        if self.open || gains && !odd {
            self.open = false;
            for (lane, search) in (0_u32..).step_by(16).zip(&mut self.searches) {
                let gain = (sum.gains >> lane & 0xFFFF) as i32 - (zeros >> lane & 0xFFFF) as i32;
                search.add(if odd { gain.min(0) } else { gain }, word);
                self.open |= search.sum > 0;
            }
        }
        let features = &mut self.features;
        features.leet = features.leet.wrapping_add(count(LEET) as u32);
        features.morse = features.morse.wrapping_add(count(MORSE) as u32);
        features.specials = features.specials.wrapping_add(count(SPECIALS) as u32);
        features.separators = features.separators.wrapping_add(count(SEPARATORS) as u32);
        if sum.counts & ENDS != 0 {
            self.singles = if self.letters == 1 { self.singles + 1 } else { 0 };
            features.single_letters = features.single_letters.max(self.singles);
            self.letters = 0;
        }
    }

    fn features(self) -> Features {
        let [bad, reverse, rot13, atbash] = self.searches.map(|search| search.best);
        Features {
            bad,
            reverse,
            rot13,
            atbash,
            ..self.features
        }
    }
}

/// Reads a text once, in about a nanosecond a byte.
pub(crate) fn features(text: &str) -> Features {
    let table: &[Pair; CLASSES * CLASSES] = &PAIRS;
    let mut sums = Sums::default();
    let mut previous = usize::from(OTHER);
    let mut take = |sum: &mut Pair, byte: u8| {
        let class = usize::from(BYTE_CLASSES.get(usize::from(byte)).copied().unwrap_or(OTHER));
        let index = (previous * CLASSES + class) % table.len();
        let pair = table.get(index).copied().unwrap_or_default();
        sum.gains = sum.gains.wrapping_add(pair.gains);
        sum.counts = sum.counts.wrapping_add(pair.counts);
        previous = class;
        sum.counts & ENDS != 0
    };
    // A word begins with the byte behind the one before it, which is the first that belongs to both.
    let (mut start, mut rest) = (0, text.as_bytes());
    let mut from = 0;
    loop {
        let mut sum = Pair::default();
        let longest = rest.get(..WORD_PAIRS_MAX).unwrap_or(rest);
        let end = longest.iter().position(|&byte| take(&mut sum, byte));
        let mut pairs = end.map_or(longest.len(), |last| last + 1);
        rest = rest.get(pairs..).unwrap_or_default();
        if end.is_none() && pairs < WORD_PAIRS_MAX {
            // One boundary after the end closes the last word.
            pairs += 1;
            if take(&mut sum, b' ') || pairs == WORD_PAIRS_MAX {
                sums.word(sum, pairs, &(start..text.len()));
            }
            return sums.features();
        }
        from += pairs;
        sums.word(sum, pairs, &(start..from - 1));
        start = from - 1;
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The gain of each search over one word, pair by pair.
    fn gains(word: &[usize]) -> [i32; GAINS] {
        let mut sums = [0; GAINS];
        for pair in word.windows(2) {
            let packed = super::pair(pair[0], pair[1]).gains;
            for (lane, sum) in (0_u32..).step_by(16).zip(&mut sums) {
                *sum += (packed >> lane & 0xFFFF) as i32 - i32::from(BIAS);
            }
        }
        sums
    }

    proptest! {
        /// Sums of many pairs at once are the sums of the pairs, and no stretch of words gains more than what is told.
        #[test]
        fn regions_are_the_best_stretches(words in prop::collection::vec("[a-z]{2,9}", 1..8)) {
            let text = words.join(" ");
            let features = features(&text);
            let class = |byte: u8| usize::from(BYTE_CLASSES[usize::from(byte)]);
            let mut each = Vec::new();
            for (index, word) in words.iter().enumerate() {
                let before = if index == 0 { usize::from(OTHER) } else { usize::from(SPACE) };
                let mut classes = vec![before];
                classes.extend(word.bytes().map(class));
                classes.push(usize::from(SPACE));
                each.push(gains(&classes));
            }
            let told = [&features.bad, &features.reverse, &features.rot13, &features.atbash];
            for (lane, region) in told.into_iter().enumerate() {
                let best = (0..each.len())
                    .flat_map(|first| (first..each.len()).map(move |last| (first, last)))
                    .map(|(first, last)| each[first..=last].iter().map(|gains| gains[lane]).sum::<i32>())
                    .max();
                prop_assert_eq!(region.gain, best.unwrap_or_default().max(0));
            }
        }
    }
}
