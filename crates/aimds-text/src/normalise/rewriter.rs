//! Builds a view by replacing parts of another text, with its span map.

use super::span_map::{MapBuilder, SpanMap};
use std::ops::Range;

/// A view under construction: what is not replaced is copied from the source.
#[derive(Debug)]
pub(crate) struct Rewriter<'a> {
    source: &'a str,
    text: String,
    map: MapBuilder,
    copied: usize,
}

impl<'a> Rewriter<'a> {
    pub(crate) fn new(source: &'a str) -> Self {
        Self {
            source,
            text: String::with_capacity(source.len()),
            map: MapBuilder::new(),
            copied: 0,
        }
    }

    /// Copies the source up to `position`; positions behind what is done already change nothing.
    pub(crate) fn copy_to(&mut self, position: usize) {
        if let Some(part) = self.source.get(self.copied..position) {
            self.text.push_str(part);
            self.map.linear(self.copied, part.len());
            self.copied = position;
        }
    }

    /// Puts `replacement` in place of `range`, after copying what stands before it.
    pub(crate) fn replace(&mut self, range: Range<usize>, replacement: &str) {
        self.copy_to(range.start);
        self.text.push_str(replacement);
        self.map.whole(range.clone(), replacement.len());
        self.copied = self.copied.max(range.end);
    }

    /// Puts one character in place of `range`; keeps the map byte by byte where ASCII replaces ASCII.
    pub(crate) fn replace_character(&mut self, range: Range<usize>, replacement: char) {
        self.copy_to(range.start);
        self.text.push(replacement);
        if replacement.len_utf8() == range.len() && range.len() == 1 {
            self.map.linear(range.start, 1);
        } else {
            self.map.whole(range.clone(), replacement.len_utf8());
        }
        self.copied = self.copied.max(range.end);
    }

    /// Leaves `range` out.
    pub(crate) fn remove(&mut self, range: Range<usize>) {
        self.copy_to(range.start);
        self.copied = self.copied.max(range.end);
    }

    /// Leaves everything up to `position` out that was not copied yet.
    pub(crate) fn skip_to(&mut self, position: usize) {
        self.copied = self.copied.max(position);
    }

    /// The text and its map, the rest of the source copied.
    pub(crate) fn finish(mut self) -> (String, SpanMap) {
        self.copy_to(self.source.len());
        (self.text, self.map.finish())
    }
}
