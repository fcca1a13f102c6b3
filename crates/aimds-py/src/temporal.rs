//! Bindings of the session kernel: features of an event, the table of sessions, what it says of an event.

use crate::recurrent::PyRecurrentModel;
use crate::text::{PyNormalisedText, input_error, utf8_of};
use aimds_temporal::session::{
    Analysis, AnomalyKind, Cues, Honest, Kind, LoopKind, Role, SESSION_BYTES_MAX, SessionState, SessionTable,
    StateError, TrajectoryKind, TurnFeatures,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

/// Texts shorter than this are read with the GIL held: giving it up costs more than the work (about 20 us).
const DETACH_BYTES_MIN: usize = 2048;

const KINDS: [(&str, Kind); 5] = [
    ("prompt", Kind::Prompt),
    ("document", Kind::Document),
    ("tool_call", Kind::ToolCall),
    ("tool_result", Kind::ToolResult),
    ("response", Kind::Response),
];
const ROLES: [(&str, Role); 5] = [
    ("system", Role::System),
    ("user", Role::User),
    ("assistant", Role::Assistant),
    ("tool", Role::Tool),
    ("agent", Role::Agent),
];

fn member<T: Copy>(py: Python<'_>, table: &[(&str, T)], place: &str, value: &str) -> PyResult<T> {
    table
        .iter()
        .find(|(name, _)| *name == value)
        .map(|(_, member)| *member)
        .ok_or_else(|| {
            let names: Vec<_> = table.iter().map(|(name, _)| *name).collect();
            let reason = format!("expected one of {}", names.join(", "));
            input_error(py, "INPUT_BAD_EVENT", &[("place", place), ("reason", &reason)])
        })
}

fn artefact_error(py: Python<'_>, place: &str, fault: StateError) -> PyErr {
    let build = || -> PyResult<PyErr> {
        let errors = py.import("aimds.errors")?;
        let code = errors.getattr("ErrorCode")?.getattr("ARTEFACT_CORRUPT")?;
        let keywords = PyDict::new(py);
        keywords.set_item("place", place)?;
        keywords.set_item("reason", fault.to_string())?;
        Ok(PyErr::from_value(
            errors.getattr("ArtefactError")?.call((code,), Some(&keywords))?,
        ))
    };
    build().unwrap_or_else(|error| error)
}

const fn loop_name(kind: LoopKind) -> &'static str {
    match kind {
        LoopKind::None => "",
        LoopKind::InputRepeat => "input-repeat",
        LoopKind::InputCycle => "input-cycle",
        LoopKind::PingPong => "ping-pong",
        LoopKind::ToolLoop => "tool-loop",
        LoopKind::OutputStagnation => "output-stagnation",
        LoopKind::SelfReplication => "self-replication",
    }
}

const fn honest_name(honest: Honest) -> &'static str {
    match honest {
        Honest::No => "",
        Honest::Routine => "routine-turns",
        Honest::NewAnswers => "new-answers",
        Honest::Polling => "polling",
        Honest::Retry => "retry",
        Honest::Refusal => "refusal",
        Honest::Template => "template",
    }
}

const fn anomaly_name(kind: AnomalyKind) -> &'static str {
    match kind {
        AnomalyKind::None => "",
        AnomalyKind::Burst => "burst",
        AnomalyKind::MachineCadence => "machine-cadence",
        AnomalyKind::SlowDrip => "slow-drip",
        AnomalyKind::RiskEscalation => "risk-escalation",
        AnomalyKind::LengthGrowth => "length-growth",
        AnomalyKind::LengthOutlier => "length-outlier",
    }
}

const fn trajectory_name(kind: TrajectoryKind) -> &'static str {
    match kind {
        TrajectoryKind::None => "",
        TrajectoryKind::Crescendo => "crescendo",
        TrajectoryKind::FootInTheDoor => "foot-in-the-door",
        TrajectoryKind::PayloadSplitting => "payload-splitting",
        TrajectoryKind::ManyShot => "many-shot",
        TrajectoryKind::PersonaDrift => "persona-drift",
    }
}

