//! Bindings of the scheduler, the rate window and the monitor: temporal kernels that keep state.

use crate::kernels::{Count, Nanoseconds, bad_value};
use crate::text::input_error;
use aimds_temporal::monitor::{Formula, Monitor, Truth, parse};
use aimds_temporal::scheduler::{Fired, RateWindow, Scheduler, SchedulerError, TimerId};
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyList, PyString};
use pyo3::{PyTraverseError, intern};
use std::sync::atomic::{AtomicU64, Ordering};

/// Adds the classes of this file to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyScheduler>()?;
    module.add_class::<TimerHandle>()?;
    module.add_class::<FiredTimer>()?;
    module.add_class::<PyRateWindow>()?;
    module.add_class::<PyMonitor>()
}

fn refused(py: Python<'_>, error: SchedulerError) -> PyErr {
    match error {
        SchedulerError::Full { .. } => input_error(
            py,
            "CAPACITY_REACHED",
            &[("place", "scheduler"), ("reason", &error.to_string())],
        ),
        other => bad_value(py, "scheduler", &other),
    }
}

/// Tells the handles of one scheduler from those of another.
static SCHEDULERS: AtomicU64 = AtomicU64::new(0);

/// Names one timer of one scheduler. Once the timer has fired or was cancelled, the handle matches nothing.
#[pyclass(frozen, eq, hash, module = "aimds._core")]
#[derive(PartialEq, Eq, Hash)]
struct TimerHandle {
    scheduler: u64,
    id: TimerId,
}

#[pymethods]
impl TimerHandle {
    fn __repr__(&self) -> String {
        format!(
            "<TimerHandle {:#x} of scheduler {}>",
            self.id.to_bits(),
            self.scheduler
        )
    }
}

/// A timer that fired.
#[pyclass(frozen, module = "aimds._core")]
struct FiredTimer {
    #[pyo3(get)]
    handle: Py<TimerHandle>,
    #[pyo3(get)]
    deadline_ns: u64,
    #[pyo3(get)]
    priority: u8,
    #[pyo3(get)]
    payload: Py<PyAny>,
}

#[pymethods]
impl FiredTimer {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.payload)
    }

    fn __repr__(&self) -> String {
        format!(
            "<FiredTimer deadline_ns={} priority={}>",
            self.deadline_ns, self.priority
        )
    }
}

/// Timers with nanosecond deadlines that fire by deadline, priority and insertion when time is advanced.
#[pyclass(name = "Scheduler", module = "aimds._core")]
struct PyScheduler {
    inner: Scheduler<Py<PyAny>>,
    identity: u64,
    fired: Vec<Fired<Py<PyAny>>>, // empty between calls; kept for its memory
}

impl PyScheduler {
    fn wrap(inner: Scheduler<Py<PyAny>>) -> Self {
        Self {
            inner,
            identity: SCHEDULERS.fetch_add(1, Ordering::Relaxed),
            fired: Vec::new(),
        }
    }

    fn own(&self, py: Python<'_>, handle: &TimerHandle) -> PyResult<TimerId> {
        if handle.scheduler == self.identity {
            return Ok(handle.id);
        }
        Err(bad_value(
            py,
            "scheduler",
            &"the handle belongs to another scheduler",
        ))
    }
}

#[pymethods]
impl PyScheduler {
    #[new]
    #[pyo3(signature = (now_ns=Nanoseconds(0), capacity=Count(100_000)))]
    fn new(py: Python<'_>, now_ns: Nanoseconds, capacity: Count) -> PyResult<Self> {
        Scheduler::new(now_ns.0, capacity.0)
            .map(Self::wrap)
            .map_err(|error| refused(py, error))
    }

