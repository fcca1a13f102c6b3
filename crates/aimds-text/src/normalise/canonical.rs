//! Canonical text: invisible characters removed, NFKC (UAX #15), odd spaces and line ends made plain; case is kept.

use super::characters::{Invisible, enclosing_mark, invisible, negative_letter, surely_normal};
use super::invisibles::{Facts, InvisibleRun};
use super::limits::{Bound, Budget, OUTPUT_BYTES_FLOOR};
use super::span_map::{MapBuilder, SpanMap};
use super::tricks::TrickLog;
use super::view::TrickKind;
use std::ops::Range;
use unicode_normalization::char::{canonical_combining_class, decompose_compatible};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

/// Marks on one letter that some language needs (pointed Hebrew with accents, Vietnamese, vocalised Arabic). More is a
/// flood, and a flood is dropped whole.
const MARKS_MAX: usize = 4;

/// How much longer than the original the canonical text may become: honest text shrinks or grows by a tenth. What would
/// go beyond stays as it is.
const GROWTH_MAX: usize = 2;

/// Bytes of clean ASCII looked at in one step.
const STRIDE: usize = 32;

/// The canonical text, its map to the original, and what was seen on the way.
#[derive(Debug)]
pub(crate) struct Canonical {
    pub(crate) text: String,
    pub(crate) map: SpanMap,
    pub(crate) facts: Facts,
    pub(crate) changed: bool,
}

/// Makes the canonical text. Tricks with invisible characters, styled letters and marks go to `log`.
pub(crate) fn canonicalise(original: &str, budget: &mut Budget, log: &mut TrickLog) -> Canonical {
    let first = plain_length(original.as_bytes());
    if first == original.len() {
        let text = original.to_owned();
        return Canonical {
            text,
            map: SpanMap::Identity,
            facts: Facts::default(),
            changed: false,
        };
    }
    let mut walker = Walker::new(
        original,
        original.len().saturating_mul(GROWTH_MAX).max(OUTPUT_BYTES_FLOOR),
    );
    walker.run();
    walker.facts.judge(log);
    if walker.overflow {
        budget.note(Bound::Output);
    }
    for (span, count) in std::mem::take(&mut walker.floods) {
        log.add(TrickKind::CombiningFlood, span, count, 0.6);
    }
    let changed = walker.text != original;
    Canonical {
        text: walker.text,
        map: walker.map.finish(),
        facts: walker.facts,
        changed,
    }
}

/// How many bytes from the start are ASCII that stays as it is.
fn plain_length(bytes: &[u8]) -> usize {
    let mut length = 0;
    for chunk in bytes.chunks(STRIDE) {
        if !chunk.iter().fold(true, |plain, &byte| plain & stays(byte)) {
            return length + chunk.iter().take_while(|&&byte| stays(byte)).count();
        }
        length += chunk.len();
    }
    length
}

const fn stays(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7E | 0x09..=0x0D)
}

/// One pass over the original.
struct Walker<'a> {
    original: &'a str,
    text: String,
    map: MapBuilder,
    /// A character that begins a normalisation segment, and the marks that follow it.
    segment: String,
    segment_source: Range<usize>,
    segment_characters: usize,
    segment_normal: bool,
    marks: usize,
    run: InvisibleRun,
    facts: Facts,
    floods: Vec<(Range<usize>, usize)>,
    output_max: usize,
    overflow: bool,
}

impl<'a> Walker<'a> {
    fn new(original: &'a str, output_max: usize) -> Self {
        Self {
            original,
            text: String::with_capacity(original.len()),
            map: MapBuilder::new(),
            segment: String::new(),
            segment_source: 0..0,
            segment_characters: 0,
            segment_normal: true,
            marks: 0,
            run: InvisibleRun::default(),
            facts: Facts::default(),
            floods: Vec::new(),
            output_max,
            overflow: false,
        }
    }

    fn run(&mut self) {
        let mut at = 0;
        while let Some(rest) = self.original.get(at..) {
            let plain = plain_length(rest.as_bytes());
            if plain > 0 {
                self.plain(at, plain);
                at += plain;
            }
            let Some(character) = self.original.get(at..).and_then(|rest| rest.chars().next()) else {
                break;
            };
            let end = at + character.len_utf8();
            at = if let Some(kind) = invisible(character) {
                self.hidden(kind, character, at..end)
            } else {
                self.visible(character, at..end);
                end
            };
        }
        self.facts.close_run(&mut self.run, None);
        self.flush();
    }

