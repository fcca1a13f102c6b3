//! Bindings of the vectors kernels.
#![expect(clippy::needless_pass_by_value, reason = "PyO3 hands arguments over by value")]

use std::ops::Range;
use std::sync::Arc;

use aimds_text::normalise::{PlainReading, TrickKind, View};
use aimds_vectors::{
    Block, CONTEXT_FEATURE_NAMES, Classifier, Context, Embedding, HashedPlan, HashedUnits,
    LEXICAL_FEATURE_NAMES, Outcome, Reading, ScoredWindow, Units, VectorError, WindowPlan, dense_features,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple};

use crate::text::{CodePoints, PyNormalisedText, utf8_of};

mod index;
mod look;

/// Reads shorter than this keep the GIL: giving it up costs more than the work (about 20 us).
const DETACH_BYTES_MIN: usize = 200;

/// The catalogue's error for a kernel's error: `ArtefactError` for files, `ValueError` for a caller's mistake.
pub(crate) fn vector_error(py: Python<'_>, error: &VectorError) -> PyErr {
    let (code, place, reason) = match error {
        VectorError::Invalid { reason } => return PyValueError::new_err(reason.clone()),
        VectorError::Corrupt { place, reason } => ("ARTEFACT_CORRUPT", place, reason),
        VectorError::Storage { place, reason } => ("STORE_FAILED", place, reason),
    };
    let build = || -> PyResult<PyErr> {
        let errors = py.import("aimds.errors")?;
        let fields = PyDict::new(py);
        fields.set_item("place", place)?;
        fields.set_item("reason", reason)?;
        let code = errors.getattr("ErrorCode")?.getattr(code)?;
        Ok(PyErr::from_value(
            errors.getattr("ArtefactError")?.call((code,), Some(&fields))?,
        ))
    };
    build().unwrap_or_else(|error| error)
}

pub(crate) fn bytes_of_floats<'py>(py: Python<'py>, values: &[f32]) -> Bound<'py, PyBytes> {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    PyBytes::new(py, &bytes)
}

fn context_of(kind: Option<&str>, role: Option<&str>, trust: Option<&str>) -> PyResult<Context> {
    let mut context = Context::default();
    for (group, value) in [("kind", kind), ("role", role), ("trust", trust)] {
        if let Some(value) = value
            && !context.set(&format!("{group}_{value}"))
        {
            return Err(PyValueError::new_err(format!("there is no {group} `{value}`")));
        }
    }
    Ok(context)
}

/// Either a string or a normalised text, whose canonical view counts.
#[derive(FromPyObject)]
enum TextLike<'py> {
    #[pyo3(transparent)]
    Normalised(Bound<'py, PyNormalisedText>),
    #[pyo3(transparent)]
    Plain(Bound<'py, PyString>),
}

impl TextLike<'_> {
    fn canonical(&self) -> PyResult<&str> {
        match self {
            Self::Normalised(text) => Ok(text.get().inner.canonical()),
            Self::Plain(text) => utf8_of(text),
        }
    }
}

/// Runs kernel work, without the GIL when the text is long enough to be worth it.
fn run<T: Send>(py: Python<'_>, text: &str, work: impl FnOnce() -> T + Send) -> T {
    if text.len() < DETACH_BYTES_MIN {
        work()
    } else {
        py.detach(work)
    }
}

/// A static embedding: token tables with their tokenizers. Immutable.
#[pyclass(frozen, name = "EmbeddingModel", module = "aimds._core")]
pub struct PyEmbeddingModel {
    inner: Arc<Embedding>,
}

