//! A monitor's state as bytes, so that a session survives a restart. Little-endian 64-bit words behind a mark and the
//! program's fingerprint; a state that does not fit its program, or contradicts itself, is refused.

use super::cells::{CountCell, WithinCell};
use super::related::{Entry, RelatedCell};
use super::{Cell, Monitor, Program, Truth};
use crate::limits::{RUNS_MAX, SLICE_EVENTS_MAX, STATE_BYTES_MAX};
use std::collections::VecDeque;
use std::sync::Arc;

const MARK: u64 = u64::from_le_bytes(*b"AIMDSPM1");

/// A state that cannot be restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Not a state, or cut off.
    #[error("these bytes are no monitor state: {0}; begin the session anew and treat its past as unknown")]
    Corrupt(&'static str),
    /// The state of another policy set or version.
    #[error(
        "this state belongs to another policy set or version; begin the session anew, or load the set it came from"
    )]
    OtherProgram,
}

impl StateError {
    /// A stable name of the case.
    pub fn code(self) -> &'static str {
        match self {
            Self::Corrupt(_) => "monitor-state-corrupt",
            Self::OtherProgram => "monitor-state-other-program",
        }
    }
}

impl Monitor {
    /// The state as bytes.
    pub fn export(&self) -> Vec<u8> {
        let mut words = vec![MARK, self.program.fingerprint(), self.time_ms, self.sequence];
        for cell in &self.cells {
            match cell {
                Cell::Previous(truth) => words.push(bits(*truth)),
                Cell::Within { must, may } => [must, may]
                    .into_iter()
                    .for_each(|lane| write_within(lane, &mut words)),
                Cell::Count { must, may } => [must, may]
                    .into_iter()
                    .for_each(|lane| write_count(lane, &mut words)),
                Cell::Related(cell) => {
                    write_option(cell.lost_ms, &mut words);
                    words.push(cell.entries.len() as u64);
                    for entry in &cell.entries {
                        words.extend([entry.time_ms, entry.sequence, entry.slots]);
                    }
                }
            }
        }
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// The monitor that `export` described.
    pub fn restore(program: Arc<Program>, bytes: &[u8]) -> Result<Self, StateError> {
        if bytes.len() > STATE_BYTES_MAX || !bytes.len().is_multiple_of(8) {
            return Err(StateError::Corrupt("their number is impossible"));
        }
        let mut monitor = Self::new(program);
        let mut reader = Reader { bytes, newest_ms: 0 };
        if reader.word()? != MARK {
            return Err(StateError::Corrupt("they do not begin with the mark"));
        }
        if reader.word()? != monitor.program.fingerprint() {
            return Err(StateError::OtherProgram);
        }
        monitor.time_ms = reader.word()?;
        monitor.sequence = reader.word()?;
        reader.newest_ms = monitor.time_ms;
        for cell in &mut monitor.cells {
            match cell {
                Cell::Previous(truth) => *truth = reader.truth()?,
                Cell::Within { must, may } => {
                    reader.within(must)?;
                    reader.within(may)?;
                }
                Cell::Count { must, may } => {
                    reader.count(must)?;
                    reader.count(may)?;
                }
                Cell::Related(cell) => reader.related(cell, monitor.sequence)?,
            }
        }
        if !reader.bytes.is_empty() {
            return Err(StateError::Corrupt("something stands behind the end"));
        }
        Ok(monitor)
    }
}

fn bits(truth: Truth) -> u64 {
    u64::from(truth.must) | u64::from(truth.may) << 1
}

fn write_option(value: Option<u64>, words: &mut Vec<u64>) {
    words.push(u64::from(value.is_some()));
    words.push(value.unwrap_or_default());
}

fn write_within(cell: &WithinCell, words: &mut Vec<u64>) {
    words.push(cell.runs.len() as u64);
    words.extend(
        cell.runs
            .iter()
            .flat_map(|(first_ms, last_ms)| [*first_ms, *last_ms]),
    );
}

fn write_count(cell: &CountCell, words: &mut Vec<u64>) {
    write_option(cell.lost_until_ms, words);
    words.push(cell.ripe as u64);
    words.push(cell.times_ms.len() as u64);
    words.extend(&cell.times_ms);
}

struct Reader<'a> {
    bytes: &'a [u8],
    newest_ms: u64,
}

