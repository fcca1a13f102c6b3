//! Bindings of the policy language: compile, format, analyse, run tests with coverage.

use crate::kernels::bad_value;
use crate::policy_witness::{set_proofs, set_sought, set_witness};
use aimds_policy::analysis::{Certainty, Finding, analyse};
use aimds_policy::bundle::{Bundle, Claim, Source, compile};
use aimds_policy::claims::{Answer, Shown, TraceMeans, show, trace_means};
use aimds_policy::coverage::Coverage;
use aimds_policy::diagnostic::{Code, Diagnostic, Level, Place, Span};
use aimds_policy::format::format;
use aimds_policy::limits::{SOURCE_BYTES_MAX, SOURCES_MAX};
use aimds_policy::rules::{CompiledRule, PolicySet};
use aimds_policy::testing::{Outcome, Report, run};
use aimds_policy::versions::{Step, compare};
use aimds_proof::Budget;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use std::sync::Arc;

/// Adds the classes and functions of this file to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let codes = Code::ALL.iter().map(|code| (code.text(), code.meaning()));
    module.add("POLICY_SOURCE_BYTES_MAX", SOURCE_BYTES_MAX)?;
    module.add("POLICY_SOURCES_MAX", SOURCES_MAX)?;
    module.add("POLICY_CODES", PyTuple::new(module.py(), codes)?)?;
    module.add_class::<PyPolicyDiagnostic>()?;
    module.add_class::<PyPolicyBundle>()?;
    module.add_function(wrap_pyfunction!(compile_policy, module)?)?;
    module.add_function(wrap_pyfunction!(compare_policies, module)?)?;
    module.add_function(wrap_pyfunction!(format_policy, module)?)
}

/// What the compiler has to say about a place in a source. Lines and columns count from 1; columns are characters.
#[pyclass(frozen, get_all, name = "PolicyDiagnostic", module = "aimds._core")]
pub struct PyPolicyDiagnostic {
    code: &'static str,
    level: &'static str,
    file: String,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    message: String,
    help: String,
    /// The text for people, with the line and a mark below.
    rendered: String,
}

#[pymethods]
impl PyPolicyDiagnostic {
    fn __repr__(&self) -> String {
        let Self {
            code,
            file,
            line,
            column,
            ..
        } = self;
        format!("<PolicyDiagnostic: {code} at {file}:{line}:{column}>")
    }
}

fn diagnostic(found: &Diagnostic, sources: &[Source]) -> PyPolicyDiagnostic {
    let source = sources.get(usize::from(found.span.file));
    let name = source.map_or("?", |source| source.name.as_str());
    let text = source.map_or("", |source| source.text.as_str());
    let start = Place::find(text, found.span.start);
    let end = Place::find(text, found.span.end);
    PyPolicyDiagnostic {
        code: found.code.text(),
        level: match found.level {
            Level::Warning => "warning",
            Level::Error => "error",
        },
        file: name.to_owned(),
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
        message: found.message.clone(),
        help: found.help.clone(),
        rendered: found.render(name, text),
    }
}

/// Everything that a root file and its imports declare. Immutable and safe to share between threads.
#[pyclass(frozen, name = "PolicyBundle", module = "aimds._core")]
pub struct PyPolicyBundle {
    pub(crate) inner: Arc<Bundle>,
}

/// The set of a name, or an error that lists those there are.
pub(crate) fn find_set<'a>(py: Python<'_>, bundle: &'a Bundle, name: &str) -> PyResult<&'a PolicySet> {
    bundle.set(name).ok_or_else(|| {
        let names: Vec<&str> = bundle.sets.iter().map(|set| set.name.as_str()).collect();
        let reason = format!("there is no policy set `{name}`; there are: {}", names.join(", "));
        bad_value(py, "set", &reason)
    })
}

/// File, line and text of a place.
pub(crate) fn place(bundle: &Bundle, span: Span) -> (String, usize, String) {
    let source = bundle.sources.get(usize::from(span.file));
    let line = source.map_or(0, |source| Place::find(&source.text, span.start).line);
    let name = source.map_or_else(|| "?".to_owned(), |source| source.name.clone());
    (name, line, bundle.excerpt(span).to_owned())
}

#[pymethods]
impl PyPolicyBundle {
    /// Names of the policy sets, in the order of the text.
    #[getter]
    fn sets(&self) -> Vec<&str> {
        self.inner.sets.iter().map(|set| set.name.as_str()).collect()
    }

    /// Names of the files that were read, the root first.
    #[getter]
    fn files(&self) -> Vec<&str> {
        self.inner
            .sources
            .iter()
            .map(|source| source.name.as_str())
            .collect()
    }

    /// What the authors claim: kind, the set and the policies that it is about, file, line.
    #[getter]
    fn claims(&self) -> Vec<(String, Vec<String>, String, usize)> {
        let row = |claim: &Claim| {
            let (file, line, _) = place(&self.inner, claim.span);
            (claim.kind.clone(), claim.about.clone(), file, line)
        };
        self.inner.claims.iter().map(row).collect()
    }

