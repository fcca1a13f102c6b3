//! Decodes what was decoded, breadth first, until nothing new turns up or a bound is hit.

use super::base85;
use super::blobs;
use super::ciphers;
use super::codes;
use super::escapes;
use super::invisibles::Facts;
use super::language::{Features, features, reads_as_language};
use super::limits::{Bound, Budget, Limits};
use super::markup;
use super::reading::Reading;
use super::signs;
use super::spelling;
use super::tokens::Tokens;
use super::tricks::TrickLog;
use super::view::{Transform, TrickKind, View};
use std::ops::Range;

/// Passes that all decoders together make over one view, counted against the work budget at once: nearly three inputs' worth of
/// views is decoded, the rest of a text made of nothing but decoys is not, and that is told.
const PASSES: usize = 16;

/// Ciphers gain this much (eighths of a bit) before they count as deliberate: chance and foreign words stay below.
const CIPHER_GAIN_SURE: i32 = 320;

/// A view still to be decoded further.
struct Task {
    view: usize,
    depth: usize,
}

/// The views so far and what may still be spent on more.
pub(crate) struct Explorer<'a> {
    original: &'a str,
    views: Vec<View>,
    queue: Vec<Task>,
    depth_max: usize,
    budget: &'a mut Budget,
    log: &'a mut TrickLog,
}

impl<'a> Explorer<'a> {
    pub(crate) fn new(
        original: &'a str,
        canonical: View,
        limits: &Limits,
        budget: &'a mut Budget,
        log: &'a mut TrickLog,
    ) -> Self {
        let views = vec![canonical];
        Self {
            original,
            views,
            queue: vec![Task { view: 0, depth: 0 }],
            depth_max: limits.depth_max,
            budget,
            log,
        }
    }

    /// Takes up what a hidden channel of the original says.
    pub(crate) fn take_hidden(&mut self, reading: Reading) {
        let kind = match reading.transform {
            Transform::TagCharacters => Some(TrickKind::TagCharacters),
            Transform::VariationSelectors => Some(TrickKind::VariationSelectors),
            Transform::ZeroWidthBinary => Some(TrickKind::ZeroWidthBinary),
            _ => None,
        };
        let span = reading.place.clone();
        let speaks = reading.text.chars().filter(|c| c.is_alphanumeric()).count() >= 4;
        if self.take(None, reading, 1)
            && speaks
            && let Some(kind) = kind
        {
            self.log.add(kind, span, 1, 0.95);
        }
    }

    /// Takes up a reading of the canonical text that tidies characters.
    pub(crate) fn take_canonical(&mut self, reading: Reading) {
        let turned = reading.transform == Transform::UpsideDown;
        let sure = turned && reads_as_language(&reading.text);
        let span = self.place(0, &reading);
        if self.take(Some(0), reading, usize::from(turned)) && turned {
            self.log
                .add(TrickKind::UpsideDown, span, 1, if sure { 0.6 } else { 0.0 });
        }
    }

    /// Takes up a reading of the original text (`parent` none) or of a view, if it is new and fits.
    pub(crate) fn take(&mut self, parent: Option<usize>, reading: Reading, depth: usize) -> bool {
        let Reading {
            text,
            map,
            transform,
            pieces,
            ..
        } = reading;
        if text.is_empty() || text == self.original || self.views.iter().any(|view| view.text == text) {
            return false;
        }
        if depth > self.depth_max {
            return self.budget.note(Bound::Depth);
        }
        for _ in 0..pieces.min(1) {
            if !self.budget.candidate() {
                return false;
            }
        }
        if !self.budget.output(text.len()) {
            return false;
        }
        let (mut chain, map) = match parent.and_then(|parent| self.views.get(parent)) {
            Some(parent) => (parent.chain.clone(), map.through(&parent.map, text.len())),
            None => (Vec::new(), map),
        };
        chain.push(transform);
        self.queue.push(Task {
            view: self.views.len(),
            depth,
        });
        self.views.push(View { text, chain, map });
        true
    }

    /// Decodes until the queue is empty; returns the views.
    pub(crate) fn run(mut self, facts: &Facts) -> Vec<View> {
        let mut next = 0;
        while let Some(&Task { view, depth }) = self.queue.get(next) {
            next += 1;
            let Some(text) = self.views.get(view).map(|view| view.text.clone()) else {
                break;
            };
            if text.len() < TEXT_BYTES_MIN {
                continue;
            }
            if !self.budget.work(text.len().saturating_mul(PASSES)) {
                break;
            }
            self.decode(view, &text, depth, facts);
        }
        self.views
    }

    fn decode(&mut self, view: usize, text: &str, depth: usize, facts: &Facts) {
        let features = features(text);
        let tokens = Tokens::of(text);
        let deeper = depth + 1;
        let steps = self.views.get(view).map(|view| view.chain.as_slice());
        // Leet has no digits and signs left that could be codes or markup; what it was made of is decoded for itself. Its capitals
        // are not counted there: one word of them is enough to have them looked for.
        let camels = if steps.and_then(<[_]>::last) == Some(&Transform::Leet) {
            1
        } else {
            self.decode_codes(view, text, &tokens, &features, depth, facts)
        };
        for spelling::Respelled {
            reading,
            count,
            deliberate,
        } in spelling::read(text, &tokens, &features, camels)
        {
            let kind = match reading.transform {
                Transform::Leet => Some(TrickKind::Leet),
                Transform::SpacedLetters => Some(TrickKind::SpacedLetters),
                _ => None,
            };
            let span = self.place(view, &reading);
            if self.take(Some(view), reading, deeper)
                && let Some(kind) = kind
            {
                self.log.add(kind, span, count, deliberate);
            }
        }
        for ciphers::Deciphered {
            reading,
            stretch,
            reads,
        } in ciphers::read(text, &features, self.budget)
        {
            let sure = stretch.gain >= CIPHER_GAIN_SURE
                && ciphers::unreadable(text, stretch.range.clone())
                && !self.guessed_away(view, stretch.range)
                && (reads || reads_as_language(&reading.text));
            let span = self.place(view, &reading);
            if self.take(Some(view), reading, deeper) && sure {
                self.log.add(TrickKind::Cipher, span, 1, 0.6);
            }
        }
    }

