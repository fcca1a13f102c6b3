//! Every bound of this crate, with its reason. A value beyond a bound is INCONCLUSIVE: neither proved nor refuted.

use std::time::Duration;

/// Events of one slice: a session of the longest agent traces of the corpora, and the kernel's time stays below a second.
pub const EVENTS_MAX: usize = 200;

/// Facts of one slice, all events together: ten an event at the most events.
pub const FACTS_MAX: usize = 2_000;

/// Rules of one policy.
pub const RULES_MAX: usize = 64;

/// Nesting of one formula; recursion over formulas stays this deep.
pub const FORM_DEPTH_MAX: usize = 64;

/// Operators and atoms of one policy, all rules together: their terms stay well below the expressions of a [`Budget`].
pub const POLICY_NODES_MAX: usize = 8_192;

/// Highest atom id: 16 bits. Ids are numbered densely in a slice, so that no slice comes near.
pub const ATOM_MAX: u32 = 65_535;

/// Time since the first event of the slice, and window ends, in milliseconds: 24 days.
pub const TIME_MS_MAX: u64 = (1 << 31) - 1;

/// How many events `Count` can ask for: more than a slice holds would never be met.
pub const COUNT_MAX: u64 = 65_535;

/// Bytes of a policy or trace in canonical text: each at its own bounds needs less.
pub const NOTATION_BYTES_MAX: usize = 1024 * 1024;

/// Variables of one case split: two policies of the most rules, and whether times decrease.
pub const SPLIT_VARIABLES_MAX: usize = 2 * RULES_MAX + 1;

/// Leaves of one case split: 20 variables with random connectives need about as many, and their check takes seconds.
pub const SPLIT_LEAVES_MAX: usize = 10_000;

/// Leaves times variables of one case split: every leaf names every variable, at some 80 bytes each.
pub const SPLIT_NAMES_MAX: usize = 400_000;

/// Events of a trace over which a theorem is unrolled: with six the split of the shipped rules stays below a second, and every path
/// of the reference (read, question, approval, revocation, call) has room.
pub const UNROLLED_EVENTS_MAX: usize = 6;

/// Parts of one unrolled skeleton: operators in operators multiply by the events, and a split visits them at every case.
pub const UNROLLED_NODES_MAX: usize = 20_000;

/// Stack of the thread that checks. Recursion is counted ([`Budget::depth_max`]), so that the stack is never the first to end:
/// optimised, a third of this is enough; frames of an unoptimised build are several times as large.
pub const STACK_BYTES: usize = if cfg!(debug_assertions) { 256 } else { 64 } * 1024 * 1024;

/// Records between two looks at the clock: well below a millisecond.
pub(crate) const CLOCK_RECORDS: usize = 1_024;

/// What one check may use up before it is INCONCLUSIVE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Bytes of the stream.
    pub stream_bytes_max: usize,
    /// Records of the stream.
    pub records_max: usize,
    /// Different expressions of the stream.
    pub expressions_max: usize,
    /// Reductions and comparisons.
    pub steps_max: u64,
    /// Terms on the one hand, environments and delayed arguments on the other, some 50 and 20 bytes each.
    pub nodes_max: usize,
    /// Nesting of the kernel's recursion.
    pub depth_max: u32,
    /// Wall time.
    pub time_max: Duration,
}

impl Budget {
    /// For a decision on the hot path: dozens of times what a typical one needs, and enough for the most rules, each with a window,
    /// over the most events (5.5 million steps, 3.1 million nodes). Windows inside windows over that many events may need more.
    pub const DECISION: Self = Self {
        stream_bytes_max: 4 * 1024 * 1024,
        records_max: 60_000,
        expressions_max: 50_000,
        steps_max: 15_000_000,
        nodes_max: 6_000_000,
        depth_max: 50_000,
        time_max: Duration::from_secs(5),
    };

    /// For theorems about policies, off the hot path.
    pub const UNIVERSAL: Self = Self {
        stream_bytes_max: 8 * 1024 * 1024,
        records_max: 240_000,
        expressions_max: 200_000,
        steps_max: 30_000_000,
        nodes_max: 8_000_000,
        depth_max: 50_000,
        time_max: Duration::from_secs(30),
    };
}

/// What was too large or took too long. Then nothing is known: the outcome is INCONCLUSIVE, and the caller denies or
/// escalates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Limit {
    /// More bytes than [`Budget::stream_bytes_max`].
    #[error("the stream has too many bytes")]
    StreamBytes,
    /// More records than [`Budget::records_max`].
    #[error("the stream has too many records")]
    Records,
    /// More expressions than [`Budget::expressions_max`].
    #[error("the stream has too many expressions")]
    Expressions,
    /// More steps than [`Budget::steps_max`].
    #[error("the kernel took too many steps")]
    Steps,
    /// More nodes than [`Budget::nodes_max`].
    #[error("the kernel needs too many nodes")]
    Nodes,
    /// Deeper than [`Budget::depth_max`].
    #[error("the kernel's recursion is too deep")]
    Depth,
    /// Longer than [`Budget::time_max`].
    #[error("the check took too long")]
    Time,
    /// The checking thread could not be started or did not end well.
    #[error("the checking thread failed; check memory and thread limits of the process")]
    Thread,
    /// The policy or trace is beyond its own bounds.
    #[error("the policy or trace is beyond its bounds")]
    Logic,
}

impl Limit {
    /// A stable name of the case, for records and for other languages.
    pub fn code(self) -> &'static str {
        match self {
            Self::StreamBytes => "limit.stream_bytes",
            Self::Records => "limit.records",
            Self::Expressions => "limit.expressions",
            Self::Steps => "limit.steps",
            Self::Nodes => "limit.nodes",
            Self::Depth => "limit.depth",
            Self::Time => "limit.time",
            Self::Thread => "limit.thread",
            Self::Logic => "limit.logic",
        }
    }
}
