//! Channels that no reader sees: tag characters, variation selectors, zero-width digits; and what shows otherwise than
//! it is stored: bidirectional overrides, deletions. All read the original text.

use super::characters::{Invisible, invisible};
use super::gate;
use super::invisibles::Facts;
use super::reading::{Pieces, Reading};
use super::rewriter::Rewriter;
use super::span_map::MapBuilder;
use super::view::Transform;
use std::ops::Range;

/// Zero-width characters that make two letters of eight digits; fewer cannot say a word.
const DIGITS_MIN: usize = 16;

/// Reads every hidden channel that the walk saw something of.
pub(crate) fn read(original: &str, facts: &Facts) -> Vec<Reading> {
    let mut readings = Vec::new();
    if facts.smuggled_tags > 0 {
        readings.extend(tag_characters(original));
    }
    if facts.selectors >= 4 {
        readings.extend(variation_selectors(original));
    }
    if facts.zero_width >= DIGITS_MIN {
        readings.extend(zero_width_binary(original));
    }
    if facts.overrides > 0 {
        readings.extend(bidi_override(original));
    }
    if facts.backspaces > 0 {
        readings.push(backspace(original));
    }
    readings
}

fn tag_characters(original: &str) -> Option<Reading> {
    let mut pieces = Pieces::default();
    let mut last_end = 0;
    for (at, character) in original.char_indices() {
        let code = u32::from(character);
        if let 0xE0020..=0xE007E = code
            && let Some(plain) = char::from_u32(code - 0xE0000)
        {
            if at != last_end && !pieces.text.is_empty() {
                pieces.gap(at);
            }
            pieces.push(plain, at..at + character.len_utf8());
            last_end = at + character.len_utf8();
        }
    }
    pieces.reading(Transform::TagCharacters)
}

fn variation_selectors(original: &str) -> Option<Reading> {
    let (bytes, spans) = collect(original, |character| match invisible(character) {
        Some(Invisible::Selector(byte)) => Some(byte),
        _ => None,
    });
    let direct = byte_reading(&bytes, &spans, 1, Transform::VariationSelectors);
    direct.or_else(|| digits_reading(&bytes, &spans, Transform::VariationSelectors))
}

fn zero_width_binary(original: &str) -> Option<Reading> {
    let mut alphabet: Vec<char> = Vec::new();
    let (digits, spans) = collect(original, |character| {
        let zero_width = matches!(
            invisible(character),
            Some(Invisible::ZeroWidth | Invisible::Joiner | Invisible::DirectionMark | Invisible::Filler)
        );
        if !zero_width {
            return None;
        }
        let known = alphabet.iter().position(|&known| known == character);
        let number = known.unwrap_or_else(|| {
            alphabet.push(character);
            alphabet.len() - 1
        });
        u8::try_from(number).ok()
    });
    // Number the digits by code point, not by first appearance.
    let ranks: Vec<u8> = alphabet
        .iter()
        .map(|one| u8::try_from(alphabet.iter().filter(|other| *other < one).count()).unwrap_or(u8::MAX))
        .collect();
    let digits: Vec<u8> = digits
        .iter()
        .map(|&digit| ranks.get(usize::from(digit)).copied().unwrap_or(0))
        .collect();
    digits_reading(&digits, &spans, Transform::ZeroWidthBinary)
}

fn collect(original: &str, mut digit: impl FnMut(char) -> Option<u8>) -> (Vec<u8>, Vec<Range<usize>>) {
    let mut digits = Vec::new();
    let mut spans = Vec::new();
    for (at, character) in original.char_indices() {
        if character.is_ascii() {
            continue;
        }
        if let Some(value) = digit(character) {
            digits.push(value);
            spans.push(at..at + character.len_utf8());
        }
    }
    (digits, spans)
}