/// Fixed-size features of one event. Immutable.
#[pyclass(frozen, name = "TurnFeatures", module = "aimds._core")]
pub struct PyTurnFeatures {
    pub(crate) inner: TurnFeatures,
}

#[pymethods]
impl PyTurnFeatures {
    #[new]
    #[pyo3(signature = (text, kind = "prompt", role = "user", tool = None, risk = 0.0))]
    fn new(
        py: Python<'_>,
        text: &Bound<'_, PyAny>,
        kind: &str,
        role: &str,
        tool: Option<&str>,
        risk: f32,
    ) -> PyResult<Self> {
        let kind = member(py, &KINDS, "kind", kind)?;
        let role = member(py, &ROLES, "role", role)?;
        let handle = text.cast::<PyNormalisedText>();
        let text = match &handle {
            Ok(normalised) => normalised.get().inner.canonical(),
            Err(_) => utf8_of(text.cast::<PyString>()?)?,
        };
        let inner = if text.len() < DETACH_BYTES_MIN {
            TurnFeatures::of_text(text, kind, role, tool, risk)
        } else {
            py.detach(|| TurnFeatures::of_text(text, kind, role, tool, risk))
        };
        Ok(Self { inner })
    }

    /// Hash of the case-folded text with white space collapsed.
    #[getter]
    fn exact(&self) -> u64 {
        self.inner.exact
    }

    /// Similarity hash of its words.
    #[getter]
    fn simhash(&self) -> u64 {
        self.inner.simhash
    }

    /// Hash of the text without its numbers.
    #[getter]
    fn masked(&self) -> u64 {
        self.inner.masked
    }

    /// Sum of its numbers.
    #[getter]
    fn number(&self) -> u64 {
        self.inner.number
    }

    /// Fingerprints of its instruction-like sentences.
    #[getter]
    fn payloads(&self) -> Vec<u32> {
        self.inner
            .payloads
            .iter()
            .copied()
            .filter(|payload| *payload != 0)
            .collect()
    }

    /// Hash of the first words.
    #[getter]
    fn head(&self) -> u32 {
        self.inner.head
    }

    /// Hash of the last words.
    #[getter]
    fn tail(&self) -> u32 {
        self.inner.tail
    }

    /// Hash of the tool's name; zero without one.
    #[getter]
    fn tool(&self) -> u32 {
        self.inner.tool
    }

    /// Length in characters.
    #[getter]
    fn length(&self) -> u32 {
        self.inner.length
    }

    /// Number of words.
    #[getter]
    fn words(&self) -> u32 {
        self.inner.words
    }

    /// What the earlier stages think of the event, in [0, 1].
    #[getter]
    fn risk(&self) -> f32 {
        self.inner.risk
    }

    /// Embedded speaker marks.
    #[getter]
    fn dialog(&self) -> u16 {
        self.inner.dialog
    }

    /// Names of the cues found.
    #[getter]
    fn cues(&self) -> Vec<&'static str> {
        let bits = self.inner.cues.0;
        Cues::NAMES
            .iter()
            .enumerate()
            .filter(|(bit, _)| bits >> bit & 1 == 1)
            .map(|(_, name)| *name)
            .collect()
    }

    fn __repr__(&self) -> String {
        format!(
            "<TurnFeatures: {} characters, {} words>",
            self.inner.length, self.inner.words
        )
    }
}

/// What a session's behaviour says about one event. Immutable.
#[pyclass(frozen, name = "TemporalAnalysis", module = "aimds._core")]
pub struct PyTemporalAnalysis {
    pub(crate) inner: Analysis,
}

