//! Runs of characters that spell bytes: base64, base32, hexadecimal, binary.
//!
//! RFC 4648 (base16, base32, base64). A run becomes a piece of the
//! view only if its bytes are text; before a long run is decoded, samples of it must be.

use super::gate;
use super::limits::Budget;
use super::reading::{Pieces, Reading};
use super::tokens::{self, Token, Tokens};
use super::view::Transform;
use data_encoding::{Encoding, Specification};
use std::ops::Range;
use std::sync::LazyLock;

/// Shortest run that is tried whatever its letters: eight bytes of hex, twelve of base64.
const RUN_BYTES_MIN: usize = 16;

/// Shortest run that is tried when its letters already look encoded: "ignore" in base64.
const ODD_RUN_BYTES_MIN: usize = 8;

/// A line this long that ends in a line break may continue in the next one (MIME breaks at 76, PEM at 64).
const WRAPPED_LINE_BYTES_MIN: usize = 32;

/// Runs longer than this are sampled first: images and archives must not cost a full decoding.
const SAMPLED_BYTES_MIN: usize = 512;
const SAMPLE_BYTES: usize = 64;

const LOWER: u8 = 1;
const UPPER: u8 = 2;
const DIGIT: u8 = 4;
const SIGN: u8 = 8;
const HEX: u8 = 16;
const BASE32: u8 = 32;
const BINARY: u8 = 64;

static MASKS: [u8; 256] = masks();

const fn masks() -> [u8; 256] {
    let mut masks = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let value = byte as u8;
        let mask = match value {
            b'0' | b'1' => DIGIT | HEX | BINARY,
            b'2'..=b'7' => DIGIT | HEX | BASE32,
            b'8' | b'9' => DIGIT | HEX,
            b'a'..=b'f' => LOWER | HEX | BASE32,
            b'g'..=b'z' => LOWER | BASE32,
            b'A'..=b'F' => UPPER | HEX | BASE32,
            b'G'..=b'Z' => UPPER | BASE32,
            b'+' | b'/' | b'-' | b'_' => SIGN,
            _ => 0,
        };
        #[expect(
            clippy::indexing_slicing,
            reason = "a constant loop over the length of the array"
        )]
        {
            masks[byte] = mask;
        }
        byte += 1;
    }
    masks
}

/// Builds a tolerant codec: trailing bits are not checked, nothing is padded, both cases or alphabets are read.
fn tolerant(symbols: &str, from: &str, to: &str) -> Option<Encoding> {
    let mut specification = Specification::new();
    specification.symbols.push_str(symbols);
    specification.check_trailing_bits = false;
    specification.translate.from.push_str(from);
    specification.translate.to.push_str(to);
    specification.ignore.push_str(" \r\n\t");
    specification.encoding().ok()
}

static BASE64: LazyLock<Option<Encoding>> = LazyLock::new(|| {
    tolerant(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
        "-_",
        "+/",
    )
});
static BASE32_CODEC: LazyLock<Option<Encoding>> = LazyLock::new(|| {
    tolerant(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        "abcdefghijklmnopqrstuvwxyz",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    )
});
static HEX_CODEC: LazyLock<Option<Encoding>> =
    LazyLock::new(|| tolerant("0123456789abcdef", "ABCDEF", "abcdef"));

/// One maximal run of base64 characters.
#[derive(Debug, Clone)]
struct Run {
    range: Range<usize>,
    any: u8,
    all: u8,
    /// Changes from a small letter to a capital or a digit: words have few, encoded bytes many.
    turns: usize,
}

/// The four views that runs of bytes can make.
#[derive(Debug, Default)]
struct Found {
    base64: Pieces,
    base32: Pieces,
    hex: Pieces,
    binary: Pieces,
}

