//! Self-replication: an instruction that came in from outside leaves again, or that left comes back in.
//!
//! Fingerprints of instruction-like sentences are remembered with the lane they were seen in. When one turns up in another
//! lane it has made a hop (document -> answer, answer -> tool call, tool result -> answer, ...). People quote too, so what a
//! user wrote does not count, and without risk the confidence stays below any threshold.

use super::features::TurnFeatures;
use super::lexicon::Cues;

/// Fingerprints remembered; the oldest goes first.
pub const PAYLOADS_HELD: usize = 32;

/// A remembered sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Payload {
    /// Its fingerprint; zero in an empty place.
    pub fingerprint: u32,
    /// Highest risk of an event that held it, in 1/255.
    pub risk: u8,
    /// The lane it was last seen in.
    pub lane: u8,
    /// How often it went from one lane to another.
    pub hops: u8,
}

/// All remembered sentences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Payloads {
    /// In no order.
    pub held: [Payload; PAYLOADS_HELD],
    /// Where the next one goes.
    pub next: u8,
}

/// The strongest replication that an event shows.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Replication {
    /// Hops of the sentence that travelled furthest.
    pub hops: u8,
    /// In [0, 1].
    pub confidence: f32,
}

/// Risk of a sentence that orders instructions to be dropped, where no detector has seen more.
const OVERRIDE_RISK: f32 = 0.35;

impl Payloads {
    /// Takes in an event that a user did not write.
    #[inline]
    pub fn push(&mut self, features: &TurnFeatures, lane: u8) -> Replication {
        let mut best = Replication::default();
        let known_risk = if features.cues.has(Cues::OVERRIDE) {
            OVERRIDE_RISK
        } else {
            0.0
        };
        let risk = (features.risk.max(known_risk) * 255.0) as u8;
        for fingerprint in features
            .payloads
            .iter()
            .copied()
            .filter(|fingerprint| *fingerprint != 0)
        {
            if let Some(payload) = self
                .held
                .iter_mut()
                .find(|payload| payload.fingerprint == fingerprint)
            {
                payload.risk = payload.risk.max(risk);
                if payload.lane != lane {
                    payload.lane = lane;
                    payload.hops = payload.hops.saturating_add(1);
                    let confidence = confidence(payload.hops, f32::from(payload.risk) / 255.0);
                    if confidence > best.confidence {
                        best = Replication {
                            hops: payload.hops,
                            confidence,
                        };
                    }
                }
            } else if let Some(place) = self.held.get_mut(usize::from(self.next)) {
                *place = Payload {
                    fingerprint,
                    risk,
                    lane,
                    hops: 0,
                };
                self.next = self.next.wrapping_add(1) % PAYLOADS_HELD as u8;
            }
        }
        best
    }
}

fn confidence(hops: u8, risk: f32) -> f32 {
    let hops = f32::from(hops.min(4));
    if risk < 0.3 {
        return (0.25 + 0.1 * hops).min(0.6);
    }
    1.0 - (-(1.15 * hops + 1.6 * risk)).exp()
}
