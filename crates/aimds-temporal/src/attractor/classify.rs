//! The answer: which kind of behaviour a series shows, with the reason and everything it was judged by.

use super::divergence::{LinearFit, divergence_curve, fit_growth, plateau};
use super::embedding::{choose_delay, false_neighbour_share, rows};
use super::statistics::{drift_statistic, extent, long_recurrence, mean_and_variance, mean_period};
use super::{AttractorError, DIMENSION_MAX, POINTS_MAX, POINTS_MIN};

/// A tail whose extent is below this share of the whole has come to rest.
const REST_SHARE: f64 = 1e-3;

/// Recurrence over a quarter to half of the series that only periodic behaviour reaches, and that a noisy cycle still
/// reaches when nothing else explains the series. The phase-coherent Rossler attractor stays near 0.9.
const RECURRENCE_SURE: f64 = 0.95;
const RECURRENCE_NOISY: f64 = 0.8;

/// The KPSS level that one stationary series in a hundred exceeds (Kwiatkowski et al. 1992, table 1).
const DRIFT_MIN: f64 = 0.739;

/// Mean periods that must have been seen before recurrence, and before growth, means anything: fewer than twenty swings of a
/// random walk look like the orbit of something.
const CYCLES_MIN: f64 = 5.0;
const PERIODS_MIN: f64 = 20.0;

/// A dimension unfolds the series when at most this share of neighbours is false; noise never gets below a tenth.
const UNFOLDED_SHARE: f64 = 0.02;
const STRUCTURE_SHARE: f64 = 0.05;

/// What chaos must show: a straight rise, of at least one e-folding, not all in the first step (as noise does it).
const FIT_R_SQUARED_MIN: f64 = 0.97;
const RISE_MIN: f64 = 1.0;
const FIRST_STEP_SHARE_MAX: f64 = 0.4;

/// Steps of the divergence curve: enough mean periods for slow chaos to fill its attractor.
const HORIZON_PERIODS: f64 = 20.0;
const HORIZON_MAX: usize = 1_000;

/// What a series settles into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttractorClass {
    /// It comes to rest.
    FixedPoint,
    /// It repeats itself, exactly or under noise, with one period or several.
    LimitCycle,
    /// Bounded, deterministic, and neighbours part exponentially.
    Chaotic,
    /// Its level moves away: it has no attractor to speak of.
    Drifting,
    /// Bounded, with no structure that eight dimensions could unfold: noise, as far as one can tell.
    Irregular,
    /// Too little to say anything.
    InsufficientData,
}

/// Why the class was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Fewer than [`POINTS_MIN`] points.
    TooFewPoints,
    /// Fewer than twenty mean periods.
    TooFewPeriods,
    /// The last quarter hardly moves.
    CameToRest,
    /// The series repeats itself over half its length.
    Recurs,
    /// The drift statistic of the level is high.
    LevelMoves,
    /// Neighbours part exponentially.
    NeighboursPart,
    /// No dimension unfolds the series.
    NeverUnfolds,
    /// It unfolds, but neighbours do not part exponentially.
    NoExponentialGrowth,
}

/// What the caller may fix; everything unset is chosen from the series.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AttractorOptions {
    /// Samples between the coordinates of a delay vector.
    pub delay: Option<usize>,
    /// Coordinates of a delay vector.
    pub dimension: Option<usize>,
    /// Steps within which neighbours do not count.
    pub theiler: Option<usize>,
}

/// The answer with everything it was judged by.
#[derive(Debug, Clone, PartialEq)]
pub struct AttractorReport {
    /// What the series settles into.
    pub class: AttractorClass,
    /// Why.
    pub reason: Reason,
    /// Points analysed.
    pub points: usize,
    /// Mean period in samples; infinite for a constant, 0 when there was nothing to analyse.
    pub period: f64,
    /// Delay of the embedding in samples; 0 when there is none.
    pub delay: usize,
    /// Dimension of the embedding; 0 when there is none.
    pub dimension: usize,
    /// Theiler window in samples.
    pub theiler: usize,
    /// Share of false neighbours in that dimension.
    pub false_neighbours: f64,
    /// How well the series repeats itself over a quarter to half of its length.
    pub recurrence: f64,
    /// KPSS statistic of the level.
    pub drift: f64,
    /// Growth of neighbour distances, if some piece of the curve is fit to be measured. Only for a chaotic series is its
    /// slope the largest Lyapunov exponent.
    pub growth: Option<LinearFit>,
    /// Mean log distance of neighbours by steps.
    pub divergence: Vec<f64>,
}

/// Analyses a series, oldest value first.
pub fn analyse(series: &[f64], options: AttractorOptions) -> Result<AttractorReport, AttractorError> {
    if series.len() > POINTS_MAX {
        return Err(AttractorError::TooLong { points: series.len() });
    }
    if let Some(at) = series.iter().position(|value| !value.is_finite()) {
        return Err(AttractorError::NotFinite { at });
    }
    check(options, series.len())?;
    let mut report = AttractorReport {
        class: AttractorClass::InsufficientData,
        reason: Reason::TooFewPoints,
        points: series.len(),
        period: 0.0,
        delay: 0,
        dimension: 0,
        theiler: 0,
        false_neighbours: 1.0,
        recurrence: 0.0,
        drift: 0.0,
        growth: None,
        divergence: Vec::new(),
    };
    if series.len() >= POINTS_MIN {
        // The largest magnitude becomes one, so that no square over- or underflows.
        let scale = series.iter().fold(0.0_f64, |scale, value| scale.max(value.abs()));
        let scaled: Vec<f64> = series
            .iter()
            .map(|value| if scale > 0.0 { value / scale } else { 0.0 })
            .collect();
        (report.class, report.reason) = judge(&scaled, options, &mut report);
        for height in &mut report.divergence {
            *height += scale.max(f64::MIN_POSITIVE).ln();
        }
    }
    Ok(report)
}

