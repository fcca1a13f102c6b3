//! Text spelled in codes that stand apart from one another: hexadecimal pairs, binary octets, decimal numbers, Morse.
//!
//! Morse is that of ITU-R M.1677.

use super::gate;
use super::reading::{Pieces, Reading};
use super::span_map::MapBuilder;
use super::view::Transform;
use std::ops::Range;

/// Digits below which no series of numbers can spell a word.
const DIGITS_MIN: usize = 8;

/// Numbers or pairs in a row that can be a word.
const SERIES_MIN: usize = 5;

/// The longest number: an octet with its prefix.
const TOKEN_BYTES_MAX: usize = 10;

/// Binary octets in a row that can be a word.
const OCTETS_MIN: usize = 3;

/// A run of letters and digits between other characters.
#[derive(Debug, Clone)]
struct Token<'a> {
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

    fn take(&mut self, token: &Token<'_>, joined: bool) {
        let byte = if token.text.len() <= TOKEN_BYTES_MAX {
            (self.read)(token.text)
        } else {
            None
        };
        if byte.is_none() || !joined {
            self.flush();
        }
        if let Some(byte) = byte {
            self.bytes.push(byte);
            self.spans.push(token.range.clone());
        }
    }

    fn flush(&mut self) {
        if self.bytes.is_empty() {
            return;
        }
        let (bytes, spans) = (std::mem::take(&mut self.bytes), std::mem::take(&mut self.spans));
        if bytes.len() < self.minimum {
            return;
        }
        let Some(text) = gate::text_of(&bytes).filter(|text| wordy(text)) else {
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
pub(crate) fn numbers(text: &str) -> Vec<Reading> {
    if text.bytes().filter(u8::is_ascii_digit).count() < DIGITS_MIN {
        return Vec::new();
    }
    let mut all = [
        Series::new(Transform::Hex, SERIES_MIN, hex_pair),
        Series::new(Transform::Binary, OCTETS_MIN, octet),
        Series::new(Transform::DecimalCodes, SERIES_MIN, decimal),
    ];
    let mut end = 0;
    let mut start = None;
    for (at, byte) in text.bytes().chain(std::iter::once(b' ')).enumerate() {
        match (byte.is_ascii_alphanumeric(), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                let joined = text.as_bytes().get(end..from).is_some_and(between_numbers);
                let token = Token {
                    text: text.get(from..at).unwrap_or_default(),
                    range: from..at,
                };
                for series in &mut all {
                    series.take(&token, joined);
                }
                (end, start) = (at, None);
            }
            _ => {}
        }
    }
    all.into_iter().filter_map(Series::reading).collect()
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
pub(crate) fn morse(text: &str) -> Option<Reading> {
    const LETTERS_MIN: usize = 5;
    const DISTINCT_MIN: usize = 3;
    let mut pieces = Pieces::default();
    let mut group: Vec<(char, Range<usize>)> = Vec::new();
    let mut at = 0;
    for token in text.split_inclusive([' ', '\n', '\t', '\r', '/', '|']) {
        let start = at;
        at += token.len();
        let code = token.trim_end_matches([' ', '\n', '\t', '\r', '/', '|']);
        let separator = token.get(code.len()..).unwrap_or_default();
        match morse_letter(code) {
            Some(letter) => group.push((letter, start..start + code.len())),
            None if code.is_empty() => {}
            None => {
                flush_morse(&mut pieces, &mut group, LETTERS_MIN, DISTINCT_MIN);
                continue;
            }
        }
        let word_ends = separator.contains(['/', '|', '\n']) || code.is_empty();
        if word_ends && group.last().is_some_and(|&(last, _)| last != ' ') {
            group.push((' ', at..at));
        }
    }
    flush_morse(&mut pieces, &mut group, LETTERS_MIN, DISTINCT_MIN);
    pieces.reading(Transform::Morse)
}

/// Whether there are dots and dashes outside ASCII, enough for a word.
pub(crate) fn other_dashes(text: &str) -> bool {
    const SIGNS_MIN: usize = 8;
    text.chars()
        .filter(|c| matches!(c, '·' | '•' | '∙' | '⋅' | '−' | '–' | '—' | '‐' | '‑' | '―'))
        .nth(SIGNS_MIN - 1)
        .is_some()
}

fn flush_morse(
    pieces: &mut Pieces,
    group: &mut Vec<(char, Range<usize>)>,
    letters_min: usize,
    distinct_min: usize,
) {
    let group = std::mem::take(group);
    let mut letters: Vec<char> = group
        .iter()
        .map(|&(letter, _)| letter)
        .filter(|c| *c != ' ')
        .collect();
    let count = letters.len();
    letters.sort_unstable();
    letters.dedup();
    if count < letters_min || letters.len() < distinct_min {
        return;
    }
    if let (false, Some((_, first))) = (pieces.text.is_empty(), group.first()) {
        pieces.gap(first.start);
    }
    for (letter, span) in group {
        pieces.push(letter, span);
    }
}

fn morse_letter(code: &str) -> Option<char> {
    const CODES: &[(&str, char)] = &[
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
    const CODE_BYTES_MAX: usize = 24; // six signs of up to three bytes, and some room
    if code.is_empty() || code.len() > CODE_BYTES_MAX {
        return None;
    }
    let mut plain = String::new();
    for sign in code.chars() {
        plain.push(match sign {
            '.' | '·' | '•' | '∙' | '⋅' => '.',
            '-' | '_' | '−' | '–' | '—' | '‐' | '‑' | '―' => '-',
            _ => return None,
        });
    }
    CODES
        .iter()
        .find(|(known, _)| *known == plain)
        .map(|&(_, letter)| letter)
}
