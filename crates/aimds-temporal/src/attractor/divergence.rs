//! How fast neighbours part, and where their parting is exponential.
#![expect(
    clippy::indexing_slicing,
    reason = "indices stay below lengths that the loops are built from"
)]

use super::embedding::{nearest_neighbours, rows, squared};

/// The share of the curve's rise up to which growth can be exponential: beyond it the attractor's size is felt.
const RISE_SHARE: f64 = 0.7;

/// The fitted region takes at least this share of the steps up to there, so that no short straight piece is picked.
const LENGTH_SHARE: f64 = 0.6;

/// Steps in a fit at least: a line through three points proves nothing.
const STEPS_MIN: usize = 4;

/// Starts and ends tried for the region, along each side.
const TRIES: usize = 40;

/// A line through part of the divergence curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinearFit {
    /// Growth of the log distance a step: the largest Lyapunov exponent a sample.
    pub slope: f64,
    /// Share of the curve's variance in the region that the line explains.
    pub r_squared: f64,
    /// First step of the region.
    pub from_step: usize,
    /// Last step of the region.
    pub to_step: usize,
}

/// Mean log distance of nearest neighbours `k` steps on, for `k` from 0 to `horizon`; empty when no neighbours exist.
///
/// Only the nearer half of the pairs counts: the others, from thinly visited places, begin so far apart that they soon
/// feel the size of the attractor and bend the curve (Lorenz: 0.87 with all pairs, 0.95 with the nearer half, of 0.906;
/// Rossler: 0.055 and 0.065, of 0.071).
pub fn divergence_curve(
    series: &[f64],
    dimension: usize,
    delay: usize,
    theiler: usize,
    horizon: usize,
) -> Vec<f64> {
    let rows = rows(series.len(), dimension, delay).saturating_sub(horizon);
    let nearest = nearest_neighbours(series, dimension, delay, theiler, rows);
    let mut distances: Vec<f64> = nearest.iter().flatten().map(|&(_, distance)| distance).collect();
    if distances.is_empty() {
        return Vec::new();
    }
    let middle = (distances.len() - 1) / 2;
    let (_, &mut distance_max, _) = distances.select_nth_unstable_by(middle, f64::total_cmp);
    let mut curve = Vec::with_capacity(horizon + 1);
    for step in 0..=horizon {
        let (mut sum, mut count) = (0.0, 0_usize);
        for (left, neighbour) in nearest.iter().enumerate() {
            let Some((right, _)) = neighbour.filter(|&(_, distance)| distance <= distance_max) else {
                continue;
            };
            let apart = squared(series, dimension, delay, left + step, right + step, f64::INFINITY);
            if apart > 0.0 {
                sum += 0.5 * apart.ln();
                count += 1;
            }
        }
        if count == 0 {
            return Vec::new();
        }
        curve.push(sum / count as f64);
    }
    curve
}

/// The height the curve settles at: the mean of its last quarter.
pub(super) fn plateau(curve: &[f64]) -> f64 {
    let tail = &curve[curve.len() - (curve.len() / 4).max(1)..];
    tail.iter().sum::<f64>() / tail.len() as f64
}

/// The straightest long piece of the rise; `None` when the curve does not rise, or too fast to have one.
pub fn fit_growth(curve: &[f64]) -> Option<LinearFit> {
    let first = *curve.first()?;
    let target = first + RISE_SHARE * (plateau(curve) - first);
    if target <= first {
        return None;
    }
    let last = curve.iter().position(|&height| height >= target)?;
    let length = STEPS_MIN.max((LENGTH_SHARE * last as f64) as usize);
    if last < length {
        return None;
    }
    let stride = (last / TRIES).max(1);
    let mut best: Option<LinearFit> = None;
    for from_step in (0..=last - length).step_by(stride) {
        for to_step in (from_step + length..=last).step_by(stride) {
            let fit = line(curve, from_step, to_step);
            if best.is_none_or(|best| fit.r_squared > best.r_squared) {
                best = Some(fit);
            }
        }
    }
    best
}

/// Least squares over `from_step..=to_step`.
fn line(curve: &[f64], from_step: usize, to_step: usize) -> LinearFit {
    let heights = &curve[from_step..=to_step];
    let count = heights.len() as f64;
    let middle = (count - 1.0) / 2.0;
    let mean = heights.iter().sum::<f64>() / count;
    let (mut along, mut across, mut spread) = (0.0, 0.0, 0.0);
    for (step, height) in heights.iter().enumerate() {
        let (x, y) = (step as f64 - middle, height - mean);
        along += x * x;
        across += x * y;
        spread += y * y;
    }
    let slope = across / along;
    let r_squared = if spread > 0.0 {
        slope * across / spread
    } else {
        0.0
    };
    LinearFit {
        slope,
        r_squared,
        from_step,
        to_step,
    }
}
