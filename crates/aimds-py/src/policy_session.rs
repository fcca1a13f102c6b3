//! Bindings of policy sessions: decisions, explanations, certificates.

use crate::kernels::bad_value;
use crate::policy::{PyPolicyBundle, find_set, place};
use crate::policy_cache::{CertificateCache, Made};
use crate::policy_record::record;
use aimds_policy::bundle::Bundle;
use aimds_policy::explain::{Change, Deciding, Explanation, Trail};
use aimds_policy::rules::{Effect, Obligation};
use aimds_policy::session::{Decision, Engine, Session};
use aimds_policy::slice::Slice;
use aimds_proof::Budget;
use aimds_proof::logic::AtomId;
use aimds_proof::notation::{
    parse_policy, parse_trace, policy_sha256, policy_text, trace_sha256, trace_text,
};
use aimds_proof::{Certificate, Certified, Outcome, Verdict, lean_text};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Adds the classes and functions of this file to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyPolicyEngine>()?;
    module.add_class::<PyPolicySession>()?;
    module.add_function(wrap_pyfunction!(verify_certificate, module)?)?;
    module.add_function(wrap_pyfunction!(certificate_texts, module)?)
}

/// A policy set made ready, shared by its sessions.
#[pyclass(frozen, name = "PolicyEngine", module = "aimds._core")]
pub struct PyPolicyEngine {
    bundle: Arc<Bundle>,
    engine: Arc<Engine>,
    cache: Arc<CertificateCache>,
}

#[pymethods]
impl PyPolicyEngine {
    /// Raises `InputError`: there is no such set, or it is too large to run.
    #[new]
    fn new(py: Python<'_>, bundle: &PyPolicyBundle, set_name: &str) -> PyResult<Self> {
        let set = find_set(py, &bundle.inner, set_name)?.clone();
        let engine = Engine::new(set).map_err(|error| bad_value(py, "set", &error))?;
        Ok(Self {
            bundle: Arc::clone(&bundle.inner),
            engine: Arc::new(engine),
            cache: Arc::default(),
        })
    }

    /// Name of the set.
    #[getter]
    fn name(&self) -> &str {
        &self.engine.set().name
    }

    /// Certificates that were found made, that were made anew, and that are held.
    #[getter]
    fn certificates(&self) -> (u64, u64, usize) {
        self.cache.counts()
    }

    /// Detectors whose score can help an event to pass: without their room they are unknown, not zero.
    #[getter]
    fn granting_detectors(&self) -> Vec<&str> {
        self.engine.set().granting_detectors().into_iter().collect()
    }

    /// Detectors that the schema declares: facts about others are of no use.
    #[getter]
    fn detectors(&self) -> Vec<&str> {
        self.engine
            .set()
            .schema
            .detectors
            .iter()
            .map(String::as_str)
            .collect()
    }
}

/// A session and its last decision.
struct State {
    session: Session,
    last: Option<Decision>,
}

/// One session under one policy set. Safe to share between threads: they take turns.
#[pyclass(frozen, name = "PolicySession", module = "aimds._core")]
pub struct PyPolicySession {
    bundle: Arc<Bundle>,
    cache: Arc<CertificateCache>,
    state: Mutex<State>,
}

impl PyPolicySession {
    /// No code of ours panics while it holds the lock; if it did, the state is still one between two events.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl PyPolicySession {
    /// A session without a past, or one that goes on where `export` left off. Raises `InputError` for bytes of another set.
    #[new]
    #[pyo3(signature = (engine, state=None))]
    fn new(py: Python<'_>, engine: &PyPolicyEngine, state: Option<&[u8]>) -> PyResult<Self> {
        let inner = Arc::clone(&engine.engine);
        let session = match state {
            None => Session::new(inner),
            Some(bytes) => Session::restore(inner, bytes).map_err(|error| bad_value(py, "state", &error))?,
        };
        Ok(Self {
            bundle: Arc::clone(&engine.bundle),
            cache: Arc::clone(&engine.cache),
            state: Mutex::new(State { session, last: None }),
        })
    }

