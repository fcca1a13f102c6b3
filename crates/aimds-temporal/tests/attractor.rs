//! The attractor analysis on series whose answer is known, and on none.
#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a test may stop, and exact answers are meant exactly"
)]

use aimds_temporal::attractor::{
    AttractorClass, AttractorError, AttractorOptions, POINTS_MAX, POINTS_MIN, Reason, analyse,
    autocorrelation, choose_delay, divergence_curve, drift_statistic, false_neighbour_share, fit_growth,
    mean_period, mutual_information, nearest_neighbours,
};

fn logistic(growth: f64, points: usize) -> Vec<f64> {
    let next = |x: &f64| Some(growth * x * (1.0 - x));
    std::iter::successors(Some(0.3), next)
        .skip(500)
        .take(points)
        .collect()
}

fn sine(step: f64, points: usize) -> Vec<f64> {
    (0..points).map(|at| (at as f64 * step).sin()).collect()
}

/// Even numbers that repeat after 2^31 steps: good enough as noise (Park and Miller 1988).
fn noise(points: usize) -> Vec<f64> {
    let next = |state: &u64| Some(state * 48_271 % 2_147_483_647);
    std::iter::successors(Some(20_261_u64), next)
        .take(points)
        .map(|state| state as f64 / 2_147_483_647.0)
        .collect()
}

fn class(series: &[f64]) -> (AttractorClass, Reason) {
    let report = analyse(series, AttractorOptions::default()).unwrap();
    (report.class, report.reason)
}

/// The logistic map at r = 4 parts neighbours by ln 2 a step.
#[test]
fn the_logistic_map_is_chaotic() {
    let report = analyse(&logistic(4.0, 1_000), AttractorOptions::default()).unwrap();
    assert_eq!(
        (report.class, report.dimension, report.delay),
        (AttractorClass::Chaotic, 1, 1)
    );
    assert!((report.growth.unwrap().slope - std::f64::consts::LN_2).abs() < 0.03);
}

/// Cycles, rest, drift, noise and shortness get their names.
#[test]
fn classes() {
    assert_eq!(
        class(&logistic(3.5, 400)),
        (AttractorClass::LimitCycle, Reason::Recurs)
    );
    assert_eq!(
        class(&sine(0.1, 1_000)),
        (AttractorClass::LimitCycle, Reason::Recurs)
    );
    assert_eq!(
        class(&logistic(2.5, 400)),
        (AttractorClass::FixedPoint, Reason::CameToRest)
    );
    assert_eq!(
        class(&[7.0; 300]),
        (AttractorClass::FixedPoint, Reason::CameToRest)
    );
    let ramp: Vec<f64> = noise(400)
        .iter()
        .enumerate()
        .map(|(at, value)| value + at as f64 * 0.01)
        .collect();
    assert_eq!(class(&ramp), (AttractorClass::Drifting, Reason::LevelMoves));
    assert_eq!(
        class(&noise(600)),
        (AttractorClass::Irregular, Reason::NeverUnfolds)
    );
    assert_eq!(
        class(&noise(POINTS_MIN - 1)),
        (AttractorClass::InsufficientData, Reason::TooFewPoints)
    );
    assert_eq!(
        class(&[]),
        (AttractorClass::InsufficientData, Reason::TooFewPoints)
    );
}

/// A few slow swings are too few to say anything.
#[test]
fn few_periods() {
    let wobble: Vec<f64> = (0..300)
        .map(|at| (f64::from(at) * 0.2).sin() * (f64::from(at) * 0.037).cos())
        .collect();
    let (class, _) = class(&wobble);
    assert!(class != AttractorClass::Chaotic, "{class:?}");
}

/// The single measurements give what their definitions say of simple series.
#[test]
fn measurements() {
    let wave = sine(0.1, 2_000);
    assert!((mean_period(&wave) - std::f64::consts::TAU / 0.1).abs() < 0.5);
    assert!(mean_period(&[1.0; 9]).is_infinite());
    assert!((autocorrelation(&wave, 31) + 1.0).abs() < 0.05);
    assert_eq!(autocorrelation(&[1.0; 9], 2), 0.0);
    assert_eq!(mutual_information(&[1.0; 9], 1, 8), 0.0);
    assert_eq!(mutual_information(&wave, 5_000, 8), 0.0);
    // Two values that alternate tell each other apart fully: ln 2.
    let flips: Vec<f64> = (0..1_001).map(|at| f64::from(at % 2)).collect();
    assert!((mutual_information(&flips, 1, 2) - std::f64::consts::LN_2).abs() < 1e-6);
    let delay = choose_delay(&wave, mean_period(&wave), 60);
    assert!((5..=20).contains(&delay), "{delay}");
    assert_eq!(choose_delay(&noise(500), 4.0, 60), 1);
    assert!(drift_statistic(&[1.0; 9], 2) < 1e-9);
    assert!(drift_statistic(&(0..500).map(f64::from).collect::<Vec<_>>(), 5) > 1.0);
    assert!(false_neighbour_share(&wave, 2, delay, 63) < 0.01);
    assert!(false_neighbour_share(&wave, 1, delay, 63) > 0.02);
}

/// Neighbours keep their distance in time, and none is made up where none exists.
#[test]
fn neighbours() {
    let wave = sine(0.1, 400);
    let nearest = nearest_neighbours(&wave, 2, 8, 30, 300);
    assert!(
        nearest
            .iter()
            .enumerate()
            .all(|(at, found)| found.is_none_or(|(other, _)| at.abs_diff(other) > 30))
    );
    assert!(divergence_curve(&[1.0; 200], 2, 1, 5, 10).is_empty());
    assert!(divergence_curve(&wave[..20], 2, 1, 30, 10).is_empty());
    assert!(fit_growth(&[]).is_none());
    assert!(fit_growth(&[3.0, 2.0, 1.0, 0.0, 0.0]).is_none());
    assert!(fit_growth(&[0.0, 9.0, 9.0, 9.0, 9.0, 9.0]).is_none());
}

/// Bad numbers and impossible options are refused by name.
#[test]
fn refusals() {
    let options = AttractorOptions::default();
    assert_eq!(
        analyse(&[1.0, f64::NAN], options).err(),
        Some(AttractorError::NotFinite { at: 1 })
    );
    assert_eq!(
        analyse(&vec![0.0; POINTS_MAX + 1], options).err(),
        Some(AttractorError::TooLong {
            points: POINTS_MAX + 1
        })
    );
    for options in [
        AttractorOptions {
            delay: Some(0),
            ..options
        },
        AttractorOptions {
            dimension: Some(9),
            ..options
        },
        AttractorOptions {
            theiler: Some(999),
            ..options
        },
    ] {
        let error = analyse(&sine(0.3, 400), options).unwrap_err();
        assert!(matches!(error, AttractorError::Option { .. }) && !error.to_string().is_empty());
    }
    for error in [
        AttractorError::NotFinite { at: 1 },
        AttractorError::TooLong { points: 9 },
    ] {
        assert!(!error.to_string().is_empty());
    }
}
