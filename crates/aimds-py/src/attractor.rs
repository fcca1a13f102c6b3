//! Binding of the attractor analysis and of the measurements it rests on.
#![expect(
    clippy::needless_pass_by_value,
    reason = "extracted arguments arrive by value"
)]

use crate::kernels::{Count, Points, bad_value};
use crate::text::input_error;
use aimds_temporal::attractor::{
    self, AttractorClass, AttractorError, AttractorOptions, AttractorReport, Reason, analyse,
};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Adds the functions of this file to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("ATTRACTOR_POINTS_MIN", attractor::POINTS_MIN)?;
    module.add("ATTRACTOR_POINTS_MAX", attractor::POINTS_MAX)?;
    module.add_function(wrap_pyfunction!(analyse_attractor, module)?)?;
    module.add_function(wrap_pyfunction!(measure_series, module)?)
}

fn refused(py: Python<'_>, error: AttractorError) -> PyErr {
    match error {
        AttractorError::TooLong { points } => input_error(
            py,
            "INPUT_TOO_LARGE",
            &[
                ("place", "series"),
                ("size", &points.to_string()),
                ("unit", "points"),
                ("limit", &attractor::POINTS_MAX.to_string()),
            ],
        ),
        other => bad_value(py, "series", &other),
    }
}

fn plain<'a>(py: Python<'_>, points: &'a Points) -> PyResult<&'a [f64]> {
    if points.dimensions() == 1 {
        return Ok(points.values());
    }
    Err(bad_value(py, "series", &"expected plain numbers"))
}

fn class_name(class: AttractorClass) -> &'static str {
    match class {
        AttractorClass::FixedPoint => "fixed_point",
        AttractorClass::LimitCycle => "limit_cycle",
        AttractorClass::Chaotic => "chaotic",
        AttractorClass::Drifting => "drifting",
        AttractorClass::Irregular => "irregular",
        AttractorClass::InsufficientData => "insufficient_data",
    }
}

fn reason_name(reason: Reason) -> &'static str {
    match reason {
        Reason::TooFewPoints => "too_few_points",
        Reason::TooFewPeriods => "too_few_periods",
        Reason::CameToRest => "came_to_rest",
        Reason::Recurs => "recurs",
        Reason::LevelMoves => "level_moves",
        Reason::NeighboursPart => "neighbours_part",
        Reason::NeverUnfolds => "never_unfolds",
        Reason::NoExponentialGrowth => "no_exponential_growth",
    }
}

/// The analysis as a dictionary whose keys are the fields of `AttractorReport` in `aimds.temporal.attractor`.
#[pyfunction]
#[pyo3(signature = (series, delay=None, dimension=None, theiler=None))]
fn analyse_attractor(
    py: Python<'_>,
    series: Points,
    delay: Option<Count>,
    dimension: Option<Count>,
    theiler: Option<Count>,
) -> PyResult<Bound<'_, PyDict>> {
    let values = plain(py, &series)?;
    let [delay, dimension, theiler] = [delay, dimension, theiler].map(|count| count.map(|count| count.0));
    let options = AttractorOptions {
        delay,
        dimension,
        theiler,
    };
    let report = py
        .detach(|| analyse(values, options))
        .map_err(|error| refused(py, error))?;
    to_dict(py, &report)
}

fn to_dict<'py>(py: Python<'py>, report: &AttractorReport) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    out.set_item("attractor", class_name(report.class))?;
    out.set_item("reason", reason_name(report.reason))?;
    out.set_item("points", report.points)?;
    out.set_item("period", report.period)?;
    out.set_item("delay", report.delay)?;
    out.set_item("dimension", report.dimension)?;
    out.set_item("theiler", report.theiler)?;
    out.set_item("false_neighbours", report.false_neighbours)?;
    out.set_item("recurrence", report.recurrence)?;
    out.set_item("drift", report.drift)?;
    out.set_item("divergence", &report.divergence)?;
    let growth = report
        .growth
        .map(|fit| (fit.slope, fit.r_squared, fit.from_step, fit.to_step));
    out.set_item("growth", growth)?;
    Ok(out)
}

/// (autocorrelation, mutual information in 16 bins, share of false neighbours in `dimension` dimensions, divergence curve):
/// the single measurements, for tests and for the curious.
#[pyfunction]
fn measure_series(
    py: Python<'_>,
    series: Points,
    dimension: Count,
    delay: Count,
    theiler: Count,
    horizon: Count,
) -> PyResult<(f64, f64, f64, Vec<f64>)> {
    let values = plain(py, &series)?;
    let needed = dimension.0.saturating_mul(delay.0).saturating_add(horizon.0);
    if delay.0 == 0 || dimension.0 == 0 || needed >= values.len() || values.len() > attractor::POINTS_MAX {
        return Err(bad_value(
            py,
            "series",
            &"too short for this embedding, or too long",
        ));
    }
    Ok(py.detach(|| {
        (
            attractor::autocorrelation(values, delay.0),
            attractor::mutual_information(values, delay.0, 16),
            attractor::false_neighbour_share(values, dimension.0, delay.0, theiler.0),
            attractor::divergence_curve(values, dimension.0, delay.0, theiler.0, horizon.0),
        )
    }))
}
