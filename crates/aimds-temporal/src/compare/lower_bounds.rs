//! Cheap numbers that a DTW distance cannot be below: most candidates of a search are dropped by these alone.
//!
//! `LB_Kim` in its first-last form (Kim et al. 2001, Rakthanmanon et al. 2012) and `LB_Keogh` (Keogh and Ratanamahatana
//! 2005) with envelopes computed in linear time by monotone queues (Lemire 2009). Both hold for series of unequal
//! length and for points of several dimensions.
#![expect(
    clippy::indexing_slicing,
    reason = "indices come from `band_columns` and from lengths checked at the entry"
)]

use super::CompareError;
use super::series::{Series, band_columns, squared_distance};
use std::collections::VecDeque;

/// `LB_Kim`: first must be aligned with first and last with last, and that costs what it costs.
pub fn lb_kim(left: &Series<'_>, right: &Series<'_>) -> Result<f64, CompareError> {
    left.check_same_width(right)?;
    Ok(squared_kim(left, right).sqrt())
}

pub(super) fn squared_kim(left: &Series<'_>, right: &Series<'_>) -> f64 {
    let width = left.dimensions();
    let (a, b) = (left.values(), right.values());
    let first = squared_distance(&a[..width], &b[..width]);
    if left.points() == 1 && right.points() == 1 {
        return first; // first and last cell are the same one
    }
    first + squared_distance(&a[a.len() - width..], &b[b.len() - width..])
}

/// For each point of a series of `rows` points, the least and greatest value it can be aligned with, per dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope {
    lower: Vec<f64>,
    upper: Vec<f64>,
    dimensions: usize,
}

impl Envelope {
    /// The envelope of `series` for alignments with a series of `rows` points within `band`.
    pub fn new(series: &Series<'_>, rows: usize, band: Option<usize>) -> Self {
        let width = series.dimensions();
        let mut lower = vec![0.0; rows * width];
        let mut upper = vec![0.0; rows * width];
        let band = band.unwrap_or(usize::MAX);
        for dimension in 0..width {
            extremes(series, rows, band, dimension, &mut lower, |new, old| new <= old);
            extremes(series, rows, band, dimension, &mut upper, |new, old| new >= old);
        }
        Self {
            lower,
            upper,
            dimensions: width,
        }
    }

    /// Points of the series that can be held against this envelope.
    pub fn rows(&self) -> usize {
        self.lower.len() / self.dimensions
    }

    fn squared_excess(&self, value: f64, at: usize) -> f64 {
        let beyond = (value - self.upper[at]).max(self.lower[at] - value).max(0.0);
        beyond * beyond
    }
}

/// Sliding extreme of one dimension: the queue keeps only the values that can still become the extreme.
fn extremes(
    series: &Series<'_>,
    rows: usize,
    band: usize,
    dimension: usize,
    out: &mut [f64],
    beats: impl Fn(f64, f64) -> bool,
) {
    let (width, columns, values) = (series.dimensions(), series.points(), series.values());
    let at = |column: usize| values[column * width + dimension];
    let mut queue: VecDeque<usize> = VecDeque::new();
    let mut seen = 0;
    for row in 0..rows {
        let range = band_columns(row, rows, columns, band);
        for column in seen.max(range.start)..range.end {
            while queue.back().is_some_and(|&last| beats(at(column), at(last))) {
                queue.pop_back();
            }
            queue.push_back(column);
        }
        seen = seen.max(range.end);
        while queue.front().is_some_and(|&first| first < range.start) {
            queue.pop_front();
        }
        if let Some(&first) = queue.front() {
            out[row * width + dimension] = at(first);
        }
    }
}

/// `LB_Keogh`: what the points of `series` cost outside the envelope of the other one.
///
/// Fails with [`CompareError::EnvelopeMismatch`] when the envelope was made for another length or width.
pub fn lb_keogh(series: &Series<'_>, envelope: &Envelope) -> Result<f64, CompareError> {
    if envelope.dimensions != series.dimensions() || envelope.rows() != series.points() {
        return Err(CompareError::EnvelopeMismatch);
    }
    let mut remaining = Vec::new();
    Ok(squared_keogh(series, envelope, &mut remaining).sqrt())
}

/// The squared bound; leaves in `remaining[row]` the part owed by the rows from `row` on (one more entry: zero).
pub(super) fn squared_keogh(series: &Series<'_>, envelope: &Envelope, remaining: &mut Vec<f64>) -> f64 {
    let width = series.dimensions();
    let rows = series.points();
    remaining.clear();
    remaining.resize(rows + 1, 0.0);
    for row in (0..rows).rev() {
        let mut excess = 0.0;
        for at in row * width..(row + 1) * width {
            excess += envelope.squared_excess(series.values()[at], at);
        }
        remaining[row] = remaining[row + 1] + excess;
    }
    remaining[0]
}
