//! Plain statistics of a series: spread, correlation, information, mean period, drift.

/// Mean and variance (of the whole, not of a sample).
pub(super) fn mean_and_variance(series: &[f64]) -> (f64, f64) {
    let count = series.len().max(1) as f64;
    let mean = series.iter().sum::<f64>() / count;
    let variance = series
        .iter()
        .map(|value| (value - mean) * (value - mean))
        .sum::<f64>()
        / count;
    (mean, variance)
}

/// Least and greatest value; (inf, -inf) for none.
pub(super) fn extent(series: &[f64]) -> (f64, f64) {
    let both = (f64::INFINITY, f64::NEG_INFINITY);
    series
        .iter()
        .fold(both, |(low, high), &value| (low.min(value), high.max(value)))
}

/// Correlation of the series with itself `lag` steps later, both about the common mean (biased estimate).
pub fn autocorrelation(series: &[f64], lag: usize) -> f64 {
    let (mean, variance) = mean_and_variance(series);
    if variance == 0.0 || lag >= series.len() {
        return 0.0;
    }
    covariance(series, mean, lag) / variance
}

fn covariance(series: &[f64], mean: f64, lag: usize) -> f64 {
    let later = series.iter().skip(lag);
    let sum: f64 = series
        .iter()
        .zip(later)
        .map(|(now, later)| (now - mean) * (later - mean))
        .sum();
    sum / series.len() as f64
}

/// How well the series repeats itself at some lag between a quarter and half of its length, in [-1, 1]: near 1 only for what
/// is periodic, or nearly so, over many periods.
pub(super) fn long_recurrence(series: &[f64]) -> f64 {
    let (mean, variance) = mean_and_variance(series);
    let length = series.len();
    if variance == 0.0 {
        return 0.0;
    }
    let at_lag = |lag: usize| {
        let unbiased = length as f64 / (length - lag) as f64;
        covariance(series, mean, lag) * unbiased / variance
    };
    (length / 4..length / 2).map(at_lag).fold(-1.0, f64::max).min(1.0)
}

/// Average mutual information in nats between values and those `lag` later, by a histogram of `bins` equal bins a side
/// (Fraser and Swinney 1986).
pub fn mutual_information(series: &[f64], lag: usize, bins: usize) -> f64 {
    let (low, high) = extent(series);
    if bins == 0 || lag >= series.len() || high <= low {
        return 0.0;
    }
    let bin = |value: f64| (((value - low) / (high - low) * bins as f64) as usize).min(bins - 1);
    let mut joint = vec![0_u32; bins * bins];
    let (mut now_counts, mut later_counts) = (vec![0_u32; bins], vec![0_u32; bins]);
    for (now, later) in series.iter().zip(series.iter().skip(lag)) {
        let (now, later) = (bin(*now), bin(*later));
        for (counts, at) in [
            (&mut joint, now * bins + later),
            (&mut now_counts, now),
            (&mut later_counts, later),
        ] {
            if let Some(count) = counts.get_mut(at) {
                *count += 1;
            }
        }
    }
    let total = (series.len() - lag) as f64;
    let cells = joint.chunks_exact(bins).zip(&now_counts).flat_map(|(row, now)| {
        row.iter()
            .zip(&later_counts)
            .map(move |(both, later)| (f64::from(*both), f64::from(*now) * f64::from(*later)))
    });
    cells
        .filter(|(both, _)| *both > 0.0)
        .map(|(both, apart)| both / total * (both * total / apart).ln())
        .sum()
}

/// The mean period in samples, after Rice 1944: 2 pi times the spread of the series over that of its differences. At
/// least 2, for nothing faster can be seen; infinite for a constant.
pub fn mean_period(series: &[f64]) -> f64 {
    let (_, variance) = mean_and_variance(series);
    let differences: Vec<f64> = series
        .iter()
        .zip(series.iter().skip(1))
        .map(|(now, later)| later - now)
        .collect();
    let (_, variance_of_differences) = mean_and_variance(&differences);
    if variance_of_differences == 0.0 {
        return f64::INFINITY;
    }
    (std::f64::consts::TAU * (variance / variance_of_differences).sqrt()).max(2.0)
}

/// The KPSS statistic of a level: about 0.1 for a series that stays where it is, above 0.74 for one in a hundred of those, and
/// growing with the length for one that wanders off. `lags` bounds the correlation that is allowed for.
pub fn drift_statistic(series: &[f64], lags: usize) -> f64 {
    let (mean, variance) = mean_and_variance(series);
    if variance == 0.0 {
        return 0.0;
    }
    let lags = lags.min(series.len().saturating_sub(1));
    let weighted = |lag: usize| (1.0 - lag as f64 / (lags + 1) as f64) * covariance(series, mean, lag);
    let long_run = variance + 2.0 * (1..=lags).map(weighted).sum::<f64>();
    let mut sum = 0.0;
    let mut squares = 0.0;
    for value in series {
        sum += value - mean;
        squares += sum * sum;
    }
    let length = series.len() as f64;
    // Bartlett's weights keep the long-run variance positive but for rounding.
    squares / (length * length) / long_run.max(variance * 1e-12)
}
