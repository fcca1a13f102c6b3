//! How many events fell into the last so many nanoseconds, exactly, with bounded memory.

use super::SchedulerError;
use std::collections::VecDeque;

/// The most events one window may allow: 65,536 times of 8 bytes are 512 KiB.
pub const RATE_EVENTS_MAX: usize = 65_536;

/// A sliding window that admits at most so many events: event `t` is admitted when fewer than `events_max` admitted ones
/// lie in `(t - window_ns, t]`. Only admitted events are remembered, so a flood costs nothing.
#[derive(Debug, Clone)]
pub struct RateWindow {
    window_ns: u64,
    events_max: usize,
    admitted: VecDeque<u64>,
    now_ns: u64,
}

impl RateWindow {
    /// A window of `window_ns` that admits `events_max` events.
    pub fn new(window_ns: u64, events_max: usize) -> Result<Self, SchedulerError> {
        if window_ns == 0 {
            return Err(SchedulerError::EmptyWindow);
        }
        if events_max == 0 || events_max > RATE_EVENTS_MAX {
            return Err(SchedulerError::Capacity {
                asked: events_max,
                limit: RATE_EVENTS_MAX,
            });
        }
        Ok(Self {
            window_ns,
            events_max,
            admitted: VecDeque::new(),
            now_ns: 0,
        })
    }

    /// Whether an event at `now_ns` is admitted; if so it is counted.
    pub fn admit(&mut self, now_ns: u64) -> Result<bool, SchedulerError> {
        if self.count(now_ns)? >= self.events_max {
            return Ok(false);
        }
        self.admitted.push_back(now_ns);
        Ok(true)
    }

    /// Admitted events in the window that ends at `now_ns`.
    pub fn count(&mut self, now_ns: u64) -> Result<usize, SchedulerError> {
        if now_ns < self.now_ns {
            return Err(SchedulerError::TimeWentBack {
                now_ns: self.now_ns,
                given_ns: now_ns,
            });
        }
        self.now_ns = now_ns;
        while self
            .admitted
            .front()
            .is_some_and(|&first| now_ns - first >= self.window_ns)
        {
            self.admitted.pop_front();
        }
        Ok(self.admitted.len())
    }

    /// From when on an event would be admitted, if none came before; `None` when one would be at once.
    pub fn admits_from_ns(&self) -> Option<u64> {
        let full = self.admitted.len() >= self.events_max;
        let oldest = self.admitted.front().copied().filter(|_| full)?;
        let from_ns = oldest.saturating_add(self.window_ns);
        (from_ns > self.now_ns).then_some(from_ns)
    }
}
