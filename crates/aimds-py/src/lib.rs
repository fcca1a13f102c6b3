//! The private Python module `aimds._core`. One file a kernel; types and errors are converted here and nowhere else.

use pyo3::prelude::*;

mod attractor;
mod kernels;
mod policy;
mod policy_cache;
mod policy_record;
mod policy_session;
mod policy_witness;
mod recurrent;
mod signatures;
mod temporal;
mod text;
mod timers;
mod vectors;

/// The compiled core of AIMDS.
#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    text::register(module)?;
    signatures::register(module)?;
    temporal::register(module)?;
    recurrent::register(module)?;
    kernels::register(module)?;
    timers::register(module)?;
    attractor::register(module)?;
    vectors::register(module)?;
    policy::register(module)?;
    policy_session::register(module)?;
    policy_witness::register(module)
}