    /// A stretch of ASCII that stays: copied, its last character held back for marks that may follow.
    fn plain(&mut self, at: usize, length: usize) {
        let Some(stretch) = self.original.get(at..at + length) else {
            return;
        };
        let bytes = stretch.as_bytes();
        self.facts
            .close_run(&mut self.run, bytes.first().map(|&byte| char::from(byte)));
        self.facts.ascii_letters += bytes.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
        self.facts.after_plain(bytes);
        self.flush();
        if let Some((body, last)) = stretch.split_at_checked(length - 1) {
            self.text.push_str(body);
            self.map.linear(at, body.len());
            self.segment.push_str(last);
            self.segment_source = at + length - 1..at + length;
            self.segment_characters = 1;
        }
    }

    /// An invisible character: noted and left out. Terminal colour codes go with their escape. Returns where to go on.
    fn hidden(&mut self, kind: Invisible, character: char, span: Range<usize>) -> usize {
        let mut end = span.end;
        if character == '\u{1B}' {
            end += escape_length(self.original.get(span.end..).unwrap_or_default().as_bytes());
        }
        self.run.add(kind, character, &span, self.facts.previous);
        end
    }

    fn visible(&mut self, character: char, span: Range<usize>) {
        self.facts.close_run(&mut self.run, Some(character));
        self.facts.see(character, &span);
        let plain = match character {
            '\u{85}' | '\u{2028}' | '\u{2029}' => Some('\n'),
            '\u{1680}' => Some(' '),
            _ => negative_letter(character),
        };
        if let Some(plain) = plain {
            // It begins a segment like the character it stands for: marks that follow belong to it.
            self.flush();
            self.segment.push(plain);
            self.segment_source = span;
            self.segment_characters = 1;
            self.segment_normal = false;
            return;
        }
        let surely = surely_normal(character);
        let normal = surely || is_nfkc_quick(std::iter::once(character)) == IsNormalized::Yes;
        if surely || begins_segment(character) {
            self.flush();
            self.segment_source = span.start..span.start;
        } else if canonical_combining_class(character) != 0 || enclosing_mark(character) {
            // Some marks are two in one; they count as what they decompose to.
            decompose_compatible(character, |_| self.marks += 1);
        }
        if self.segment_characters == 0 {
            self.segment_source = span.start..span.start;
        }
        self.segment.push(character);
        self.segment_source.end = span.end;
        self.segment_characters += 1;
        self.segment_normal &= normal && self.segment_characters == 1;
    }

    /// Writes the segment, normalised.
    fn flush(&mut self) {
        let characters = std::mem::replace(&mut self.segment_characters, 0);
        if characters == 0 {
            return;
        }
        let segment = std::mem::take(&mut self.segment);
        let source = self.segment_source.clone();
        let normal = std::mem::replace(&mut self.segment_normal, true);
        let marks = std::mem::replace(&mut self.marks, 0);
        let limited = self.text.len().saturating_add(segment.len().saturating_mul(11)) > self.output_max;
        if marks > MARKS_MAX {
            self.floods.push((source.clone(), marks));
            self.facts.floods += 1;
            let base = segment
                .chars()
                .filter(|&c| canonical_combining_class(c) == 0 && !enclosing_mark(c));
            let before = self.text.len();
            self.text.extend(base.take(MARKS_MAX).nfkc());
            self.map.whole(source, self.text.len() - before);
        } else if normal && source.len() == segment.len() || limited {
            self.overflow |= limited && !normal;
            self.text.push_str(&segment);
            if source.len() == segment.len() {
                self.map.linear(source.start, segment.len());
            } else {
                self.map.whole(source, segment.len());
            }
        } else {
            let before = self.text.len();
            self.text.extend(segment.nfkc());
            self.map.whole(source, self.text.len() - before);
        }
        self.segment = segment;
        self.segment.clear();
    }
}

/// Whether nothing that stands before can combine with this character (UAX #15 section 9: a starter, also after its
/// decomposition, that no composition takes as second character).
fn begins_segment(character: char) -> bool {
    let mut first = None;
    decompose_compatible(character, |part| {
        first.get_or_insert(part);
    });
    let first = first.unwrap_or(character);
    !enclosing_mark(character)
        && canonical_combining_class(first) == 0
        && is_nfkc_quick(std::iter::once(first)) != IsNormalized::Maybe
}

/// Length of what follows an escape character in a terminal control sequence (ECMA-48 CSI), 0 if it is none.
fn escape_length(rest: &[u8]) -> usize {
    const PARAMETERS_MAX: usize = 32; // colours need under 20; a longer one is no honest sequence
    if rest.first() != Some(&b'[') {
        return 0;
    }
    let parameters = rest
        .iter()
        .skip(1)
        .take(PARAMETERS_MAX)
        .take_while(|byte| matches!(byte, 0x20..=0x3F))
        .count();
    match rest.get(1 + parameters) {
        Some(0x40..=0x7E) => parameters + 2,
        _ => 0,
    }
}
