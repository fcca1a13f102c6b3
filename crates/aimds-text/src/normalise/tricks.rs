//! Collects the tricks met on the way; places near one another are told as one.

use super::view::{Trick, TrickKind};
use std::ops::Range;

/// Two places of one kind closer than this are one place to a reader.
const GAP_BYTES_MAX: usize = 64;

/// Places kept of one kind; later ones widen the last.
const PLACES_MAX: usize = 16;

/// The tricks so far.
#[derive(Debug, Default)]
pub(crate) struct TrickLog {
    tricks: Vec<Trick>,
}

impl TrickLog {
    /// Notes `count` uses of a trick at `span` of the original.
    pub(crate) fn add(&mut self, kind: TrickKind, span: Range<usize>, count: usize, deliberate: f32) {
        let places = self.tricks.iter().filter(|trick| trick.kind == kind).count();
        let last = self.tricks.iter_mut().rev().find(|trick| trick.kind == kind);
        if let Some(last) = last
            && (places >= PLACES_MAX || near(&last.span, &span))
        {
            last.span = last.span.start.min(span.start)..last.span.end.max(span.end);
            last.count = last.count.saturating_add(count);
            last.deliberate = last.deliberate.max(deliberate);
            return;
        }
        self.tricks.push(Trick {
            kind,
            span,
            count,
            deliberate,
        });
    }

    /// Uses of one kind, over all its places.
    pub(crate) fn count(&self, kind: TrickKind) -> usize {
        self.tricks
            .iter()
            .filter(|trick| trick.kind == kind)
            .map(|trick| trick.count)
            .sum()
    }

    /// Raises all places of a kind to at least `deliberate`.
    pub(crate) fn raise(&mut self, kind: TrickKind, deliberate: f32) {
        for trick in self.tricks.iter_mut().filter(|trick| trick.kind == kind) {
            trick.deliberate = trick.deliberate.max(deliberate);
        }
    }

    /// The tricks in the order of their spans.
    pub(crate) fn into_tricks(mut self) -> Vec<Trick> {
        self.tricks
            .sort_by_key(|trick| (trick.span.start, trick.span.end));
        self.tricks
    }
}

fn near(last: &Range<usize>, next: &Range<usize>) -> bool {
    next.start <= last.end.saturating_add(GAP_BYTES_MAX)
        && last.start <= next.end.saturating_add(GAP_BYTES_MAX)
}
