//! Where each byte of a view came from.

use std::ops::Range;

/// Maps byte ranges of a view to byte ranges of the original text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpanMap {
    /// Byte `n` of the view came from byte `n` of the original.
    Identity,
    /// Sorted runs: from view byte `at` on, the text came from `source`; sources ascend as well.
    Runs(Vec<Run>),
}

/// One run of a [`SpanMap`]; it ends where the next one begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// First byte of the run in the view.
    pub at: u32,
    /// Bytes of the original that the run came from.
    pub source: Range<u32>,
    /// Whether every part of the run came from the whole source (a decoded blob, a composed character); if not,
    /// the run maps byte by byte and both sides have the same character boundaries.
    pub whole: bool,
}

impl SpanMap {
    /// The original bytes that the view bytes `range` came from. Never leaves the sources of the map: ranges beyond
    /// the view are clamped to its end.
    pub fn original(&self, range: Range<usize>) -> Range<usize> {
        let Self::Runs(runs) = self else {
            return range.start..range.end.max(range.start);
        };
        let start = run_at(runs, range.start).map_or(0, |run| run.start_of(range.start));
        if range.end <= range.start {
            return start..start;
        }
        let end = run_at(runs, range.end - 1).map_or(0, |run| run.end_of(range.end));
        start..end.max(start)
    }

    /// The map of a view that was made from another view: `self` leads into the parent view, `parent` from there to
    /// the original. `length` is the length of the new view in bytes.
    #[must_use]
    pub fn through(self, parent: &Self, length: usize) -> Self {
        let Self::Runs(parent_runs) = parent else {
            return self;
        };
        let mut builder = MapBuilder::new();
        let Self::Runs(runs) = self else {
            // The new view may be only the beginning of its parent.
            linear_through(&mut builder, parent_runs, 0, length);
            return builder.finish();
        };
        let ends = runs
            .iter()
            .skip(1)
            .map(|run| run.at as usize)
            .chain(std::iter::once(length));
        for (run, end) in runs.iter().zip(ends) {
            let run_length = end.saturating_sub(run.at as usize);
            if run.whole {
                let source = run.source.start as usize..run.source.end as usize;
                builder.whole(parent.original(source), run_length);
            } else {
                linear_through(&mut builder, parent_runs, run.source.start as usize, run_length);
            }
        }
        builder.finish()
    }
}

/// Splits one byte-by-byte run along the runs of the parent that it crosses.
fn linear_through(builder: &mut MapBuilder, parent: &[Run], start: usize, length: usize) {
    let mut from = start;
    let end = start.saturating_add(length);
    let mut index = parent
        .partition_point(|run| run.at as usize <= start)
        .saturating_sub(1);
    while from < end {
        let Some(run) = parent.get(index) else { break };
        let next = parent.get(index + 1).map_or(usize::MAX, |run| run.at as usize);
        let until = next.min(end);
        let piece = until.saturating_sub(from);
        if run.whole {
            builder.whole(run.source.start as usize..run.source.end as usize, piece);
        } else {
            builder.linear(run.start_of(from), piece);
        }
        from = until;
        index += 1;
    }
}

fn run_at(runs: &[Run], position: usize) -> Option<&Run> {
    let after = runs.partition_point(|run| run.at as usize <= position);
    runs.get(after.saturating_sub(1))
}

impl Run {
    fn start_of(&self, position: usize) -> usize {
        if self.whole {
            return self.source.start as usize;
        }
        let offset = position.saturating_sub(self.at as usize);
        (self.source.start as usize)
            .saturating_add(offset)
            .min(self.source.end as usize)
    }

    fn end_of(&self, position: usize) -> usize {
        if self.whole {
            self.source.end as usize
        } else {
            self.start_of(position)
        }
    }
}

/// Builds a [`SpanMap`] beside the text of a view: each call tells of the next bytes of the view.
#[derive(Debug, Default)]
pub struct MapBuilder {
    runs: Vec<Run>,
    at: usize,
}

impl MapBuilder {
    /// A map of nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next `length` bytes are those of the source from `start` on, byte by byte.
    pub fn linear(&mut self, start: usize, length: usize) {
        if length == 0 {
            return;
        }
        let source = offset(start)..offset(start.saturating_add(length));
        let at = offset(self.at);
        self.at = self.at.saturating_add(length);
        if let Some(last) = self.runs.last_mut()
            && !last.whole
            && last.source.end == source.start
        {
            last.source.end = source.end;
            return;
        }
        self.runs.push(Run {
            at,
            source,
            whole: false,
        });
    }

