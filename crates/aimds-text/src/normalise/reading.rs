//! What a decoder hands back.

use super::span_map::{MapBuilder, SpanMap};
use super::view::Transform;
use std::ops::Range;

/// A reading of a text: what it says, its way back, what made it.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) text: String,
    pub(crate) map: SpanMap,
    pub(crate) transform: Transform,
    /// Decoded pieces in it.
    pub(crate) pieces: usize,
    /// Where it stood in the text that was read: from the first to the last byte that a decoder changed.
    pub(crate) place: Range<usize>,
}

/// Decoded pieces put one after the other, with a space between.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    pub(crate) text: String,
    map: MapBuilder,
    count: usize,
    place: Option<Range<usize>>,
}

impl Pieces {
    /// One character that came from `source`.
    pub(crate) fn push(&mut self, character: char, source: Range<usize>) {
        self.count = self.count.max(1);
        self.cover(&source);
        self.text.push(character);
        self.map.whole(source, character.len_utf8());
    }

    fn cover(&mut self, source: &Range<usize>) {
        let place = self.place.get_or_insert(source.clone());
        place.end = place.end.max(source.end);
    }

    /// A space for the gap that ends at `at`.
    pub(crate) fn gap(&mut self, at: usize) {
        self.count += 1;
        self.text.push(' ');
        self.map.whole(at..at, 1);
    }

    /// A whole piece that came from `source`, set apart from the one before.
    pub(crate) fn piece(&mut self, piece: &str, source: Range<usize>) {
        if self.text.is_empty() {
            self.count = 1;
        } else {
            self.gap(source.start);
        }
        self.cover(&source);
        self.text.push_str(piece);
        self.map.whole(source, piece.len());
    }

    /// Bytes so far.
    pub(crate) fn length(&self) -> usize {
        self.text.len()
    }

    /// The reading, if there is any piece.
    pub(crate) fn reading(self, transform: Transform) -> Option<Reading> {
        let (pieces, place) = (self.count, self.place?);
        Some(Reading {
            text: self.text,
            map: self.map.finish(),
            transform,
            pieces,
            place,
        })
    }
}
