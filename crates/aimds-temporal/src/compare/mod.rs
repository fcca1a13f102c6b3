//! How alike two sequences are: dynamic time warping over numbers, edit distance and longest common subsequence over
//! tokens and over text.
//!
//! Everything here is exact; the bounds only spare work. All inputs are bounded ([`POINTS_MAX`], [`TOKENS_MAX`]), so the
//! worst call is bounded too.

mod dtw;
mod error;
mod lower_bounds;
mod masks;
mod search;
mod series;
mod tokens;

pub use dtw::{DtwScratch, dtw, dtw_bounded, similarity_from_distance};
pub use error::CompareError;
pub use lower_bounds::{Envelope, lb_keogh, lb_kim};
pub use search::{Library, Match, SearchCounts, SearchOutcome};
pub use series::Series;
pub use tokens::{
    edit_distance, edit_distance_text, edit_similarity, edit_similarity_text, lcs_length, lcs_length_text,
    lcs_similarity, lcs_similarity_text,
};

/// Points of one series. 16,384 squared is 2.7e8 cells, about a second of work: the longest call without a band.
pub const POINTS_MAX: usize = 16_384;

/// Features of one point. A turn is described by a dozen features; an embedding of 1,024 is the widest in use.
pub const DIMENSIONS_MAX: usize = 1_024;

/// Tokens of one sequence, and characters of one text. At 64 cells a machine word the longest call is 16,384 squared / 64
/// = 4.2e6 words, some milliseconds; the position masks of a pattern of nothing but distinct tokens take 33 MB.
pub const TOKENS_MAX: usize = 16_384;

/// Series in one library: at 100 points of 8 features each this is 640 MB at most.
pub const LIBRARY_SERIES_MAX: usize = 100_000;