    /// Sets a timer; a deadline that has passed fires at the next `advance`.
    #[pyo3(signature = (deadline_ns, payload, priority=0))]
    fn schedule(
        &mut self,
        py: Python<'_>,
        deadline_ns: Nanoseconds,
        payload: Py<PyAny>,
        priority: u8,
    ) -> PyResult<TimerHandle> {
        let id = self
            .inner
            .schedule(deadline_ns.0, priority, payload)
            .map_err(|error| refused(py, error))?;
        Ok(TimerHandle {
            scheduler: self.identity,
            id,
        })
    }

    /// Sets a timer so many nanoseconds after the scheduler's own time.
    #[pyo3(signature = (delay_ns, payload, priority=0))]
    fn schedule_after(
        &mut self,
        py: Python<'_>,
        delay_ns: Nanoseconds,
        payload: Py<PyAny>,
        priority: u8,
    ) -> PyResult<TimerHandle> {
        let id = self
            .inner
            .schedule_after(delay_ns.0, priority, payload)
            .map_err(|error| refused(py, error))?;
        Ok(TimerHandle {
            scheduler: self.identity,
            id,
        })
    }

    /// Takes a timer back; whether it was still pending.
    fn cancel(&mut self, py: Python<'_>, handle: &TimerHandle) -> PyResult<bool> {
        let id = self.own(py, handle)?;
        Ok(self.inner.cancel(id).is_some())
    }

    /// When the timer is due; `None` when it is no longer pending.
    fn deadline_ns(&self, py: Python<'_>, handle: &TimerHandle) -> PyResult<Option<u64>> {
        let id = self.own(py, handle)?;
        Ok(self.inner.deadline_ns(id))
    }

    /// Moves time and returns what is due by then, in order.
    fn advance<'py>(&mut self, py: Python<'py>, now_ns: Nanoseconds) -> PyResult<Bound<'py, PyList>> {
        self.inner
            .advance(now_ns.0, &mut self.fired)
            .map_err(|error| refused(py, error))?;
        let scheduler = self.identity;
        let fired = self.fired.drain(..).map(|fired| {
            let handle = Py::new(
                py,
                TimerHandle {
                    scheduler,
                    id: fired.id,
                },
            )?;
            let Fired {
                deadline_ns,
                priority,
                payload,
                ..
            } = fired;
            Bound::new(
                py,
                FiredTimer {
                    handle,
                    deadline_ns,
                    priority,
                    payload,
                },
            )
        });
        let fired = fired.collect::<PyResult<Vec<_>>>()?;
        PyList::new(py, fired)
    }

    /// When the next timer is due.
    fn next_deadline_ns(&self) -> Option<u64> {
        self.inner.next_deadline_ns()
    }

    /// All pending timers as (deadline, priority, payload), in the order in which they will fire.
    fn pending(&self, py: Python<'_>) -> Vec<(u64, u8, Py<PyAny>)> {
        let pending = self.inner.pending().into_iter();
        pending
            .map(|timer| (timer.deadline_ns, timer.priority, timer.payload.clone_ref(py)))
            .collect()
    }

    #[getter]
    fn now_ns(&self) -> u64 {
        self.inner.now_ns()
    }

    #[getter]
    fn capacity(&self) -> usize {
        self.inner.capacity()
    }

    fn __len__(&self) -> usize {
        self.inner.len()
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.inner.payloads().try_for_each(|payload| visit.call(payload))
    }

    fn __clear__(&mut self) {
        if let Ok(empty) = Scheduler::new(self.inner.now_ns(), self.inner.capacity()) {
            self.inner = empty;
        }
    }
}

/// Admits at most so many events in any window of so many nanoseconds.
#[pyclass(name = "RateWindow", module = "aimds._core")]
struct PyRateWindow {
    inner: RateWindow,
}

#[pymethods]
impl PyRateWindow {
    #[new]
    fn new(py: Python<'_>, window_ns: Nanoseconds, events_max: Count) -> PyResult<Self> {
        let inner = RateWindow::new(window_ns.0, events_max.0).map_err(|error| refused(py, error))?;
        Ok(Self { inner })
    }

