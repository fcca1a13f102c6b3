//! From the text as it arrived to canonical text and decoded views, each with a map back to the original.

mod limits;
mod span_map;
mod view;

pub use limits::{Bound, INPUT_BYTES_MAX, Limits, OUTPUT_BYTES_FLOOR, WORK_BYTES_FLOOR};
pub use span_map::{MapBuilder, Run, SpanMap};
pub use view::{Normalised, Transform, Trick, TrickKind, View};

/// Normalises one text under the limits that ship.
pub fn normalise(original: &str) -> Normalised {
    normalise_within(original, &Limits::DEFAULT)
}

/// Normalises one text.
pub fn normalise_within(original: &str, limits: &Limits) -> Normalised {
    let mut normalised = Normalised::identity(original);
    if original.len() > INPUT_BYTES_MAX {
        normalised.incomplete.push(Bound::Input);
    }
    let _ = limits::Budget::new(limits, original.len());
    normalised
}