/// Reads digits of some base as bytes. Two symbols: bits, either polarity, 8, 7 or 16 to a character. Three: two of
/// them bits, the third a separator. Four: two bits each. The first reading that is text counts.
fn digits_reading(digits: &[u8], spans: &[Range<usize>], transform: Transform) -> Option<Reading> {
    let mut symbols = digits.to_vec();
    symbols.sort_unstable();
    symbols.dedup();
    match *symbols.as_slice() {
        [zero, one] => [(zero, one), (one, zero)].into_iter().find_map(|(zero, one)| {
            [8, 7, 16].into_iter().find_map(|width| {
                let bytes = bits_to_bytes(
                    digits
                        .iter()
                        .filter(|&&d| d == zero || d == one)
                        .map(|&d| d == one),
                    width,
                );
                byte_reading(&bytes, spans, width, transform)
            })
        }),
        [a, b, c] => [(a, b, c), (b, a, c), (a, c, b), (c, a, b), (b, c, a), (c, b, a)]
            .into_iter()
            .find_map(|(zero, one, separator)| {
                let parts = digits.split(|&d| d == separator).filter(|part| !part.is_empty());
                let numbers = parts.map(|part| {
                    part.iter()
                        .fold(0_u32, |n, &d| (n << 1 | u32::from(d == one)) & 0xFFFF)
                });
                let text: Option<String> = numbers.map(char::from_u32).collect();
                let _ = zero;
                let text = text.filter(|text| text.len() >= 4 && gate::is_text(text))?;
                whole_reading(text, spans, transform)
            }),
        [a, b, c, d] => {
            let value = |digit: u8| [a, b, c, d].iter().position(|&s| s == digit).unwrap_or(0);
            let bits = digits
                .iter()
                .flat_map(|&digit| [value(digit) & 2 != 0, value(digit) & 1 != 0]);
            let bytes = bits_to_bytes(bits, 8);
            byte_reading(&bytes, spans, 4, transform)
                .or_else(|| whole_reading(gate::text_of(&bytes)?, spans, transform))
        }
        _ => None,
    }
}

fn bits_to_bytes(bits: impl Iterator<Item = bool>, width: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (mut value, mut count) = (0_u32, 0);
    for bit in bits {
        value = value << 1 | u32::from(bit);
        count += 1;
        if count == width {
            if width == 16 {
                bytes.push((value >> 8) as u8);
            }
            bytes.push((value & 0xFF) as u8);
            (value, count) = (0, 0);
        }
    }
    bytes
}

/// Bytes that are text, each character mapped to the `width` symbols a byte that spelled it.
fn byte_reading(bytes: &[u8], spans: &[Range<usize>], width: usize, transform: Transform) -> Option<Reading> {
    let text = gate::text_of(bytes)?;
    if text.len() != bytes.len() || width == 16 {
        return whole_reading(text, spans, transform);
    }
    let mut map = MapBuilder::new();
    for (at, character) in text.char_indices() {
        let first = spans.get(at * width)?;
        let last = spans.get((at + character.len_utf8()) * width - 1)?;
        map.whole(first.start..last.end, character.len_utf8());
    }
    let place = spans.first()?.start..spans.last()?.end;
    Some(Reading {
        text,
        map: map.finish(),
        transform,
        pieces: 1,
        place,
    })
}

fn whole_reading(text: String, spans: &[Range<usize>], transform: Transform) -> Option<Reading> {
    let mut map = MapBuilder::new();
    let place = spans.first()?.start..spans.last()?.end;
    map.whole(place.clone(), text.len());
    Some(Reading {
        text,
        map: map.finish(),
        transform,
        pieces: 1,
        place,
    })
}

/// Text between an override and its end, turned round: how the reader sees it.
fn bidi_override(original: &str) -> Option<Reading> {
    let mut rewriter = Rewriter::new(original);
    let mut open: Option<usize> = None;
    for (at, character) in original
        .char_indices()
        .chain(std::iter::once((original.len(), '\n')))
    {
        match character {
            '\u{202E}' if open.is_none() => open = Some(at + character.len_utf8()),
            '\u{202C}' | '\u{202D}' | '\n' => {
                if let Some(start) = open.take()
                    && let Some(inside) = original.get(start..at)
                {
                    let turned: String = inside.chars().rev().filter(|&c| invisible(c).is_none()).collect();
                    rewriter.replace(start..at, &turned);
                }
            }
            _ => {}
        }
    }
    rewriter.reading(Transform::BidiOverride)
}

/// Carries out backspaces and deletions on what stands before them, within the line.
fn backspace(original: &str) -> Reading {
    let mut kept: Vec<(usize, char)> = Vec::new();
    for (at, character) in original.char_indices() {
        if invisible(character) == Some(Invisible::Backspace) {
            if kept.last().is_some_and(|&(_, last)| last != '\n') {
                kept.pop();
            }
        } else {
            kept.push((at, character));
        }
    }
    let mut text = String::with_capacity(original.len());
    let mut map = MapBuilder::new();
    for (at, character) in kept {
        text.push(character);
        map.linear(at, character.len_utf8());
    }
    let place = 0..original.len();
    Reading {
        text,
        map: map.finish(),
        transform: Transform::Backspace,
        pieces: 1,
        place,
    }
}
