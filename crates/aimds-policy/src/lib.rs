//! The policy language: from text to the core logic of `aimds-proof`, and the monitor that judges every event.

pub mod atoms;
pub mod bundle;
pub mod diagnostic;
pub mod lexer;
pub mod limits;
mod lower;
pub mod parser;
pub mod record;
pub mod rules;
pub mod schema;
pub mod syntax;
pub mod values;