    /// The rules of a set, as dictionaries. Raises `InputError` when there is no such set.
    fn rules<'py>(&self, py: Python<'py>, set_name: &str) -> PyResult<Bound<'py, PyList>> {
        let set = find_set(py, &self.inner, set_name)?;
        let rows: PyResult<Vec<_>> = set.rules.iter().map(|rule| self.rule(py, rule)).collect();
        PyList::new(py, rows?)
    }

    /// Rules of a set that cannot fire, always fire, are shadowed or conflict. Takes up to seconds; releases the GIL.
    fn analyse<'py>(&self, py: Python<'py>, set_name: &str) -> PyResult<Bound<'py, PyList>> {
        let set = find_set(py, &self.inner, set_name)?;
        let found = py.detach(|| analyse(set, &Budget::DECISION));
        let rows: PyResult<Vec<_>> = found.iter().map(|one| finding(py, one)).collect();
        PyList::new(py, rows?)
    }

    /// Tries to show each claim: `proved` by the kernel, `witnessed` or `refuted` by a trace that was replayed, or `not_shown`, and
    /// then with what a solver may look for; a contract has a row for each instance. Claims about paths and contracts are tried for
    /// traces of up to `events` events where they cannot be proved for all. Takes up to half a minute a theorem; releases the GIL.
    fn show_claims<'py>(&self, py: Python<'py>, events: usize) -> PyResult<Bound<'py, PyList>> {
        let shown = py.detach(|| show(&self.inner, events, &Budget::UNIVERSAL));
        let rows: PyResult<Vec<_>> = shown.iter().map(|answer| self.shown(py, answer)).collect();
        PyList::new(py, rows?)
    }

    /// Runs the tests of the bundle: outcomes, and for each set what they reached. Releases the GIL.
    fn run_tests<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let report: Report = py.detach(|| run(&self.inner));
        let outcomes: PyResult<Vec<_>> = report.outcomes.iter().map(|one| self.outcome(py, one)).collect();
        let coverage = PyDict::new(py);
        for (set, reached) in &report.coverage {
            coverage.set_item(set, self.coverage(py, reached)?)?;
        }
        let out = PyDict::new(py);
        out.set_item("passed", report.passed())?;
        out.set_item("outcomes", outcomes?)?;
        out.set_item("coverage", coverage)?;
        Ok(out)
    }
}

impl PyPolicyBundle {
    fn shown<'py>(&self, py: Python<'py>, answer: &Answer) -> PyResult<Bound<'py, PyDict>> {
        let (claim, instance) = (&answer.claim, answer.instance.as_ref());
        let (file, line, _) = place(&self.inner, claim.span);
        let out = PyDict::new(py);
        out.set_item("kind", &claim.kind)?;
        out.set_item("about", &claim.about)?;
        out.set_item("file", file)?;
        out.set_item("line", line)?;
        out.set_item("instance", instance.map(|of| &of.rule))?;
        out.set_item("filled_in", instance.and_then(|of| of.filled_in.as_ref()))?;
        out.set_item("trace_shows", trace_means(&claim.kind) == TraceMeans::Shown)?;
        match &answer.shown {
            Shown::Proved(proof) => set_proofs(&out, std::slice::from_ref(proof.as_ref()), None)?,
            Shown::ProvedUpTo(proofs) => set_proofs(&out, proofs, Some(proofs.len()))?,
            Shown::Witnessed(witness) => set_witness(&out, "witnessed", witness)?,
            Shown::Refuted(witness) => set_witness(&out, "refuted", witness)?,
            Shown::NotShown(sought) => set_sought(py, &out, "not_shown", sought.as_deref())?,
        }
        Ok(out)
    }

    fn rule<'py>(&self, py: Python<'py>, rule: &CompiledRule) -> PyResult<Bound<'py, PyDict>> {
        let (file, line, text) = place(&self.inner, rule.span);
        let out = PyDict::new(py);
        out.set_item("name", &rule.name)?;
        out.set_item("effect", rule.effect.text())?;
        out.set_item("severity", rule.severity.text())?;
        out.set_item("message", &rule.message)?;
        out.set_item("source", &rule.source)?;
        let obligations: Vec<String> = rule.obligations.iter().map(ToString::to_string).collect();
        out.set_item("obligations", obligations)?;
        out.set_item("file", file)?;
        out.set_item("line", line)?;
        out.set_item("text", text)?;
        out.set_item("filled_in", self.inner.filled_in(&rule.name))?;
        Ok(out)
    }

    fn outcome<'py>(&self, py: Python<'py>, outcome: &Outcome) -> PyResult<Bound<'py, PyDict>> {
        let out = PyDict::new(py);
        out.set_item("name", &outcome.name)?;
        out.set_item("set", &outcome.set)?;
        out.set_item("checked", outcome.checked)?;
        let failures: PyResult<Vec<_>> = outcome
            .failures
            .iter()
            .map(|failure| {
                let (file, line, _) = place(&self.inner, failure.span);
                let row = PyDict::new(py);
                row.set_item("file", file)?;
                row.set_item("line", line)?;
                row.set_item("message", &failure.message)?;
                Ok(row)
            })
            .collect();
        out.set_item("failures", failures?)?;
        Ok(out)
    }

    fn coverage<'py>(&self, py: Python<'py>, coverage: &Coverage) -> PyResult<Bound<'py, PyDict>> {
        let (reached, goals) = coverage.counts();
        let missing: PyResult<Vec<_>> = coverage
            .missing()
            .map(|(rule, span, goal)| {
                let (file, line, text) = place(&self.inner, span);
                let row = PyDict::new(py);
                row.set_item("rule", rule)?;
                row.set_item("goal", goal.text())?;
                row.set_item("file", file)?;
                row.set_item("line", line)?;
                row.set_item("text", text)?;
                Ok(row)
            })
            .collect();
        let out = PyDict::new(py);
        out.set_item("reached", reached)?;
        out.set_item("goals", goals)?;
        out.set_item("missing", missing?)?;
        Ok(out)
    }
}