#[pymethods]
impl PyTemporalAnalysis {
    /// Kind of the strongest loop; empty without one.
    #[getter]
    fn loop_kind(&self) -> &'static str {
        loop_name(self.inner.repetition.kind)
    }

    /// Events in one cycle of it.
    #[getter]
    fn loop_period(&self) -> u8 {
        self.inner.repetition.period
    }

    /// Cycles seen.
    #[getter]
    fn loop_repeats(&self) -> u16 {
        self.inner.repetition.repeats
    }

    /// Confidence that it is a loop.
    #[getter]
    fn loop_confidence(&self) -> f32 {
        self.inner.repetition.confidence
    }

    /// Why repetition was taken for honest; empty when it was not.
    #[getter]
    fn honest_reason(&self) -> &'static str {
        honest_name(self.inner.repetition.honest)
    }

    /// The loudest behavioural detector; empty when all are silent.
    #[getter]
    fn anomaly(&self) -> &'static str {
        anomaly_name(self.inner.anomaly)
    }

    /// Its confidence.
    #[getter]
    fn anomaly_confidence(&self) -> f32 {
        self.inner.anomaly_confidence
    }

    /// The attack trajectory that fits best; empty without prompts.
    #[getter]
    fn trajectory(&self) -> &'static str {
        trajectory_name(self.inner.trajectory.kind)
    }

    /// Share of its states passed.
    #[getter]
    fn trajectory_progress(&self) -> f32 {
        self.inner.trajectory.progress
    }

    /// Confidence that it is this attack.
    #[getter]
    fn trajectory_confidence(&self) -> f32 {
        self.inner.trajectory.confidence
    }

    /// The strongest of the three confidences.
    #[getter]
    fn confidence(&self) -> f32 {
        self.inner.confidence
    }

    /// Highest confidence of the session so far, fading.
    #[getter]
    fn session_risk(&self) -> f32 {
        self.inner.session_risk
    }

    /// Robust z of the prompt's length.
    #[getter]
    fn length_z(&self) -> f32 {
        self.inner.length_z
    }

    /// Events of the session so far.
    #[getter]
    fn events(&self) -> u32 {
        self.inner.events
    }

    /// Probability that the session is an attack, as the recurrent network sees it; `None` when it was not asked.
    #[getter]
    fn session_probability(&self) -> Option<f32> {
        self.inner.opinion.map(|opinion| opinion.probability)
    }

    /// The same as a logit.
    #[getter]
    fn session_logit(&self) -> Option<f32> {
        self.inner.opinion.map(|opinion| opinion.logit)
    }

    /// By how much this event moved the logit.
    #[getter]
    fn session_change(&self) -> Option<f32> {
        self.inner.opinion.map(|opinion| opinion.change)
    }

    /// Events that raised the logit, each as its number in the session (from 1) and by how much, the strongest first.
    #[getter]
    fn session_rises(&self) -> Vec<(u32, f32)> {
        let rises = self
            .inner
            .opinion
            .map(|opinion| opinion.rises)
            .unwrap_or_default();
        let named = rises.iter().filter(|rise| rise.event > 0);
        named.map(|rise| (rise.event, rise.change)).collect()
    }

    /// Confidence above 0.95.
    #[getter]
    fn certain(&self) -> bool {
        self.inner.certain
    }

    fn __repr__(&self) -> String {
        format!(
            "<TemporalAnalysis: loop {:?} {:.2}, anomaly {:?} {:.2}, trajectory {:?} {:.2}>",
            self.loop_kind(),
            self.inner.repetition.confidence,
            self.anomaly(),
            self.inner.anomaly_confidence,
            self.trajectory(),
            self.inner.trajectory.confidence
        )
    }
}

/// What one event says alone, without a session.
#[pyfunction]
fn analyze_alone(features: &Bound<'_, PyTurnFeatures>) -> PyTemporalAnalysis {
    let inner = SessionState::default().analyze(&features.get().inner, -1);
    PyTemporalAnalysis { inner }
}

