//! A checked series of points.

use super::{CompareError, DIMENSIONS_MAX, POINTS_MAX};
use std::borrow::Cow;

/// At least one point of `dimensions` finite numbers each, stored point after point.
#[derive(Debug, Clone, PartialEq)]
pub struct Series<'a> {
    values: Cow<'a, [f64]>,
    dimensions: usize,
}

impl<'a> Series<'a> {
    /// A series of plain numbers.
    pub fn new(values: &'a [f64]) -> Result<Self, CompareError> {
        Self::with_dimensions(values, 1)
    }

    /// A series of points; `values` holds them one after the other.
    pub fn with_dimensions(
        values: impl Into<Cow<'a, [f64]>>,
        dimensions: usize,
    ) -> Result<Self, CompareError> {
        let values = values.into();
        let length = values.len();
        if dimensions == 0 || !length.is_multiple_of(dimensions) {
            return Err(CompareError::Shape {
                values: length,
                dimensions,
            });
        }
        if dimensions > DIMENSIONS_MAX {
            return Err(CompareError::TooLong {
                length: dimensions,
                limit: DIMENSIONS_MAX,
            });
        }
        if length == 0 {
            return Err(CompareError::EmptySeries);
        }
        if length / dimensions > POINTS_MAX {
            return Err(CompareError::TooLong {
                length: length / dimensions,
                limit: POINTS_MAX,
            });
        }
        match values.iter().position(|value| !value.is_finite()) {
            Some(at) => Err(CompareError::NotFinite { at }),
            None => Ok(Self { values, dimensions }),
        }
    }

    /// Number of points, at least one.
    pub fn points(&self) -> usize {
        self.values.len() / self.dimensions
    }

    /// Numbers a point.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// All numbers, point after point.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The same series with its own memory.
    pub fn into_owned(self) -> Series<'static> {
        Series {
            values: Cow::Owned(self.values.into_owned()),
            dimensions: self.dimensions,
        }
    }

    /// Checks that two series can be compared.
    pub fn check_same_width(&self, other: &Series<'_>) -> Result<(), CompareError> {
        if self.dimensions == other.dimensions {
            return Ok(());
        }
        Err(CompareError::DimensionsDiffer {
            left: self.dimensions,
            right: other.dimensions,
        })
    }
}

/// The columns that row `row` of an alignment of `rows` by `columns` points may use: within `band` of the diagonals
/// that join the corners (Sakoe and Chiba 1978). Never empty; first and last corner are always inside.
pub(super) fn band_columns(row: usize, rows: usize, columns: usize, band: usize) -> std::ops::Range<usize> {
    let low = row.saturating_sub(band.saturating_add(rows.saturating_sub(columns)));
    let high = row
        .saturating_add(band)
        .saturating_add(columns.saturating_sub(rows))
        .saturating_add(1)
        .min(columns);
    low.min(high.saturating_sub(1))..high
}

/// Squared Euclidean distance of two points of equal width.
#[inline]
pub(super) fn squared_distance(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(a, b)| (a - b) * (a - b)).sum()
}