impl Reader<'_> {
    fn word(&mut self) -> Result<u64, StateError> {
        let (word, rest) = self
            .bytes
            .split_first_chunk::<8>()
            .ok_or(StateError::Corrupt("they end too early"))?;
        self.bytes = rest;
        Ok(u64::from_le_bytes(*word))
    }

    fn length(&mut self, most: usize) -> Result<usize, StateError> {
        usize::try_from(self.word()?)
            .ok()
            .filter(|length| *length <= most)
            .ok_or(StateError::Corrupt("a list is longer than its bound"))
    }

    fn truth(&mut self) -> Result<Truth, StateError> {
        match self.word()? {
            0 => Ok(Truth::NO),
            2 => Ok(Truth::UNKNOWN),
            3 => Ok(Truth::YES),
            _ => Err(StateError::Corrupt("a truth value is impossible")),
        }
    }

    fn option(&mut self) -> Result<Option<u64>, StateError> {
        match (self.word()?, self.word()?) {
            (0, _) => Ok(None),
            (1, value) => Ok(Some(value)),
            _ => Err(StateError::Corrupt("an option is impossible")),
        }
    }

    /// Times in the past that never decrease.
    fn times(&mut self, length: usize) -> Result<VecDeque<u64>, StateError> {
        let mut times = VecDeque::with_capacity(length);
        let mut before = 0;
        for _ in 0..length {
            let time = self.word()?;
            if time < before || time > self.newest_ms {
                return Err(StateError::Corrupt("times are out of order"));
            }
            before = time;
            times.push_back(time);
        }
        Ok(times)
    }

    fn within(&mut self, cell: &mut WithinCell) -> Result<(), StateError> {
        let length = self.length(RUNS_MAX)?;
        let times = self.times(2 * length)?;
        let times: Vec<u64> = times.into();
        cell.runs = times
            .chunks_exact(2)
            .filter_map(|pair| match pair {
                [first_ms, last_ms] => Some((*first_ms, *last_ms)),
                _ => None,
            })
            .collect();
        Ok(())
    }

    fn count(&mut self, cell: &mut CountCell) -> Result<(), StateError> {
        cell.lost_until_ms = self.option()?;
        let ripe = self.length(SLICE_EVENTS_MAX)?;
        let length = self.length(2 * SLICE_EVENTS_MAX + 1)?;
        if ripe > length {
            return Err(StateError::Corrupt("a count contradicts itself"));
        }
        cell.ripe = ripe;
        cell.times_ms = self.times(length)?;
        Ok(())
    }

    fn related(&mut self, cell: &mut RelatedCell, sequence_next: u64) -> Result<(), StateError> {
        cell.lost_ms = self.option()?;
        let length = self.length(SLICE_EVENTS_MAX)?;
        let mut before_ms = 0;
        for _ in 0..length {
            let entry = Entry {
                time_ms: self.word()?,
                sequence: self.word()?,
                slots: self.word()?,
            };
            // A value that must hold also may: the odd bit never stands alone.
            let contradictory = entry.slots & !(entry.slots >> 1) & 0x5555_5555_5555_5555 != 0;
            if entry.time_ms < before_ms
                || entry.time_ms > self.newest_ms
                || entry.sequence >= sequence_next
                || contradictory
            {
                return Err(StateError::Corrupt("a remembered event is impossible"));
            }
            before_ms = entry.time_ms;
            cell.entries.push_back(entry);
        }
        Ok(())
    }
}