fn certainty_text(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Proved => "proved",
        Certainty::Bounded => "bounded",
    }
}

fn finding<'py>(py: Python<'py>, found: &Finding) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    let (kind, rule, certainty) = match found {
        Finding::Unreachable { rule, certainty } => ("unreachable", rule, certainty_text(*certainty)),
        Finding::Vacuous { rule, certainty } => ("vacuous", rule, certainty_text(*certainty)),
        Finding::Shadowed { rule, certainty } => ("shadowed", rule, certainty_text(*certainty)),
        // A witness was replayed: that they do fire together is a fact.
        Finding::Conflict { permit, .. } => ("conflict", permit, "witness"),
    };
    out.set_item("kind", kind)?;
    out.set_item("rule", rule)?;
    out.set_item("certainty", certainty)?;
    let other = match found {
        Finding::Conflict { denial, .. } => Some(denial),
        _ => None,
    };
    out.set_item("other", other)?;
    Ok(out)
}

/// Compares two versions of a set over all traces; for each direction `proved`, `refuted` or `unknown` with its stream or
/// witness. Raises `InputError` when they are too large together. Takes up to seconds; releases the GIL.
#[pyfunction]
fn compare_policies<'py>(
    py: Python<'py>,
    old: &PyPolicyBundle,
    old_set: &str,
    new: &PyPolicyBundle,
    new_set: &str,
) -> PyResult<Bound<'py, PyDict>> {
    let before = find_set(py, &old.inner, old_set)?;
    let after = find_set(py, &new.inner, new_set)?;
    let compared = py
        .detach(|| compare(before, after, &Budget::UNIVERSAL))
        .map_err(|error| bad_value(py, "policies", &error))?;
    let out = PyDict::new(py);
    out.set_item("changed", &compared.changed)?;
    out.set_item("same_schema", compared.same_schema)?;
    out.set_item("no_widening", step_row(py, &compared.no_widening)?)?;
    out.set_item("no_narrowing", step_row(py, &compared.no_narrowing)?)?;
    Ok(out)
}

fn step_row<'py>(py: Python<'py>, step: &Step) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    match step {
        Step::Proved(proof) => set_proofs(&out, std::slice::from_ref(proof.as_ref()), None)?,
        Step::Refuted(witness) => set_witness(&out, "refuted", witness)?,
        Step::Unknown(sought) => set_sought(py, &out, "unknown", Some(sought))?,
    }
    Ok(out)
}

type CompiledRow = (Option<PyPolicyBundle>, Vec<PyPolicyDiagnostic>);

/// Compiles a file with what it imports from `library`, each a name and a text; the bundle is `None` when there is an error.
#[pyfunction]
fn compile_policy(py: Python<'_>, name: String, text: String, library: Vec<(String, String)>) -> CompiledRow {
    let root = Source { name, text };
    let library: Vec<Source> = library
        .into_iter()
        .map(|(name, text)| Source { name, text })
        .collect();
    let compiled = py.detach(|| compile(&root, &library));
    let diagnostics = compiled
        .diagnostics
        .iter()
        .map(|found| diagnostic(found, &compiled.sources));
    let diagnostics = diagnostics.collect();
    let bundle = compiled.bundle.map(|bundle| PyPolicyBundle {
        inner: Arc::new(bundle),
    });
    (bundle, diagnostics)
}

/// The file in house layout, or why it cannot be read.
#[pyfunction]
fn format_policy(py: Python<'_>, name: String, text: String) -> (Option<String>, Vec<PyPolicyDiagnostic>) {
    let source = Source { name, text };
    match py.detach(|| format(&source)) {
        Ok(text) => (Some(text), Vec::new()),
        Err(found) => {
            let sources = [source];
            let rows = found.iter().map(|one| diagnostic(one, &sources)).collect();
            (None, rows)
        }
    }
}