    /// Undoes encodings and markup; returns the number of words with capitals inside.
    fn decode_codes(
        &mut self,
        view: usize,
        text: &str,
        tokens: &Tokens<'_>,
        features: &Features,
        depth: usize,
        facts: &Facts,
    ) -> usize {
        let deeper = depth + 1;
        let (runs, camels) = blobs::read(text, tokens, self.budget);
        for reading in runs {
            self.encoded(view, reading, deeper);
        }
        if features.specials >= 3
            && let Some(reading) = base85::read(text, tokens, self.budget)
        {
            self.encoded(view, reading, deeper);
        }
        for reading in in_place(text, tokens, features)
            .into_iter()
            .chain(codes::numbers(text, tokens))
        {
            self.encoded(view, reading, deeper);
        }
        // No encoding: the characters stand in plain sight, so the text is judged as it stands too.
        if let Some(reading) = escapes::every_character(text) {
            self.take(Some(view), reading, deeper);
        }
        if depth == 0 && facts.braille > 0 {
            self.maybe(view, signs::braille(text), deeper);
        }
        if depth == 0 && facts.regional_indicators > 0 {
            self.regional(view, text, deeper);
        }
        self.markup(view, text, deeper);
        camels
    }

    /// Whether a stretch of a view reads well in the original, and only our own guesses made it unreadable: a second cipher
    /// then merely undoes the first.
    fn guessed_away(&self, view: usize, stretch: Range<usize>) -> bool {
        self.views.get(view).is_some_and(|view| {
            view.chain.iter().any(|step| is_guess(*step))
                && !ciphers::unreadable(self.original, view.original_span(stretch))
        })
    }

    fn maybe(&mut self, view: usize, reading: Option<Reading>, depth: usize) {
        if let Some(reading) = reading {
            self.encoded(view, reading, depth);
        }
    }

    /// An encoding: worth a finding (of little weight) when what it says reads as language and was not readable before.
    fn encoded(&mut self, view: usize, reading: Reading, depth: usize) {
        let in_passing = matches!(
            reading.transform,
            Transform::Percent
                | Transform::HtmlEntities
                | Transform::QuotedPrintable
                | Transform::ByteEscape
                | Transform::UnicodeEscape
        );
        let parent = self
            .views
            .get(view)
            .map(|view| view.text.as_str())
            .unwrap_or_default();
        // Escapes are ordinary in URLs and markup; only a text that was mostly escapes was hidden by them.
        let hides =
            !in_passing || reading.place.len() * 2 > parent.len() && reading.text.len() * 2 < parent.len();
        let speaks = hides && reads_as_language(&reading.text);
        let (span, count) = (self.place(view, &reading), reading.pieces);
        if self.take(Some(view), reading, depth) {
            self.log.add(
                TrickKind::EncodedText,
                span,
                count,
                if speaks { 0.5 } else { 0.0 },
            );
        }
    }

    fn regional(&mut self, view: usize, text: &str, depth: usize) {
        let Some(reading) = signs::regional_indicators(text) else {
            return;
        };
        let span = self.place(view, &reading);
        if self.take(Some(view), reading, depth) {
            self.log.add(TrickKind::RegionalIndicators, span, 1, 0.6);
        }
    }

    fn markup(&mut self, view: usize, text: &str, depth: usize) {
        let found = markup::read(text);
        for range in found.traceless {
            let span = self
                .views
                .get(view)
                .map_or(0..0, |view| view.original_span(range));
            self.log.add(TrickKind::HiddenMarkup, span, 1, 0.6);
        }
        for reading in found.readings {
            self.take(Some(view), reading, depth);
        }
    }

    /// The place in the original that a reading of a view changed.
    fn place(&self, view: usize, reading: &Reading) -> Range<usize> {
        self.views
            .get(view)
            .map_or(0..0, |view| view.original_span(reading.place.clone()))
    }
}

/// Whether a step can turn honest text into noise: it is taken on statistics alone, and nothing in the text calls for it.
fn is_guess(step: Transform) -> bool {
    matches!(
        step,
        Transform::Rot13
            | Transform::Caesar
            | Transform::Atbash
            | Transform::Reverse
            | Transform::ReverseWords
            | Transform::Leet
    )
}

/// Nothing shorter can hide a word.
const TEXT_BYTES_MIN: usize = 4;

/// Escapes that are replaced where they stand.
fn in_place(text: &str, tokens: &Tokens<'_>, features: &Features) -> Vec<Reading> {
    let bytes = text.as_bytes();
    let mut readings = Vec::new();
    if memchr::memchr(b'%', bytes).is_some() {
        readings.extend(escapes::percent(text));
    }
    if memchr::memchr(b'\\', bytes).is_some() {
        readings.extend(escapes::backslash(text));
    }
    if memchr::memchr(b'&', bytes).is_some() {
        readings.extend(escapes::html_entities(text));
    }
    if memchr::memchr(b'=', bytes).is_some() {
        readings.extend(escapes::quoted_printable(text));
    }
    readings.extend(escapes::code_points(text));
    if features.morse >= 4 || !text.is_ascii() && codes::other_dashes(text) {
        readings.extend(codes::morse(text, tokens));
    }
    readings
}
