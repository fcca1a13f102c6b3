//! Bindings of the recurrent network over the turns of a session.

use aimds_temporal::session::{ModelError, NUMBER_NAMES, RecurrentModel, Turn, turn_numbers};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::temporal::{PyTemporalAnalysis, PyTurnFeatures};

fn artefact_error(py: Python<'_>, fault: &ModelError) -> PyErr {
    let build = || -> PyResult<PyErr> {
        let errors = py.import("aimds.errors")?;
        let code = errors.getattr("ErrorCode")?.getattr("ARTEFACT_CORRUPT")?;
        let fields = PyDict::new(py);
        fields.set_item("place", &fault.place)?;
        fields.set_item("reason", &fault.reason)?;
        Ok(PyErr::from_value(
            errors.getattr("ArtefactError")?.call((code,), Some(&fields))?,
        ))
    };
    build().unwrap_or_else(|error| error)
}

/// The recurrent network over the turns of a session. Immutable; each session's part of it lies in the session table.
#[pyclass(frozen, name = "RecurrentModel", module = "aimds._core")]
pub struct PyRecurrentModel {
    inner: RecurrentModel,
}

impl PyRecurrentModel {
    /// The turn of an embedding's bytes: little-endian f32, `dimension` of them.
    pub(crate) fn turn(&self, vector: &[u8]) -> PyResult<Turn<'_>> {
        let (chunks, rest) = vector.as_chunks::<4>();
        let entries = chunks.iter().map(|bytes| f32::from_le_bytes(*bytes));
        let turn = if rest.is_empty() {
            self.inner.turn(entries)
        } else {
            None
        };
        turn.ok_or_else(|| {
            let dimension = self.inner.dimension();
            PyValueError::new_err(format!(
                "the vector is not {dimension} finite little-endian 32-bit floats"
            ))
        })
    }
}

#[pymethods]
impl PyRecurrentModel {
    /// Reads the bytes of `recurrent.safetensors`; raises `ArtefactError` when they are damaged.
    #[staticmethod]
    fn load(py: Python<'_>, data: &[u8]) -> PyResult<Self> {
        let inner = RecurrentModel::load(data).map_err(|fault| artefact_error(py, &fault))?;
        Ok(Self { inner })
    }

    /// Length of the turn vectors.
    #[getter]
    fn dimension(&self) -> usize {
        self.inner.dimension()
    }

    /// Cells of the network.
    #[getter]
    fn hidden(&self) -> usize {
        self.inner.hidden()
    }

    /// Probability from which a session is worth a finding.
    #[getter]
    fn flag_probability(&self) -> f32 {
        self.inner.flag_probability()
    }

    /// `EmbeddingModel.fingerprint` of the embedding it was trained on.
    #[getter]
    fn embedding_fingerprint(&self) -> u32 {
        self.inner.embedding_fingerprint()
    }

    /// What the file says of its making.
    #[getter]
    fn model(&self) -> &str {
        self.inner.note()
    }

    fn __repr__(&self) -> String {
        format!(
            "<RecurrentModel: {} dimensions, {} cells>",
            self.inner.dimension(),
            self.inner.hidden()
        )
    }
}

/// Names of the numbers that the network sees of a turn besides its vector.
#[pyfunction]
fn turn_number_names(py: Python<'_>) -> PyResult<Bound<'_, PyTuple>> {
    PyTuple::new(py, NUMBER_NAMES)
}

/// Those numbers for one event, from its features and from what the session said of it.
#[pyfunction(name = "turn_numbers")]
fn numbers_of(features: &Bound<'_, PyTurnFeatures>, analysis: &Bound<'_, PyTemporalAnalysis>) -> Vec<f32> {
    turn_numbers(&features.get().inner, &analysis.get().inner).to_vec()
}

/// Adds the classes and functions of this file to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyRecurrentModel>()?;
    module.add_function(wrap_pyfunction!(turn_number_names, module)?)?;
    module.add_function(wrap_pyfunction!(numbers_of, module)?)
}