fn check(options: AttractorOptions, points: usize) -> Result<(), AttractorError> {
    let delay_max = (points / (2 * DIMENSION_MAX)).max(1);
    let bounds = [
        ("delay", options.delay, 1, delay_max),
        ("dimension", options.dimension, 1, DIMENSION_MAX),
        ("theiler", options.theiler, 0, (points / 4).max(1)),
    ];
    for (name, value, from, to) in bounds {
        if value.is_some_and(|value| value < from || value > to) {
            return Err(AttractorError::Option { name, from, to });
        }
    }
    Ok(())
}

fn judge(
    series: &[f64],
    options: AttractorOptions,
    report: &mut AttractorReport,
) -> (AttractorClass, Reason) {
    report.period = mean_period(series);
    if came_to_rest(series) {
        return (AttractorClass::FixedPoint, Reason::CameToRest);
    }
    embed(series, options, report);
    report.recurrence = long_recurrence(series);
    report.drift = drift(series, report.period);
    let periods = series.len() as f64 / report.period;
    if report.recurrence >= RECURRENCE_SURE && periods >= CYCLES_MIN {
        return (AttractorClass::LimitCycle, Reason::Recurs);
    }
    if report.drift > DRIFT_MIN {
        return (AttractorClass::Drifting, Reason::LevelMoves);
    }
    if periods < PERIODS_MIN {
        return (AttractorClass::InsufficientData, Reason::TooFewPeriods);
    }
    measure_growth(series, report);
    if report.false_neighbours <= STRUCTURE_SHARE && is_chaotic(report) {
        return (AttractorClass::Chaotic, Reason::NeighboursPart);
    }
    if report.recurrence >= RECURRENCE_NOISY {
        return (AttractorClass::LimitCycle, Reason::Recurs);
    }
    let unfolds = report.false_neighbours <= STRUCTURE_SHARE;
    let reason = if unfolds {
        Reason::NoExponentialGrowth
    } else {
        Reason::NeverUnfolds
    };
    (AttractorClass::Irregular, reason)
}

fn came_to_rest(series: &[f64]) -> bool {
    let size = |part: &[f64]| {
        let (low, high) = extent(part);
        high - low
    };
    let tail = series.get(series.len() - series.len() / 4..).unwrap_or(&[]);
    // The series is scaled to magnitude one: what moves less than the rounding of such numbers does not move.
    size(tail) <= (REST_SHARE * size(series)).max(1e-12)
}

fn embed(series: &[f64], options: AttractorOptions, report: &mut AttractorReport) {
    let length = series.len();
    let delay_max = (length / (2 * DIMENSION_MAX)).max(1);
    let lag_max = delay_max.min((2.0 * report.period) as usize + 2);
    report.delay = options
        .delay
        .unwrap_or_else(|| choose_delay(series, report.period, lag_max));
    let period_steps = report.period.ceil().min(length as f64 / 10.0) as usize;
    report.theiler = options.theiler.unwrap_or(period_steps);
    let tried = options
        .dimension
        .map_or(1..=DIMENSION_MAX, |dimension| dimension..=dimension);
    for dimension in tried {
        let share = false_neighbour_share(series, dimension, report.delay, report.theiler);
        if report.dimension == 0 || share < report.false_neighbours {
            (report.dimension, report.false_neighbours) = (dimension, share);
        }
        if share <= UNFOLDED_SHARE {
            return;
        }
    }
}

/// The drift of the level or, when larger, of the spread.
fn drift(series: &[f64], period: f64) -> f64 {
    let length = series.len() as f64;
    let usual = 4.0 * (length / 100.0).powf(0.25);
    let lags = usual.max((2.0 * period).min(length / 10.0)) as usize;
    let (mean, _) = mean_and_variance(series);
    let spread: Vec<f64> = series.iter().map(|value| (value - mean).abs()).collect();
    drift_statistic(series, lags).max(drift_statistic(&spread, lags))
}

fn measure_growth(series: &[f64], report: &mut AttractorReport) {
    let available = rows(series.len(), report.dimension, report.delay) / 4;
    let horizon = available
        .min(HORIZON_MAX)
        .min((HORIZON_PERIODS * report.period) as usize + 10);
    report.divergence = divergence_curve(series, report.dimension, report.delay, report.theiler, horizon);
    report.growth = fit_growth(&report.divergence);
}

fn is_chaotic(report: &AttractorReport) -> bool {
    let (Some(fit), [first, second, ..]) = (report.growth, report.divergence.as_slice()) else {
        return false;
    };
    let rise = plateau(&report.divergence) - first;
    fit.slope > 0.0
        && fit.r_squared >= FIT_R_SQUARED_MIN
        && rise >= RISE_MIN
        && second - first <= FIRST_STEP_SHARE_MAX * rise
}