    /// Takes the next event, a dictionary, and decides it. Raises `InputError` for a field of another type.
    fn judge<'py>(&self, py: Python<'py>, event: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyDict>> {
        let record = record(event)?;
        let (decision, engine) = py.detach(|| {
            let mut state = self.state();
            let decision = state.session.judge(&record);
            state.last = Some(decision.clone());
            (decision, Arc::clone(state.session.engine()))
        });
        decision_row(py, &decision, &engine)
    }

    /// Why the last event was decided as it was; `None` before the first, or when the past is beyond a certificate's bounds.
    fn explain<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let explanation = py.detach(|| {
            let state = self.state();
            state
                .last
                .as_ref()
                .and_then(|last| state.session.explain(last).ok())
        });
        explanation
            .map(|found| explanation_row(py, &found, &self.bundle))
            .transpose()
    }

    /// The certificate of the last decision, checked in process, as a JSON-like dictionary. Its `outcome` is `accepted`, or
    /// why there is no proof: then nothing may be granted on it. `None` before the first event. One that was made before for the
    /// same policy, facts and verdict has the same bytes, and is given again unless `fresh`. Releases the GIL.
    #[pyo3(signature = (fresh=false))]
    fn certify<'py>(&self, py: Python<'py>, fresh: bool) -> PyResult<Option<Bound<'py, PyDict>>> {
        let made = py.detach(|| {
            let (slice, engine) = {
                let state = self.state();
                let last = state.last.as_ref()?;
                (
                    (
                        state.session.slice(),
                        last.verdict == aimds_policy::session::Verdict::Allow,
                    ),
                    Arc::clone(state.session.engine()),
                )
            };
            let cache = (!fresh).then_some(&*self.cache);
            Some(certify(&engine, &slice.0, slice.1, cache))
        });
        let Some(made) = made else { return Ok(None) };
        made.map_or_else(
            |reason| {
                let out = PyDict::new(py);
                out.set_item("outcome", reason)?;
                Ok(Some(out))
            },
            |made| certificate_row(py, &made).map(Some),
        )
    }

    /// What survives a restart.
    fn export<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let bytes = py.detach(|| self.state().session.export());
        PyBytes::new(py, &bytes)
    }
}

fn certify(
    engine: &Engine,
    slice: &Slice,
    allowed: bool,
    cache: Option<&CertificateCache>,
) -> Result<Arc<Made>, String> {
    if !slice.complete {
        return Err("inconclusive: an event that the decision needs was forgotten".into());
    }
    let set = engine.set();
    let trace = slice.trace().map_err(|error| format!("inconclusive: {error}"))?;
    let key = (trace_text(&trace), allowed);
    if let Some(made) = cache.and_then(|cache| cache.get(&key)) {
        return Ok(made);
    }
    let policy = set
        .core_policy()
        .map_err(|error| format!("inconclusive: {error}"))?;
    let certified = Certificate::build(policy, trace, &Budget::DECISION)
        .map_err(|limit| format!("inconclusive: {limit}"))?;
    let Certified {
        certificate,
        stream,
        outcome,
    } = certified;
    if (certificate.decision.verdict == Verdict::Allow) != allowed {
        return Err("refused: the monitor and the semantics disagree".into());
    }
    let deciding = || {
        set.rules
            .iter()
            .filter(|rule| rule.effect.stops() || rule.effect == Effect::Permit)
    };
    let rule = certificate
        .decision
        .reason
        .and_then(|at| deciding().nth(at))
        .map(|rule| rule.name.clone());
    let named = |id: &AtomId| {
        set.atoms
            .atom(*id)
            .map(|atom| (id.number().to_string(), atom.to_string()))
    };
    let made = Arc::new(Made {
        atoms: slice.atoms.iter().filter_map(named).collect(),
        rule,
        set: set.name.clone(),
        policy: policy_text(&certificate.decision.policy),
        policy_sha256: policy_sha256(&certificate.decision.policy),
        trace_sha256: trace_sha256(&certificate.decision.trace),
        trace: key.0.clone(),
        verdict: certificate.decision.verdict,
        reason: certificate.decision.reason,
        prelude_sha256: certificate.prelude_sha256,
        stream_sha256: certificate.stream_sha256,
        stream_bytes: stream.len(),
        outcome,
    });
    if let (Some(cache), true) = (cache, made.outcome.is_accepted()) {
        cache.put(key, &made);
    }
    Ok(made)
}

