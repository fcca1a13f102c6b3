//! Text spelled in codes that stand apart from one another: hexadecimal pairs, binary octets, decimal numbers, Morse.
//!
//! Morse is that of ITU-R M.1677.

use super::gate;
use super::reading::{Pieces, Reading};
use super::span_map::MapBuilder;
use super::tokens::{self, Tokens};
use super::view::Transform;
use std::ops::Range;

/// Digits below which no series of numbers can spell a word.
const DIGITS_MIN: usize = 8;

/// Digits below which one series spells no text: bytes of two letters, from AA on, are none without others between them.
const SERIES_DIGITS_MIN: usize = 3;

/// Numbers or pairs in a row that can be a word.
const SERIES_MIN: usize = 5;

/// The longest number: an octet with its prefix.
const NUMBER_BYTES_MAX: usize = 10;

/// Binary octets in a row that can be a word.
const OCTETS_MIN: usize = 3;

/// A run of letters and digits between other characters, which may be a number.
#[derive(Debug, Clone)]
struct Number<'a> {
    text: &'a str,
    range: Range<usize>,
}

/// One kind of series: how a token is read, and what was read so far.
struct Series {
    transform: Transform,
    read: fn(&str) -> Option<u8>,
    minimum: usize,
    bytes: Vec<u8>,
    spans: Vec<Range<usize>>,
    text: String,
    map: MapBuilder,
    pieces: usize,
    place: Option<Range<usize>>,
}

impl Series {
    fn new(transform: Transform, minimum: usize, read: fn(&str) -> Option<u8>) -> Self {
        let (text, map) = (String::new(), MapBuilder::new());
        Self {
            transform,
            read,
            minimum,
            bytes: Vec::new(),
            spans: Vec::new(),
            text,
            map,
            pieces: 0,
            place: None,
        }
    }

    fn take(&mut self, token: &Number<'_>, joined: bool) {
        let byte = (self.read)(token.text);
        if byte.is_none() || !joined {
            self.flush();
        }
        if let Some(byte) = byte {
            self.bytes.push(byte);
            self.spans.push(token.range.clone());
        }
    }

    /// Ends the series; most are no longer than a number or two.
    #[inline]
    fn flush(&mut self) {
        if self.bytes.is_empty() {
            return;
        }
        if self.bytes.len() >= self.minimum {
            self.write();
        }
        self.bytes.clear();
        self.spans.clear();
    }

    fn write(&mut self) {
        let (bytes, spans) = (&self.bytes, &self.spans);
        let Some(text) = gate::text_of(bytes).filter(|text| wordy(text)) else {
            return;
        };
        if let (false, Some(first)) = (self.text.is_empty(), spans.first()) {
            self.text.push(' ');
            self.map.whole(first.start..first.start, 1);
        }
        self.pieces += 1;
        if let (Some(first), Some(last)) = (spans.first(), spans.last()) {
            self.place.get_or_insert(first.clone()).end = last.end;
        }
        if text.len() == bytes.len() {
            for (at, character) in text.char_indices() {
                let last = at + character.len_utf8() - 1;
                if let (Some(first), Some(last)) = (spans.get(at), spans.get(last)) {
                    self.map.whole(first.start..last.end, character.len_utf8());
                }
            }
        } else if let (Some(first), Some(last)) = (spans.first(), spans.last()) {
            self.map.whole(first.start..last.end, text.len());
        }
        self.text.push_str(&text);
    }

    fn reading(mut self) -> Option<Reading> {
        self.flush();
        let (transform, pieces) = (self.transform, self.pieces);
        let place = self.place?;
        Some(Reading {
            text: self.text,
            map: self.map.finish(),
            transform,
            pieces,
            place,
        })
    }
}

/// Mostly letters and spaces: numbers in a table spell signs as often as letters.
fn wordy(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic() || *c == ' ').count();
    letters * 10 >= text.chars().count() * 7
}

/// Reads series of numbers.
pub(crate) fn numbers(text: &str, tokens: &Tokens<'_>) -> Vec<Reading> {
    let with_digits = tokens.with(tokens::DIGIT, 1..=usize::MAX);
    let digits = with_digits.flat_map(|token| token.text.bytes().filter(u8::is_ascii_digit));
    if digits.take(DIGITS_MIN).count() < DIGITS_MIN {
        return Vec::new();
    }
    let mut all = [
        Series::new(Transform::Hex, SERIES_MIN, hex_pair),
        Series::new(Transform::Binary, OCTETS_MIN, octet),
        Series::new(Transform::DecimalCodes, SERIES_MIN, decimal),
    ];
    // Any other word has one number at most, and that at an end where a neighbour may go on.
    let stretches = tokens.stretches(1, tokens::DIGIT, |kinds| {
        kinds & (tokens::DIGIT | tokens::NUMBER_GAP) != 0 || kinds & tokens::NOT_NUMERIC == 0
    });
    for stretch in stretches {
        let digits = text
            .get(stretch.clone())
            .map_or(0, |part| part.bytes().filter(u8::is_ascii_digit).count());
        if digits < SERIES_DIGITS_MIN {
            continue;
        }
        numbers_of(text, stretch, &mut all);
        for series in &mut all {
            series.flush();
        }
    }
    all.into_iter().filter_map(Series::reading).collect()
}

