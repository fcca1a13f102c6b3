//! The trusted base of policy certificates.
//!
//! [`logic`] is what policies and traces are, [`naive`] what they mean. [`certificate`] makes and verifies certificates: a
//! decision becomes a closed theorem in Lean 4's core type theory, its proof is that computing it shows it, and the kernel in
//! this crate (or any other) computes. Trusted here: the prelude's text, the writer, the filter, the kernel, SHA-256.
//! Not in here: where facts come from.

pub mod certificate;
mod check;
mod deadline;
mod export;
mod kernel;
mod lean_text;
pub mod limits;
pub mod logic;
pub mod naive;
pub mod notation;
mod outcome;
mod prelude;
pub mod universal;

pub use certificate::{Certificate, Certified, Decision, Verdict, verify};
pub use check::check_stream;
pub use lean_text::lean_text;
pub use limits::{Budget, Limit};
pub use outcome::{Outcome, Reason, Rejection, Work};
pub use prelude::{PRELUDE_SHA256, prelude_text};