#[pymethods]
impl PyEmbeddingModel {
    /// Reads the bytes of `embedding.safetensors`; raises `ArtefactError` when they are damaged.
    #[staticmethod]
    fn load(py: Python<'_>, data: &[u8]) -> PyResult<Self> {
        let inner = py
            .detach(|| Embedding::load(data))
            .map_err(|error| vector_error(py, &error))?;
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Length of the embeddings.
    #[getter]
    fn dimension(&self) -> usize {
        self.inner.dimension()
    }

    /// What the file says of its making.
    #[getter]
    fn model(&self) -> &str {
        self.inner.model()
    }

    /// CRC-32 of the file: only vectors of the same fingerprint can be compared.
    #[getter]
    fn fingerprint(&self) -> u32 {
        self.inner.fingerprint()
    }

    /// Names of the tables.
    #[getter]
    fn table_names(&self) -> Vec<String> {
        self.inner.table_names().map(str::to_owned).collect()
    }

    /// Memory held by tables and tokenizers.
    #[getter]
    fn memory_bytes(&self) -> usize {
        self.inner.memory_bytes()
    }

    /// The embedding of a whole text: little-endian f32, `dimension` of them, of length 1.
    fn embed<'py>(&self, py: Python<'py>, text: TextLike<'_>) -> PyResult<Bound<'py, PyBytes>> {
        let text = text.canonical()?;
        let vector = run(py, text, || self.inner.embed(text));
        Ok(bytes_of_floats(py, &vector))
    }

    /// The embeddings of many texts, one after the other.
    fn embed_batch<'py>(&self, py: Python<'py>, texts: Vec<TextLike<'_>>) -> PyResult<Bound<'py, PyBytes>> {
        let texts = texts
            .iter()
            .map(TextLike::canonical)
            .collect::<PyResult<Vec<_>>>()?;
        let values: Vec<f32> = py.detach(|| texts.iter().flat_map(|text| self.inner.embed(text)).collect());
        Ok(bytes_of_floats(py, &values))
    }

    /// The ids of the text's pieces, one list a table.
    fn tokenize(&self, text: TextLike<'_>) -> PyResult<Vec<Vec<u32>>> {
        let tokens = self.inner.tokenize(text.canonical()?);
        Ok(tokens
            .into_iter()
            .map(|tokens| tokens.into_iter().map(|token| token.id).collect())
            .collect())
    }

    fn __repr__(&self) -> String {
        let names: Vec<_> = self.inner.table_names().collect();
        format!(
            "<EmbeddingModel: {} dimensions, tables {}>",
            self.inner.dimension(),
            names.join(", ")
        )
    }
}

/// What the classifier says of an event.
#[pyclass(frozen, name = "ClassifierResult", module = "aimds._core")]
pub struct PyClassifierResult {
    #[pyo3(get)]
    probability: f32,
    #[pyo3(get)]
    logit: f32,
    #[pyo3(get)]
    calibrated_logit: f32,
    #[pyo3(get)]
    outputs: Vec<(String, f32)>,
    #[pyo3(get)]
    start: usize,
    #[pyo3(get)]
    end: usize,
    #[pyo3(get)]
    chain: Vec<&'static str>,
    #[pyo3(get)]
    is_window: bool,
    #[pyo3(get)]
    windows: usize,
    #[pyo3(get)]
    embeddings: Vec<Py<PyBytes>>,
    /// Every stretch that was scored, for the second look's choice of windows.
    scored: Vec<ScoredWindow>,
}

/// An embedding with a trained head. Immutable.
#[pyclass(frozen, name = "Classifier", module = "aimds._core")]
pub struct PyClassifier {
    inner: Classifier,
}

#[pymethods]
impl PyClassifier {
    /// Reads the bytes of `head.safetensors` for an embedding; raises `ArtefactError` when they are damaged or do not fit it.
    #[staticmethod]
    fn load(py: Python<'_>, embedding: &Bound<'_, PyEmbeddingModel>, data: &[u8]) -> PyResult<Self> {
        let embedding = Arc::clone(&embedding.get().inner);
        let inner = py
            .detach(|| Classifier::load(embedding, data))
            .map_err(|error| vector_error(py, &error))?;
        Ok(Self { inner })
    }

