//! The words of a text between white space, each with the kinds of bytes it holds: found once, so that every decoder looks only
//! at the words that it can mend.

use std::ops::{Range, RangeInclusive};

/// Kinds of bytes that a word holds; a set of bits.
pub(crate) type Kinds = u16;

pub(crate) const LOWER: Kinds = 1;
pub(crate) const UPPER: Kinds = 1 << 1;
pub(crate) const DIGIT: Kinds = 1 << 2;
/// A byte of a character outside ASCII.
pub(crate) const FOREIGN: Kinds = 1 << 3;
/// Signs that leet uses.
pub(crate) const LEET_SIGN: Kinds = 1 << 4;
/// Signs that stand inside words cut to pieces.
pub(crate) const WORD_SIGN: Kinds = 1 << 5;
/// Signs between words run together.
pub(crate) const SPLIT_SIGN: Kinds = 1 << 6;
/// Signs that may stand between the numbers of a series.
pub(crate) const NUMBER_GAP: Kinds = 1 << 7;
/// Neither part of a number nor between numbers.
pub(crate) const NOT_NUMERIC: Kinds = 1 << 8;
/// Neither dot, dash nor sign between Morse words; characters outside ASCII may be either.
pub(crate) const NOT_MORSE: Kinds = 1 << 9;
/// Slashes and bars.
pub(crate) const BAR: Kinds = 1 << 10;
/// A sign of ASCII.
const SIGN: Kinds = 1 << 11;
pub(crate) const ANY: Kinds = Kinds::MAX;

/// The kinds of each byte; white space has none.
static KINDS: [Kinds; 256] = kinds();

const fn kinds() -> [Kinds; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(
            clippy::indexing_slicing,
            reason = "a constant loop over the length of the array"
        )]
        {
            table[byte] = kinds_of(byte as u8);
        }
        byte += 1;
    }
    table
}

const fn kinds_of(byte: u8) -> Kinds {
    if byte.is_ascii_whitespace() {
        return 0;
    }
    let mut kinds = match byte {
        b'a'..=b'z' => LOWER,
        b'A'..=b'Z' => UPPER,
        b'0'..=b'9' => DIGIT,
        0x80.. => FOREIGN,
        _ => SIGN,
    };
    if matches!(byte, b'@' | b'$' | b'!' | b'|' | b'+') {
        kinds |= LEET_SIGN;
    }
    if matches!(
        byte,
        b'-' | b'_' | b'.' | b'*' | b'|' | b'~' | b'^' | b'`' | b'+' | b'/' | b':'
    ) {
        kinds |= WORD_SIGN;
    }
    if matches!(byte, b'-' | b'_' | b'.' | b'+' | b'/' | b'|' | b',') {
        kinds |= SPLIT_SIGN;
    }
    if matches!(byte, b',' | b':' | b';' | b'-' | b'|' | b'\\') {
        kinds |= NUMBER_GAP;
    } else if !(byte.is_ascii_hexdigit() || matches!(byte, b'x' | b'X')) {
        kinds |= NOT_NUMERIC;
    }
    match byte {
        b'/' | b'|' => kinds | BAR,
        b'.' | b'-' | b'_' | 0x80.. => kinds,
        _ => kinds | NOT_MORSE,
    }
}

/// A word: where it stands, and the kinds of its bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token<'a> {
    pub(crate) start: usize,
    pub(crate) text: &'a str,
    kinds: Kinds,
}

impl Token<'_> {
    /// Whether it holds a byte of one of these kinds.
    pub(crate) fn has(&self, kinds: Kinds) -> bool {
        self.kinds & kinds != 0
    }

    pub(crate) fn is_ascii(&self) -> bool {
        !self.has(FOREIGN)
    }

    pub(crate) fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// A word in 12 bytes; views are far shorter than 4 GiB.
#[derive(Debug, Clone, Copy)]
struct Place {
    start: u32,
    end: u32,
    kinds: Kinds,
}

impl Place {
    fn length(self) -> usize {
        (self.end - self.start) as usize
    }
}

/// All words of a text.
#[derive(Debug)]
pub(crate) struct Tokens<'a> {
    text: &'a str,
    places: Vec<Place>,
}

