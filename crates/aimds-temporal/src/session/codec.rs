//! Session states as bytes: magic, version, length, fields in little-endian order, checksum.
//!
//! What is read back is not trusted: lengths, numbers of variants and ranges are checked, and floats must be finite, so
//! that no file can bring a session into a state that events could not.

use super::cadence::Cadence;
use super::drift::Drift;
use super::hashing::mix;
use super::lane::{Between, History, Lane, PERIOD_MAX, SCORE_MAX, Turn};
use super::recurrent::Memory;
use super::replication::{PAYLOADS_HELD, Payload, Payloads};
use super::state::{SESSION_BYTES_MAX, SessionState};
use super::tally::Tally;
use super::trajectory::Columns;
use std::fmt;

/// Version of the layout; changes whenever a field or a hash does.
pub const STATE_VERSION: u8 = 2;

const MAGIC: &[u8; 7] = b"AIMDSES";
const HEADER_BYTES: usize = 12;
const CHECKSUM_BYTES: usize = 8;

/// Why bytes are no session state. No case depends on the machine, only on the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateError {
    /// Does not begin as a session state does.
    Magic,
    /// Of another version of the layout.
    Version(u8),
    /// Shorter or longer than it says.
    Length,
    /// The checksum does not fit: the bytes were damaged.
    Checksum,
    /// A field holds what no session can hold.
    Value(&'static str),
}

impl fmt::Display for StateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Magic => write!(formatter, "not a session state"),
            Self::Version(version) => {
                write!(
                    formatter,
                    "version {version} of the layout, this build reads version {STATE_VERSION}"
                )
            }
            Self::Length => write!(formatter, "the length does not fit"),
            Self::Checksum => write!(formatter, "the checksum does not fit"),
            Self::Value(field) => write!(formatter, "impossible value of `{field}`"),
        }
    }
}

impl std::error::Error for StateError {}

/// Reads from the front of the bytes left.
pub(super) struct Source<'a>(pub &'a [u8]);

impl<'a> Source<'a> {
    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8], StateError> {
        let (front, rest) = self.0.split_at_checked(count).ok_or(StateError::Length)?;
        self.0 = rest;
        Ok(front)
    }
}

/// A value that is written to and read from bytes.
pub(super) trait Wire: Sized {
    fn put(&self, sink: &mut Vec<u8>);
    fn take(source: &mut Source<'_>) -> Result<Self, StateError>;
}

macro_rules! wire_numbers {
    ($($number:ty),*) => {$(
        impl Wire for $number {
            fn put(&self, sink: &mut Vec<u8>) {
                sink.extend_from_slice(&self.to_le_bytes());
            }
            fn take(source: &mut Source<'_>) -> Result<Self, StateError> {
                let bytes = source.bytes(size_of::<$number>())?;
                Ok(Self::from_le_bytes(bytes.try_into().map_err(|_| StateError::Length)?))
            }
        }
    )*};
}
wire_numbers!(u8, u16, u32, u64, i64);

impl Wire for f32 {
    fn put(&self, sink: &mut Vec<u8>) {
        self.to_bits().put(sink);
    }
    fn take(source: &mut Source<'_>) -> Result<Self, StateError> {
        let value = Self::from_bits(u32::take(source)?);
        if value.is_finite() {
            Ok(value)
        } else {
            Err(StateError::Value("number"))
        }
    }
}

impl Wire for bool {
    fn put(&self, sink: &mut Vec<u8>) {
        u8::from(*self).put(sink);
    }
    fn take(source: &mut Source<'_>) -> Result<Self, StateError> {
        match u8::take(source)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(StateError::Value("yes or no")),
        }
    }
}

impl<T: Wire + Default + Copy, const COUNT: usize> Wire for [T; COUNT] {
    fn put(&self, sink: &mut Vec<u8>) {
        for value in self {
            value.put(sink);
        }
    }
    fn take(source: &mut Source<'_>) -> Result<Self, StateError> {
        let mut values = [T::default(); COUNT];
        for value in &mut values {
            *value = T::take(source)?;
        }
        Ok(values)
    }
}

macro_rules! wire_record {
    ($record:ident { $($field:ident),* $(,)? }) => {
        impl Wire for $record {
            fn put(&self, sink: &mut Vec<u8>) {
                $(self.$field.put(sink);)*
            }
            fn take(source: &mut Source<'_>) -> Result<Self, StateError> {
                $(let $field = Wire::take(source)?;)*
                Ok(Self { $($field),* })
            }
        }
    };
}

