//! From repetition to a confidence that it is a loop.
//!
//! The guiding thought: *a loop is repetition without new information*. The same words are harmless when what comes back
//! differs each time (polling, paging, "continue" through a long answer), and suspicious when nothing new comes back, or
//! when they come faster than a person can read. Each lane has its own honest reasons to repeat:
//!
//! - **inputs** ("yes", "ok", "next", a greeting): short routine turns at a person's pace are how people talk to machines,
//!   so their confidence stays below any threshold however often they come. At machine pace they are a loop.
//!   A template with other fillings (a quiz, a batch of reviews) brings something new each time as well.
//! - **calls**: polling (results change, or say "pending", or come at a steady pace of a second or more, or of five where two
//!   calls take turns), retries (the last result was an error, up to a bound), paging (numbers in the arguments grow;
//!   handled where events are compared).
//! - **outputs**: the same refusal to different attacks is right, and short set phrases are style.
//!
//! The confidence is `1 - exp(-k S)`: each repeat multiplies the remaining doubt by the same factor, as independent
//! evidence does. The weights in `S` were set on seeds that no report uses.

use super::cadence::Cadence;
use super::lane::{History, Lane};

/// Which loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum LoopKind {
    /// None.
    #[default]
    None = 0,
    /// The same input again and again.
    InputRepeat = 1,
    /// A cycle of several inputs.
    InputCycle = 2,
    /// Two parties exchange the same things.
    PingPong = 3,
    /// The same tool calls with the same arguments.
    ToolLoop = 4,
    /// The same output whatever goes in.
    OutputStagnation = 5,
    /// An instruction travels from lane to lane.
    SelfReplication = 6,
}

/// Why repetition was taken for honest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum Honest {
    /// It was not, or there was none.
    #[default]
    No = 0,
    /// Short routine turns at a person's pace.
    Routine = 1,
    /// What came back was new each time.
    NewAnswers = 2,
    /// Asking for the state of running work.
    Polling = 3,
    /// Trying again after failures.
    Retry = 4,
    /// Declining again and again.
    Refusal = 5,
    /// One template with other fillings: the filling is new each time.
    Template = 6,
}

/// A loop, or the lack of one.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Loop {
    /// Which kind.
    pub kind: LoopKind,
    /// Events in one cycle; zero when other events stand between.
    pub period: u8,
    /// Cycles seen.
    pub repeats: u16,
    /// In [0, 1].
    pub confidence: f32,
    /// The honest reason that held the confidence down.
    pub honest: Honest,
}

/// Doubt left after evidence `strength`.
#[inline]
pub fn confidence_of(strength: f32) -> f32 {
    1.0 - (-strength.max(0.0)).exp()
}

/// Confidence that honest repetition never exceeds: below every reporting threshold.
const HONEST_MAX: f32 = 0.6;

/// Confidence of one repetition of anything: a person asks twice.
const TWICE_MAX: f32 = 0.6;

struct Repetition {
    period: u8,
    matched: f32,
    repeats: u16,
    window: u32,
}

fn repetition(lane: &Lane) -> Option<Repetition> {
    let (period, score, purity) = lane.period()?;
    let events = f32::from(score) / 8.0;
    let repeats = (events / f32::from(period)).round() as u16 + 1;
    let window = (events.round() as u32).max(1);
    // Texts on one subject drift along with a little evidence each; a loop, even a paraphrased one, brings much each time.
    let matched = events / f32::from(period).sqrt() * (purity / PURITY_FULL).min(1.0);
    Some(Repetition {
        period,
        matched,
        repeats,
        window,
    })
}

/// Mean evidence of a comparison from which repetition counts in full: that of a paraphrase with a sixth of its words changed.
const PURITY_FULL: f32 = 0.6;

impl Repetition {
    fn verdict(&self, kind: LoopKind, strength: f32, honest: Honest) -> Loop {
        let mut confidence = confidence_of(strength);
        if self.repeats < 3 {
            confidence = confidence.min(TWICE_MAX);
        }
        if honest != Honest::No {
            confidence = confidence.min(HONEST_MAX);
        }
        Loop {
            kind,
            period: self.period,
            repeats: self.repeats,
            confidence,
            honest,
        }
    }
}

/// Whether inputs that are alike but not equal share their first or last words nearly always. A programme that fills a
/// template leaves its ends alone; a paraphrase changes words anywhere.
fn is_template(lane: &Lane, window: u32) -> bool {
    let varied = History(!lane.exact.0);
    let share = varied.share(window);
    let frame = |same: History| History(same.0 & varied.0).share(window);
    share > VARIED_SHARE
        && lane.stale.share(window) < 0.5
        && frame(lane.same_head).max(frame(lane.same_tail)) >= TEMPLATE_SHARE * share
}

/// Share of varied inputs that must keep an end for it to be a template's.
const TEMPLATE_SHARE: f32 = 0.9;

/// Share of inputs that must differ from all before: a template's fillings are new, a paraphrased text often comes back as it was.
const VARIED_SHARE: f32 = 0.75;