    /// Names of the outputs; the first is `attack`.
    #[getter]
    fn output_names<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.inner.head().outputs())
    }

    /// What the file says of its making.
    #[getter]
    fn model(&self) -> &str {
        self.inner.head().model()
    }

    /// The thresholds of the file, as JSON text.
    #[getter]
    fn thresholds_json(&self) -> &str {
        self.inner.head().thresholds()
    }

    /// Memory held by the head's weights.
    #[getter]
    fn memory_bytes(&self) -> usize {
        self.inner.head().memory_bytes()
    }

    /// Scores a text with all its readings and windows; spans are code points of the original.
    #[pyo3(signature = (text, *, kind = None, role = None, trust = None))]
    fn score(
        &self,
        py: Python<'_>,
        text: TextLike<'_>,
        kind: Option<&str>,
        role: Option<&str>,
        trust: Option<&str>,
    ) -> PyResult<PyClassifierResult> {
        let mut context = context_of(kind, role, trust)?;
        match &text {
            TextLike::Plain(text) => {
                let text = utf8_of(text)?;
                let readings = [Reading { text, decoded: false }];
                let outcome = run(py, text, || self.inner.score(&readings, context));
                let points = CodePoints::default();
                let span = (
                    points.index(text, outcome.span.start),
                    points.index(text, outcome.span.end),
                );
                Ok(self.result(py, outcome, span, Vec::new()))
            }
            TextLike::Normalised(text) => {
                let normalised = text.get();
                context.tricks = normalised.inner.tricks.len().min(u32::MAX as usize) as u32;
                let plain = normalised.inner.plain_reading();
                let views = readings_of(normalised, &plain);
                let readings: Vec<Reading<'_>> = views.iter().map(|view| reading_of(view)).collect();
                let outcome = run(py, &normalised.inner.original, || {
                    self.inner.score(&readings, context)
                });
                let winner = views.get(outcome.reading);
                let bytes: Range<usize> =
                    winner.map_or(0..0, |view| view.original_span(outcome.span.clone()));
                let chain = winner.map_or(Vec::new(), |view| {
                    view.chain.iter().map(|step| step.name()).collect()
                });
                Ok(self.result(py, outcome, normalised.original_code_points(&bytes), chain))
            }
        }
    }

    /// Raw logits of whole texts: f32 [n, outputs], no windows, no calibration.
    #[pyo3(signature = (texts, *, kind = None, role = None, trust = None))]
    fn logits<'py>(
        &self,
        py: Python<'py>,
        texts: Vec<TextLike<'_>>,
        kind: Option<&str>,
        role: Option<&str>,
        trust: Option<&str>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let context = context_of(kind, role, trust)?;
        let texts = texts
            .iter()
            .map(TextLike::canonical)
            .collect::<PyResult<Vec<_>>>()?;
        let values: Vec<f32> = py.detach(|| {
            texts
                .iter()
                .flat_map(|text| self.inner.logits(text, context))
                .collect()
        });
        Ok(bytes_of_floats(py, &values))
    }
}

impl PyClassifier {
    fn result(
        &self,
        py: Python<'_>,
        outcome: Outcome,
        span: (usize, usize),
        chain: Vec<&'static str>,
    ) -> PyClassifierResult {
        let names = self.inner.head().outputs().iter().cloned();
        PyClassifierResult {
            probability: outcome.probability,
            logit: outcome.logit,
            calibrated_logit: outcome.calibrated_logit,
            outputs: names.zip(outcome.outputs).collect(),
            start: span.0,
            end: span.1,
            chain,
            is_window: outcome.is_window,
            windows: outcome.windows,
            embeddings: outcome
                .embeddings
                .iter()
                .map(|vector| bytes_of_floats(py, vector).unbind())
                .collect(),
            scored: outcome.scored,
        }
    }
}

/// Tricks that folding undoes; without one of them the folded view says nothing new, or harms honest text.
const FOLDING: [TrickKind; 4] = [
    TrickKind::MixedScript,
    TrickKind::StyledLetters,
    TrickKind::CombiningFlood,
    TrickKind::UpsideDown,
];

/// The views to score: the canonical one as far as it can be read, then the decoded ones; the folded one only where it
/// undid a trick.
fn readings_of<'text>(text: &'text PyNormalisedText, plain: &'text PlainReading) -> Vec<&'text View> {
    let look_alikes = text
        .inner
        .tricks
        .iter()
        .any(|trick| FOLDING.contains(&trick.kind));
    let first = match plain {
        PlainReading::Canonical => text.inner.views.first(),
        PlainReading::Around(view) => Some(view),
        PlainReading::Nothing => None,
    };
    let folded = look_alikes && first.is_some();
    let others = text.inner.views.iter().skip(1);
    first
        .into_iter()
        .chain(others.filter(|view| view.is_decoded() || folded))
        .collect()
}

fn reading_of(view: &View) -> Reading<'_> {
    Reading {
        text: &view.text,
        decoded: !view.chain.is_empty() && view.is_decoded(),
    }
}

