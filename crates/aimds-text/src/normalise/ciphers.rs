//! Simple ciphers: rotations, Atbash, reversal. Found by the stretch of words that would read better deciphered.

use super::boundary;
use super::language::{Features, Region, mean_likelihood, reads_as_language};
use super::limits::Budget;
use super::reading::Reading;
use super::span_map::MapBuilder;
use super::view::Transform;
use std::ops::Range;

/// Gain in eighths of a bit from which a stretch is deciphered: 30 bits, a chance of one in a thousand million for
/// letters at random, and two or three words of a ciphered sentence.
const GAIN_MIN: i32 = 240;

/// Reversed words keep most of their letter pairs likely, so a reversal gains less a letter.
const REVERSE_GAIN_MIN: i32 = 160;

/// Badness from which the 25 rotations are tried.
const BADNESS_MIN: i32 = 160;

/// A text up to this length is deciphered whole: the words around a stretch often belong to it.
const WHOLE_BYTES_MAX: usize = 4096;

/// Of a longer text, this much on either side of the stretch.
const MARGIN_BYTES: usize = 256;

/// Mean likelihood (eighths of a bit) that a deciphered rotation must reach; random letters are near -45.
const LANGUAGE_LEVEL: i32 = -36;

/// A reading, and the stretch of the text (in bytes) that it makes more likely, with the gain in eighths of a bit.
pub(crate) struct Deciphered {
    pub(crate) reading: Reading,
    pub(crate) stretch: Region,
    /// Whether the stretch reads as language now; the words around it in a long text are not ciphered, and do not.
    pub(crate) reads: bool,
}

/// Whether a stretch of text is none of the languages that the statistics know.
pub(crate) fn unreadable(text: &str, range: Range<usize>) -> bool {
    let mean = text.get(range).and_then(mean_likelihood);
    mean.is_some_and(|mean| mean < LANGUAGE_LEVEL)
}

/// The readings that ciphers give.
pub(crate) fn read(text: &str, features: &Features, budget: &mut Budget) -> Vec<Deciphered> {
    let mut readings = Vec::new();
    let mut add =
        |region: &Region, least: i32, transform, make: fn(&str, Range<usize>, Transform) -> Reading| {
            if region.gain < least || !budget.work(region.range.len()) {
                return;
            }
            let core = make(text, region.range.clone(), transform);
            if mean_likelihood(&core.text).is_none_or(|mean| mean < LANGUAGE_LEVEL) {
                return;
            }
            let range = widened(text, &region.range);
            if budget.work(range.len()) {
                readings.push(Deciphered {
                    reading: make(text, range, transform),
                    stretch: region.clone(),
                    reads: reads_as_language(&core.text),
                });
            }
        };
    add(
        &features.rot13,
        GAIN_MIN,
        Transform::Rot13,
        |text, range, transform| rotated(text, range, 13, transform),
    );
    add(&features.atbash, GAIN_MIN, Transform::Atbash, mirrored);
    add(&features.reverse, REVERSE_GAIN_MIN, Transform::Reverse, reversed);
    add(
        &features.reverse,
        REVERSE_GAIN_MIN,
        Transform::ReverseWords,
        words_reversed,
    );
    let settled = readings
        .iter()
        .any(|found| reads_as_language(&found.reading.text));
    if !settled && features.bad.gain >= BADNESS_MIN {
        readings.extend(caesar(text, &features.bad, budget));
    }
    readings
}

fn widened(text: &str, range: &Range<usize>) -> Range<usize> {
    if text.len() <= WHOLE_BYTES_MAX {
        return 0..text.len();
    }
    let start = boundary::floor(text, range.start.saturating_sub(MARGIN_BYTES));
    start..boundary::ceil(text, range.end.saturating_add(MARGIN_BYTES))
}

/// Maps every ASCII letter; lengths stay, so the map is byte by byte.
fn lettered(text: &str, range: Range<usize>, transform: Transform, letter: impl Fn(u8) -> u8) -> Reading {
    let mut map = MapBuilder::new();
    map.linear(range.start, range.len());
    let part = text.get(range.clone()).unwrap_or_default();
    let text = part
        .chars()
        .map(|character| match character {
            'a'..='z' => char::from(b'a' + letter(character as u8 - b'a')),
            'A'..='Z' => char::from(b'A' + letter(character as u8 - b'A')),
            _ => character,
        })
        .collect();
    Reading {
        text,
        map: map.finish(),
        transform,
        pieces: 1,
        place: range,
    }
}

