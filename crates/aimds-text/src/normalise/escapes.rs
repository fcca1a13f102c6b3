//! Escapes that stand for one character each, replaced where they stand: percent, `\u`, `\x`, HTML entities,
//! quoted-printable.
//!
//! RFC 3986 (percent), ECMA-262 and Python string escapes, HTML Living Standard 13.5, RFC 2045 6.7.

use super::entities::named;
use super::reading::Reading;
use super::rewriter::Rewriter;
use super::view::Transform;
use memchr::memchr_iter;
use std::ops::Range;

/// Replaces percent escapes; `%uXXXX` is read as well.
pub(crate) fn percent(text: &str) -> Option<Reading> {
    bytes_in_place(text, b'%', Transform::Percent, |rest| match rest {
        [b'%', b'u' | b'U', digits @ ..] => Some(Unit::Code(hex(digits.get(..4)?)?, 6)),
        [b'%', digits @ ..] => Some(Unit::Byte(hex(digits.get(..2)?)? as u8, 3)),
        _ => None,
    })
}

/// Replaces backslash escapes. The name is that of the kind met first.
pub(crate) fn backslash(text: &str) -> Option<Reading> {
    let mut codes = false;
    let reading = bytes_in_place(text, b'\\', Transform::ByteEscape, |rest| {
        let unit = backslash_unit(rest)?;
        codes |= matches!(unit, Unit::Code(..));
        Some(unit)
    });
    let transform = if codes {
        Transform::UnicodeEscape
    } else {
        Transform::ByteEscape
    };
    reading.map(|reading| Reading { transform, ..reading })
}

/// Removes a backslash before every single character (`\I\g\n\o\r\e`), where enough stand side by side. Each means
/// the character itself there: a line break among them would be an `n`.
pub(crate) fn every_character(text: &str) -> Option<Reading> {
    const PAIRS_MIN: usize = 6; // TeX, paths and regular expressions quote fewer single characters side by side
    let bytes = text.as_bytes();
    let mut rewriter = Rewriter::new(text);
    let mut end = 0;
    for start in memchr_iter(b'\\', bytes) {
        if start < end {
            continue;
        }
        let mut letters = 0;
        let mut marks = Vec::new();
        end = start;
        while let Some((mark, character)) = quoted_at(text, end) {
            letters += usize::from(character.is_alphabetic());
            marks.push(mark);
            end = mark + 1 + character.len_utf8();
        }
        if marks.len() >= PAIRS_MIN && letters * 2 >= marks.len() {
            for mark in marks {
                rewriter.remove(mark..mark + 1);
            }
        }
    }
    rewriter.reading(Transform::QuotedCharacters)
}

/// A backslash at a place and the one character that it quotes.
fn quoted_at(text: &str, at: usize) -> Option<(usize, char)> {
    let mut rest = text.get(at..)?.chars();
    (rest.next()? == '\\').then_some(())?;
    rest.next()
        .filter(|&character| character != '\\')
        .map(|character| (at, character))
}

fn backslash_unit(rest: &[u8]) -> Option<Unit> {
    match rest {
        [b'\\', b'u', b'{', digits @ ..] => {
            let length = digits.iter().take(7).position(|&byte| byte == b'}')?;
            Some(Unit::Code(hex(digits.get(..length)?)?, length + 4))
        }
        [b'\\', b'u', digits @ ..] => Some(Unit::Code(hex(digits.get(..4)?)?, 6)),
        [b'\\', b'U', digits @ ..] => Some(Unit::Code(hex(digits.get(..8)?)?, 10)),
        [b'\\', b'x', digits @ ..] => Some(Unit::Byte(hex(digits.get(..2)?)? as u8, 4)),
        [b'\\', digits @ ..] => {
            let digits = digits.get(..3)?;
            let value = digits
                .iter()
                .try_fold(0_u32, |n, digit| Some(n * 8 + char::from(*digit).to_digit(8)?))?;
            u8::try_from(value).ok().map(|byte| Unit::Byte(byte, 4))
        }
        _ => None,
    }
}

/// Replaces `=XX` and joins soft line breaks.
pub(crate) fn quoted_printable(text: &str) -> Option<Reading> {
    let mut escapes = 0;
    let reading = bytes_in_place(text, b'=', Transform::QuotedPrintable, |rest| match rest {
        // `status=200`: what would be decoded is a digit, or a sign that parts words no better than the equals sign does.
        [b'=', b'2' | b'3', b'0'..=b'9', b'0'..=b'9', ..] => None,
        [b'=', b'\r', b'\n', ..] => Some(Unit::Nothing(3)),
        [b'=', b'\n', ..] => Some(Unit::Nothing(2)),
        [b'=', digits @ ..] => {
            let digits = digits.get(..2)?;
            if digits.iter().any(u8::is_ascii_lowercase) {
                return None; // the standard writes capitals; `=ab` is what an assignment looks like
            }
            escapes += 1;
            Some(Unit::Byte(hex(digits)? as u8, 3))
        }
        _ => None,
    });
    reading.filter(|_| escapes >= 2)
}

