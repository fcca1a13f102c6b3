//! The hard stop of one check, shared by filter and kernel.

use std::time::{Duration, Instant};

use crate::limits::Limit;
use crate::outcome::Checked;

/// A point in time after which a check is inconclusive.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    /// So long from now. A time beyond what the clock can hold has passed already: too long a wish is not granted.
    pub(crate) fn after(time: Duration) -> Self {
        Self(Instant::now().checked_add(time))
    }

    /// Whether time is left.
    pub(crate) fn look(self) -> Checked<()> {
        match self.0 {
            Some(end) if Instant::now() < end => Ok(()),
            _ => Err(Limit::Time.into()),
        }
    }
}