    /// The next `length` bytes came from `source` as a whole.
    pub fn whole(&mut self, source: Range<usize>, length: usize) {
        if length == 0 {
            return;
        }
        let mut source = offset(source.start)..offset(source.end);
        if let Some(last) = self.runs.last() {
            // A gap inside a decoded blob has no place of its own; spans must not go back for it.
            source = source.start.max(last.source.start)..source.end.max(last.source.end);
        }
        let at = offset(self.at);
        self.at = self.at.saturating_add(length);
        if let Some(last) = self.runs.last()
            && last.whole
            && last.source == source
        {
            return;
        }
        self.runs.push(Run {
            at,
            source,
            whole: true,
        });
    }

    /// Bytes of the view told of so far.
    pub fn length(&self) -> usize {
        self.at
    }

    /// The finished map.
    pub fn finish(self) -> SpanMap {
        match self.runs.as_slice() {
            [only] if !only.whole && only.source.start == 0 => SpanMap::Identity,
            _ => SpanMap::Runs(self.runs),
        }
    }
}

/// Offsets are kept in 32 bits; `normalise` refuses texts whose views could pass them.
fn offset(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A removed byte moves later spans, and a span across the gap covers it.
    #[test]
    fn gaps_are_covered() {
        let mut builder = MapBuilder::new();
        builder.linear(0, 2);
        builder.linear(5, 2);
        let map = builder.finish();
        assert_eq!(map.original(0..2), 0..2);
        assert_eq!(map.original(2..4), 5..7);
        assert_eq!(map.original(1..3), 1..6);
        assert_eq!(map.original(2..2), 5..5);
    }

    /// Any part of a decoded run points at the whole of what it was decoded from.
    #[test]
    fn whole_runs_map_as_a_whole() {
        let mut builder = MapBuilder::new();
        builder.linear(0, 3);
        builder.whole(3..11, 6);
        let map = builder.finish();
        assert_eq!(map.original(4..5), 3..11);
        assert_eq!(map.original(1..5), 1..11);
    }

    /// A gap between pieces inside a blob does not lead back behind the blob's other parts.
    #[test]
    fn gaps_inside_blobs_do_not_go_back() {
        let mut blob = MapBuilder::new();
        blob.whole(28..134, 40);
        let mut pieces = MapBuilder::new();
        pieces.whole(5..10, 4);
        pieces.whole(12..12, 1);
        pieces.whole(12..20, 4);
        let map = pieces.finish().through(&blob.finish(), 9);
        assert_eq!(map.original(0..4), 28..134);
        assert_eq!(map.original(0..5), 28..134);
        assert_eq!(map.original(4..5), 28..134);
    }

    proptest! {
        /// A map through two steps gives what the two maps give one after the other, or a wider span.
        #[test]
        fn composition_covers_the_steps(
            first in prop::collection::vec((0usize..4, 1usize..5, any::<bool>()), 1..12),
            second in prop::collection::vec((0usize..3, 1usize..4, any::<bool>()), 1..12),
            ask in (0usize..40, 0usize..10),
        ) {
            let (parent, parent_length, original_length) = build(&first, usize::MAX);
            let (child, length, _) = build(&second, parent_length);
            let range = ask.0.min(length)..(ask.0 + ask.1).min(length);
            let stepwise = parent.original(child.original(range.clone()));
            let at_once = child.through(&parent, length).original(range.clone());
            prop_assert!(at_once.start <= at_once.end && at_once.end <= original_length);
            if !range.is_empty() {
                prop_assert_eq!(at_once, stepwise);
            }
        }
    }

    fn build(steps: &[(usize, usize, bool)], source_length: usize) -> (SpanMap, usize, usize) {
        let mut builder = MapBuilder::new();
        let mut source = 0;
        for &(gap, length, whole) in steps {
            let start = source + gap;
            if start + length > source_length {
                break;
            }
            if whole {
                builder.whole(start..start + length, 3);
            } else {
                builder.linear(start, length);
            }
            source = start + length;
        }
        let length = builder.length();
        (builder.finish(), length, source)
    }
}