fn outcome_text(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Accepted(_) => "accepted".into(),
        Outcome::Rejected(rejection) => format!("refused: {rejection}"),
        Outcome::Inconclusive(limit) => format!("inconclusive: {limit}"),
    }
}

fn verdict_text(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allow => "allow",
        Verdict::Deny => "deny",
    }
}

fn certificate_row<'py>(py: Python<'py>, made: &Made) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    out.set_item("version", CERTIFICATE_VERSION)?;
    out.set_item("set", &made.set)?;
    out.set_item("rule", &made.rule)?;
    let atoms = PyDict::new(py);
    for (number, text) in &made.atoms {
        atoms.set_item(number, text)?;
    }
    out.set_item("atoms", atoms)?;
    out.set_item("policy", &made.policy)?;
    out.set_item("policy_sha256", &made.policy_sha256)?;
    out.set_item("trace", &made.trace)?;
    out.set_item("trace_sha256", &made.trace_sha256)?;
    out.set_item("verdict", verdict_text(made.verdict))?;
    out.set_item("reason", made.reason)?;
    out.set_item("prelude_sha256", &made.prelude_sha256)?;
    out.set_item("stream_sha256", &made.stream_sha256)?;
    out.set_item("stream_bytes", made.stream_bytes)?;
    out.set_item("axioms", Vec::<String>::new())?;
    out.set_item("outcome", outcome_text(&made.outcome))?;
    if let Outcome::Accepted(work) = &made.outcome {
        out.set_item("steps", work.steps)?;
    }
    Ok(out)
}

/// Format of the certificate's dictionary.
const CERTIFICATE_VERSION: u32 = 1;

/// Checks a certificate anew, from policy, trace, verdict and hashes alone: writes the stream itself, compares the hashes, and
/// asks filter and kernel. `accepted`, or why not. Raises `InputError` when a part cannot be read. Releases the GIL.
#[pyfunction]
fn verify_certificate(
    py: Python<'_>,
    policy: &str,
    trace: &str,
    verdict: &str,
    reason: Option<usize>,
    prelude_sha256: String,
    stream_sha256: String,
) -> PyResult<String> {
    let policy = parse_policy(policy).map_err(|error| bad_value(py, "policy", &error))?;
    let trace = parse_trace(trace).map_err(|error| bad_value(py, "trace", &error))?;
    let verdict = [Verdict::Allow, Verdict::Deny]
        .into_iter()
        .find(|this| verdict_text(*this) == verdict)
        .ok_or_else(|| bad_value(py, "verdict", &"expected `allow` or `deny`"))?;
    let certificate = Certificate {
        decision: aimds_proof::Decision {
            policy,
            trace,
            verdict,
            reason,
        },
        prelude_sha256,
        stream_sha256,
    };
    let outcome = py.detach(|| aimds_proof::verify(&certificate, None, &Budget::DECISION));
    Ok(outcome_text(&outcome))
}

/// What other checkers read of a decision: the export stream for Lean 4 kernels, and the text for Lean itself. Raises
/// `InputError` when a part cannot be read or is beyond the bounds. Releases the GIL.
#[pyfunction]
#[pyo3(signature = (policy, trace, verdict, reason))]
fn certificate_texts(
    py: Python<'_>,
    policy: &str,
    trace: &str,
    verdict: &str,
    reason: Option<usize>,
) -> PyResult<(String, String)> {
    let policy = parse_policy(policy).map_err(|error| bad_value(py, "policy", &error))?;
    let trace = parse_trace(trace).map_err(|error| bad_value(py, "trace", &error))?;
    let verdict = [Verdict::Allow, Verdict::Deny]
        .into_iter()
        .find(|this| verdict_text(*this) == verdict)
        .ok_or_else(|| bad_value(py, "verdict", &"expected `allow` or `deny`"))?;
    let decision = aimds_proof::Decision {
        policy,
        trace,
        verdict,
        reason,
    };
    let made = py.detach(|| {
        let stream = decision
            .stream(&Budget::DECISION)
            .map_err(|limit| limit.to_string())?;
        let text = lean_text(&decision).map_err(|reason| reason.to_string())?;
        Ok::<_, String>((stream, text))
    });
    made.map_err(|reason| bad_value(py, "certificate", &reason))
}

