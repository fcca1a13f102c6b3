//! Bindings of the stand-alone temporal kernels: comparison, scheduler, rate window, monitor.

#![expect(
    clippy::needless_pass_by_value,
    reason = "extracted arguments arrive by value"
)]

use crate::text::input_error;
use aimds_temporal::compare::{self, CompareError, DtwScratch, Envelope, Library, Series};
use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString, PyTuple};
use std::collections::HashMap;
use std::fmt::Display;

/// Cells of an alignment above which the GIL is released: giving it up costs more than less work (about 20 us).
const DETACH_CELLS_MIN: usize = 8_192;

/// Adds the classes and functions of this file to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("COMPARE_TOKENS_MAX", compare::TOKENS_MAX)?;
    module.add("COMPARE_POINTS_MAX", compare::POINTS_MAX)?;
    module.add_function(wrap_pyfunction!(dtw_distance, module)?)?;
    module.add_function(wrap_pyfunction!(dtw_similarity, module)?)?;
    module.add_function(wrap_pyfunction!(dtw_lower_bounds, module)?)?;
    module.add_function(wrap_pyfunction!(edit_distance, module)?)?;
    module.add_function(wrap_pyfunction!(edit_similarity, module)?)?;
    module.add_function(wrap_pyfunction!(lcs_length, module)?)?;
    module.add_function(wrap_pyfunction!(lcs_similarity, module)?)?;
    module.add_class::<SeriesLibrary>()
}

/// An `InputError` with the code `input-bad-value`.
pub(crate) fn bad_value(py: Python<'_>, place: &str, reason: &dyn Display) -> PyErr {
    input_error(
        py,
        "INPUT_BAD_VALUE",
        &[("place", place), ("reason", &reason.to_string())],
    )
}

/// A whole number from 0 to 2^64 - 1: a time or a length of time in nanoseconds.
#[derive(Clone, Copy)]
pub(crate) struct Nanoseconds(pub u64);

impl<'py> FromPyObject<'_, 'py> for Nanoseconds {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let time = object.extract::<u64>();
        time.map(Self).map_err(|_| {
            bad_value(
                object.py(),
                "time",
                &"expected whole nanoseconds from 0 to 2^64 - 1",
            )
        })
    }
}

/// A whole number from 0: a length, a band, a capacity.
#[derive(Clone, Copy)]
pub(crate) struct Count(pub usize);

impl<'py> FromPyObject<'_, 'py> for Count {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let count = object.extract::<usize>();
        count
            .map(Self)
            .map_err(|_| bad_value(object.py(), "count", &"expected a whole number from 0"))
    }
}

/// Numbers, or rows of equally many numbers: any buffer of doubles with one or two axes, or any sequences.
pub(crate) struct Points {
    values: Vec<f64>,
    dimensions: usize,
}

impl Points {
    pub(crate) fn values(&self) -> &[f64] {
        &self.values
    }

    pub(crate) fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn series(&self, py: Python<'_>) -> PyResult<Series<'_>> {
        Series::with_dimensions(self.values.as_slice(), self.dimensions).map_err(|error| refused(py, &error))
    }
}

const POINTS_EXPECTED: &str = "expected numbers, or rows of equally many numbers";

impl<'py> FromPyObject<'_, 'py> for Points {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let py = object.py();
        if !object.is_instance_of::<PyList>()
            && let Ok(buffer) = PyBuffer::<f64>::get(&object)
        {
            let dimensions = match *buffer.shape() {
                [_] => 1,
                [_, dimensions] => dimensions,
                _ => return Err(bad_value(py, "series", &POINTS_EXPECTED)),
            };
            check_points(py, buffer.shape().first().copied().unwrap_or(0))?;
            check_values(py, buffer.item_count())?;
            return Ok(Self {
                values: buffer.to_vec(py)?,
                dimensions,
            });
        }
        let mut points = Self {
            values: Vec::new(),
            dimensions: 1,
        };
        let items = object
            .try_iter()
            .map_err(|_| bad_value(py, "series", &POINTS_EXPECTED))?;
        for (at, item) in items.enumerate() {
            check_points(py, at + 1)?;
            let item = item?;
            let before = points.values.len();
            if let Ok(number) = item.extract::<f64>() {
                points.values.push(number);
            } else {
                let row = item.extract::<Vec<f64>>();
                points
                    .values
                    .extend(row.map_err(|_| bad_value(py, "series", &POINTS_EXPECTED))?);
            }
            check_values(py, points.values.len())?;
            let width = points.values.len() - before;
            if at == 0 {
                points.dimensions = width;
            } else if width != points.dimensions {
                return Err(bad_value(py, "series", &POINTS_EXPECTED));
            }
        }
        Ok(points)
    }
}

/// Refuses early what no kernel would take: an endless iterator must end somewhere.
fn check_points(py: Python<'_>, points: usize) -> PyResult<()> {
    if points > compare::POINTS_MAX {
        return Err(refused(
            py,
            &CompareError::TooLong {
                length: points,
                limit: compare::POINTS_MAX,
            },
        ));
    }
    Ok(())
}

