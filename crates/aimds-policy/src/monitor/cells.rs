//! What windows remember, for one mode. Where the bound is reached, the cell of "may" remembers too much and the cell of
//! "must" too little: the answer becomes unknown, never wrong.

use crate::limits::{RUNS_MAX, SLICE_EVENTS_MAX};
use std::collections::VecDeque;

/// `once[from, to]` and `since[from, to]`: the times at which the operand held, in runs.
///
/// Two neighbouring times closer than the window is wide (plus one) are never told apart by any question: a window of
/// `to - from + 1` whole milliseconds cannot fall between them. So a run's two ends stand for all times in it, exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WithinCell {
    pub(super) from_ms: u64,
    pub(super) to_ms: u64,
    /// May remember too much, rather than too little.
    pub(super) generous: bool,
    /// First and last time of each run, oldest first.
    pub(super) runs: VecDeque<(u64, u64)>,
}

impl WithinCell {
    pub(super) fn new(from_ms: u64, to_ms: u64, generous: bool) -> Self {
        Self {
            from_ms,
            to_ms,
            generous,
            runs: VecDeque::new(),
        }
    }

    /// One event: `hold` false forgets all older ones, `from` true remembers this one. Says whether one is in the window.
    #[inline]
    pub(super) fn step(&mut self, now_ms: u64, hold: bool, from: bool) -> bool {
        if !hold {
            self.runs.clear();
        }
        if from {
            self.remember(now_ms);
        }
        let oldest_ms = now_ms.saturating_sub(self.to_ms);
        while self.runs.front().is_some_and(|(_, last_ms)| *last_ms < oldest_ms) {
            self.runs.pop_front();
        }
        match (self.runs.front(), now_ms.checked_sub(self.from_ms)) {
            (Some((first_ms, _)), Some(newest_ms)) => *first_ms <= newest_ms,
            _ => false,
        }
    }

    fn remember(&mut self, now_ms: u64) {
        let width_ms = self.to_ms.saturating_sub(self.from_ms);
        match self.runs.back_mut() {
            Some((_, last_ms)) if now_ms - *last_ms <= width_ms.saturating_add(1) => *last_ms = now_ms,
            _ => {
                self.runs.push_back((now_ms, now_ms));
                if self.runs.len() > RUNS_MAX {
                    self.make_room();
                }
            }
        }
    }

    fn make_room(&mut self) {
        let Some((first_ms, _)) = self.runs.pop_front() else {
            return;
        };
        if self.generous
            && let Some(next) = self.runs.front_mut()
        {
            next.0 = first_ms;
        }
    }
}

/// `count[from, to] f >= n`: the last `n` old enough times, and those that are still too young.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CountCell {
    pub(super) from_ms: u64,
    pub(super) to_ms: u64,
    pub(super) at_least: u64,
    pub(super) generous: bool,
    /// Times, oldest first; the first `ripe` of them are old enough.
    pub(super) times_ms: VecDeque<u64>,
    pub(super) ripe: usize,
    /// Until then the cell has forgotten times that would count.
    pub(super) lost_until_ms: Option<u64>,
}

impl CountCell {
    pub(super) fn new(from_ms: u64, to_ms: u64, at_least: u64, generous: bool) -> Self {
        Self {
            from_ms,
            to_ms,
            at_least,
            generous,
            times_ms: VecDeque::new(),
            ripe: 0,
            lost_until_ms: None,
        }
    }

    #[inline]
    pub(super) fn step(&mut self, now_ms: u64, holds: bool) -> bool {
        if holds {
            self.times_ms.push_back(now_ms);
        }
        if let Some(newest_ms) = now_ms.checked_sub(self.from_ms) {
            while self
                .times_ms
                .get(self.ripe)
                .is_some_and(|time_ms| *time_ms <= newest_ms)
            {
                self.ripe += 1;
            }
        }
        let oldest_ms = now_ms.saturating_sub(self.to_ms);
        // Of the old enough times only the last `at_least` matter.
        while self.ripe > 0
            && (self.ripe as u64 > self.at_least
                || self.times_ms.front().is_some_and(|time_ms| *time_ms < oldest_ms))
        {
            self.times_ms.pop_front();
            self.ripe -= 1;
        }
        if self.times_ms.len() - self.ripe > SLICE_EVENTS_MAX {
            // Never more than one too many: the oldest of those that are too young goes.
            if let Some(lost_ms) = self.times_ms.remove(self.ripe) {
                self.lost_until_ms = Some(lost_ms.saturating_add(self.to_ms));
            }
        }
        let lost = self.generous && self.lost_until_ms.is_some_and(|until_ms| now_ms <= until_ms);
        lost || self.ripe as u64 >= self.at_least
    }
}
