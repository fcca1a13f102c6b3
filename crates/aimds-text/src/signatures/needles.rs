//! Planted tokens: found wherever they come back, spelled apart, reversed or re-encoded.

use super::limits;
use crate::normalise::Normalised;
use aho_corasick::{AhoCorasick, MatchKind};
use std::ops::Range;

/// A planted token that came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeedleMatch {
    /// Index of the needle.
    pub needle: usize,
    /// Index of the view it stands in.
    pub view: usize,
    /// Bytes of the original text.
    pub span: Range<usize>,
    /// How it was written: `plain`, `reversed`, `rot13`, `hex`, `base64`.
    pub spelling: &'static str,
}

/// Finds planted tokens in every view. Letters and digits count, case and everything between them does not.
#[derive(Debug)]
pub struct NeedleScanner {
    automaton: Option<AhoCorasick>,
    patterns: Vec<(usize, &'static str)>,
}

impl NeedleScanner {
    /// Builds a scanner.
    ///
    /// # Errors
    /// Why a needle does not do: too many of them, or one too short to be told from chance.
    pub fn new(needles: &[String]) -> Result<Self, String> {
        if needles.len() > limits::NEEDLES_MAX {
            return Err(format!(
                "{} tokens, at most {} are allowed",
                needles.len(),
                limits::NEEDLES_MAX
            ));
        }
        let mut literals = Vec::new();
        let mut patterns = Vec::new();
        for (index, needle) in needles.iter().enumerate() {
            let plain = Squeezed::of(needle).text;
            if plain.len() < limits::NEEDLE_BYTES_MIN {
                let least = limits::NEEDLE_BYTES_MIN;
                return Err(format!(
                    "token {index} has {} letters and digits, at least {least} are needed",
                    plain.len()
                ));
            }
            for (spelling, text) in spellings(needle, &plain) {
                literals.push(text);
                patterns.push((index, spelling));
            }
        }
        let automaton = if literals.is_empty() {
            None
        } else {
            let built = AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostFirst)
                .build(&literals);
            Some(built.map_err(|error| error.to_string())?)
        };
        Ok(Self { automaton, patterns })
    }

    /// All tokens in all views, each place once, at most [`limits::MATCHES_MAX`].
    pub fn find(&self, text: &Normalised) -> Vec<NeedleMatch> {
        let Some(automaton) = &self.automaton else {
            return Vec::new();
        };
        let mut found: Vec<NeedleMatch> = Vec::new();
        for (view_index, view) in text.views.iter().enumerate() {
            let squeezed = Squeezed::of(&view.text);
            for hit in automaton.find_iter(&squeezed.text) {
                let Some((needle, spelling)) = self.patterns.get(hit.pattern().as_usize()) else {
                    continue;
                };
                let span = view.original_span(squeezed.source(hit.range(), &view.text));
                let known = found.iter().any(|one| {
                    one.needle == *needle && one.span.start < span.end && span.start < one.span.end
                });
                if !known {
                    found.push(NeedleMatch {
                        needle: *needle,
                        view: view_index,
                        span,
                        spelling,
                    });
                }
                if found.len() == limits::MATCHES_MAX {
                    return found;
                }
            }
        }
        found
    }
}

/// The letters and digits of a text in lower case, with their places.
struct Squeezed {
    text: String,
    places: Vec<u32>,
}

impl Squeezed {
    fn of(text: &str) -> Self {
        let mut out = Self {
            text: String::with_capacity(text.len()),
            places: Vec::with_capacity(text.len()),
        };
        for (at, character) in text
            .char_indices()
            .filter(|(_, character)| character.is_alphanumeric())
        {
            let before = out.text.len();
            if character.is_ascii() {
                out.text.push(character.to_ascii_lowercase());
            } else {
                out.text.extend(character.to_lowercase());
            }
            out.places
                .resize(out.places.len() + out.text.len() - before, at as u32);
        }
        out
    }

    fn source(&self, range: Range<usize>, source: &str) -> Range<usize> {
        let place = |index: usize| {
            self.places
                .get(index)
                .map_or(source.len(), |place| *place as usize)
        };
        let last = place(range.end.saturating_sub(1));
        let width = source
            .get(last..)
            .and_then(|rest| rest.chars().next())
            .map_or(0, char::len_utf8);
        place(range.start)..last + width
    }
}

/// The ways a token is written without a decoder having noticed, squeezed like the text.
fn spellings(needle: &str, plain: &str) -> Vec<(&'static str, String)> {
    let rotated: String = plain.chars().map(rotate).collect();
    let mut all = vec![
        ("plain", plain.to_owned()),
        ("reversed", plain.chars().rev().collect()),
        ("rot13", rotated),
        ("hex", hexadecimal(needle)),
    ];
    for shift in 0..3 {
        // The first and last digits depend on the neighbours of the token: they are left out.
        let mut bytes = vec![0u8; shift];
        bytes.extend_from_slice(needle.as_bytes());
        let digits = base64(&bytes);
        let inner = digits
            .get((shift * 8).div_ceil(6)..bytes.len() * 8 / 6)
            .unwrap_or_default();
        let squeezed = Squeezed::of(inner).text;
        if squeezed.len() >= limits::NEEDLE_BYTES_MIN {
            all.push(("base64", squeezed));
        }
    }
    all
}

fn hexadecimal(text: &str) -> String {
    const DIGITS: &[u8] = b"0123456789abcdef";
    let nibbles = text.bytes().flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles
        .filter_map(|nibble| DIGITS.get(usize::from(nibble)))
        .map(|digit| char::from(*digit))
        .collect()
}

fn rotate(letter: char) -> char {
    match letter {
        'a'..='m' => char::from(letter as u8 + 13),
        'n'..='z' => char::from(letter as u8 - 13),
        _ => letter,
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let block = (0..3).fold(0u32, |block, index| {
            block << 8 | chunk.get(index).copied().map_or(0, u32::from)
        });
        for place in (0..4).rev().take(chunk.len() + 1) {
            let digit = DIGITS
                .get((block >> (place * 6) & 63) as usize)
                .copied()
                .unwrap_or_default();
            out.push(char::from(digit));
        }
    }
    out
}
