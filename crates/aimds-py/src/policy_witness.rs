//! Bindings of proofs and witnesses: what was shown, what a solver may look for, and the replay of what it found.

use crate::kernels::bad_value;
use aimds_policy::witness::{Sought, Witness};
use aimds_proof::logic::AtomId;
use aimds_proof::notation::{parse_trace, policy_text, trace_text};
use aimds_proof::universal::Proof;
use aimds_proof::{Budget, Verdict};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Adds the class of this file to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PySoughtTrace>()
}

/// A trace that somebody may look for: the answer that each policy must give to its last event. Immutable.
#[pyclass(frozen, name = "SoughtTrace", module = "aimds._core")]
pub struct PySoughtTrace {
    inner: Sought,
}

#[pymethods]
impl PySoughtTrace {
    /// Policies in canonical notation, each with whether it must allow the last event.
    #[getter]
    fn answers(&self) -> Vec<(String, bool)> {
        let answers = self.inner.answers.iter();
        answers
            .map(|(policy, verdict)| (policy_text(policy), *verdict == Verdict::Allow))
            .collect()
    }

    /// The facts that the policies name: number, and meaning.
    #[getter]
    fn atoms(&self) -> Vec<(u32, String)> {
        let named = self.inner.named().into_iter();
        named.map(|(id, atom)| (id.number(), atom.to_string())).collect()
    }

    /// Which facts go together: pairs where the first implies the second, pairs where a number of the first does, pairs that
    /// exclude each other, those that are numbers, and those that are only ever yes (or no) or unknown.
    #[getter]
    #[allow(clippy::type_complexity, reason = "it is a row of a table")]
    fn laws(
        &self,
    ) -> (
        Vec<(u32, u32)>,
        Vec<(u32, u32)>,
        Vec<(u32, u32)>,
        Vec<u32>,
        Vec<(u32, bool)>,
    ) {
        let laws = self.inner.laws();
        let pairs = |pairs: &[(AtomId, AtomId)]| -> Vec<(u32, u32)> {
            let pairs = pairs.iter();
            pairs
                .map(|(left, right)| (left.number(), right.number()))
                .collect()
        };
        (
            pairs(&laws.implies),
            pairs(&laws.number_implies),
            pairs(&laws.excludes),
            laws.numbers.iter().map(|id| id.number()).collect(),
            laws.forced.iter().map(|(id, yes)| (id.number(), *yes)).collect(),
        )
    }

    /// Replays a trace in canonical notation: naive semantics, the live monitor and the kernel must all give the answers. The
    /// code of what it fails at, or `None` and the theorem of each answer. Raises `InputError` if it cannot be read.
    fn replay(&self, py: Python<'_>, trace: &str) -> PyResult<(Option<&'static str>, Vec<String>)> {
        let trace = parse_trace(trace).map_err(|error| bad_value(py, "trace", &error.to_string()))?;
        match py.detach(|| self.inner.replay(trace, &Budget::DECISION)) {
            Ok(witness) => Ok((None, witness.streams)),
            Err(error) => Ok((Some(error.code()), Vec::new())),
        }
    }

    fn __repr__(&self) -> String {
        format!("<SoughtTrace: {} answers>", self.inner.answers.len())
    }
}

/// A proof over all traces, or several over those of one event, of two, and so on up to `events`.
pub fn set_proofs(out: &Bound<'_, PyDict>, proofs: &[Proof], events: Option<usize>) -> PyResult<()> {
    out.set_item(
        "how",
        if events.is_none() {
            "proved"
        } else {
            "proved_up_to"
        },
    )?;
    out.set_item("leaves", proofs.iter().map(|proof| proof.leaves).sum::<usize>())?;
    out.set_item("events", events)?;
    let streams: Vec<&str> = proofs.iter().map(|proof| proof.stream.as_str()).collect();
    out.set_item("streams", streams)?;
    let texts: Vec<&str> = proofs.iter().map(|proof| proof.lean_text.as_str()).collect();
    out.set_item("lean_texts", texts)
}

/// A trace that was replayed.
pub fn set_witness(out: &Bound<'_, PyDict>, how: &str, witness: &Witness) -> PyResult<()> {
    out.set_item("how", how)?;
    out.set_item("witness", trace_text(&witness.trace))?;
    out.set_item("atoms", &witness.atoms)?;
    out.set_item("streams", &witness.streams)
}

/// Neither a proof nor a trace; with what a solver may look for.
pub fn set_sought(
    py: Python<'_>,
    out: &Bound<'_, PyDict>,
    how: &str,
    sought: Option<&Sought>,
) -> PyResult<()> {
    out.set_item("how", how)?;
    let sought = sought.map(|inner| PySoughtTrace { inner: inner.clone() });
    match sought {
        Some(sought) => out.set_item("sought", Py::new(py, sought)?),
        None => out.set_item("sought", py.None()),
    }
}
