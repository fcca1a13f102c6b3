//! The rhythm of a session's prompts: bursts, machine-regular gaps, and risky prompts spread over long pauses.
//!
//! Only prompts count. Documents and tool results come in bursts by nature, and tools are polled at steady intervals.
//! People type with gaps that scatter by a third or more of their mean; a programme's scatter by a few per cent.

use super::loops::confidence_of;

/// Half of a burst is forgotten after about this time.
const BURST_WINDOW_NS: f32 = 2.0e9;
/// Below this many prompts in the window it is a double click or a pasted paragraph.
const BURST_MIN: f32 = 6.0;
/// Gaps above this belong to schedules (an hourly summary), which are honest and regular.
const REGULAR_GAP_NS_MAX: f32 = 30.0e9;
/// Gaps below this are bursts.
const REGULAR_GAP_NS_MIN: f32 = 20.0e6;
/// Scatter of gaps, relative to their mean, that no person keeps up.
const REGULAR_SCATTER: f32 = 0.06;
/// Gaps from here on are long enough to outlast time windows of rate limits.
const DRIP_GAP_NS: i64 = 600_000_000_000;
/// Risk that makes a prompt count as a drop.
const DRIP_RISK: f32 = 0.25;

/// Running cadence detectors.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Cadence {
    /// Mean gap in nanoseconds.
    pub gap_mean_ns: f32,
    /// Mean absolute deviation of the gap.
    pub gap_deviation_ns: f32,
    /// Gaps in a row that fitted the rhythm.
    pub regular: u16,
    /// Prompts in the burst window.
    pub burst: f32,
    /// Risky prompts after long pauses, older ones counting less.
    pub drip: f32,
    /// Gaps so far, saturating.
    pub gaps: u16,
}

/// What the rhythm says of one prompt.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CadenceScores {
    /// Confidence in a burst.
    pub burst: f32,
    /// Confidence that a machine keeps the beat.
    pub regular: f32,
    /// Confidence in a slow drip.
    pub drip: f32,
}

impl Cadence {
    /// Takes in a gap; tells whether it fits the rhythm so far.
    #[inline]
    pub fn push_gap(&mut self, gap_ns: i64) -> bool {
        let gap = gap_ns as f32;
        if self.gaps == 0 {
            self.gap_mean_ns = gap;
            self.gap_deviation_ns = 0.0;
            self.gaps = 1;
            return false;
        }
        let departure = (gap - self.gap_mean_ns).abs();
        let fits = departure <= 3.0 * REGULAR_SCATTER * self.gap_mean_ns;
        self.regular = if fits { self.regular.saturating_add(1) } else { 0 };
        let rate = if self.gaps < 8 {
            1.0 / (f32::from(self.gaps) + 1.0)
        } else {
            0.125
        };
        self.gap_mean_ns += rate * (gap - self.gap_mean_ns);
        self.gap_deviation_ns += rate * (departure - self.gap_deviation_ns);
        self.gaps = self.gaps.saturating_add(1);
        fits
    }

    /// Whether at least `gaps_min` gaps in a row kept a steady beat of a mean of at least `gap_ns_min`.
    #[inline]
    pub fn is_steady(&self, gaps_min: u16, gap_ns_min: f32) -> bool {
        self.regular >= gaps_min && self.gap_mean_ns >= gap_ns_min
    }

    /// Takes in a prompt with its risk.
    #[inline]
    pub fn push(&mut self, gap_ns: Option<i64>, risk: f32) -> CadenceScores {
        let Some(gap_ns) = gap_ns else {
            return CadenceScores::default();
        };
        self.push_gap(gap_ns);
        let gap = gap_ns as f32;
        self.burst = self.burst * (1.0 - gap / BURST_WINDOW_NS).max(0.0) + 1.0;
        let drop = gap_ns >= DRIP_GAP_NS && risk >= DRIP_RISK;
        self.drip = 0.9 * self.drip + f32::from(u8::from(drop));
        let beat = (REGULAR_GAP_NS_MIN..=REGULAR_GAP_NS_MAX).contains(&self.gap_mean_ns)
            && self.gap_deviation_ns <= REGULAR_SCATTER * self.gap_mean_ns;
        CadenceScores {
            burst: if self.burst > BURST_MIN {
                confidence_of(0.19 * self.burst)
            } else {
                0.0
            },
            regular: if beat && self.regular > 4 {
                confidence_of(0.25 * f32::from(self.regular - 4))
            } else {
                0.0
            },
            drip: confidence_of(0.85 * (self.drip - 0.35)),
        }
    }
}
