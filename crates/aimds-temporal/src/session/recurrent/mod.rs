//! A small recurrent network over the turns of a session: what no single turn shows, and no template foresees.
//!
//! Each event is a turn: its text's embedding, projected to a few numbers, beside what the session kernel knows of it. A
//! gated recurrent unit (Cho et al. 2014) of at most 32 cells carries the session from turn to turn; one output cell says
//! after each how much the session looks like an attack. The change of that logit is the turn's contribution, and the last
//! of them are kept, so that a finding can name the turns that raised the risk.
//!
//! The network reads and writes fixed arrays; the weights come from a file that is checked once (`artefact`).

mod artefact;
mod memory;
mod model;
mod numbers;

pub use artefact::{ModelError, RECURRENT_BYTES_MAX};
pub use memory::{Memory, Opinion, RISES_MAX, Rise};
pub use model::{DIMENSION_MAX, HIDDEN_MAX, PROJECTED_MAX, RecurrentModel, Turn};
pub use numbers::{NUMBER_NAMES, NUMBERS, turn_numbers};
