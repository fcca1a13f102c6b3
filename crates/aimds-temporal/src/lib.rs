//! Session behaviour kernels: state, loops, comparison, drift, cadence, scheduler, attractor, temporal monitors.

pub mod session;
