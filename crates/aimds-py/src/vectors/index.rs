//! Binding of the pattern index.

use std::path::PathBuf;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use aimds_vectors::limits::PATTERNS_MAX;
use aimds_vectors::{Attributes, Embedding, Filter, Match, PatternIndex, SearchPlan, VectorError};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::vector_error;

/// One match as Python sees it: key, similarity, category, status, severity, source.
type MatchRow = (u64, f32, u8, u8, f32, u8);

/// Figures as Python sees them: patterns, bytes of the tables, bytes of the graph.
type StatsRow = (usize, usize, usize);

/// An index over embeddings, int8 inside. Reads run side by side, writes one at a time.
#[pyclass(frozen, name = "PatternIndex", module = "aimds._core")]
pub struct PyPatternIndex {
    inner: RwLock<PatternIndex>,
}

impl PyPatternIndex {
    // A poisoned lock means that a kernel panicked, which clippy forbids; the data is still whole then, for every
    // write to the tables is the last step of its operation.
    fn read(&self) -> RwLockReadGuard<'_, PatternIndex> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, PatternIndex> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn wrap(index: PatternIndex) -> Self {
        Self {
            inner: RwLock::new(index),
        }
    }
}

fn floats(bytes: &[u8]) -> PyResult<Vec<f32>> {
    let (values, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(PyValueError::new_err("vectors must be little-endian f32"));
    }
    let values: Vec<f32> = values.iter().map(|value| f32::from_le_bytes(*value)).collect();
    if values.iter().all(|value| value.is_finite()) {
        Ok(values)
    } else {
        Err(PyValueError::new_err("vectors must be finite"))
    }
}

fn severity_byte(severity: f32) -> u8 {
    (severity * 255.0).round().clamp(0.0, 255.0) as u8
}

fn row_of(found: &Match) -> MatchRow {
    let Attributes {
        category,
        status,
        severity,
        source,
    } = found.attributes;
    (
        found.key,
        found.similarity,
        category,
        status,
        f32::from(severity) / 255.0,
        source,
    )
}

#[pymethods]
impl PyPatternIndex {
    /// An empty index; `notes` is any text to keep with it.
    #[new]
    #[pyo3(signature = (dimension, fingerprint, notes = String::new()))]
    fn new(py: Python<'_>, dimension: usize, fingerprint: u32, notes: String) -> PyResult<Self> {
        PatternIndex::new(dimension, fingerprint, notes)
            .map(Self::wrap)
            .map_err(|error| vector_error(py, &error))
    }

