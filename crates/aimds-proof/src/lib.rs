//! The trusted base of policy certificates: the core logic and what it means.

pub mod limits;
pub mod logic;
pub mod naive;