impl<'a> Tokens<'a> {
    /// Finds the words, in one pass.
    pub(crate) fn of(text: &'a str) -> Self {
        const BYTES_A_WORD: usize = 5;
        let mut places = Vec::with_capacity(text.len() / BYTES_A_WORD + 1);
        let (mut start, mut rest) = (0, text.as_bytes());
        while !rest.is_empty() {
            let mut all = 0;
            let end = rest.iter().position(|&byte| {
                let kinds = KINDS.get(usize::from(byte)).copied().unwrap_or(SIGN);
                all |= kinds;
                kinds == 0
            });
            let length = end.unwrap_or(rest.len());
            if length > 0 {
                places.push(Place {
                    start: start as u32,
                    end: (start + length) as u32,
                    kinds: all,
                });
            }
            start += length + 1;
            rest = rest.get(length + 1..).unwrap_or_default();
        }
        Self { text, places }
    }

    /// How many words there are.
    pub(crate) fn count(&self) -> usize {
        self.places.len()
    }

    /// Words of these lengths that hold a byte of one of these kinds.
    pub(crate) fn with(
        &self,
        kinds: Kinds,
        lengths: RangeInclusive<usize>,
    ) -> impl Iterator<Item = Token<'a>> {
        self.places
            .iter()
            .filter(move |place| place.kinds & kinds != 0 && lengths.contains(&place.length()))
            .filter_map(|place| self.token(*place))
    }

    fn token(&self, place: Place) -> Option<Token<'a>> {
        let start = place.start as usize;
        Some(Token {
            start,
            text: self.text.get(start..place.end as usize)?,
            kinds: place.kinds,
        })
    }

    /// The stretches of neighbouring words whose kinds are as asked for, each with `margin` more words on either side and the
    /// white space behind; stretches that touch are one. Those without any word of the kinds `needed` are left out.
    pub(crate) fn stretches(
        &self,
        margin: usize,
        needed: Kinds,
        wanted: impl Fn(Kinds) -> bool,
    ) -> Vec<Range<usize>> {
        let mut stretches: Vec<Range<usize>> = Vec::new();
        // The words of the stretch that is open, and their kinds.
        let (mut open, mut kinds) = (0..0, 0);
        let mut close = |words: Range<usize>, kinds: Kinds| {
            if kinds & needed != 0 {
                stretches.push(self.start_of(words.start)..self.start_of(words.end));
            }
        };
        for (index, place) in self.places.iter().enumerate() {
            if !wanted(place.kinds) {
                continue;
            }
            let first = index.saturating_sub(margin);
            if first > open.end {
                close(open, kinds);
                (open, kinds) = (first..first, 0);
            }
            let end = index + margin + 1;
            let more = self.places.get(open.end..end.min(self.places.len()));
            kinds |= more
                .unwrap_or_default()
                .iter()
                .fold(0, |all, place| all | place.kinds);
            open.end = end;
        }
        close(open, kinds);
        stretches
    }

    /// Where a word begins; the end of the text for those after the last.
    fn start_of(&self, index: usize) -> usize {
        self.places
            .get(index)
            .map_or(self.text.len(), |place| place.start as usize)
    }
}

/// Whether a word is an address or a path: what stands between its slashes and dots is no hidden word.
pub(crate) fn is_address(token: &str) -> bool {
    memchr::memchr_iter(b'/', token.as_bytes()).any(|at| token.as_bytes().get(at + 1) == Some(&b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_between_white_space() {
        let text = " one\t2wo\n\n(tëa) ";
        let tokens = Tokens::of(text);
        assert_eq!(tokens.count(), 3);
        let found: Vec<_> = tokens
            .with(LOWER, 0..=9)
            .map(|token| (token.start, token.text, token.has(DIGIT), token.is_ascii()))
            .collect();
        assert_eq!(
            found,
            [
                (1, "one", false, true),
                (5, "2wo", true, true),
                (10, "(tëa)", false, false)
            ]
        );
        assert_eq!(
            tokens.with(DIGIT | FOREIGN, 0..=4).count(),
            1,
            "the length counts"
        );
    }

    #[test]
    fn stretches_take_their_neighbours_and_join() {
        let text = "a 1 b c 2 d e f 3";
        let digits = |kinds: Kinds| kinds & DIGIT != 0;
        let found = |margin| -> Vec<&str> {
            let tokens = Tokens::of(text);
            let stretches = tokens.stretches(margin, ANY, digits).into_iter();
            stretches.map(|range| &text[range]).collect()
        };
        assert_eq!(found(0), ["1 ", "2 ", "3"]);
        assert_eq!(found(1), ["a 1 b c 2 d ", "f 3"]);
    }
}
