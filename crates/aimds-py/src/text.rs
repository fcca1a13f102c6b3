//! Bindings of the text kernels.

use aimds_text::normalise::{INPUT_BYTES_MAX, Limits, Normalised, Trick, TrickKind, View, normalise_within};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};
use std::ops::Range;
use std::sync::OnceLock;

/// Bytes between two marks of a [`CodePoints`] index: a conversion counts at most this many bytes.
const MARK_BYTES: usize = 512;

/// Texts shorter than this are normalised with the GIL held: giving it up costs more than the work (about 20 us).
const DETACH_BYTES_MIN: usize = 2048;

/// Converts between byte offsets and code-point indices of one text. ASCII text needs no table.
#[derive(Debug, Default)]
pub(crate) struct CodePoints(OnceLock<Option<Vec<usize>>>);

impl CodePoints {
    /// Code points before each mark; `None` for ASCII.
    fn marks(&self, text: &str) -> Option<&[usize]> {
        self.0
            .get_or_init(|| {
                (!text.is_ascii()).then(|| {
                    let chunks = text.as_bytes().chunks(MARK_BYTES);
                    chunks
                        .scan(0, |count, chunk| {
                            let before = *count;
                            *count += starts(chunk);
                            Some(before)
                        })
                        .collect()
                })
            })
            .as_deref()
    }

    /// The code-point index of byte `offset`; offsets past the end give the length.
    pub(crate) fn index(&self, text: &str, offset: usize) -> usize {
        let offset = offset.min(text.len());
        let Some(marks) = self.marks(text) else {
            return offset;
        };
        let mark = (offset / MARK_BYTES).min(marks.len().saturating_sub(1));
        let before = marks.get(mark).copied().unwrap_or(0);
        before + text.as_bytes().get(mark * MARK_BYTES..offset).map_or(0, starts)
    }

    /// The byte offset of code point `index`; indices past the end give the length.
    pub(crate) fn offset(&self, text: &str, index: usize) -> usize {
        let Some(marks) = self.marks(text) else {
            return index.min(text.len());
        };
        let mark = marks.partition_point(|&before| before <= index).saturating_sub(1);
        let left = index.saturating_sub(marks.get(mark).copied().unwrap_or(0));
        let from = mark * MARK_BYTES;
        let rest = text.as_bytes().get(from..).unwrap_or_default();
        let start = rest
            .iter()
            .enumerate()
            .filter(|&(_, &byte)| is_start(byte))
            .nth(left);
        start.map_or(text.len(), |(at, _)| from + at)
    }
}

fn is_start(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}

fn starts(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| is_start(byte)).count()
}

/// The characters of a Python string.
///
/// Raises `InputError` (`input-bad-event`) when they are not Unicode text: a lone surrogate.
pub(crate) fn utf8_of<'a>(text: &'a Bound<'_, PyString>) -> PyResult<&'a str> {
    text.to_str().map_err(|_| {
        let reason = "the text holds a lone surrogate, which is no character";
        input_error(
            text.py(),
            "INPUT_BAD_EVENT",
            &[("place", "text"), ("reason", reason)],
        )
    })
}

/// An `aimds.errors.InputError` with a code of the catalogue and its fields.
pub(crate) fn input_error(py: Python<'_>, code: &str, fields: &[(&str, &str)]) -> PyErr {
    let build = || -> PyResult<PyErr> {
        let errors = py.import("aimds.errors")?;
        let code = errors.getattr("ErrorCode")?.getattr(code)?;
        let keywords = PyDict::new(py);
        for (name, value) in fields {
            keywords.set_item(name, value)?;
        }
        Ok(PyErr::from_value(
            errors.getattr("InputError")?.call((code,), Some(&keywords))?,
        ))
    };
    build().unwrap_or_else(|error| error)
}

/// A text, its canonical form, its decoded views and the tricks that were undone. Immutable.
#[pyclass(frozen, name = "NormalisedText", module = "aimds._core")]
pub struct PyNormalisedText {
    pub(crate) inner: Normalised,
    original_points: CodePoints,
    view_points: Vec<CodePoints>,
}

impl PyNormalisedText {
    pub(crate) fn new(inner: Normalised) -> Self {
        let view_points = inner.views.iter().map(|_| CodePoints::default()).collect();
        Self {
            inner,
            original_points: CodePoints::default(),
            view_points,
        }
    }

    /// Code-point indices of a byte range of the original.
    pub(crate) fn original_code_points(&self, bytes: &Range<usize>) -> (usize, usize) {
        let text = &self.inner.original;
        (
            self.original_points.index(text, bytes.start),
            self.original_points.index(text, bytes.end),
        )
    }
}

#[pymethods]
impl PyNormalisedText {
    /// The text as it arrived.
    #[getter]
    fn original(&self) -> &str {
        &self.inner.original
    }

    /// The canonical text: the first view.
    #[getter]
    fn canonical(&self) -> &str {
        self.inner.canonical()
    }

    /// All readings, the canonical one first.
    #[getter]
    fn views(slf: &Bound<'_, Self>) -> Vec<PyTextView> {
        let count = slf.get().inner.views.len();
        (0..count)
            .map(|index| PyTextView {
                owner: slf.clone().unbind(),
                index,
            })
            .collect()
    }