/// Takes in the numbers of one stretch.
fn numbers_of(text: &str, stretch: Range<usize>, all: &mut [Series]) {
    let Some(part) = text.get(stretch.clone()) else {
        return;
    };
    let mut end = stretch.start;
    let mut start = None;
    for (at, byte) in (stretch.start..).zip(part.bytes().chain(std::iter::once(b' '))) {
        match (byte.is_ascii_alphanumeric(), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                let text_of = text.get(from..at).unwrap_or_default();
                if may_be_number(text_of) {
                    let joined = text.as_bytes().get(end..from).is_some_and(between_numbers);
                    let number = Number {
                        text: text_of,
                        range: from..at,
                    };
                    for series in &mut *all {
                        series.take(&number, joined);
                    }
                } else {
                    all.iter_mut().for_each(Series::flush);
                }
                (end, start) = (at, None);
            }
            _ => {}
        }
    }
}

/// Whether a run of letters and digits can be a number of any series.
fn may_be_number(run: &str) -> bool {
    run.len() <= NUMBER_BYTES_MAX
        && run
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte | 0x20 == b'x')
}

/// What may stand between two numbers of a series.
fn between_numbers(gap: &[u8]) -> bool {
    gap.len() <= 3
        && gap.iter().all(|byte| {
            matches!(
                byte,
                b' ' | b',' | b':' | b';' | b'-' | b'\n' | b'\r' | b'\t' | b'|' | b'\\'
            )
        })
}

fn hex_pair(token: &str) -> Option<u8> {
    let digits = token
        .strip_prefix("0x")
        .or_else(|| token.strip_prefix("0X"))
        .unwrap_or(token);
    (digits.len() == 2)
        .then(|| u8::from_str_radix(digits, 16).ok())
        .flatten()
}

fn octet(token: &str) -> Option<u8> {
    let digits = token.strip_prefix("0b").unwrap_or(token);
    matches!(digits.len(), 7 | 8)
        .then(|| u8::from_str_radix(digits, 2).ok())
        .flatten()
}

fn decimal(token: &str) -> Option<u8> {
    token
        .parse()
        .ok()
        .filter(|code| matches!(code, 9 | 10 | 13 | 32..=126 | 160..=255))
}

/// Reads Morse: letters between spaces, words between slashes, bars or wider gaps.
pub(crate) fn morse(text: &str, tokens: &Tokens<'_>) -> Option<Reading> {
    const MORSE_BYTES_MIN: usize = 9; // five letters with spaces between
    let mut pieces = Pieces::default();
    // A form feed parts words, but not codes.
    let form_feed = memchr::memchr(b'\x0c', text.as_bytes()).is_some();
    // A word without bars that holds any other sign is no code and parts the codes around it.
    let may_be_code = |kinds| kinds & tokens::NOT_MORSE == 0 || kinds & tokens::BAR != 0;
    for stretch in tokens.stretches(0, tokens::ANY, |kinds| form_feed || may_be_code(kinds)) {
        if stretch.len() >= MORSE_BYTES_MIN {
            morse_of(text, stretch, &mut pieces);
        }
    }
    pieces.reading(Transform::Morse)
}

/// Takes in the Morse of one stretch; what stands before and behind it is none.
fn morse_of(text: &str, stretch: Range<usize>, pieces: &mut Pieces) {
    const BREAKS: [char; 6] = [' ', '\n', '\t', '\r', '/', '|'];
    let mut group: Vec<(char, Range<usize>)> = Vec::new();
    let mut at = stretch.start;
    for token in text.get(stretch).unwrap_or_default().split_inclusive(BREAKS) {
        let start = at;
        at += token.len();
        let code = token.trim_end_matches(BREAKS);
        let separator = token.get(code.len()..).unwrap_or_default();
        match morse_letter(code) {
            Some(letter) => group.push((letter, start..start + code.len())),
            None if code.is_empty() => {}
            None => {
                flush_morse(pieces, &mut group);
                continue;
            }
        }
        let word_ends = separator.contains(['/', '|', '\n']) || code.is_empty();
        if word_ends && group.last().is_some_and(|&(last, _)| last != ' ') {
            group.push((' ', at..at));
        }
    }
    flush_morse(pieces, &mut group);
}