    /// Reads an index file; raises `ArtefactError` when it is missing or damaged.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        py.detach(|| PatternIndex::load(&path))
            .map(Self::wrap)
            .map_err(|error| vector_error(py, &error))
    }

    /// Reads an index from bytes; raises `ArtefactError` when they are damaged.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, data: &[u8]) -> PyResult<Self> {
        py.detach(|| PatternIndex::from_bytes(data))
            .map(Self::wrap)
            .map_err(|error| vector_error(py, &error))
    }

    /// Writes the index so that a crash leaves the old file or the new one; raises `ArtefactError` (`store-failed`).
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        py.detach(|| self.read().save(&path))
            .map_err(|error| vector_error(py, &error))
    }

    /// The index as the bytes that `save` writes.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = py
            .detach(|| self.read().to_bytes())
            .map_err(|error| vector_error(py, &error))?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// Adds patterns, or replaces those of the same keys. `vectors` is f32 [n, dimension]; the lists have n entries.
    #[expect(
        clippy::too_many_arguments,
        reason = "one column each, as a table is handed over"
    )]
    fn add_batch(
        &self,
        py: Python<'_>,
        keys: Vec<u64>,
        vectors: &[u8],
        categories: Vec<u8>,
        statuses: Vec<u8>,
        severities: Vec<f32>,
        sources: Vec<u8>,
    ) -> PyResult<()> {
        let values = floats(vectors)?;
        let dimension = py.detach(|| self.read().dimension());
        let count = keys.len();
        if [
            categories.len(),
            statuses.len(),
            severities.len(),
            sources.len(),
            values.len() / dimension,
        ]
        .iter()
        .any(|length| *length != count)
        {
            return Err(PyValueError::new_err(
                "all lists and the vectors must have one entry a pattern",
            ));
        }
        let result: Result<(), VectorError> = py.detach(|| {
            let mut index = self.write();
            index.reserve(count)?;
            let attributes = categories
                .iter()
                .zip(&statuses)
                .zip(severities.iter().zip(&sources));
            for ((&key, vector), ((&category, &status), (&severity, &source))) in
                keys.iter().zip(values.chunks_exact(dimension)).zip(attributes)
            {
                let attributes = Attributes {
                    category,
                    status,
                    severity: severity_byte(severity),
                    source,
                };
                index.add(key, &Embedding::quantise(vector), attributes)?;
            }
            Ok(())
        });
        result.map_err(|error| vector_error(py, &error))
    }

    /// Takes patterns out; returns how many were there.
    fn remove(&self, py: Python<'_>, keys: Vec<u64>) -> PyResult<usize> {
        let removed: Result<usize, VectorError> = py.detach(|| {
            let mut index = self.write();
            let mut removed = 0;
            for key in keys {
                removed += usize::from(index.remove(key)?);
            }
            Ok(removed)
        });
        removed.map_err(|error| vector_error(py, &error))
    }

    /// Changes a pattern's attributes; `False` if there is none of this key.
    fn set_attributes(
        &self,
        py: Python<'_>,
        key: u64,
        category: u8,
        status: u8,
        severity: f32,
        source: u8,
    ) -> bool {
        let attributes = Attributes {
            category,
            status,
            severity: severity_byte(severity),
            source,
        };
        py.detach(|| self.write().set_attributes(key, attributes))
    }

    /// The `count` most similar patterns, best first, and the plan (`exact` or `walk`). `categories` and `statuses` are bit sets.
    #[pyo3(signature = (vector, count, *, categories = u64::MAX, statuses = u8::MAX, exact = false))]
    fn search(
        &self,
        py: Python<'_>,
        vector: &[u8],
        count: usize,
        categories: u64,
        statuses: u8,
        exact: bool,
    ) -> PyResult<(Vec<MatchRow>, &'static str)> {
        let query = Embedding::quantise(&floats(vector)?);
        let filter = Filter { categories, statuses };
        let result = py.detach(|| {
            let index = self.read();
            if exact && query.len() == index.dimension() {
                return Ok((index.scan(&query, count, filter), SearchPlan::Exact));
            }
            index.search(&query, count, filter)
        });
        let (found, plan) = result.map_err(|error| vector_error(py, &error))?;
        let plan = match plan {
            SearchPlan::Exact => "exact",
            SearchPlan::Walk => "walk",
        };
        Ok((found.iter().map(row_of).collect(), plan))
    }

    /// All patterns: key, category, status, severity, source.
    fn entries(&self, py: Python<'_>) -> Vec<(u64, u8, u8, f32, u8)> {
        py.detach(|| {
            let index = self.read();
            let rows = index.entries().map(|(key, attributes)| {
                let Attributes {
                    category,
                    status,
                    severity,
                    source,
                } = attributes;
                (key, category, status, f32::from(severity) / 255.0, source)
            });
            rows.collect()
        })
    }

    /// The int8 vector of a pattern as bytes, or `None`.
    fn vector<'py>(&self, py: Python<'py>, key: u64) -> Option<Bound<'py, PyBytes>> {
        let vector: Option<Vec<u8>> = py.detach(|| {
            let index = self.read();
            let (vector, _) = index.get(key)?;
            Some(vector.iter().map(|value| value.cast_unsigned()).collect())
        });
        vector.map(|vector| PyBytes::new(py, &vector))
    }

    /// Figures: patterns, bytes of the tables, bytes of the graph.
    #[getter]
    fn stats(&self, py: Python<'_>) -> StatsRow {
        let stats = py.detach(|| self.read().stats());
        (stats.patterns, stats.table_bytes, stats.graph_bytes)
    }

    /// Length of the vectors.
    #[getter]
    fn dimension(&self, py: Python<'_>) -> usize {
        py.detach(|| self.read().dimension())
    }

    /// Fingerprint of the embedding that made the vectors.
    #[getter]
    fn fingerprint(&self, py: Python<'_>) -> u32 {
        py.detach(|| self.read().fingerprint())
    }

    /// The text kept with the index.
    #[getter]
    fn notes(&self, py: Python<'_>) -> String {
        py.detach(|| self.read().notes().to_owned())
    }

    fn __len__(&self, py: Python<'_>) -> usize {
        py.detach(|| self.read().len())
    }

    fn __contains__(&self, py: Python<'_>, key: u64) -> bool {
        py.detach(|| self.read().get(key).is_some())
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        let (patterns, dimension) = py.detach(|| {
            let index = self.read();
            (index.len(), index.dimension())
        });
        format!("<PatternIndex: {patterns} patterns, {dimension} dimensions>")
    }
}

/// Adds the class and its limit to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyPatternIndex>()?;
    module.add("PATTERNS_MAX", PATTERNS_MAX)
}
