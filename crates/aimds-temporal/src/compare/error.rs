//! What can be wrong with a comparison's input.

use std::fmt;

/// Why a comparison was refused. No error depends on how alike the inputs are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompareError {
    /// A series has no points; there is nothing to align.
    EmptySeries,
    /// A value is NaN or infinite.
    NotFinite {
        /// Index into the flat values.
        at: usize,
    },
    /// The number of values is no multiple of the number of dimensions, or there are no dimensions.
    Shape {
        /// How many values there are.
        values: usize,
        /// How many make a point.
        dimensions: usize,
    },
    /// The two series have points of different width.
    DimensionsDiffer {
        /// Width of the first.
        left: usize,
        /// Width of the second.
        right: usize,
    },
    /// Longer than the limit.
    TooLong {
        /// Its length.
        length: usize,
        /// The limit.
        limit: usize,
    },
    /// The library holds as many series as it may.
    LibraryFull {
        /// The limit.
        limit: usize,
    },
    /// An envelope was made for another length or width.
    EnvelopeMismatch,
}

impl fmt::Display for CompareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptySeries => f.write_str("a series must have at least one point"),
            Self::NotFinite { at } => write!(f, "value {at} is not a finite number"),
            Self::Shape { values, dimensions } => {
                write!(f, "{values} values do not make points of {dimensions}")
            }
            Self::DimensionsDiffer { left, right } => {
                write!(
                    f,
                    "points of {left} dimensions cannot be compared with points of {right}"
                )
            }
            Self::TooLong { length, limit } => write!(f, "length {length} is above the limit of {limit}"),
            Self::LibraryFull { limit } => write!(f, "the library is full at {limit} series"),
            Self::EnvelopeMismatch => {
                f.write_str("the envelope was made for series of another length or width")
            }
        }
    }
}

impl std::error::Error for CompareError {}