/// Whether there are dots and dashes outside ASCII, enough for a word.
pub(crate) fn other_dashes(text: &str) -> bool {
    const SIGNS_MIN: usize = 8;
    // The first bytes of these characters in UTF-8.
    memchr::memchr2_iter(0xC2, 0xE2, text.as_bytes())
        .filter_map(|at| text.get(at..)?.chars().next())
        .filter(|c| matches!(c, '·' | '•' | '∙' | '⋅' | '−' | '–' | '—' | '‐' | '‑' | '―'))
        .nth(SIGNS_MIN - 1)
        .is_some()
}

fn flush_morse(pieces: &mut Pieces, group: &mut Vec<(char, Range<usize>)>) {
    const LETTERS_MIN: usize = 5;
    const DISTINCT_MIN: usize = 3;
    if group.is_empty() {
        return;
    }
    let group = std::mem::take(group);
    let mut letters: Vec<char> = group
        .iter()
        .map(|&(letter, _)| letter)
        .filter(|c| *c != ' ')
        .collect();
    let count = letters.len();
    letters.sort_unstable();
    letters.dedup();
    if count < LETTERS_MIN || letters.len() < DISTINCT_MIN {
        return;
    }
    if let (false, Some((_, first))) = (pieces.text.is_empty(), group.first()) {
        pieces.gap(first.start);
    }
    for (letter, span) in group {
        pieces.push(letter, span);
    }
}

const MORSE_CODES: &[(&str, char)] = &[
    (".-", 'A'),
    ("-...", 'B'),
    ("-.-.", 'C'),
    ("-..", 'D'),
    (".", 'E'),
    ("..-.", 'F'),
    ("--.", 'G'),
    ("....", 'H'),
    ("..", 'I'),
    (".---", 'J'),
    ("-.-", 'K'),
    (".-..", 'L'),
    ("--", 'M'),
    ("-.", 'N'),
    ("---", 'O'),
    (".--.", 'P'),
    ("--.-", 'Q'),
    (".-.", 'R'),
    ("...", 'S'),
    ("-", 'T'),
    ("..-", 'U'),
    ("...-", 'V'),
    (".--", 'W'),
    ("-..-", 'X'),
    ("-.--", 'Y'),
    ("--..", 'Z'),
    ("-----", '0'),
    (".----", '1'),
    ("..---", '2'),
    ("...--", '3'),
    ("....-", '4'),
    (".....", '5'),
    ("-....", '6'),
    ("--...", '7'),
    ("---..", '8'),
    ("----.", '9'),
    (".-.-.-", '.'),
    ("--..--", ','),
    ("..--..", '?'),
    (".----.", '\''),
    ("-.-.--", '!'),
    ("-..-.", '/'),
    ("-.--.", '('),
    ("-.--.-", ')'),
    ("---...", ':'),
    ("-....-", '-'),
    (".--.-.", '@'),
    ("-...-", '='),
];

/// Letters by their signs as binary digits, a dash being 1, after a leading 1; no code has more than six signs.
static MORSE_LETTERS: [Option<char>; 128] = morse_letters();

#[expect(clippy::indexing_slicing, reason = "constant loops over constant tables")]
const fn morse_letters() -> [Option<char>; 128] {
    let mut table = [None; 128];
    let mut index = 0;
    while index < MORSE_CODES.len() {
        let (code, letter) = MORSE_CODES[index];
        let (mut place, mut sign) = (1, 0);
        while sign < code.len() {
            place = place << 1 | (code.as_bytes()[sign] == b'-') as usize;
            sign += 1;
        }
        table[place] = Some(letter);
        index += 1;
    }
    table
}

fn morse_letter(code: &str) -> Option<char> {
    const SIGNS_MAX: usize = 6;
    const SIGN_BYTES_MAX: usize = 4;
    if code.is_empty() || code.len() > SIGNS_MAX * SIGN_BYTES_MAX {
        return None;
    }
    let mut place = 1_usize;
    for (count, sign) in code.chars().enumerate() {
        let dash = match sign {
            '.' | '·' | '•' | '∙' | '⋅' => false,
            '-' | '_' | '−' | '–' | '—' | '‐' | '‑' | '―' => true,
            _ => return None,
        };
        if count == SIGNS_MAX {
            return None;
        }
        place = place << 1 | usize::from(dash);
    }
    MORSE_LETTERS.get(place).copied().flatten()
}
