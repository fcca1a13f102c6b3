//! Lanes: the events of a session sorted by what they are (inputs, outputs, calls, results), and for each lane whether
//! it repeats itself at a distance of one to eight.
//!
//! For every distance `p` a lane keeps a score that a match raises and a mismatch lowers, never below zero: a CUSUM test
//! (Page 1954) of "the event equals the one `p` before". A break costs two mismatches and no more, so paraphrased or
//! disturbed loops are still found, while unrelated texts keep the score at zero. One step costs eight comparisons.

use super::features::TurnFeatures;
use super::hashing::hamming;
use super::lexicon::Cues;

/// Longest period looked for.
pub const PERIOD_MAX: usize = 8;

/// Repeats are counted up to here; beyond it nothing is learnt.
pub const SCORE_MAX: u16 = 240;

/// So many mismatches in a row end a loop at once: a long loop must not colour what follows it.
const MISSES_END: u8 = 0b1111;

/// What the lane keeps of an event to compare later ones with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Turn {
    pub exact: u64,
    pub simhash: u64,
    pub masked: u64,
    pub number: u64,
    pub tool: u32,
    pub words: u32,
}

impl Turn {
    fn of(features: &TurnFeatures) -> Self {
        Self {
            exact: features.exact,
            simhash: features.simhash,
            masked: features.masked,
            number: features.number,
            tool: features.tool,
            words: features.words,
        }
    }
}

/// How much an event is like an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// Another text.
    Other,
    /// The same but for a few words, or but for its numbers.
    Near,
    /// The same text.
    Exact,
}

/// Bits in which the similarity hashes of a text and of its paraphrase may differ, by the number of words.
///
/// Unrelated texts differ in 32 +- 4 bits, texts on one subject in 20 to 28. Short texts have few words, each of which
/// moves many bits and is shared by chance more easily, so nothing below four words is ever *near*.
#[inline]
pub fn near_bits_max(words: u32) -> u32 {
    match words {
        0..=3 => 0,
        4..=7 => 11,
        8..=15 => 14,
        _ => 15,
    }
}

/// Compares two events of a lane. `counts` tells that growing numbers mean progress (tool arguments: pagination).
#[inline]
pub fn likeness(now: &Turn, before: &Turn, counts: bool) -> Likeness {
    if now.tool != before.tool {
        return Likeness::Other;
    }
    if now.exact == before.exact {
        return Likeness::Exact;
    }
    if now.masked == before.masked {
        return if counts && now.number > before.number {
            Likeness::Other
        } else {
            Likeness::Near
        };
    }
    if hamming(now.simhash, before.simhash) <= near_bits_max(now.words.min(before.words)) {
        Likeness::Near
    } else {
        Likeness::Other
    }
}

/// Yes/no facts about the last 64 events of a lane, newest in bit 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct History(pub u64);

impl History {
    #[inline]
    fn push(&mut self, fact: bool) {
        self.0 = (self.0 << 1) | u64::from(fact);
    }

    /// Share of the last `events` for which the fact held.
    #[inline]
    pub fn share(self, events: u32) -> f32 {
        let events = events.clamp(1, 64);
        let mask = u64::MAX >> (64 - events);
        (self.0 & mask).count_ones() as f32 / events as f32
    }
}

/// What happened in the other lanes since this lane's last event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Between {
    /// Another lane answered at all.
    pub answered: bool,
    /// It said something that it had not said before.
    pub novel: bool,
    /// A tool result reported a failure.
    pub failed: bool,
    /// A tool result reported work still running.
    pub pending: bool,
}

/// One lane of a session.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Lane {
    /// The last events, newest first.
    pub recent: [Turn; PERIOD_MAX],
    /// The score of each period, period 1 first.
    pub scores: [u16; PERIOD_MAX],
    /// Whether the last eight comparisons at each period matched, newest in bit 0.
    pub matches: [u8; PERIOD_MAX],
    /// Events so far, saturating.
    pub events: u32,
    /// Running mean length in characters.
    pub length_mean: f32,
    /// Gap below a second.
    pub fast: History,
    /// Gap known.
    pub timed: History,
    /// Other lanes answered before it.
    pub answered: History,
    /// Other lanes said something new before it.
    pub novel: History,
    /// A tool failed before it.
    pub failed: History,
    /// A tool was still at work before it.
    pub pending: History,
    /// The text was routine ("yes", "continue").
    pub routine: History,
    /// It equalled one of the last eight exactly.
    pub exact: History,
    /// It declined.
    pub refusal: History,
    /// What other lanes did since the last event of this one.
    pub between: Between,
}

/// A gap below this is faster than a person reads an answer and types the next line.
const FAST_NS: i64 = 1_000_000_000;

impl Lane {
    /// Takes in an event; tells the strongest likeness to any of the last eight.
    #[inline]
    pub fn push(&mut self, features: &TurnFeatures, gap_ns: Option<i64>, counts: bool) -> Likeness {
        let turn = Turn::of(features);
        let known = self.events as usize;
        let mut best = Likeness::Other;
        let periods = self
            .scores
            .iter_mut()
            .zip(&mut self.matches)
            .zip(&self.recent)
            .take(known);
        for ((score, matches), before) in periods {
            let like = likeness(&turn, before, counts);
            best = best.max(like);
            let hit = like > Likeness::Other;
            *matches = (*matches << 1) | u8::from(hit);
            *score = match (hit, *matches & MISSES_END) {
                (true, _) => score.saturating_add(1).min(SCORE_MAX),
                (false, 0) => 0,
                (false, _) => score.saturating_sub(1),
            };
        }
        self.recent.rotate_right(1);
        if let Some(newest) = self.recent.first_mut() {
            *newest = turn;
        }
        let length = features.length as f32;
        self.length_mean = if self.events == 0 {
            length
        } else {
            self.length_mean + 0.25 * (length - self.length_mean)
        };
        self.events = self.events.saturating_add(1);
        self.fast.push(gap_ns.is_some_and(|gap| gap < FAST_NS));
        self.timed.push(gap_ns.is_some());
        let between = std::mem::take(&mut self.between);
        self.answered.push(between.answered);
        self.novel.push(between.novel);
        self.failed.push(between.failed);
        self.pending.push(between.pending);
        self.routine.push(features.cues.has(Cues::ROUTINE));
        self.exact.push(best == Likeness::Exact);
        self.refusal.push(features.cues.has(Cues::REFUSAL));
        best
    }

    /// The shortest period that explains (almost) as much as the best one, and how many events matched.
    #[inline]
    pub fn period(&self) -> Option<(u8, u16)> {
        let best = self.scores.iter().copied().max().unwrap_or(0);
        let found = (1_u8..)
            .zip(self.scores)
            .find(|(_, score)| *score > 0 && u32::from(*score) * 5 >= u32::from(best) * 4)?;
        Some(found)
    }
}
