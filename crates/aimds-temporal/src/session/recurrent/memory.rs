//! What a session keeps of the network: the cells, the last logit, and what each of the last turns did to it.

use super::model::HIDDEN_MAX;

/// Turns whose contribution is kept. The attacks of the published kind take 4 to 14 turns; with the answers and tool calls
/// between them that is about thirty events.
pub const CHANGES_HELD: usize = 32;

/// Turns that an opinion names: a reader looks at a handful.
pub const RISES_MAX: usize = 5;

/// A turn that moved the logit by less than this is not named: it is noise in an explanation.
const RISE_MIN: f32 = 0.1;

/// A turn that raised the risk.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rise {
    /// Number of the event in its session, from 1; 0 where there is none.
    pub event: u32,
    /// By how much it moved the logit.
    pub change: f32,
}

/// What the network says after a turn.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Opinion {
    /// Calibrated logit that the session is an attack.
    pub logit: f32,
    /// The same as a probability.
    pub probability: f32,
    /// By how much this turn moved the logit.
    pub change: f32,
    /// Turns that raised it, among the last 32, the strongest first.
    pub rises: [Rise; RISES_MAX],
}

/// The network's part of a session, of fixed size.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Memory {
    /// The cells, each in [-1, 1].
    pub cells: [f32; HIDDEN_MAX],
    /// What each turn did to the logit; the turn of event `n` stands at `n % 32`.
    pub changes: [f32; CHANGES_HELD],
    /// The logit after the last turn.
    pub logit: f32,
    /// Turns taken in, saturating.
    pub turns: u32,
    /// Number of the last turn's event in the session.
    pub event: u32,
    /// CRC-32 of the model file that made all this; another model starts afresh.
    pub model: u32,
}

impl Memory {
    /// Prepares for event number `event`. Cells of another model mean nothing to this one, and a gap in the numbers says
    /// that the session was judged without a model for a while: both begin again, at the logit `rest` of an empty session.
    #[inline]
    pub(super) fn begin(&mut self, model: u32, event: u32, rest: f32) {
        if self.turns == 0 || self.model != model || self.event.saturating_add(1) != event {
            *self = Self {
                model,
                logit: rest,
                ..Self::default()
            };
        }
        self.event = event;
        self.turns = self.turns.saturating_add(1);
    }

    /// Keeps the logit after the turn; returns by how much the turn moved it.
    #[inline]
    pub(super) fn settle(&mut self, logit: f32) -> f32 {
        let change = logit - self.logit;
        self.logit = logit;
        if let Some(slot) = self.changes.get_mut(self.event as usize % CHANGES_HELD) {
            *slot = change;
        }
        change
    }

    /// The turns that raised the logit most, among those held.
    #[inline]
    pub(super) fn rises(&self) -> [Rise; RISES_MAX] {
        let mut rises = [Rise::default(); RISES_MAX];
        let held = self.turns.min(CHANGES_HELD as u32).min(self.event);
        for event in self.event - held + 1..=self.event {
            let change = self.changes.get(event as usize % CHANGES_HELD).copied();
            let mut next = Rise {
                event,
                change: change.unwrap_or(0.0),
            };
            if next.change < RISE_MIN {
                continue;
            }
            for kept in &mut rises {
                if kept.event == 0 || next.change > kept.change {
                    std::mem::swap(kept, &mut next);
                }
            }
        }
        rises
    }

    /// Whether events could have brought the memory here.
    pub(in crate::session) fn is_possible(&self) -> bool {
        self.turns <= self.event && self.cells.iter().all(|cell| cell.abs() <= 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_rises_come_first_and_falls_are_not_named() {
        let mut memory = Memory::default();
        for (place, logit) in [0.5, 0.4, 3.0, 3.05, 4.0].into_iter().enumerate() {
            memory.begin(7, place as u32 + 1, 0.0);
            memory.settle(logit);
        }
        let events = memory.rises().map(|rise| rise.event);
        assert_eq!(events, [3, 5, 1, 0, 0]);
    }

    #[test]
    fn another_model_and_a_missed_event_begin_again() {
        let mut memory = Memory::default();
        for event in 1..=3 {
            memory.begin(7, event, -2.0);
            memory.settle(1.0);
        }
        memory.begin(8, 4, -2.0);
        assert_eq!((memory.turns, memory.logit.to_bits()), (1, (-2.0_f32).to_bits()));
        memory.settle(0.0);
        memory.begin(8, 6, -2.0);
        assert_eq!(memory.turns, 1);
    }

    #[test]
    fn only_turns_still_held_are_named() {
        let mut memory = Memory::default();
        for event in 1..=100 {
            memory.begin(7, event, 0.0);
            memory.settle(event as f32);
        }
        let rises = memory.rises();
        assert!(
            rises.iter().all(|rise| rise.event > 100 - CHANGES_HELD as u32),
            "{rises:?}"
        );
    }
}