/// Decodes every run of a text that spells text. Also says how many runs have capitals inside, as words run together do.
pub(crate) fn read(text: &str, tokens: &Tokens<'_>, budget: &mut Budget) -> (Vec<Reading>, usize) {
    let mut found = Found::default();
    // Lines that may go on: all of them, and the last as a run of its own.
    let mut open: Option<(Range<usize>, Run)> = None;
    let mut camels = 0;
    for_each_run(text, tokens, |run| {
        camels += usize::from(run.turns >= 2);
        let mut range = run.range.clone();
        if let Some((lines, last)) = open.take() {
            if only_line_break(text, lines.end..range.start) {
                range.start = lines.start;
            } else if !lines_or_run(text, &last, lines, &mut found, budget) {
                return false;
            }
        }
        if run.range.len() >= WRAPPED_LINE_BYTES_MIN && line_ends_at(text, run.range.end) {
            open = Some((range, run));
            return true;
        }
        lines_or_run(text, &run, range, &mut found, budget)
    });
    if let Some((lines, last)) = open.take() {
        lines_or_run(text, &last, lines, &mut found, budget);
    }
    let Found {
        base64,
        base32,
        hex,
        binary,
    } = found;
    let readings = [
        base64.reading(Transform::Base64),
        base32.reading(Transform::Base32),
        hex.reading(Transform::Hex),
        binary.reading(Transform::Binary),
    ]
    .into_iter()
    .flatten()
    .collect();
    (readings, camels)
}

/// Calls `visit` with every run that could be encoded, until it says stop.
fn for_each_run(text: &str, tokens: &Tokens<'_>, mut visit: impl FnMut(Run) -> bool) {
    let mixed =
        |token: &Token<'_>| token.has(tokens::DIGIT) || token.has(tokens::UPPER) && token.has(tokens::LOWER);
    for token in tokens
        .with(tokens::DIGIT | tokens::UPPER, ODD_RUN_BYTES_MIN..=usize::MAX)
        .filter(mixed)
    {
        let after = text.as_bytes().get(token.end()).copied().unwrap_or(b'\0');
        if !runs_of_token(&token, after, &mut visit) {
            return;
        }
    }
}

/// The runs of one word; `after` is the byte that follows it.
fn runs_of_token(token: &Token<'_>, after: u8, visit: &mut impl FnMut(Run) -> bool) -> bool {
    let (mut start, mut any, mut all, mut turns, mut previous) = (0, 0_u8, u8::MAX, 0_usize, 0_u8);
    for (at, byte) in token.text.bytes().chain(std::iter::once(after)).enumerate() {
        let mask = MASKS.get(usize::from(byte)).copied().unwrap_or(0);
        if mask != 0 {
            turns += usize::from(previous & LOWER != 0 && mask & (UPPER | DIGIT) != 0);
            any |= mask;
            all &= mask;
        } else {
            let length = at - start;
            if length >= ODD_RUN_BYTES_MIN {
                let mixed = any & DIGIT != 0 || any & (UPPER | LOWER) == UPPER | LOWER;
                let odd = turns >= 2 || byte == b'=' || turns > 0 && length % 4 == 0;
                if mixed
                    && (length >= RUN_BYTES_MIN || odd)
                    && !visit(Run {
                        range: token.start + start..token.start + at,
                        any,
                        all,
                        turns,
                    })
                {
                    return false;
                }
            }
            (start, any, all, turns) = (at + 1, 0, u8::MAX, 0);
        }
        previous = mask;
    }
    true
}

fn only_line_break(text: &str, gap: Range<usize>) -> bool {
    const GAP_BYTES_MAX: usize = 16; // a line break and some indentation
    gap.len() <= GAP_BYTES_MAX && text.get(gap).is_some_and(|gap| gap.trim().is_empty())
}

fn line_ends_at(text: &str, position: usize) -> bool {
    matches!(text.as_bytes().get(position), Some(b'\n' | b'\r'))
}

/// Lines that together are one base64 or hexadecimal text; if they are not, the last is tried alone.
fn lines_or_run(text: &str, run: &Run, lines: Range<usize>, found: &mut Found, budget: &mut Budget) -> bool {
    if lines == run.range {
        return one_run(text, run, found, budget);
    }
    if !budget.work(lines.len()) {
        return false;
    }
    let body = text.get(lines.clone()).unwrap_or_default();
    if run.all & HEX != 0
        && let Some(decoded) = decode(&HEX_CODEC, body, 2)
    {
        return keep(&mut found.hex, &decoded, lines, budget);
    }
    match decode(&BASE64, body, 4) {
        Some(decoded) => keep(&mut found.base64, &decoded, lines, budget),
        None => one_run(text, run, found, budget),
    }
}

