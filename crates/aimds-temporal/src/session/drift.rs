//! Slow change of a session: risk that adds up (CUSUM, Page 1954, against the session's own level as Page-Hinkley does),
//! prompts that grow, and how far the newest length lies from the usual (robust z from running mean and deviation).

use super::features::TurnFeatures;
use super::loops::confidence_of;

/// Risk below this is noise of the detectors.
const RISK_FLOOR: f32 = 0.15;
/// Accumulated risk is kept up to here, so that a calm session recovers.
const RISK_SUM_MAX: f32 = 4.0;
/// Growth counts when a prompt is this much longer than the one before.
const GROWTH_RATIO: f32 = 1.5;
/// Growing prompts below this length are conversation.
const GROWTH_CHARACTERS: f32 = 2_000.0;

/// Running drift detectors over the prompts of a session.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Drift {
    /// The session's own level of risk, slow.
    pub risk_level: f32,
    /// Accumulated risk above it.
    pub risk_sum: f32,
    /// Mean of the logarithm of the length.
    pub length_mean: f32,
    /// Mean absolute deviation of it.
    pub length_deviation: f32,
    /// Length of the last prompt in characters.
    pub length_last: f32,
    /// Prompts in a row that grew.
    pub growing: u8,
    /// Prompts so far, saturating.
    pub events: u32,
}

/// What drift says of one prompt.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct DriftScores {
    /// Confidence that risk escalates.
    pub escalation: f32,
    /// Confidence that prompts are made to grow without end.
    pub growth: f32,
    /// Robust z of the length.
    pub length_z: f32,
    /// Risk above the session's level before this prompt.
    pub rise: f32,
}

impl Drift {
    /// Takes in a prompt.
    #[inline]
    pub fn push(&mut self, features: &TurnFeatures) -> DriftScores {
        let rise = (features.risk - self.risk_level).max(0.0);
        let allowance = RISK_FLOOR.max(self.risk_level * 0.7 + 0.05);
        self.risk_sum = (self.risk_sum + features.risk - allowance).clamp(0.0, RISK_SUM_MAX);
        self.risk_level += 0.1 * (features.risk - self.risk_level);
        let length = features.length as f32;
        let log_length = (length + 1.0).log2();
        let departure = log_length - self.length_mean;
        let length_z = if self.events < 6 {
            0.0
        } else {
            departure / (self.length_deviation + 0.5)
        };
        let rate = if self.events < 8 {
            1.0 / (self.events + 1) as f32
        } else {
            0.125
        };
        // Outliers move the mean by no more than three deviations (Huber), so one pasted document does not blind it.
        let bound = 3.0 * (self.length_deviation + 0.5);
        let step = if self.events < 4 {
            departure
        } else {
            departure.clamp(-bound, bound)
        };
        self.length_mean += rate * step;
        self.length_deviation += rate * (step.abs() - self.length_deviation);
        let grew = self.events > 0 && length > self.length_last * GROWTH_RATIO;
        self.growing = if grew { self.growing.saturating_add(1) } else { 0 };
        self.length_last = length;
        self.events = self.events.saturating_add(1);
        let growth = if length >= GROWTH_CHARACTERS {
            confidence_of(0.42 * f32::from(self.growing))
        } else {
            0.0
        };
        DriftScores {
            escalation: confidence_of(1.35 * self.risk_sum),
            growth,
            length_z,
            rise,
        }
    }
}