    /// Whether an event at this time is admitted; if so it is counted.
    fn admit(&mut self, py: Python<'_>, now_ns: Nanoseconds) -> PyResult<bool> {
        self.inner.admit(now_ns.0).map_err(|error| refused(py, error))
    }

    /// Admitted events in the window that ends now.
    fn count(&mut self, py: Python<'_>, now_ns: Nanoseconds) -> PyResult<usize> {
        self.inner.count(now_ns.0).map_err(|error| refused(py, error))
    }

    /// From when on an event would be admitted; `None` when at once.
    fn admits_from_ns(&self) -> Option<u64> {
        self.inner.admits_from_ns()
    }
}

fn formula_of(py: Python<'_>, text: &str) -> PyResult<Formula> {
    parse(text).map_err(|error| formula_refused(py, &error.to_string()))
}

fn formula_refused(py: Python<'_>, reason: &str) -> PyErr {
    input_error(py, "FORMULA_INVALID", &[("place", "formula"), ("reason", reason)])
}

/// A past-time formula judged event by event.
#[pyclass(name = "Monitor", module = "aimds._core")]
struct PyMonitor {
    inner: Monitor,
    names: Vec<Py<PyString>>,
    values: Vec<f64>,
    text: String,
}

#[pymethods]
impl PyMonitor {
    #[new]
    fn new(py: Python<'_>, formula: &Bound<'_, PyString>) -> PyResult<Self> {
        let formula = formula_of(py, crate::text::utf8_of(formula)?)?;
        let inner = Monitor::new(&formula).map_err(|error| formula_refused(py, &error.to_string()))?;
        let names = inner
            .atoms()
            .iter()
            .map(|name| PyString::intern(py, name).unbind())
            .collect();
        let values = vec![f64::NAN; inner.atoms().len()];
        Ok(Self {
            inner,
            names,
            values,
            text: formula.to_string(),
        })
    }

    /// One event: 1 true, 0 false, -1 unknown.
    fn update(&mut self, py: Python<'_>, time_ns: Nanoseconds, values: &Bound<'_, PyDict>) -> PyResult<i8> {
        for ((name, is_boolean), slot) in self
            .names
            .iter()
            .zip(self.inner.is_boolean())
            .zip(self.values.iter_mut())
        {
            *slot = match values.get_item(name.bind(py))? {
                None => f64::NAN,
                Some(value) if value.is_none() => f64::NAN,
                Some(value) => number_of(&value, *is_boolean)
                    .ok_or_else(|| wrong_kind(py, name.bind(py), *is_boolean))?,
            };
        }
        match self.inner.update(time_ns.0, &self.values) {
            Ok(Truth::True) => Ok(1),
            Ok(Truth::False) => Ok(0),
            Ok(Truth::Unknown) => Ok(-1),
            Err(error) => Err(bad_value(py, "monitor", &error)),
        }
    }

    /// Forgets all events.
    fn reset(&mut self) {
        self.inner.reset();
    }

    /// The names that `update` looks up.
    #[getter]
    fn atoms(&self) -> Vec<String> {
        self.inner.atoms().to_vec()
    }

    /// The formula, fully bracketed.
    #[getter]
    fn formula(&self) -> &str {
        &self.text
    }
}

fn number_of(value: &Bound<'_, PyAny>, is_boolean: bool) -> Option<f64> {
    if is_boolean {
        return value
            .cast::<PyBool>()
            .ok()
            .map(|value| f64::from(value.is_true()));
    }
    value.extract().ok()
}

fn wrong_kind(py: Python<'_>, name: &Bound<'_, PyString>, is_boolean: bool) -> PyErr {
    let kind = if is_boolean {
        intern!(py, "True, False or None")
    } else {
        intern!(py, "a number or None")
    };
    bad_value(py, "monitor", &format!("`{name}` must be {kind}"))
}
