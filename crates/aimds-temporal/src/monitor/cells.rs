//! What temporal operators remember: a bounded number of times, and a sound answer when that is not enough.

use super::formula::Interval;
use std::collections::VecDeque;

/// Runs of true events that one cell keeps apart while they are too young to count.
///
/// The cell of `once[a, b]` must remember which events of the last `a` were true. Up to this many it remembers exactly; beyond
/// that the two neighbours closest in time become one run, of which only the ends are known. A question whose answer
/// hangs on the inside of such a run gets *unknown*, never a wrong answer.
pub const RUNS_MAX: usize = 64;

/// What a cell can say: at least this, at most that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    pub lower: bool,
    pub upper: bool,
}

/// True events between two times, of which the first and the last are known.
#[derive(Debug, Clone, Copy)]
struct Run {
    first_ns: u64,
    last_ns: u64,
}

/// `once[a, b]` and, with `forget`, `since[a, b]`, for one lane of a formula.
#[derive(Debug, Clone)]
pub(super) struct WithinCell {
    interval: Interval,
    young: VecDeque<Run>, // true events younger than `a`, oldest first; unused when `a` is zero
    latest_sure_ns: Option<u64>, // the latest event at least `a` old that is sure to have been true
    latest_possible_ns: Option<u64>, // an upper bound of the latest such event, when a run was cut by the age `a`
}

impl WithinCell {
    pub(super) fn new(interval: Interval) -> Self {
        Self {
            interval,
            young: VecDeque::new(),
            latest_sure_ns: None,
            latest_possible_ns: None,
        }
    }

    /// Nothing that was true before counts any more.
    pub(super) fn forget(&mut self) {
        self.young.clear();
        self.latest_sure_ns = None;
        self.latest_possible_ns = None;
    }

    /// One event: whether it is true now, and what the operator says.
    #[inline]
    pub(super) fn step(&mut self, now_ns: u64, holds: bool) -> Bounds {
        if self.interval.from_ns == 0 {
            if holds {
                self.latest_sure_ns = Some(now_ns);
            }
            let within = self.reaches(self.latest_sure_ns, now_ns);
            return Bounds {
                lower: within,
                upper: within,
            };
        }
        if holds {
            self.young.push_back(Run {
                first_ns: now_ns,
                last_ns: now_ns,
            });
            if self.young.len() > RUNS_MAX {
                self.merge_closest();
            }
        }
        if let Some(ripe_ns) = now_ns.checked_sub(self.interval.from_ns) {
            self.ripen(ripe_ns);
        }
        let lower = self.reaches(self.latest_sure_ns, now_ns);
        Bounds {
            lower,
            upper: lower || self.reaches(self.latest_possible_ns, now_ns),
        }
    }

    fn reaches(&self, time_ns: Option<u64>, now_ns: u64) -> bool {
        time_ns.is_some_and(|time_ns| now_ns - time_ns <= self.interval.reach_ns())
    }

    /// Takes over what happened at `ripe_ns` or before.
    fn ripen(&mut self, ripe_ns: u64) {
        while let Some(run) = self.young.front().copied() {
            if run.first_ns > ripe_ns {
                return;
            }
            if run.last_ns <= ripe_ns {
                self.latest_sure_ns = Some(run.last_ns);
                self.latest_possible_ns = None;
                self.young.pop_front();
                continue;
            }
            // The age cuts the run: its first event is ripe, and something inside it may be.
            self.latest_sure_ns = self.latest_sure_ns.max(Some(run.first_ns));
            self.latest_possible_ns = Some(ripe_ns);
            return;
        }
    }

    fn merge_closest(&mut self) {
        let gaps = self
            .young
            .iter()
            .zip(self.young.iter().skip(1))
            .map(|(left, right)| right.first_ns - left.last_ns);
        let Some((at, _)) = gaps.enumerate().min_by_key(|&(at, gap)| (gap, at)) else {
            return;
        };
        if let Some(next) = self.young.remove(at + 1)
            && let Some(run) = self.young.get_mut(at)
        {
            run.last_ns = next.last_ns;
        }
    }
}

/// `count[w] (...) >= n`: the times of the last `n` true events suffice, so this one is exact.
#[derive(Debug, Clone)]
pub(super) struct CountCell {
    window_ns: u64,
    number: usize,
    times_ns: VecDeque<u64>,
}

impl CountCell {
    pub(super) fn new(window_ns: Option<u64>, number: usize) -> Self {
        Self {
            window_ns: window_ns.unwrap_or(u64::MAX),
            number,
            times_ns: VecDeque::new(),
        }
    }

    pub(super) fn forget(&mut self) {
        self.times_ns.clear();
    }

    #[inline]
    pub(super) fn step(&mut self, now_ns: u64, holds: bool) -> bool {
        if self.number == 0 {
            return true;
        }
        if holds {
            if self.times_ns.len() == self.number {
                self.times_ns.pop_front();
            }
            self.times_ns.push_back(now_ns);
        }
        let oldest = self
            .times_ns
            .front()
            .filter(|_| self.times_ns.len() == self.number);
        oldest.is_some_and(|oldest_ns| now_ns - oldest_ns <= self.window_ns)
    }
}