/// Replaces `U+XXXX` notation when there are enough of them to be a word.
pub(crate) fn code_points(text: &str) -> Option<Reading> {
    const CODES_MIN: usize = 4;
    let mut rewriter = Rewriter::new(text);
    let (mut count, mut end_before) = (0, usize::MAX);
    for at in memchr::memmem::find_iter(text.as_bytes(), b"U+") {
        let Some(rest) = text.as_bytes().get(at + 2..) else {
            break;
        };
        let length = rest
            .iter()
            .take(6)
            .take_while(|byte| byte.is_ascii_hexdigit())
            .count();
        let code = rest.get(..length).and_then(hex).and_then(char::from_u32);
        if let Some(character) = code.filter(|_| length >= 4) {
            let gap = text
                .get(end_before..at)
                .is_some_and(|gap| gap.len() <= 2 && gap.trim_matches([' ', ',']).is_empty());
            if gap {
                rewriter.skip_to(at);
            }
            rewriter.replace_character(at..at + 2 + length, character);
            end_before = at + 2 + length;
            count += 1;
        }
    }
    if count < CODES_MIN {
        return None;
    }
    rewriter.reading(Transform::UnicodeEscape)
}

/// Replaces HTML entities, numeric and named.
pub(crate) fn html_entities(text: &str) -> Option<Reading> {
    const ENTITY_BYTES_MAX: usize = 12; // the longest name of the table and the longest number fit
    let mut rewriter = Rewriter::new(text);
    let mut any = false;
    for at in memchr_iter(b'&', text.as_bytes()) {
        let Some(rest) = text.as_bytes().get(at + 1..) else {
            break;
        };
        let length = rest
            .iter()
            .take(ENTITY_BYTES_MAX)
            .take_while(|b| b.is_ascii_alphanumeric() || **b == b'#')
            .count();
        let Some(name) = text.get(at + 1..at + 1 + length) else {
            continue;
        };
        let closed = rest.get(length) == Some(&b';');
        let character = match name.strip_prefix('#') {
            Some(number) => numeric(number),
            None if closed => named(name),
            None => None,
        };
        if let Some(character) = character {
            rewriter.replace_character(at..at + 1 + length + usize::from(closed), character);
            any = true;
        }
    }
    if !any {
        return None;
    }
    rewriter.reading(Transform::HtmlEntities)
}

fn numeric(number: &str) -> Option<char> {
    let code = match number.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => number.parse().ok()?,
    };
    char::from_u32(code).filter(|&character| character != '\0')
}

fn hex(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u32, |n, digit| {
        n.checked_mul(16)?.checked_add(char::from(*digit).to_digit(16)?)
    })
}

/// What one escape stands for, and its length in bytes.
#[derive(Debug, Clone, Copy)]
enum Unit {
    Byte(u8, usize),
    Code(u32, usize),
    Nothing(usize),
}

/// Replaces every escape that begins with `mark`. Neighbouring escapes are read together: UTF-8 bytes and surrogate
/// pairs make one character of several.
fn bytes_in_place(
    text: &str,
    mark: u8,
    transform: Transform,
    mut unit_at: impl FnMut(&[u8]) -> Option<Unit>,
) -> Option<Reading> {
    let mut rewriter = Rewriter::new(text);
    let mut series: Vec<(u8, Range<usize>)> = Vec::new();
    let mut high: Option<(u32, usize)> = None;
    let (mut end, mut any) = (0, false);
    for at in memchr_iter(mark, text.as_bytes()) {
        if at < end {
            continue;
        }
        let Some(unit) = text.as_bytes().get(at..).and_then(&mut unit_at) else {
            continue;
        };
        if at != end {
            flush_series(&mut rewriter, &mut series);
            high = None;
        }
        any = true;
        match unit {
            Unit::Byte(byte, length) => {
                series.push((byte, at..at + length));
                end = at + length;
            }
            Unit::Nothing(length) => {
                flush_series(&mut rewriter, &mut series);
                rewriter.remove(at..at + length);
                end = at + length;
            }
            Unit::Code(code, length) => {
                flush_series(&mut rewriter, &mut series);
                end = at + length;
                match (high.take(), code) {
                    (_, 0xD800..=0xDBFF) => high = Some((code, at)),
                    (Some((first, start)), 0xDC00..=0xDFFF) => {
                        let pair = 0x10000 + ((first - 0xD800) << 10) + (code - 0xDC00);
                        replace_code(&mut rewriter, pair, start..end);
                    }
                    _ => replace_code(&mut rewriter, code, at..end),
                }
            }
        }
    }
    flush_series(&mut rewriter, &mut series);
    if !any {
        return None;
    }
    rewriter.reading(transform)
}

fn replace_code(rewriter: &mut Rewriter<'_>, code: u32, range: Range<usize>) {
    if let Some(character) = char::from_u32(code).filter(|&character| character != '\0') {
        rewriter.replace_character(range, character);
    }
}

/// Writes a series of byte escapes: as UTF-8 where it is, else byte by byte as Latin-1; control bytes stay escaped.
fn flush_series(rewriter: &mut Rewriter<'_>, series: &mut Vec<(u8, Range<usize>)>) {
    let bytes: Vec<u8> = series.iter().map(|(byte, _)| *byte).collect();
    let mut at = 0;
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            put(rewriter, series, at, character.len_utf8(), character);
            at += character.len_utf8();
        }
        for &byte in chunk.invalid() {
            put(rewriter, series, at, 1, char::from(byte));
            at += 1;
        }
    }
    series.clear();
}

fn put(
    rewriter: &mut Rewriter<'_>,
    series: &[(u8, Range<usize>)],
    at: usize,
    length: usize,
    character: char,
) {
    if character.is_control() && !matches!(character, '\n' | '\r' | '\t') {
        return;
    }
    if let (Some((_, first)), Some((_, last))) = (series.get(at), series.get(at + length - 1)) {
        rewriter.replace_character(first.start..last.end, character);
    }
}
