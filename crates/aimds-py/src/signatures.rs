//! Bindings of the signatures kernels.

use crate::text::{PyNormalisedText, utf8_of};
use aimds_text::signatures::checks::Check;
use aimds_text::signatures::{
    Category, ContextReason, EventKind, LinearPatterns, NeedleScanner, PackSource, RuleMatch,
    SignatureEngine, fold_words, limits,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

/// Texts shorter than this are scanned with the GIL held: giving it up costs more than the work (about 20 us).
const DETACH_BYTES_MIN: usize = 1024;

pyo3::create_exception!(
    aimds._core,
    RulePackFault,
    PyValueError,
    "A rule pack is wrong; arguments: place (`file:line (rule)`), reason."
);

/// One match of one rule.
#[pyclass(frozen, get_all, name = "SignatureMatch", module = "aimds._core")]
pub struct PySignatureMatch {
    rule_id: Py<PyString>,
    category: &'static str,
    severity: f32,
    confidence: f32,
    base_confidence: f32,
    start: usize,
    end: usize,
    chain: Py<PyTuple>,
    context: Option<&'static str>,
    hidden: bool,
    in_data: bool,
    message: Py<PyString>,
    external_check: Option<&'static str>,
    text: String,
}

#[pymethods]
impl PySignatureMatch {
    fn __repr__(&self, py: Python<'_>) -> String {
        let id = self.rule_id.bind(py);
        format!(
            "<SignatureMatch: {id} at {}..{}, confidence {:.2}>",
            self.start, self.end, self.confidence
        )
    }
}

/// Compiled rule packs. Immutable and safe to share between threads.
#[pyclass(frozen, name = "SignatureEngine", module = "aimds._core")]
pub struct PySignatureEngine {
    inner: SignatureEngine,
    /// Ids and messages, made once.
    names: Vec<(Py<PyString>, Py<PyString>)>,
}

#[pymethods]
impl PySignatureEngine {
    /// Compiles packs, each a file name for errors and its TOML text. Raises `RulePackFault` with the first fault.
    #[new]
    fn new(py: Python<'_>, packs: Vec<(String, String)>) -> PyResult<Self> {
        let sources: Vec<PackSource> = packs
            .into_iter()
            .map(|(file, text)| PackSource { file, text })
            .collect();
        let inner = py
            .detach(|| SignatureEngine::new(&sources))
            .map_err(|error| RulePackFault::new_err((error.place(), error.kind.to_string())))?;
        let interned = |text: &str| PyString::new(py, text).unbind();
        let names = inner
            .rules()
            .iter()
            .map(|rule| (interned(&rule.id), interned(&rule.message)))
            .collect();
        Ok(Self { inner, names })
    }

    /// Ids of all rules, in order.
    #[getter]
    fn rule_ids(&self, py: Python<'_>) -> Vec<Py<PyString>> {
        self.names.iter().map(|(id, _)| id.clone_ref(py)).collect()
    }

    /// Matches in order of their place; whether only the best are reported; whether some may have been missed. Raises `ValueError` for an unknown kind.
    fn scan(
        &self,
        py: Python<'_>,
        text: &PyNormalisedText,
        kind: &str,
    ) -> PyResult<(Vec<PySignatureMatch>, bool, bool)> {
        let kind = EventKind::from_name(kind)
            .ok_or_else(|| PyValueError::new_err(format!("`{kind}` is not an event kind")))?;
        let work = || self.inner.scan(&text.inner, kind);
        let report = if text.inner.original.len() < DETACH_BYTES_MIN {
            work()
        } else {
            py.detach(work)
        };
        let matches = report
            .matches
            .iter()
            .filter_map(|found| self.convert(py, text, found).transpose());
        Ok((
            matches.collect::<PyResult<_>>()?,
            report.truncated,
            report.overflow,
        ))
    }
}

impl PySignatureEngine {
    fn convert(
        &self,
        py: Python<'_>,
        text: &PyNormalisedText,
        found: &RuleMatch,
    ) -> PyResult<Option<PySignatureMatch>> {
        let (Some(head), Some((id, message)), Some(view)) = (
            self.inner.rules().get(found.rule),
            self.names.get(found.rule),
            text.inner.views.get(found.view),
        ) else {
            return Ok(None);
        };
        let (start, end) = text.original_code_points(&found.span);
        Ok(Some(PySignatureMatch {
            rule_id: id.clone_ref(py),
            category: head.category.name(),
            severity: head.severity,
            confidence: found.confidence,
            base_confidence: head.confidence,
            start,
            end,
            chain: PyTuple::new(py, view.chain.iter().map(|step| step.name()))?.unbind(),
            context: found.context.map(ContextReason::name),
            hidden: found.hidden,
            in_data: found.in_data,
            message: message.clone_ref(py),
            external_check: head
                .check
                .as_ref()
                .filter(|check| check.is_external())
                .map(Check::name),
            text: view
                .text
                .get(found.view_span.clone())
                .unwrap_or_default()
                .to_owned(),
        }))
    }
}

/// `(token index, start, end, chain, spelling)`.
type NeedleRow<'py> = (usize, usize, usize, Bound<'py, PyTuple>, &'static str);

/// Finds planted tokens, also spelled apart, reversed or re-encoded.
#[pyclass(frozen, name = "NeedleScanner", module = "aimds._core")]
pub struct PyNeedleScanner {
    inner: NeedleScanner,
}

#[pymethods]
impl PyNeedleScanner {
    /// Raises `ValueError`: too many tokens, or one too short.
    #[new]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "arguments of Python constructors arrive owned"
    )]
    fn new(needles: Vec<String>) -> PyResult<Self> {
        let inner = NeedleScanner::new(&needles).map_err(PyValueError::new_err)?;
        Ok(Self { inner })
    }

    /// `(token index, start, end, chain, spelling)` of each token found.
    fn find<'py>(&self, py: Python<'py>, text: &PyNormalisedText) -> PyResult<Vec<NeedleRow<'py>>> {
        let found = py.detach(|| self.inner.find(&text.inner));
        let convert = |one: &aimds_text::signatures::NeedleMatch| {
            let (start, end) = text.original_code_points(&one.span);
            let chain = text
                .inner
                .views
                .get(one.view)
                .map(|view| view.chain.as_slice())
                .unwrap_or_default();
            Ok((
                one.needle,
                start,
                end,
                PyTuple::new(py, chain.iter().map(|step| step.name()))?,
                one.spelling,
            ))
        };
        found.iter().map(convert).collect()
    }
}