/// The same for all numbers together.
fn check_values(py: Python<'_>, values: usize) -> PyResult<()> {
    let limit = compare::POINTS_MAX * compare::DIMENSIONS_MAX;
    if values > limit {
        return Err(refused(
            py,
            &CompareError::TooLong {
                length: values,
                limit,
            },
        ));
    }
    Ok(())
}

fn refused(py: Python<'_>, error: &CompareError) -> PyErr {
    match error {
        CompareError::TooLong { length, limit } => input_error(
            py,
            "INPUT_TOO_LARGE",
            &[
                ("place", "comparison"),
                ("size", &length.to_string()),
                ("unit", "items"),
                ("limit", &limit.to_string()),
            ],
        ),
        other => bad_value(py, "comparison", other),
    }
}

/// Runs a comparison, without the GIL when it is long.
fn run<T: Send>(
    py: Python<'_>,
    cells: usize,
    work: impl FnOnce() -> Result<T, CompareError> + Send,
) -> PyResult<T> {
    let result = if cells < DETACH_CELLS_MIN {
        work()
    } else {
        py.detach(work)
    };
    result.map_err(|error| refused(py, &error))
}

fn alignment_cells(left: &Series<'_>, right: &Series<'_>, band: Option<usize>) -> usize {
    let columns = band
        .map_or(usize::MAX, |band| band.saturating_mul(2).saturating_add(1))
        .min(right.points());
    left.points()
        .saturating_mul(columns)
        .saturating_mul(left.dimensions())
}

/// The DTW distance; `inf` when it exceeds `distance_max`.
#[pyfunction]
#[pyo3(signature = (left, right, band=None, distance_max=f64::INFINITY))]
fn dtw_distance(
    py: Python<'_>,
    left: Points,
    right: Points,
    band: Option<Count>,
    distance_max: f64,
) -> PyResult<f64> {
    let (left, right) = (left.series(py)?, right.series(py)?);
    let band = band.map(|band| band.0);
    let distance = run(py, alignment_cells(&left, &right, band), || {
        compare::dtw_bounded(&left, &right, band, distance_max, &mut DtwScratch::default())
    })?;
    Ok(distance.unwrap_or(f64::INFINITY))
}

/// 1 / (1 + DTW distance per point), in (0, 1].
#[pyfunction]
#[pyo3(signature = (left, right, band=None))]
fn dtw_similarity(py: Python<'_>, left: Points, right: Points, band: Option<Count>) -> PyResult<f64> {
    let (left, right) = (left.series(py)?, right.series(py)?);
    let band = band.map(|band| band.0);
    let distance = run(py, alignment_cells(&left, &right, band), || {
        compare::dtw(&left, &right, band)
    })?;
    Ok(compare::similarity_from_distance(
        distance,
        left.points(),
        right.points(),
    ))
}

/// (`LB_Kim`, `LB_Keogh`): two numbers that the DTW distance is not below.
#[pyfunction]
#[pyo3(signature = (left, right, band=None))]
fn dtw_lower_bounds(
    py: Python<'_>,
    left: Points,
    right: Points,
    band: Option<Count>,
) -> PyResult<(f64, f64)> {
    let (left, right) = (left.series(py)?, right.series(py)?);
    let kim = compare::lb_kim(&left, &right).map_err(|error| refused(py, &error))?;
    let envelope = Envelope::new(&right, left.points(), band.map(|band| band.0));
    let keogh = compare::lb_keogh(&left, &envelope).map_err(|error| refused(py, &error))?;
    Ok((kim, keogh))
}

/// The two sides of a token comparison: both texts, or both sequences of numbers or of words.
enum Pair<'a> {
    Text(&'a str, &'a str),
    Tokens(Vec<u64>, Vec<u64>),
}

const TOKENS_EXPECTED: &str =
    "expected two texts, or two sequences of whole numbers from 0 to 2^64 - 1 or of words";

impl<'a> Pair<'a> {
    fn new(left: &'a Bound<'_, PyAny>, right: &'a Bound<'_, PyAny>) -> PyResult<Self> {
        if let (Ok(left), Ok(right)) = (left.cast::<PyString>(), right.cast::<PyString>()) {
            return Ok(Self::Text(
                crate::text::utf8_of(left)?,
                crate::text::utf8_of(right)?,
            ));
        }
        let mut words = HashMap::new();
        let mut kind = None;
        let left = tokens(left, &mut words, &mut kind)?;
        Ok(Self::Tokens(left, tokens(right, &mut words, &mut kind)?))
    }