fn one_run(text: &str, run: &Run, found: &mut Found, budget: &mut Budget) -> bool {
    if !budget.work(run.range.len()) {
        return false;
    }
    let range = run.range.clone();
    let Some(body) = text.get(range.clone()) else {
        return true;
    };
    let length = body.len();
    if run.all & BINARY != 0 {
        return match binary_text(body) {
            Some(decoded) => keep(&mut found.binary, &decoded, range, budget),
            None => true,
        };
    }
    if run.all & HEX != 0 && length % 2 == 0 && length >= RUN_BYTES_MIN {
        if let Some(decoded) = decode(&HEX_CODEC, body, 2) {
            return keep(&mut found.hex, &decoded, range, budget);
        }
    } else if let Some(digits) = body.strip_prefix("0x").or_else(|| body.strip_prefix("0X"))
        && let Some(decoded) = decode(&HEX_CODEC, digits, 2)
    {
        return keep(&mut found.hex, &decoded, range, budget);
    }
    let one_case = run.any & (UPPER | LOWER) != UPPER | LOWER;
    if run.all & BASE32 != 0
        && one_case
        && length >= RUN_BYTES_MIN
        && let Some(decoded) = decode(&BASE32_CODEC, body, 8)
    {
        return keep(&mut found.base32, &decoded, range, budget);
    }
    if one_case && run.turns < 3 {
        return true; // base64 of text mixes small letters and capitals
    }
    if let Some(decoded) = decode(&BASE64, body, 4) {
        return keep(&mut found.base64, &decoded, range, budget);
    }
    if run.any & SIGN != 0 {
        base64_parts(body, &range, found, budget)
    } else {
        true
    }
}

/// A run that fails as a whole may hold a text between slashes or dashes, as in a path.
fn base64_parts(body: &str, range: &Range<usize>, found: &mut Found, budget: &mut Budget) -> bool {
    if !budget.work(body.len()) {
        return false;
    }
    let mut at = 0;
    for part in body.split(['/', '-', '_', '+']) {
        let start = range.start + at;
        at += part.len() + 1;
        if part.len() >= RUN_BYTES_MIN
            && let Some(decoded) = decode(&BASE64, part, 4)
            && !keep(&mut found.base64, &decoded, start..start + part.len(), budget)
        {
            return false;
        }
    }
    true
}

/// Takes a decoded piece in, if the budget allows; says whether to go on.
pub(crate) fn keep(pieces: &mut Pieces, decoded: &str, range: Range<usize>, budget: &mut Budget) -> bool {
    if pieces.length().saturating_add(decoded.len()) > budget.output_left() {
        return budget.note(super::limits::Bound::Output);
    }
    if !budget.candidate() {
        return false;
    }
    pieces.piece(decoded, range);
    true
}

/// The text that a run spells. `block` is the number of characters that stand for whole bytes.
fn decode(codec: &LazyLock<Option<Encoding>>, run: &str, block: usize) -> Option<String> {
    let codec = codec.as_ref()?;
    if run.len() > SAMPLED_BYTES_MIN {
        let middle = run.len() / 2 / block * block;
        let last = (run.len() - SAMPLE_BYTES) / block * block;
        let sampled = [0, middle, last].into_iter().any(|start| {
            let sample = run.get(start..start + SAMPLE_BYTES / block * block);
            sample
                .and_then(|sample| bytes_of(codec, sample))
                .is_some_and(|bytes| gate::text_of(&bytes).is_some())
        });
        if !sampled {
            return None;
        }
    }
    gate::text_of(&bytes_of(codec, run)?)
}

/// The bytes of a run; a last character that cannot belong to any byte is left off.
fn bytes_of(codec: &Encoding, run: &str) -> Option<Vec<u8>> {
    (0..3).find_map(|cut| {
        codec
            .decode(run.as_bytes().get(..run.len().checked_sub(cut)?)?)
            .ok()
    })
}

fn binary_text(body: &str) -> Option<String> {
    const BITS_MIN: usize = 32;
    if body.len() < BITS_MIN || !body.len().is_multiple_of(8) {
        return None;
    }
    let bytes: Vec<u8> = body
        .as_bytes()
        .chunks_exact(8)
        .map(|bits| {
            bits.iter()
                .fold(0_u8, |byte, &bit| byte << 1 | u8::from(bit == b'1'))
        })
        .collect();
    gate::text_of(&bytes)
}