impl Wire for History {
    fn put(&self, sink: &mut Vec<u8>) {
        self.0.put(sink);
    }
    fn take(source: &mut Source<'_>) -> Result<Self, StateError> {
        u64::take(source).map(Self)
    }
}

wire_record!(Turn {
    exact,
    simhash,
    masked,
    number,
    tool,
    words,
    head,
    tail
});
wire_record!(Between {
    answered,
    novel,
    stale,
    failed,
    pending
});
wire_record!(Lane {
    recent,
    scores,
    runs,
    matches,
    events,
    length_mean,
    fast,
    timed,
    answered,
    novel,
    stale,
    failed,
    pending,
    routine,
    exact,
    same_head,
    same_tail,
    refusal,
    between,
});
wire_record!(Cadence {
    gap_mean_ns,
    gap_deviation_ns,
    regular,
    burst,
    drip,
    gaps
});
wire_record!(Drift {
    risk_level,
    risk_sum,
    length_mean,
    length_deviation,
    length_last,
    growing,
    events
});
wire_record!(Columns { scores });
wire_record!(Payload {
    fingerprint,
    risk,
    lane,
    hops
});
wire_record!(Payloads { held, next });
wire_record!(Tally { calls, counts, since });
wire_record!(Memory {
    cells,
    changes,
    logit,
    turns,
    event,
    model,
});
wire_record!(SessionState {
    lanes,
    lane_time_ns,
    time_ns,
    cadence,
    call_cadence,
    drift,
    columns,
    payloads,
    tally,
    last_call,
    prompt_simhash,
    has_prompt,
    refused,
    clock_doubt,
    risk,
    events,
    memory,
});

/// FNV-1a over bytes, mixed: finds damage, does not stop forgery (states are kept where the operator keeps them).
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    mix(bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    }))
}

/// The state as bytes.
pub fn export(state: &SessionState) -> Vec<u8> {
    let mut body = Vec::with_capacity(SESSION_BYTES_MAX);
    state.put(&mut body);
    let mut bytes = Vec::with_capacity(HEADER_BYTES + body.len() + CHECKSUM_BYTES);
    bytes.extend_from_slice(MAGIC);
    STATE_VERSION.put(&mut bytes);
    (body.len() as u32).put(&mut bytes);
    bytes.extend_from_slice(&body);
    checksum(&bytes).put(&mut bytes);
    bytes
}

/// The state that `export` made the bytes of.
pub fn restore(bytes: &[u8]) -> Result<SessionState, StateError> {
    let mut source = Source(bytes);
    if source.bytes(MAGIC.len()) != Ok(MAGIC.as_slice()) {
        return Err(StateError::Magic);
    }
    let version = u8::take(&mut source)?;
    if version != STATE_VERSION {
        return Err(StateError::Version(version));
    }
    let length = u32::take(&mut source)? as usize;
    let mut body = Source(source.bytes(length)?);
    let stored = u64::take(&mut source)?;
    if !source.0.is_empty() {
        return Err(StateError::Length);
    }
    let (checked, _) = bytes
        .split_at_checked(HEADER_BYTES + length)
        .ok_or(StateError::Length)?;
    if stored != checksum(checked) {
        return Err(StateError::Checksum);
    }
    let state = SessionState::take(&mut body)?;
    if !body.0.is_empty() {
        return Err(StateError::Length);
    }
    check(&state)?;
    Ok(state)
}

/// Ranges that arithmetic relies on.
pub(super) fn check(state: &SessionState) -> Result<(), StateError> {
    let scores_fit =
        |lane: &Lane| lane.scores.iter().all(|score| *score <= SCORE_MAX) && lane.scores.len() == PERIOD_MAX;
    if !state.lanes.iter().all(scores_fit) {
        return Err(StateError::Value("scores"));
    }
    if usize::from(state.payloads.next) >= PAYLOADS_HELD {
        return Err(StateError::Value("next"));
    }
    if !state.memory.is_possible() || state.memory.event > state.events {
        return Err(StateError::Value("memory"));
    }
    if !(0.0..=1.0).contains(&state.risk) {
        return Err(StateError::Value("risk"));
    }
    Ok(())
}
