//! From the text as it arrived to canonical text and decoded views, each with a map back to the original.

mod span_map;
mod view;

pub use span_map::SpanMap;
pub use view::{Normalised, Transform, Trick, TrickKind, View};

/// Normalises one text.
pub fn normalise(original: &str) -> Normalised {
    Normalised::identity(original)
}
