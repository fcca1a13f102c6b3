//! Session behaviour kernels: state, loops, comparison, drift, cadence, scheduler, attractor, temporal monitors.

pub mod attractor;
pub mod compare;
pub mod monitor;
pub mod scheduler;
pub mod session;