/// The dense vectors of whole texts before standardisation, f32 [n, width], by the code that serves.
#[pyfunction]
#[pyo3(name = "dense_features", signature = (embedding, texts, blocks, *, kind = None, role = None, trust = None))]
fn dense_features_of<'py>(
    py: Python<'py>,
    embedding: &Bound<'_, PyEmbeddingModel>,
    texts: Vec<TextLike<'_>>,
    blocks: Vec<String>,
    kind: Option<&str>,
    role: Option<&str>,
    trust: Option<&str>,
) -> PyResult<Bound<'py, PyBytes>> {
    let context = context_of(kind, role, trust)?;
    let blocks: Vec<Block> = blocks
        .iter()
        .map(|name| {
            Block::from_name(name).ok_or_else(|| PyValueError::new_err(format!("there is no block `{name}`")))
        })
        .collect::<PyResult<_>>()?;
    let texts = texts
        .iter()
        .map(TextLike::canonical)
        .collect::<PyResult<Vec<_>>>()?;
    let embedding = &embedding.get().inner;
    let values: Vec<f32> = py.detach(|| {
        let rows = texts
            .iter()
            .flat_map(|text| dense_features(embedding, text, &blocks, context));
        rows.collect()
    });
    Ok(bytes_of_floats(py, &values))
}

/// The bucket ids of whole texts: u64 offsets [n + 1] and u32 ids.
#[pyfunction]
fn hashed_features<'py>(
    py: Python<'py>,
    texts: Vec<TextLike<'_>>,
    word_orders: Vec<usize>,
    character_orders: Vec<usize>,
    buckets: usize,
    distinct: bool,
) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
    let plan = HashedPlan::new(word_orders, character_orders, buckets, distinct)
        .map_err(|error| vector_error(py, &error))?;
    let texts = texts
        .iter()
        .map(TextLike::canonical)
        .collect::<PyResult<Vec<_>>>()?;
    let (offsets, ids) = py.detach(|| {
        let (mut offsets, mut all) = (vec![0_u64], Vec::new());
        let (mut seen, mut ids) = (Vec::new(), Vec::new());
        for text in texts {
            let units = Units::of(text);
            HashedUnits::of(&units, &plan).window_ids(0..units.all().len(), &mut seen, &mut ids);
            all.extend_from_slice(&ids);
            offsets.push(all.len() as u64);
        }
        (offsets, all)
    });
    let offsets: Vec<u8> = offsets.iter().flat_map(|value| value.to_le_bytes()).collect();
    let ids: Vec<u8> = ids.iter().flat_map(|value| value.to_le_bytes()).collect();
    Ok((PyBytes::new(py, &offsets), PyBytes::new(py, &ids)))
}

/// The windows of a text as code-point spans; none when one window would cover it.
#[pyfunction]
fn text_windows(
    text: TextLike<'_>,
    units: usize,
    stride: usize,
    maximum: usize,
) -> PyResult<Vec<(usize, usize)>> {
    let text = text.canonical()?;
    let cut = Units::of(text);
    let points = CodePoints::default();
    let windows = WindowPlan {
        units,
        stride,
        maximum,
    }
    .windows(cut.all().len());
    Ok(windows
        .into_iter()
        .map(|window| cut.byte_span(window))
        .map(|span| (points.index(text, span.start), points.index(text, span.end)))
        .collect())
}

/// Names of the lexical features, in order.
#[pyfunction]
fn lexical_feature_names(py: Python<'_>) -> PyResult<Bound<'_, PyTuple>> {
    PyTuple::new(py, LEXICAL_FEATURE_NAMES)
}

/// Names of the context features, in order.
#[pyfunction]
fn context_feature_names(py: Python<'_>) -> PyResult<Bound<'_, PyTuple>> {
    PyTuple::new(py, CONTEXT_FEATURE_NAMES)
}

/// Adds the classes and functions of this file to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyEmbeddingModel>()?;
    module.add_class::<PyClassifier>()?;
    module.add_class::<PyClassifierResult>()?;
    module.add_function(wrap_pyfunction!(dense_features_of, module)?)?;
    module.add_function(wrap_pyfunction!(hashed_features, module)?)?;
    module.add_function(wrap_pyfunction!(text_windows, module)?)?;
    module.add_function(wrap_pyfunction!(lexical_feature_names, module)?)?;
    module.add_function(wrap_pyfunction!(context_feature_names, module)?)?;
    look::register(module)?;
    index::register(module)
}