    /// The tricks that were undone, in the order of their spans.
    #[getter]
    fn tricks(&self) -> Vec<PyTrick> {
        self.inner.tricks.iter().map(|trick| self.trick(trick)).collect()
    }

    /// The bounds that stopped decoding; empty when everything was read.
    #[getter]
    fn incomplete<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.inner.incomplete.iter().map(|bound| bound.name()))
    }

    fn __repr__(&self) -> String {
        let (views, tricks) = (self.inner.views.len(), self.inner.tricks.len());
        format!(
            "<NormalisedText: {} bytes, {views} views, {tricks} tricks>",
            self.inner.original.len()
        )
    }
}

impl PyNormalisedText {
    fn trick(&self, trick: &Trick) -> PyTrick {
        let (start, end) = self.original_code_points(&trick.span);
        PyTrick {
            kind: trick.kind.name(),
            start,
            end,
            count: trick.count,
            deliberate: trick.deliberate,
        }
    }
}

/// One reading of a text.
#[pyclass(frozen, name = "TextView", module = "aimds._core")]
pub struct PyTextView {
    owner: Py<PyNormalisedText>,
    index: usize,
}

impl PyTextView {
    fn view(&self) -> Option<(&View, &CodePoints)> {
        let owner = self.owner.get();
        owner
            .inner
            .views
            .get(self.index)
            .zip(owner.view_points.get(self.index))
    }
}

#[pymethods]
impl PyTextView {
    /// The text of this reading.
    #[getter]
    fn text(&self) -> &str {
        self.view().map_or("", |(view, _)| view.text.as_str())
    }

    /// The steps that made it, first step first; empty when it is the original text.
    #[getter]
    fn chain<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let steps = self
            .view()
            .map(|(view, _)| view.chain.as_slice())
            .unwrap_or_default();
        PyTuple::new(py, steps.iter().map(|step| step.name()))
    }

    /// The characters of the original that characters `start` to `end` of this view came from.
    fn original_span(&self, start: usize, end: usize) -> (usize, usize) {
        let Some((view, points)) = self.view() else {
            return (0, 0);
        };
        let bytes = points.offset(&view.text, start)..points.offset(&view.text, end);
        self.owner.get().original_code_points(&view.original_span(bytes))
    }

    fn __repr__(&self) -> String {
        let steps: Vec<_> = self.view().map_or(Vec::new(), |(view, _)| {
            view.chain.iter().map(|step| step.name()).collect()
        });
        format!("<TextView: {} bytes, {}>", self.text().len(), steps.join(" > "))
    }
}

/// A way of hiding text that was undone.
#[pyclass(frozen, get_all, name = "Trick", module = "aimds._core")]
pub struct PyTrick {
    kind: &'static str,
    start: usize,
    end: usize,
    count: usize,
    deliberate: f32,
}

#[pymethods]
impl PyTrick {
    fn __repr__(&self) -> String {
        format!(
            "<Trick: {} at {}..{}, count {}>",
            self.kind, self.start, self.end, self.count
        )
    }
}

/// Normalises one text: canonical form, decoded views, tricks.
///
/// Raises `InputError`: `input-bad-event` for a lone surrogate, `input-too-large` above the limit of the kernel.
#[pyfunction]
#[pyo3(signature = (
    text, *, depth_max = Limits::DEFAULT.depth_max, candidates_max = Limits::DEFAULT.candidates_max,
    output_factor_max = Limits::DEFAULT.output_factor_max, work_factor_max = Limits::DEFAULT.work_factor_max,
))]
fn normalise(
    py: Python<'_>,
    text: &Bound<'_, PyString>,
    depth_max: usize,
    candidates_max: usize,
    output_factor_max: usize,
    work_factor_max: usize,
) -> PyResult<PyNormalisedText> {
    let original = utf8_of(text)?;
    if original.len() > INPUT_BYTES_MAX {
        let (size, limit) = (original.len().to_string(), INPUT_BYTES_MAX.to_string());
        let fields = [
            ("place", "text"),
            ("size", &size),
            ("unit", "bytes"),
            ("limit", &limit),
        ];
        return Err(input_error(py, "INPUT_TOO_LARGE", &fields));
    }
    let limits = Limits {
        depth_max,
        candidates_max,
        output_factor_max,
        work_factor_max,
    };
    let inner = if original.len() < DETACH_BYTES_MIN {
        normalise_within(original, &limits)
    } else {
        py.detach(|| normalise_within(original, &limits))
    };
    Ok(PyNormalisedText::new(inner))
}

/// Adds the classes and functions of this file to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyNormalisedText>()?;
    module.add_class::<PyTextView>()?;
    module.add_class::<PyTrick>()?;
    module.add("NORMALISE_INPUT_BYTES_MAX", INPUT_BYTES_MAX)?;
    let kinds: Vec<_> = TrickKind::ALL.iter().map(|kind| kind.name()).collect();
    module.add("TRICK_KINDS", PyTuple::new(module.py(), kinds)?)?;
    module.add_function(wrap_pyfunction!(normalise, module)?)
}