    /// Calls the kernel that fits, without the GIL when the work is long.
    fn run<T: Send>(
        &self,
        py: Python<'_>,
        of_texts: impl FnOnce(&str, &str) -> Result<T, CompareError> + Send,
        of_tokens: impl FnOnce(&[u64], &[u64]) -> Result<T, CompareError> + Send,
    ) -> PyResult<T> {
        // A machine word holds 64 cells and takes about as long as one cell of an alignment of numbers.
        match self {
            Self::Text(left, right) => run(py, left.len().saturating_mul(right.len()) / 64, || {
                of_texts(left, right)
            }),
            Self::Tokens(left, right) => run(py, left.len().saturating_mul(right.len()) / 64, || {
                of_tokens(left, right)
            }),
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum TokenKind {
    Number,
    Word,
}

/// Numbers stand for themselves; words get a number each, the same on both sides.
fn tokens(
    object: &Bound<'_, PyAny>,
    words: &mut HashMap<String, u64>,
    kind: &mut Option<TokenKind>,
) -> PyResult<Vec<u64>> {
    let py = object.py();
    let refuse = || bad_value(py, "comparison", &TOKENS_EXPECTED);
    if object.is_instance_of::<PyString>() {
        return Err(refuse());
    }
    if !object.is_instance_of::<PyList>()
        && let Ok(buffer) = PyBuffer::<u64>::get(object)
    {
        let length = buffer.item_count();
        if length > compare::TOKENS_MAX {
            return Err(refused(
                py,
                &CompareError::TooLong {
                    length,
                    limit: compare::TOKENS_MAX,
                },
            ));
        }
        return if buffer.dimensions() == 1 {
            buffer.to_vec(py)
        } else {
            Err(refuse())
        };
    }
    let items = object.try_iter().map_err(|_| refuse())?;
    let mut out = Vec::with_capacity(object.len().unwrap_or(0).min(compare::TOKENS_MAX));
    for item in items {
        let item = item?;
        let (token, found) = if let Ok(number) = item.extract::<u64>() {
            (number, TokenKind::Number)
        } else {
            let next = words.len() as u64;
            let word = crate::text::utf8_of(item.cast::<PyString>().map_err(|_| refuse())?)?;
            (*words.entry(word.to_owned()).or_insert(next), TokenKind::Word)
        };
        if *kind.get_or_insert(found) != found {
            return Err(refuse());
        }
        out.push(token);
        if out.len() > compare::TOKENS_MAX {
            return Err(refused(
                py,
                &CompareError::TooLong {
                    length: out.len(),
                    limit: compare::TOKENS_MAX,
                },
            ));
        }
    }
    Ok(out)
}

/// Insertions, deletions and substitutions between two texts or token sequences.
#[pyfunction]
fn edit_distance(left: &Bound<'_, PyAny>, right: &Bound<'_, PyAny>) -> PyResult<usize> {
    Pair::new(left, right)?.run(left.py(), compare::edit_distance_text, compare::edit_distance)
}

/// 1 - edit distance / longer length.
#[pyfunction]
fn edit_similarity(left: &Bound<'_, PyAny>, right: &Bound<'_, PyAny>) -> PyResult<f64> {
    Pair::new(left, right)?.run(left.py(), compare::edit_similarity_text, compare::edit_similarity)
}

/// Length of the longest common subsequence of two texts or token sequences.
#[pyfunction]
fn lcs_length(left: &Bound<'_, PyAny>, right: &Bound<'_, PyAny>) -> PyResult<usize> {
    Pair::new(left, right)?.run(left.py(), compare::lcs_length_text, compare::lcs_length)
}

/// Length of the longest common subsequence / longer length.
#[pyfunction]
fn lcs_similarity(left: &Bound<'_, PyAny>, right: &Bound<'_, PyAny>) -> PyResult<f64> {
    Pair::new(left, right)?.run(left.py(), compare::lcs_similarity_text, compare::lcs_similarity)
}

/// (index, distance), nearest first.
type Matches = Vec<(usize, f64)>;

/// Series to search by DTW distance.
#[pyclass(module = "aimds._core")]
struct SeriesLibrary {
    inner: Library,
}

#[pymethods]
impl SeriesLibrary {
    #[new]
    #[pyo3(signature = (dimensions=Count(1), band=None))]
    fn new(dimensions: Count, band: Option<Count>) -> Self {
        Self {
            inner: Library::new(dimensions.0, band.map(|band| band.0)),
        }
    }

    /// Adds a series; returns its index.
    fn add(&mut self, py: Python<'_>, series: Points) -> PyResult<usize> {
        self.inner
            .push(series.series(py)?)
            .map_err(|error| refused(py, &error))
    }

    /// The nearest series as (index, distance), and how many were dropped by `LB_Kim`, by `LB_Keogh`, abandoned, aligned.
    #[pyo3(signature = (query, count=Count(1), distance_max=f64::INFINITY))]
    fn nearest<'py>(
        &self,
        py: Python<'py>,
        query: Points,
        count: Count,
        distance_max: f64,
    ) -> PyResult<(Matches, Bound<'py, PyTuple>)> {
        let query = query.series(py)?;
        let found = py.detach(|| self.inner.nearest(&query, count.0, distance_max));
        let found = found.map_err(|error| refused(py, &error))?;
        let matches = found
            .matches
            .iter()
            .map(|found| (found.index, found.distance))
            .collect();
        let counts = found.counts;
        let counts = [
            counts.pruned_by_kim,
            counts.pruned_by_keogh,
            counts.abandoned,
            counts.aligned,
        ];
        Ok((matches, PyTuple::new(py, counts)?))
    }

    fn __len__(&self) -> usize {
        self.inner.len()
    }
}
