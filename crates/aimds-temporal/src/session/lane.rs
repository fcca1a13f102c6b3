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

/// Repeats are counted up to here (in eighths); beyond it nothing is learnt.
pub const SCORE_MAX: u16 = 240 * 8;

/// Longest run that is counted; together with the bound of the score a long loop keeps its purity.
const RUN_MAX: u16 = 240;

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
    pub head: u32,
    pub tail: u32,
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
            head: features.head,
            tail: features.tail,
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

/// Evidence of one comparison in eighths of an event: +8 for the same text, -8 for an unrelated one.
const FULL: i32 = 8;

/// Bits in which similarity hashes differ when it is open whether one text paraphrases the other, by number of words.
///
/// Unrelated texts differ in about half of the bits, a text and itself with a tenth of the words changed in far fewer; texts
/// of one session on one subject lie between, so the limits lie below them. Short texts have few words, each of
/// which moves many bits and is shared by chance more easily, so nothing below four words is ever *near*.
#[inline]
fn open_bits(words: u32) -> Option<i32> {
    match words {
        0..=3 => None,
        4..=7 => Some(17),
        _ => Some(20),
    }
}

/// Evidence that `now` repeats `before`, in eighths of an event. `counts` tells that growing numbers mean progress (tool
/// arguments: pagination).
#[inline]
pub fn evidence(now: &Turn, before: &Turn, counts: bool) -> i32 {
    if now.tool != before.tool {
        return -FULL;
    }
    if now.exact == before.exact {
        return FULL;
    }
    if now.masked == before.masked {
        return if counts && now.number > before.number {
            -FULL
        } else {
            FULL - 1
        };
    }
    let Some(open) = open_bits(now.words.min(before.words)) else {
        return -FULL;
    };
    let bits = hamming(now.simhash, before.simhash).cast_signed();
    // Log odds of "paraphrase" grow about linearly as the distance falls; seven eighths is the most a paraphrase earns.
    ((open - bits) * FULL / 6).clamp(-FULL, FULL - 1)
}

/// The likeness that evidence amounts to.
#[inline]
fn likeness(evidence: i32) -> Likeness {
    match evidence {
        FULL => Likeness::Exact,
        NEAR..FULL => Likeness::Near,
        _ => Likeness::Other,
    }
}

/// Evidence from which a text counts as said before. Higher than what a loop's score gains from: it decides what is *new*,
/// and it is asked of the likest of eight.
const NEAR: i32 = 5;

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
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, each pushed to a history of its own"
)]
pub struct Between {
    /// Another lane answered at all.
    pub answered: bool,
    /// It said something that it had not said before.
    pub novel: bool,
    /// It gave an answer of some length that it had given before, and that was no refusal.
    pub stale: bool,
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
    /// The score of each period in eighths of an event, period 1 first.
    pub scores: [u16; PERIOD_MAX],
    /// Comparisons since each score last stood at zero.
    pub runs: [u16; PERIOD_MAX],
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
    /// Other lanes gave a known answer of some length before it.
    pub stale: History,
    /// A tool failed before it.
    pub failed: History,
    /// A tool was still at work before it.
    pub pending: History,
    /// The text was routine ("yes", "continue").
    pub routine: History,
    /// It equalled one of the last eight exactly.
    pub exact: History,
    /// It began with the words that the event before it began with.
    pub same_head: History,
    /// It ended with the words that the event before it ended with.
    pub same_tail: History,
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
        let mut best = -FULL;
        let periods = self.scores.iter_mut().zip(&mut self.runs).zip(&mut self.matches);
        for (((score, run), matches), before) in periods.zip(&self.recent).take(known) {
            let gain = evidence(&turn, before, counts);
            best = best.max(gain);
            *matches = (*matches << 1) | u8::from(gain > 0);
            let change = gain.unsigned_abs() as u16;
            *score = match (gain > 0, *matches & MISSES_END) {
                (true, _) => score.saturating_add(change).min(SCORE_MAX),
                (false, 0) => 0,
                (false, _) => score.saturating_sub(change),
            };
            *run = if *score == 0 {
                0
            } else {
                run.saturating_add(1).min(RUN_MAX)
            };
        }
        let best = likeness(best);
        let [before, ..] = &self.recent;
        self.same_head.push(known > 0 && turn.head == before.head);
        self.same_tail.push(known > 0 && turn.tail == before.tail);
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
        self.stale.push(between.stale);
        self.failed.push(between.failed);
        self.pending.push(between.pending);
        self.routine.push(features.cues.has(Cues::ROUTINE));
        self.exact.push(best == Likeness::Exact);
        self.refusal.push(features.cues.has(Cues::REFUSAL));
        best
    }

    /// The shortest period that explains (almost) as much as the best one, its score in eighths of an event, and the
    /// evidence that a comparison brought on average, in [0, 1].
    #[inline]
    pub fn period(&self) -> Option<(u8, u16, f32)> {
        let best = self.scores.iter().copied().max().unwrap_or(0);
        let purity =
            |score: u16, run: u16| (f32::from(score) / (FULL as f32 * f32::from(run.max(1)))).min(1.0);
        let strong = |score: u16| score > 0 && u32::from(score) * 5 >= u32::from(best) * 4;
        let periods = (1_u8..)
            .zip(self.scores)
            .zip(self.runs)
            .map(|((period, score), run)| (period, score, run));
        let purest = periods
            .clone()
            .filter(|(_, score, _)| strong(*score))
            .fold(0.0_f32, |purest, (_, score, run)| purest.max(purity(score, run)));
        periods
            .map(|(period, score, run)| (period, score, purity(score, run)))
            .find(|(_, score, purity)| strong(*score) && *purity >= PURITY_SHARE * purest)
    }
}

/// A shorter period stands for a longer one only if its comparisons bring (almost) as much: a cycle of prompts made from one
/// template is alike at every distance, and equal at one.
const PURITY_SHARE: f32 = 0.9;
