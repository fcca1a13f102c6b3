//! The policy language: from text to the core logic of `aimds-proof`, and the monitor that judges every event.

pub mod analysis;
pub mod atoms;
pub mod bundle;
pub mod claims;
pub mod coverage;
pub mod diagnostic;
pub mod explain;
pub mod extract;
pub mod format;
pub mod history;
pub mod lexer;
pub mod limits;
mod lower;
pub mod monitor;
pub mod parser;
pub mod record;
pub mod rules;
pub mod schema;
pub mod search;
pub mod session;
pub mod slice;
pub mod syntax;
pub mod taint;
pub mod testing;
pub mod values;
pub mod versions;
pub mod witness;
