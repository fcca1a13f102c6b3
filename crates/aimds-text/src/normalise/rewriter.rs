//! Builds a view by replacing parts of another text, with its span map.

use super::boundary;
use super::reading::Reading;
use super::span_map::MapBuilder;
use super::view::Transform;
use std::ops::Range;

/// A text up to this length is kept whole around what was replaced.
pub(crate) const WHOLE_BYTES_MAX: usize = 4096;

/// Of a longer one, this much on either side of each replacement is kept: a sentence or two. The rest stands in the
/// text it came from, and later rooms need not read it again.
pub(crate) const MARGIN_BYTES: usize = 256;

/// A view under construction: what is not replaced is copied from the source.
#[derive(Debug)]
pub(crate) struct Rewriter<'a> {
    source: &'a str,
    text: String,
    map: MapBuilder,
    copied: usize,
    /// From the first replacement to the last, in the source.
    touched: Option<Range<usize>>,
}

impl<'a> Rewriter<'a> {
    pub(crate) fn new(source: &'a str) -> Self {
        let capacity = if source.len() <= WHOLE_BYTES_MAX {
            source.len()
        } else {
            0
        };
        Self {
            source,
            text: String::with_capacity(capacity),
            map: MapBuilder::new(),
            copied: 0,
            touched: None,
        }
    }

    /// Copies the source up to `position`, but for what lies far from every replacement.
    fn copy_to(&mut self, position: usize, more_follows: bool) {
        let gap = position.saturating_sub(self.copied);
        if self.source.len() <= WHOLE_BYTES_MAX || gap <= 2 * MARGIN_BYTES {
            self.copy(position);
            return;
        }
        if self.touched.is_some() {
            let near = boundary::ceil(self.source, self.copied + MARGIN_BYTES);
            self.copy(near);
            if more_follows {
                self.text.push('\n');
                self.map.whole(near..near, 1);
            }
        }
        if more_follows {
            self.copied = boundary::floor(self.source, position - MARGIN_BYTES);
            self.copy(position);
        }
    }

    fn copy(&mut self, position: usize) {
        if let Some(part) = self.source.get(self.copied..position) {
            self.text.push_str(part);
            self.map.linear(self.copied, part.len());
            self.copied = position;
        }
    }

    fn touch(&mut self, range: &Range<usize>) {
        self.copy_to(range.start, true);
        self.copied = self.copied.max(range.end);
        let touched = self.touched.get_or_insert(range.clone());
        touched.end = touched.end.max(range.end);
    }

    /// Puts `replacement` in place of `range`, after copying what stands before it.
    pub(crate) fn replace(&mut self, range: Range<usize>, replacement: &str) {
        self.touch(&range);
        self.text.push_str(replacement);
        self.map.whole(range, replacement.len());
    }

    /// Puts one character in place of `range`; keeps the map byte by byte where ASCII replaces ASCII.
    pub(crate) fn replace_character(&mut self, range: Range<usize>, replacement: char) {
        self.touch(&range);
        self.text.push(replacement);
        if replacement.len_utf8() == range.len() && range.len() == 1 {
            self.map.linear(range.start, 1);
        } else {
            self.map.whole(range, replacement.len_utf8());
        }
    }

    /// Leaves `range` out.
    pub(crate) fn remove(&mut self, range: Range<usize>) {
        self.touch(&range);
    }

    /// Leaves everything up to `position` out that was not copied yet.
    pub(crate) fn skip_to(&mut self, position: usize) {
        self.copied = self.copied.max(position);
    }

    /// The reading, if anything was replaced.
    pub(crate) fn reading(mut self, transform: Transform) -> Option<Reading> {
        let place = self.touched.clone()?;
        self.copy_to(self.source.len(), false);
        Some(Reading {
            text: self.text,
            map: self.map.finish(),
            transform,
            pieces: 1,
            place,
        })
    }
}
