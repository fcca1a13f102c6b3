//! Where each byte of a view came from.

use std::ops::Range;

/// Maps byte ranges of a view to byte ranges of the original text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpanMap {
    /// The view is the original text itself.
    Identity,
    /// Sorted runs: from view byte `at`, the text came from `source`. A run whose source is as long as the run maps
    /// byte by byte; any other maps as a whole.
    Runs(Vec<Run>),
}

/// One run of a [`SpanMap`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// First byte of the run in the view.
    pub at: u32,
    /// Bytes of the original that the run came from.
    pub source: Range<u32>,
}

impl SpanMap {
    /// The original bytes that the view bytes `range` came from.
    pub fn original(&self, range: Range<usize>) -> Range<usize> {
        match self {
            Self::Identity => range,
            Self::Runs(_) => range,
        }
    }
}