/// All sessions, bounded by number and age, safe under threads.
#[pyclass(frozen, name = "SessionTable", module = "aimds._core")]
pub struct PySessionTable {
    inner: SessionTable,
}

#[pymethods]
impl PySessionTable {
    #[new]
    #[pyo3(signature = (sessions_max = 100_000, ttl_ns = 86_400_000_000_000))]
    fn new(sessions_max: usize, ttl_ns: i64) -> Self {
        Self {
            inner: SessionTable::new(sessions_max, ttl_ns),
        }
    }

    /// Takes in an event of a session; `timestamp_ns` is nanoseconds since the Unix epoch, `None` when not known. With
    /// `model` and the event's `vector` the recurrent network is asked too.
    #[pyo3(signature = (session, features, timestamp_ns = None, model = None, vector = None))]
    fn analyze(
        &self,
        session: &str,
        features: &Bound<'_, PyTurnFeatures>,
        timestamp_ns: Option<i64>,
        model: Option<&Bound<'_, PyRecurrentModel>>,
        vector: Option<&[u8]>,
    ) -> PyResult<PyTemporalAnalysis> {
        let turn = match (model, vector) {
            (Some(model), Some(vector)) => Some(model.get().turn(vector)?),
            (None, None) => None,
            _ => return Err(PyValueError::new_err("a model and a vector belong together")),
        };
        let time_ns = timestamp_ns.unwrap_or(-1);
        let inner = self
            .inner
            .analyze(session, &features.get().inner, time_ns, turn.as_ref());
        Ok(PyTemporalAnalysis { inner })
    }

    /// The session's state as bytes; `None` when it is not held.
    fn export<'py>(&self, py: Python<'py>, session: &str) -> Option<Bound<'py, PyBytes>> {
        self.inner.export(session).map(|bytes| PyBytes::new(py, &bytes))
    }

    /// Puts an exported state in place of what is held. Raises `ArtefactError` when the bytes are damaged.
    fn restore(&self, py: Python<'_>, session: &str, state: &[u8]) -> PyResult<()> {
        self.inner
            .restore(session, state)
            .map_err(|fault| artefact_error(py, "session state", fault))
    }

    /// All sessions as bytes.
    fn export_all<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let bytes = py.detach(|| self.inner.export_all());
        PyBytes::new(py, &bytes)
    }

    /// Adds all sessions of an export and returns their number. Raises `ArtefactError`; then nothing was added.
    fn restore_all(&self, py: Python<'_>, table: &[u8]) -> PyResult<u32> {
        py.detach(|| self.inner.restore_all(table))
            .map_err(|fault| artefact_error(py, "session table", fault))
    }

    /// Forgets a session; tells whether there was one.
    fn remove(&self, session: &str) -> bool {
        self.inner.remove(session)
    }

    /// Ids of all sessions held, in no order.
    fn sessions(&self) -> Vec<String> {
        self.inner.keys().iter().map(ToString::to_string).collect()
    }

    /// Counters: `sessions`, `events`, `created`, `evicted`, `expired`.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = self.inner.stats();
        let counters = PyDict::new(py);
        counters.set_item("sessions", stats.sessions)?;
        counters.set_item("events", stats.events)?;
        counters.set_item("created", stats.created)?;
        counters.set_item("evicted", stats.evicted)?;
        counters.set_item("expired", stats.expired)?;
        Ok(counters)
    }

    fn __contains__(&self, session: &str) -> bool {
        self.inner.contains(session)
    }

    fn __len__(&self) -> usize {
        self.inner.stats().sessions as usize
    }
}

/// Adds the classes and functions of this file to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyTurnFeatures>()?;
    module.add_class::<PyTemporalAnalysis>()?;
    module.add_class::<PySessionTable>()?;
    module.add("SESSION_BYTES", size_of::<SessionState>())?;
    module.add("SESSION_BYTES_MAX", SESSION_BYTES_MAX)?;
    module.add_function(wrap_pyfunction!(analyze_alone, module)?)
}