fn decision_row<'py>(py: Python<'py>, decision: &Decision, engine: &Engine) -> PyResult<Bound<'py, PyDict>> {
    let fired: PyResult<Vec<_>> = decision
        .fired
        .iter()
        .map(|fired| {
            let rule = engine.set().rules.get(fired.rule);
            let row = PyDict::new(py);
            row.set_item("rule", &fired.name)?;
            row.set_item("effect", fired.effect.text())?;
            row.set_item("severity", fired.severity.text())?;
            row.set_item("certain", fired.certain)?;
            row.set_item("message", rule.and_then(|rule| rule.message.as_deref()))?;
            row.set_item("source", rule.and_then(|rule| rule.source.as_deref()))?;
            Ok(row)
        })
        .collect();
    let obligations = decision.obligations.iter().map(|one| match one {
        Obligation::Notify(about) => ("notify", about),
        Obligation::Redact(about) => ("redact", about),
        Obligation::Ask(about) => ("ask", about),
    });
    let out = PyDict::new(py);
    out.set_item("sequence", decision.sequence)?;
    out.set_item("time_ms", decision.time_ms)?;
    out.set_item("verdict", decision.verdict.text())?;
    out.set_item(
        "severity",
        decision.severity().map(aimds_policy::rules::Severity::text),
    )?;
    out.set_item("by_default", decision.by_default)?;
    out.set_item("fired", fired?)?;
    out.set_item("obligations", obligations.collect::<Vec<_>>())?;
    Ok(out)
}

fn explanation_row<'py>(
    py: Python<'py>,
    explanation: &Explanation,
    bundle: &Bundle,
) -> PyResult<Bound<'py, PyDict>> {
    let trails: PyResult<Vec<_>> = explanation
        .trails
        .iter()
        .map(|trail| trail_row(py, trail, bundle))
        .collect();
    let out = PyDict::new(py);
    out.set_item("trails", trails?)?;
    let change = explanation
        .counterfactual
        .as_ref()
        .map(|found| change_row(py, &found.change))
        .transpose()?;
    out.set_item("counterfactual", change)?;
    Ok(out)
}

fn trail_row<'py>(py: Python<'py>, trail: &Trail, bundle: &Bundle) -> PyResult<Bound<'py, PyDict>> {
    let part = |deciding: &Deciding| {
        let (file, line, text) = place(bundle, deciding.span);
        let row = PyDict::new(py);
        row.set_item("file", file)?;
        row.set_item("line", line)?;
        row.set_item("text", text)?;
        row.set_item("events", &deciding.events)?;
        row.set_item("absence", deciding.absence)?;
        Ok(row)
    };
    let parts: PyResult<Vec<_>> = trail.parts.iter().map(part).collect();
    let out = PyDict::new(py);
    out.set_item("rule", &trail.rule)?;
    out.set_item("parts", parts?)?;
    out.set_item("deciding", trail.deciding.as_ref().map(part).transpose()?)?;
    Ok(out)
}

fn change_row<'py>(py: Python<'py>, change: &Change) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    match change {
        Change::Approval { role } => {
            out.set_item("change", "approval")?;
            out.set_item("role", role)?;
        }
        Change::Trust { sequence, label } => {
            out.set_item("change", "trust")?;
            out.set_item("sequence", sequence)?;
            out.set_item("label", label)?;
        }
        Change::Wait { wait_ms } => {
            out.set_item("change", "wait")?;
            out.set_item("wait_ms", wait_ms)?;
        }
    }
    Ok(out)
}