/// Judges the lane of inputs. `outputs_repeat` tells that the model's side repeats as well.
pub fn judge_inputs(lane: &Lane, outputs_repeat: bool, from_agent: bool) -> Loop {
    let Some(found) = repetition(lane) else {
        return Loop::default();
    };
    let fast = lane.fast.share(found.window);
    let novel = lane.novel.share(found.window);
    let routine = lane.routine.share(found.window) > 0.5;
    let exact = lane.exact.share(found.window);
    let length = if routine {
        0.35
    } else {
        (0.55 + lane.length_mean / 90.0).min(1.0)
    };
    // New answers at machine pace are a programme at work: pace then proves nothing unless the texts are equal.
    let pace = 1.0 + 2.0 * fast * (1.0 - novel * (1.0 - 0.5 * exact));
    let sameness = 1.0 - (0.25 + 0.25 * novel) * (1.0 - exact);
    let strength = 0.82 * found.matched * length * pace * sameness * (1.0 - 0.62 * novel);
    let honest = if routine && fast < 0.5 {
        Honest::Routine
    } else if novel > 0.35 && exact < 0.5 {
        Honest::NewAnswers
    } else if is_template(lane, found.window) {
        Honest::Template
    } else {
        Honest::No
    };
    let kind = match (outputs_repeat || from_agent, found.period) {
        (true, 2) => LoopKind::PingPong,
        (true, _) if outputs_repeat => LoopKind::PingPong,
        (_, 1) => LoopKind::InputRepeat,
        _ => LoopKind::InputCycle,
    };
    found.verdict(kind, strength, honest)
}

/// Tool failures after which trying again is still reasonable.
const RETRIES_HONEST: f32 = 5.0;

/// Gap from which a steady pace of one call is that of somebody who polls.
pub const POLL_GAP_NS_MIN: f32 = 0.9e9;

/// The same for two calls in turn. An agent that is kept going from tool to tool takes a second or a few for each step, about
/// evenly; who watches two things waits longer.
const POLL_PAIR_GAP_NS_MIN: f32 = 4.5e9;

/// Gaps in a row that make a pace steady.
pub const POLL_GAPS_MIN: u16 = 2;

/// Judges the lane of tool calls, which come in the rhythm `cadence`.
pub fn judge_calls(lane: &Lane, cadence: &Cadence) -> Loop {
    let Some(found) = repetition(lane) else {
        return Loop::default();
    };
    let answered = lane.answered.share(found.window);
    let novel = lane.novel.share(found.window);
    let failed = lane.failed.share(found.window);
    let pending = lane.pending.share(found.window);
    let exact = lane.exact.share(found.window);
    let sameness = 0.4 + 0.6 * exact;
    let visible = 0.45 + 0.55 * answered;
    let mut strength = 0.8 * found.matched * sameness * visible * (1.0 - 0.85 * novel);
    let gap_ns_min = if found.period == 1 {
        POLL_GAP_NS_MIN
    } else {
        POLL_PAIR_GAP_NS_MIN
    };
    let steady = cadence.is_steady(POLL_GAPS_MIN, gap_ns_min);
    let mut honest = Honest::No;
    if novel > 0.5 {
        honest = Honest::NewAnswers;
    } else if found.period <= 2 && (pending > 0.5 || (steady && failed < 0.5)) {
        honest = Honest::Polling;
    } else if failed > 0.5 {
        strength *= (1.0 - RETRIES_HONEST / found.matched.max(1.0)).max(0.0);
        if found.matched <= RETRIES_HONEST {
            honest = Honest::Retry;
        }
    }
    found.verdict(LoopKind::ToolLoop, strength, honest)
}

/// Judges a call that brought back a result already known `count` times.
pub fn judge_stale(count: u16) -> Loop {
    let confidence = confidence_of(0.4 * (f32::from(count) - 1.5));
    Loop {
        kind: LoopKind::ToolLoop,
        period: 0,
        repeats: count.saturating_add(1),
        confidence,
        honest: Honest::No,
    }
}

/// Outputs at least this long are answers, not set phrases.
const ANSWER_CHARACTERS: f32 = 80.0;

/// Judges the lane of outputs; `length` is that of the newest, in characters.
pub fn judge_outputs(lane: &Lane, length: f32) -> Loop {
    let Some(found) = repetition(lane) else {
        return Loop::default();
    };
    let answered = lane.answered.share(found.window);
    let novel = lane.novel.share(found.window);
    let fast = lane.fast.share(found.window);
    let refusal = lane.refusal.share(found.window);
    let weight = (length / ANSWER_CHARACTERS).clamp(0.2, 1.0);
    let exact = lane.exact.share(found.window);
    // Alone, or answering the same input, a model that repeats itself is stuck; answering new inputs it may be style.
    let driven = if novel > 0.5 { 0.45 } else { 1.0 };
    let strength =
        0.7 * found.matched * weight * driven * (0.6 + 0.4 * exact) * (1.0 + 0.6 * fast * (1.0 - answered));
    let honest = if refusal > 0.5 {
        Honest::Refusal
    } else if novel > 0.35 && exact < 0.5 {
        Honest::NewAnswers
    } else if answered > 0.5 && fast < 0.5 && length < ANSWER_CHARACTERS {
        Honest::Routine
    } else {
        Honest::No
    };
    found.verdict(LoopKind::OutputStagnation, strength, honest)
}