fn rotated(text: &str, range: Range<usize>, by: u8, transform: Transform) -> Reading {
    lettered(text, range, transform, |letter| (letter + by) % 26)
}

fn mirrored(text: &str, range: Range<usize>, transform: Transform) -> Reading {
    lettered(text, range, transform, |letter| 25 - letter)
}

fn reversed(text: &str, range: Range<usize>, transform: Transform) -> Reading {
    let turned: String = text
        .get(range.clone())
        .unwrap_or_default()
        .chars()
        .rev()
        .collect();
    let mut map = MapBuilder::new();
    map.whole(range.clone(), turned.len());
    Reading {
        text: turned,
        map: map.finish(),
        transform,
        pieces: 1,
        place: range,
    }
}

fn words_reversed(text: &str, range: Range<usize>, transform: Transform) -> Reading {
    let part = text.get(range.clone()).unwrap_or_default();
    let (mut turned, mut map) = (String::with_capacity(part.len()), MapBuilder::new());
    let mut at = range.start;
    for piece in part.split_inclusive(|c: char| !c.is_alphanumeric()) {
        let word = piece.trim_end_matches(|c: char| !c.is_alphanumeric());
        turned.extend(word.chars().rev());
        map.whole(at..at + word.len(), word.len());
        let after = piece.get(word.len()..).unwrap_or_default();
        turned.push_str(after);
        map.linear(at + word.len(), after.len());
        at += piece.len();
    }
    Reading {
        text: turned,
        map: map.finish(),
        transform,
        pieces: 1,
        place: range,
    }
}

/// Letter frequencies of English in tenths of a percent, a-z (Lewand, Cryptological Mathematics, 2000).
const FREQUENCIES: [i32; 26] = [
    82, 15, 28, 43, 127, 22, 20, 61, 70, 2, 8, 40, 24, 67, 75, 19, 1, 60, 63, 91, 28, 10, 24, 2, 20, 1,
];

/// The rotation under which the worst stretch reads as language, if there is one.
fn caesar(text: &str, bad: &Region, budget: &mut Budget) -> Option<Deciphered> {
    const SAMPLE_BYTES: usize = 1024;
    const TRIED: usize = 3;
    let end = boundary::floor(
        text,
        bad.range.end.min(bad.range.start.saturating_add(SAMPLE_BYTES)),
    );
    let sample = text.get(bad.range.start..end)?;
    if !budget.work(sample.len() * (TRIED + 1)) {
        return None;
    }
    let mut histogram = [0_i32; 26];
    for byte in sample.bytes().filter(u8::is_ascii_alphabetic) {
        if let Some(count) = histogram.get_mut(usize::from(byte.to_ascii_lowercase() - b'a')) {
            *count += 1;
        }
    }
    let correlation = |by: usize| -> i32 {
        let places = FREQUENCIES.iter().cycle().skip(by);
        histogram
            .iter()
            .zip(places)
            .map(|(&count, &frequency)| count * frequency)
            .sum()
    };
    let mut rotations: Vec<usize> = (1..26).collect();
    rotations.sort_by_key(|&by| std::cmp::Reverse(correlation(by)));
    let (by, mean) = rotations
        .into_iter()
        .take(TRIED)
        .filter_map(|by| {
            let plain = rotated(sample, 0..sample.len(), by as u8, Transform::Caesar);
            Some((by, mean_likelihood(&plain.text)?))
        })
        .max_by_key(|&(_, mean)| mean)?;
    let gain = (mean - mean_likelihood(sample)?).saturating_mul(i32::try_from(sample.len()).ok()?);
    if mean < LANGUAGE_LEVEL || gain < GAIN_MIN {
        return None;
    }
    let range = widened(text, &bad.range);
    if !budget.work(range.len()) {
        return None;
    }
    let transform = if by == 13 {
        Transform::Rot13
    } else {
        Transform::Caesar
    };
    let stretch = Region {
        gain,
        range: bad.range.clone(),
    };
    let core = rotated(text, bad.range.start..end, by as u8, transform);
    Some(Deciphered {
        reading: rotated(text, range, by as u8, transform),
        stretch,
        reads: reads_as_language(&core.text),
    })
}
