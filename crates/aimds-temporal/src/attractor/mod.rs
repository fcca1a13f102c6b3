//! What a series of measurements settles into: a point, a cycle, chaos, nothing yet; and how fast neighbours part.
//!
//! Delay embedding (Takens 1981), delay from the first minimum of the mutual information (Fraser and Swinney 1986), dimension by
//! false nearest neighbours (Kennel, Brown and Abarbanel 1992), largest Lyapunov exponent by the mean divergence of
//! nearest neighbours (Rosenstein, Collins and De Luca 1993), drift by the KPSS statistic (Kwiatkowski et al. 1992).
//!
//! It needs hundreds of points. A chat of twenty turns gets *insufficient data*, which is the truth about it.

mod classify;
mod divergence;
mod embedding;
mod statistics;

pub use classify::{AttractorClass, AttractorOptions, AttractorReport, Reason, analyse};
pub use divergence::{LinearFit, divergence_curve, fit_growth};
pub use embedding::{choose_delay, false_neighbour_share, nearest_neighbours};
pub use statistics::{autocorrelation, drift_statistic, mean_period, mutual_information};

use std::fmt;

/// Points of one analysis: the neighbour search is quadratic, 8,192 squared are 6.7e7 distances or some tenths of a second.
pub const POINTS_MAX: usize = 8_192;

/// Fewer points than this get no analysis. Rosenstein et al. found the exponent of simple maps from one to two hundred
/// points, of flows from a thousand.
pub const POINTS_MIN: usize = 128;

/// The greatest embedding dimension that is tried or accepted.
pub const DIMENSION_MAX: usize = 8;

/// Why an analysis was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttractorError {
    /// A value is NaN or infinite.
    NotFinite {
        /// Its index.
        at: usize,
    },
    /// More than [`POINTS_MAX`] points.
    TooLong {
        /// How many.
        points: usize,
    },
    /// An option lies outside what the series allows.
    Option {
        /// Which one.
        name: &'static str,
        /// Its least value.
        from: usize,
        /// Its greatest value.
        to: usize,
    },
}

impl fmt::Display for AttractorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFinite { at } => write!(f, "value {at} is not a finite number"),
            Self::TooLong { points } => write!(f, "{points} points are above the limit of {POINTS_MAX}"),
            Self::Option { name, from, to } => {
                write!(f, "{name} must be from {from} to {to} for this series")
            }
        }
    }
}

impl std::error::Error for AttractorError {}
