//! Dynamic time warping: the least Euclidean cost of aligning two series, within a band, abandoned when it cannot win.
//!
//! Sakoe and Chiba 1978; early abandoning after Rakthanmanon et al. 2012 (the UCR suite). Cost of a cell is the squared
//! distance of its two points, the result is the square root of the cheapest monotone path, as in `dtaidistance`.
#![expect(
    clippy::indexing_slicing,
    reason = "indices come from `band_columns`, which stays inside both series"
)]

use super::CompareError;
use super::series::{Series, band_columns, squared_distance};

/// Reusable rows, so that repeated calls do not allocate.
#[derive(Debug, Default, Clone)]
pub struct DtwScratch {
    previous: Vec<f64>,
    current: Vec<f64>,
}

/// The DTW distance of two series. `band` is how far an alignment may stray from the diagonal, in points; `None` does
/// not restrict it. Symmetric, and zero for equal series; it is no metric (the triangle inequality can fail).
pub fn dtw(left: &Series<'_>, right: &Series<'_>, band: Option<usize>) -> Result<f64, CompareError> {
    let distance = dtw_bounded(left, right, band, f64::INFINITY, &mut DtwScratch::default())?;
    Ok(distance.unwrap_or(f64::INFINITY))
}

/// Like [`dtw`], but gives up with `None` as soon as the distance is sure to exceed `distance_max`.
pub fn dtw_bounded(
    left: &Series<'_>,
    right: &Series<'_>,
    band: Option<usize>,
    distance_max: f64,
    scratch: &mut DtwScratch,
) -> Result<Option<f64>, CompareError> {
    left.check_same_width(right)?;
    let band = band.unwrap_or(usize::MAX);
    let squared_max = distance_max * distance_max;
    let squared = if left.dimensions() == 1 {
        squared_cost_scalar(left.values(), right.values(), band, squared_max, &[], scratch)
    } else {
        squared_cost_points(left, right, band, squared_max, &[], scratch)
    };
    Ok(squared.map(f64::sqrt))
}

/// As [`dtw_bounded`] with the lower bound of all later rows known: `remaining[row]` is what the rows from `row` on must
/// still cost at least.
pub(super) fn squared_cost(
    left: &Series<'_>,
    right: &Series<'_>,
    band: usize,
    squared_max: f64,
    remaining: &[f64],
    scratch: &mut DtwScratch,
) -> Option<f64> {
    if left.dimensions() == 1 {
        squared_cost_scalar(
            left.values(),
            right.values(),
            band,
            squared_max,
            remaining,
            scratch,
        )
    } else {
        squared_cost_points(left, right, band, squared_max, remaining, scratch)
    }
}

fn squared_cost_scalar(
    left: &[f64],
    right: &[f64],
    band: usize,
    squared_max: f64,
    remaining: &[f64],
    scratch: &mut DtwScratch,
) -> Option<f64> {
    walk(
        left.len(),
        right.len(),
        band,
        squared_max,
        remaining,
        scratch,
        |row, columns, costs| {
            let value = left[row];
            for (cost, other) in costs.iter_mut().zip(&right[columns]) {
                *cost = (value - other) * (value - other);
            }
        },
    )
}

fn squared_cost_points(
    left: &Series<'_>,
    right: &Series<'_>,
    band: usize,
    squared_max: f64,
    remaining: &[f64],
    scratch: &mut DtwScratch,
) -> Option<f64> {
    let width = left.dimensions();
    let (rows, all) = (left.values(), right.values());
    walk(
        left.points(),
        right.points(),
        band,
        squared_max,
        remaining,
        scratch,
        |row, columns, costs| {
            let point = &rows[row * width..(row + 1) * width];
            let others = all[columns.start * width..columns.end * width].chunks_exact(width);
            for (cost, other) in costs.iter_mut().zip(others) {
                *cost = squared_distance(point, other);
            }
        },
    )
}

/// The recurrence itself, row by row. `local` writes the costs of a row's cells. Both rows have one cell before the
/// first column that is never part of a path (infinite), so that no cell needs a special case.
fn walk(
    rows: usize,
    columns: usize,
    band: usize,
    squared_max: f64,
    remaining: &[f64],
    scratch: &mut DtwScratch,
    local: impl Fn(usize, std::ops::Range<usize>, &mut [f64]),
) -> Option<f64> {
    let DtwScratch { previous, current } = scratch;
    for row in [&mut *previous, &mut *current] {
        row.clear();
        row.resize(columns + 1, f64::INFINITY);
    }
    previous[0] = 0.0;
    for row in 0..rows {
        let range = band_columns(row, rows, columns, band);
        current[range.start] = f64::INFINITY; // what an older row left there is no longer reachable
        local(row, range.clone(), &mut current[range.start + 1..=range.end]);
        let mut least = f64::INFINITY;
        let mut beside = f64::INFINITY;
        let cells = &mut current[range.start + 1..=range.end];
        let above = &previous[range.start..=range.end];
        for (cell, pair) in cells.iter_mut().zip(above.windows(2)) {
            // The cell's own cost is added to both branches, so that only one addition waits for the cell beside it.
            let from_above = *cell + least_of(pair[0], pair[1]);
            beside = least_of(beside + *cell, from_above);
            *cell = beside;
            least = least_of(least, beside);
        }
        if range.end < columns {
            current[range.end + 1] = f64::INFINITY; // the next row may look one column further
        }
        let later = remaining.get(row + 1).copied().unwrap_or(0.0);
        if least + later > squared_max {
            return None;
        }
        std::mem::swap(previous, current);
    }
    let total = previous[columns];
    (total <= squared_max).then_some(total)
}

/// `f64::min` without its care for NaN, which checked series cannot hold: one instruction instead of three.
#[inline]
fn least_of(left: f64, right: f64) -> f64 {
    if left < right { left } else { right }
}

/// A distance as a likeness in (0, 1]: 1 / (1 + root mean square cost along the shortest possible path).
pub fn similarity_from_distance(distance: f64, left_points: usize, right_points: usize) -> f64 {
    let path = left_points.max(right_points).max(1) as f64;
    1.0 / (1.0 + distance / path.sqrt())
}
