//! Bindings of the second look's token table.
#![expect(clippy::needless_pass_by_value, reason = "PyO3 hands arguments over by value")]

use aimds_vectors::{Reading, TokenTable};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::{PyClassifierResult, TextLike, bytes_of_floats, reading_of, readings_of, run, vector_error};
use crate::text::{CodePoints, utf8_of};

/// Padded windows that one call gathers: 256 full ones of 384 dimensions are 50 MB.
const GATHER_WINDOWS_MAX: usize = 256;

/// A stretch of one reading of an event, as the transformers see it.
#[pyclass(frozen, name = "TokenWindow", module = "aimds._core")]
pub struct PyTokenWindow {
    ids: Vec<u32>,
    #[pyo3(get)]
    start: usize,
    #[pyo3(get)]
    end: usize,
    #[pyo3(get)]
    chain: Vec<&'static str>,
    #[pyo3(get)]
    is_decoded: bool,
    #[pyo3(get)]
    suspicion: f32,
}

#[pymethods]
impl PyTokenWindow {
    /// Ids of the pieces, the opening and the closing mark included.
    #[getter]
    fn ids(&self) -> Vec<u32> {
        self.ids.clone()
    }

    fn __len__(&self) -> usize {
        self.ids.len()
    }

    fn __repr__(&self) -> String {
        format!(
            "<TokenWindow: {} tokens at {}..{}>",
            self.ids.len(),
            self.start,
            self.end
        )
    }
}

/// Frozen word vectors with their tokenizer. Immutable.
#[pyclass(frozen, name = "TokenTable", module = "aimds._core")]
pub struct PyTokenTable {
    inner: TokenTable,
}

#[pymethods]
impl PyTokenTable {
    /// Reads the bytes of `look.safetensors`; raises `ArtefactError` when they are damaged.
    #[staticmethod]
    fn load(py: Python<'_>, data: &[u8]) -> PyResult<Self> {
        let inner = py
            .detach(|| TokenTable::load(data))
            .map_err(|error| vector_error(py, &error))?;
        Ok(Self { inner })
    }

    /// Length of a word vector.
    #[getter]
    fn dimension(&self) -> usize {
        self.inner.dimension()
    }

    /// Number of pieces.
    #[getter]
    fn pieces(&self) -> usize {
        self.inner.pieces()
    }

    /// Tokens of a full window, its two marks included.
    #[getter]
    fn window_tokens(&self) -> usize {
        self.inner.window_tokens()
    }

    /// Tokens from one window's start to the next one's.
    #[getter]
    fn stride_tokens(&self) -> usize {
        self.inner.stride_tokens()
    }

    /// Windows of one event at most.
    #[getter]
    fn windows_max(&self) -> usize {
        self.inner.windows_max()
    }

    /// The metadata of the file, as JSON text.
    #[getter]
    fn metadata_json(&self) -> &str {
        self.inner.metadata()
    }

    /// Memory held by table and tokenizer.
    #[getter]
    fn memory_bytes(&self) -> usize {
        self.inner.memory_bytes()
    }

    /// The ids of the text's pieces, without marks.
    fn tokenize(&self, text: TextLike<'_>) -> PyResult<Vec<u32>> {
        let tokens = self.inner.tokenize(text.canonical()?);
        Ok(tokens.into_iter().map(|token| token.id).collect())
    }

    /// The windows of an event to look at, the most suspicious of the first look first, and how many there are in all.
    ///
    /// Spans are code points of the original.
    #[pyo3(signature = (text, first_look = None, *, maximum = None))]
    fn windows(
        &self,
        py: Python<'_>,
        text: TextLike<'_>,
        first_look: Option<&Bound<'_, PyClassifierResult>>,
        maximum: Option<usize>,
    ) -> PyResult<(Vec<PyTokenWindow>, usize)> {
        let scored = first_look.map_or(&[][..], |result| &result.get().scored);
        let maximum = maximum.unwrap_or(self.inner.windows_max());
        match &text {
            TextLike::Plain(text) => {
                let text = utf8_of(text)?;
                let readings = [Reading { text, decoded: false }];
                let (windows, all) = run(py, text, || self.inner.windows(&readings, scored, maximum));
                let points = CodePoints::default();
                let converted = windows.into_iter().map(|window| PyTokenWindow {
                    start: points.index(text, window.span.start),
                    end: points.index(text, window.span.end),
                    ids: window.ids,
                    chain: Vec::new(),
                    is_decoded: false,
                    suspicion: window.suspicion,
                });
                Ok((converted.collect(), all))
            }
            TextLike::Normalised(text) => {
                let normalised = text.get();
                let plain = normalised.inner.plain_reading();
                let views = readings_of(normalised, &plain);
                let readings: Vec<Reading<'_>> = views.iter().map(|view| reading_of(view)).collect();
                let (windows, all) = run(py, &normalised.inner.original, || {
                    self.inner.windows(&readings, scored, maximum)
                });
                let mut converted = Vec::with_capacity(windows.len());
                for window in windows {
                    let Some(view) = views.get(window.reading) else {
                        continue;
                    };
                    let (start, end) = normalised.original_code_points(&view.original_span(window.span));
                    converted.push(PyTokenWindow {
                        ids: window.ids,
                        start,
                        end,
                        chain: view.chain.iter().map(|step| step.name()).collect(),
                        is_decoded: readings
                            .get(window.reading)
                            .is_some_and(|reading| reading.decoded),
                        suspicion: window.suspicion,
                    });
                }
                Ok((converted, all))
            }
        }
    }

    /// Word vectors f32 [windows, length, dimension], padded with zeros, the mask i64 [windows, length], and `length`.
    fn gather<'py>(
        &self,
        py: Python<'py>,
        windows: Vec<Bound<'py, PyTokenWindow>>,
    ) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>, usize)> {
        if windows.len() > GATHER_WINDOWS_MAX {
            let reason = format!(
                "{} windows are above the limit of {GATHER_WINDOWS_MAX}",
                windows.len()
            );
            return Err(PyValueError::new_err(reason));
        }
        let ids: Vec<&[u32]> = windows.iter().map(|window| window.get().ids.as_slice()).collect();
        let length = ids.iter().map(|ids| ids.len()).max().unwrap_or(0);
        let values = self.inner.gather(&ids, length);
        let mut mask: Vec<u8> = Vec::with_capacity(ids.len() * length * size_of::<i64>());
        for ids in &ids {
            for position in 0..length {
                mask.extend_from_slice(&i64::from(position < ids.len()).to_le_bytes());
            }
        }
        Ok((bytes_of_floats(py, &values), PyBytes::new(py, &mask), length))
    }
}

/// Adds the classes of this file to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyTokenTable>()?;
    module.add_class::<PyTokenWindow>()
}
