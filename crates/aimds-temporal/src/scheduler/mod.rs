//! Timers with nanosecond deadlines: a hierarchical timing wheel that asks no clock and never fires early.
//!
//! Varghese and Lauck 1987 (scheme 7), with exact order inside a slot: timers fire by deadline, then by priority, then by
//! insertion. Scheduling and cancelling are O(1); a timer moves down at most [`LEVELS`] times before it fires.

mod entries;
mod rate_window;
mod wheel;

pub use entries::TimerId;
pub use rate_window::{RATE_EVENTS_MAX, RateWindow};
pub use wheel::{CAPACITY_MAX, Fired, LEVELS, Pending, Scheduler};

use std::fmt;

/// Why the scheduler refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchedulerError {
    /// As many timers are pending as were allowed.
    Full {
        /// The limit.
        capacity: usize,
    },
    /// A capacity of zero, or above [`CAPACITY_MAX`] (for a rate window: [`RATE_EVENTS_MAX`]).
    Capacity {
        /// What was asked for.
        asked: usize,
        /// The most that can be.
        limit: usize,
    },
    /// Time went back.
    TimeWentBack {
        /// What time it was.
        now_ns: u64,
        /// What time was given.
        given_ns: u64,
    },
    /// A deadline beyond the last nanosecond of 64 bits.
    DeadlineOverflow,
    /// A window of no length holds nothing.
    EmptyWindow,
}

impl fmt::Display for SchedulerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { capacity } => write!(f, "{capacity} timers are pending, as many as allowed"),
            Self::Capacity { asked, limit } => {
                write!(f, "a capacity of {asked} is not between 1 and {limit}")
            }
            Self::TimeWentBack { now_ns, given_ns } => {
                write!(f, "time went back from {now_ns} to {given_ns} ns")
            }
            Self::DeadlineOverflow => f.write_str("the deadline lies beyond 2^64 ns"),
            Self::EmptyWindow => f.write_str("a window must be at least 1 ns long"),
        }
    }
}

impl std::error::Error for SchedulerError {}
