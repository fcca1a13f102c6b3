//! From a series to points in a space where it does not cross itself.
#![expect(
    clippy::indexing_slicing,
    reason = "the callers keep (dimension - 1) * delay below the length"
)]

use super::statistics::{autocorrelation, mean_and_variance, mutual_information};

/// A neighbour is false when the next coordinate tears it away by more than this many times its distance, or by more than
/// so many standard deviations altogether (Kennel et al. 1992 give 10 to 15, and 2).
const TEAR_RATIO: f64 = 15.0;
const TEAR_SPREADS: f64 = 2.0;

/// Points of the false-neighbour test: their square times eight dimensions stays below a tenth of a second.
const TESTED_POINTS_MAX: usize = 1_500;

/// Periods shorter than this many samples belong to maps, or to flows sampled too seldom: every sample is news.
const SLOW_PERIOD: f64 = 8.0;

/// How many delay vectors a series has.
pub(super) fn rows(length: usize, dimension: usize, delay: usize) -> usize {
    length.saturating_sub(dimension.saturating_sub(1) * delay)
}

/// Squared distance of the delay vectors that begin at `left` and `right`, or anything larger once it exceeds `limit`.
#[inline]
pub(super) fn squared(
    series: &[f64],
    dimension: usize,
    delay: usize,
    left: usize,
    right: usize,
    limit: f64,
) -> f64 {
    let mut sum = 0.0;
    for coordinate in 0..dimension {
        let apart = series[left + coordinate * delay] - series[right + coordinate * delay];
        sum += apart * apart;
        if sum > limit {
            break;
        }
    }
    sum
}

/// For each of the first `rows` delay vectors, the nearest one more than `theiler` steps away (Theiler 1986: what is near in
/// time is near in space for no good reason) at a distance above zero; and that distance squared.
pub fn nearest_neighbours(
    series: &[f64],
    dimension: usize,
    delay: usize,
    theiler: usize,
    rows: usize,
) -> Vec<Option<(usize, f64)>> {
    let mut nearest: Vec<Option<(usize, f64)>> = vec![None; rows];
    for left in 0..rows {
        for right in left + theiler + 1..rows {
            let limit_left = nearest[left].map_or(f64::INFINITY, |(_, distance)| distance);
            let limit_right = nearest[right].map_or(f64::INFINITY, |(_, distance)| distance);
            let distance = squared(series, dimension, delay, left, right, limit_left.max(limit_right));
            if distance == 0.0 {
                continue;
            }
            if distance < limit_left {
                nearest[left] = Some((right, distance));
            }
            if distance < limit_right {
                nearest[right] = Some((left, distance));
            }
        }
    }
    nearest
}

/// The delay: the first minimum of the mutual information up to `lag_max`, else where the autocorrelation falls below 1/e,
/// else `lag_max`. One sample when the mean period is shorter than eight.
pub fn choose_delay(series: &[f64], period: f64, lag_max: usize) -> usize {
    if period < SLOW_PERIOD {
        return 1;
    }
    let bins = ((series.len() as f64 / 5.0).sqrt().ceil() as usize).clamp(8, 32);
    let information: Vec<f64> = (0..=lag_max + 1)
        .map(|lag| mutual_information(series, lag, bins))
        .collect();
    let first_minimum = information
        .windows(3)
        .position(|three| three[1] < three[0] && three[1] <= three[2]);
    if let Some(before) = first_minimum {
        return before + 1;
    }
    let decayed = (1..=lag_max).find(|&lag| autocorrelation(series, lag) < (-1.0_f64).exp());
    decayed.unwrap_or(lag_max).max(1)
}

/// The share of nearest neighbours in `dimension` dimensions that are far apart in one more; 1 when none can be found.
pub fn false_neighbour_share(series: &[f64], dimension: usize, delay: usize, theiler: usize) -> f64 {
    let series = &series[..series.len().min(TESTED_POINTS_MAX)];
    let rows = rows(series.len(), dimension + 1, delay);
    let (_, variance) = mean_and_variance(series);
    let spread_max = TEAR_SPREADS * TEAR_SPREADS * variance;
    let (mut found, mut false_ones) = (0_usize, 0_usize);
    for (left, nearest) in nearest_neighbours(series, dimension, delay, theiler, rows)
        .iter()
        .enumerate()
    {
        let Some((right, distance)) = *nearest else {
            continue;
        };
        let growth = series[left + dimension * delay] - series[right + dimension * delay];
        found += 1;
        let torn = growth * growth > TEAR_RATIO * TEAR_RATIO * distance;
        if torn || distance + growth * growth > spread_max {
            false_ones += 1;
        }
    }
    if found == 0 {
        1.0
    } else {
        false_ones as f64 / found as f64
    }
}