/// Linear-time regexes of a caller, case ignored.
#[pyclass(frozen, name = "LinearPatterns", module = "aimds._core")]
pub struct PyLinearPatterns {
    inner: LinearPatterns,
}

#[pymethods]
impl PyLinearPatterns {
    /// Raises `ValueError` with the pattern and why it does not do.
    #[new]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "arguments of Python constructors arrive owned"
    )]
    fn new(patterns: Vec<String>) -> PyResult<Self> {
        let inner = LinearPatterns::new(&patterns).map_err(|(index, reason)| {
            let pattern = patterns.get(index).map(String::as_str).unwrap_or_default();
            PyValueError::new_err(format!("pattern `{pattern}`: {reason}"))
        })?;
        Ok(Self { inner })
    }

    /// Code-point ranges of all matches in the original text.
    fn find(&self, text: &PyNormalisedText) -> Vec<(usize, usize)> {
        let found = self.inner.find(&text.inner.original);
        found
            .iter()
            .map(|range| text.original_code_points(range))
            .collect()
    }
}

/// The folded words of a text, joined by single spaces: what phrases of rule packs are compared with.
#[pyfunction]
#[pyo3(name = "fold_words")]
fn py_fold_words(text: &Bound<'_, PyString>) -> PyResult<String> {
    Ok(fold_words(utf8_of(text)?))
}

/// Whether a text passes a named check. Raises `ValueError` for an unknown name.
#[pyfunction]
fn run_check(name: &str, text: &Bound<'_, PyString>) -> PyResult<bool> {
    let check =
        Check::from_name(name).ok_or_else(|| PyValueError::new_err(format!("`{name}` is not a check")))?;
    Ok(check.accepts(utf8_of(text)?))
}

/// Adds the classes and functions of this file to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("RulePackFault", module.py().get_type::<RulePackFault>())?;
    module.add("RULE_MATCHES_MAX", limits::MATCHES_MAX)?;
    module.add("RULE_CATEGORIES", PyTuple::new(module.py(), Category::names())?)?;
    module.add("RULE_CHECKS", PyTuple::new(module.py(), Check::names())?)?;
    module.add_class::<PySignatureEngine>()?;
    module.add_class::<PySignatureMatch>()?;
    module.add_class::<PyNeedleScanner>()?;
    module.add_class::<PyLinearPatterns>()?;
    module.add_function(wrap_pyfunction!(py_fold_words, module)?)?;
    module.add_function(wrap_pyfunction!(run_check, module)?)
}
