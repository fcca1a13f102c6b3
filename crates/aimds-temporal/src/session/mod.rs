//! One session's behaviour, event by event: features, loops, cadence, drift, attack trajectories, a recurrent network, and
//! the table that bounds all sessions.

mod cadence;
mod codec;
mod drift;
mod features;
pub mod hashing;
mod lane;
mod lexicon;
mod loops;
mod recurrent;
mod replication;
mod state;
mod table;
mod tally;
mod trajectory;

pub use cadence::Cadence;
pub use codec::{STATE_VERSION, StateError, export, restore};
pub use drift::Drift;
pub use features::{Kind, PAYLOADS_MAX, Role, TurnFeatures};
pub use lexicon::Cues;
pub use loops::{Honest, Loop, LoopKind};
pub use recurrent::{
    DIMENSION_MAX, HIDDEN_MAX, Memory, ModelError, NUMBER_NAMES, NUMBERS, Opinion, PROJECTED_MAX,
    RECURRENT_BYTES_MAX, RISES_MAX, RecurrentModel, Rise, Turn, turn_numbers,
};
pub use state::{Analysis, AnomalyKind, CERTAIN_CONFIDENCE, SESSION_BYTES_MAX, SessionState};
pub use table::{SessionTable, TableStats};
pub use trajectory::{Match, TrajectoryKind};
