//! Past-time metric temporal logic, judged event by event with bounded state.
//!
//! Point-wise semantics over events with nanosecond times; `once`, `historically` and `since` carry a window `[a, b]` of
//! ages (Alur and Henzinger 1992; Basin, Klaedtke and Zălinescu 2015 for past-only monitoring). Verdicts are those of strong
//! Kleene logic: a missing atom makes *unknown* only what truly hangs on it.
//!
//! A formula is evaluated twice in step: once as if every unknown were false (`lower`) and once as if every unknown were true
//! (`upper`). All operators but negation are monotone, and negation swaps the two, so `lower == upper` is the known
//! answer and `lower < upper` is *unknown*.

mod cells;
mod formula;
mod machine;
mod parse;

pub use cells::RUNS_MAX;
pub use formula::{Comparison, Formula, Interval};
pub use machine::{Monitor, MonitorError, Truth};
pub use parse::{ParseError, parse};

/// Operators of one formula. Policies people read have a dozen; at some nanoseconds each this bounds an event to microseconds.
pub const OPERATORS_MAX: usize = 256;

/// How deep operators may nest: the parser recurses, and 64 levels need a few kilobytes of stack.
pub const DEPTH_MAX: usize = 64;

/// Characters of a formula's text: enough for every formula of [`OPERATORS_MAX`] operators with long names.
pub const TEXT_BYTES_MAX: usize = 16_384;

/// The greatest number that `count` compares with; the counter remembers as many times.
pub const COUNT_MAX: usize = 1_024;
