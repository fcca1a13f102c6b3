//! The hot state of one session and the step that takes in one event.

use super::cadence::{Cadence, CadenceScores};
use super::drift::{Drift, DriftScores};
use super::features::{Kind, Role, TurnFeatures};
use super::hashing::combine;
use super::lane::{Lane, Likeness};
use super::lexicon::Cues;
use super::loops::{self, Honest, Loop, LoopKind};
use super::recurrent::{Memory, Opinion, Turn, turn_numbers};
use super::replication::Payloads;
use super::tally::Tally;
use super::trajectory::{self, Columns, Match, TrajectoryKind};

/// Bytes a session may take.
pub const SESSION_BYTES_MAX: usize = 8 * 1024;
const _: () = assert!(size_of::<SessionState>() <= SESSION_BYTES_MAX);

/// Lanes of a session.
pub const LANES: usize = 4;
const INPUTS: usize = 0;
const OUTPUTS: usize = 1;
const CALLS: usize = 2;
const RESULTS: usize = 3;

/// Confidence from which a finding is certain enough to end the walk: the requirement's early exit.
pub const CERTAIN_CONFIDENCE: f32 = 0.95;

/// No model answers faster than this. A log replayed at full speed does: its times then say nothing.
const ANSWER_NS_MIN: i64 = 5_000_000;
/// Answers from this many words on say something of their own; "yes" and "positive" are right more than once.
const ANSWER_WORDS: u32 = 8;
/// So many events after such an answer times are not believed.
const CLOCK_DOUBT_EVENTS: u8 = 16;

/// Which behavioural detector speaks loudest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum AnomalyKind {
    /// None.
    #[default]
    None = 0,
    /// Many prompts at once.
    Burst = 1,
    /// Prompts at a machine's beat.
    MachineCadence = 2,
    /// Risky prompts after long pauses.
    SlowDrip = 3,
    /// Risk adds up.
    RiskEscalation = 4,
    /// Prompts grow without end.
    LengthGrowth = 5,
    /// One prompt is far longer than usual: said, never alarmed for.
    LengthOutlier = 6,
}

/// What the session's behaviour says about one event.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Analysis {
    /// The strongest loop.
    pub repetition: Loop,
    /// The loudest behavioural detector.
    pub anomaly: AnomalyKind,
    /// Its confidence, in [0, 1].
    pub anomaly_confidence: f32,
    /// The trajectory that fits best.
    pub trajectory: Match,
    /// The strongest of the three confidences.
    pub confidence: f32,
    /// Risk of the session: the highest confidence so far, fading by events.
    pub session_risk: f32,
    /// Robust z of the prompt's length.
    pub length_z: f32,
    /// Events of the session so far, this one included.
    pub events: u32,
    /// Time since the last event of the same kind, when it is known and believed.
    pub gap_ns: Option<i64>,
    /// What the recurrent network says, when there is one. It never makes the analysis certain.
    pub opinion: Option<Opinion>,
    /// Confidence above 0.95: nothing that a later stage finds can make it harmless.
    pub certain: bool,
}

/// Everything remembered of one session, of fixed size.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SessionState {
    /// Prompts, outputs, tool calls, tool results (with documents).
    pub lanes: [Lane; LANES],
    /// Time of each lane's last event in nanoseconds; negative when not known.
    pub lane_time_ns: [i64; LANES],
    /// Time of the last event.
    pub time_ns: i64,
    /// Rhythm of the prompts.
    pub cadence: Cadence,
    /// Rhythm of the tool calls.
    pub call_cadence: Cadence,
    /// Slow change of the prompts.
    pub drift: Drift,
    /// Alignment with the attack trajectories.
    pub columns: Columns,
    /// Sentences that may replicate.
    pub payloads: Payloads,
    /// Calls that bring back the same result.
    pub tally: Tally,
    /// Hash of the last call's tool and arguments.
    pub last_call: u64,
    /// Similarity hash of the last prompt.
    pub prompt_simhash: u64,
    /// Whether there was a prompt.
    pub has_prompt: bool,
    /// The model declined after the last prompt.
    pub refused: bool,
    /// Events during which times are not believed.
    pub clock_doubt: u8,
    /// Highest confidence so far, fading.
    pub risk: f32,
    /// Events so far, saturating.
    pub events: u32,
    /// The recurrent network's part.
    pub memory: Memory,
}

/// The lane of an event. Documents are what was fetched, like tool results, and the operator's prompts come with every turn:
/// neither is somebody repeating himself.
fn lane_of(kind: Kind, role: Role) -> usize {
    match kind {
        Kind::Prompt if role != Role::System => INPUTS,
        Kind::Response => OUTPUTS,
        Kind::ToolCall => CALLS,
        Kind::Prompt | Kind::Document | Kind::ToolResult => RESULTS,
    }
}

impl SessionState {
    /// Takes in an event. `time_ns` is negative when the time is not known.
    #[inline]
    pub fn analyze(&mut self, features: &TurnFeatures, time_ns: i64) -> Analysis {
        let position = lane_of(features.kind, features.role);
        let gap_ns = self.gap(features.kind, position, time_ns);
        let like = match self.lanes.get_mut(position) {
            Some(lane) => lane.push(features, gap_ns, position == CALLS),
            None => Likeness::Other,
        };
        self.events = self.events.saturating_add(1);
        self.tell_other_lanes(features, position, like);
        let mut repetition = self.judge_lane(position, features, gap_ns, like);
        let replication = self.replication(features, position);
        if replication.confidence > repetition.confidence {
            repetition = replication;
        }
        let (trajectory, anomaly, anomaly_confidence, length_z) = self.judge_prompt(features, gap_ns);
        if position == OUTPUTS {
            self.refused = features.cues.has(Cues::REFUSAL) && features.length < 600;
        }
        let confidence = repetition
            .confidence
            .max(anomaly_confidence)
            .max(trajectory.confidence);
        self.risk = (self.risk * 0.97).max(confidence);
        Analysis {
            repetition,
            anomaly,
            anomaly_confidence,
            trajectory,
            confidence,
            session_risk: self.risk,
            length_z,
            events: self.events,
            gap_ns,
            opinion: None,
            certain: confidence > CERTAIN_CONFIDENCE,
        }
    }

    /// The same, with the recurrent network's opinion of the session after this turn.
    #[inline]
    pub fn analyze_turn(&mut self, features: &TurnFeatures, time_ns: i64, turn: &Turn<'_>) -> Analysis {
        let mut analysis = self.analyze(features, time_ns);
        let numbers = turn_numbers(features, &analysis);
        analysis.opinion = Some(turn.step(&mut self.memory, &numbers, analysis.events));
        analysis
    }

    /// Time since the lane's last event, if both times are known and can be believed.
    #[inline]
    fn gap(&mut self, kind: Kind, position: usize, time_ns: i64) -> Option<i64> {
        let known = self.events > 0 && time_ns >= 0 && self.time_ns >= 0;
        let answers = matches!(kind, Kind::Response | Kind::ToolCall);
        if known && answers && (0..ANSWER_NS_MIN).contains(&time_ns.saturating_sub(self.time_ns)) {
            self.clock_doubt = CLOCK_DOUBT_EVENTS;
        } else {
            self.clock_doubt = self.clock_doubt.saturating_sub(1);
        }
        self.time_ns = time_ns;
        let first = self.lanes.get(position).is_none_or(|lane| lane.events == 0);
        let before = self
            .lane_time_ns
            .get_mut(position)
            .map(|slot| std::mem::replace(slot, time_ns))?;
        if first || self.clock_doubt > 0 || time_ns < before || before < 0 {
            return None;
        }
        Some(time_ns - before)
    }

    /// Tells the other lanes what this event brings them: an answer, news, a failure.
    #[inline]
    fn tell_other_lanes(&mut self, features: &TurnFeatures, position: usize, like: Likeness) {
        // In a tool result a changed number is news ("40 %", "50 %"); in prose a paraphrase is not.
        let novel = if position == RESULTS {
            like < Likeness::Exact
        } else {
            like == Likeness::Other
        };
        let stale = position == OUTPUTS
            && !novel
            && features.words >= ANSWER_WORDS
            && !features.cues.has(Cues::REFUSAL);
        for (other, lane) in self.lanes.iter_mut().enumerate() {
            let hears = match other {
                CALLS => position == RESULTS,
                OUTPUTS => position == INPUTS || position == RESULTS,
                INPUTS => position == OUTPUTS || position == RESULTS,
                _ => false,
            };
            if hears {
                lane.between.answered = true;
                lane.between.novel |= novel;
                lane.between.stale |= stale;
                lane.between.failed |= features.kind == Kind::ToolResult && features.cues.has(Cues::ERROR);
                lane.between.pending |= features.kind == Kind::ToolResult && features.cues.has(Cues::PENDING);
            }
        }
    }

    #[inline]
    fn judge_lane(
        &mut self,
        position: usize,
        features: &TurnFeatures,
        gap_ns: Option<i64>,
        like: Likeness,
    ) -> Loop {
        let [inputs, outputs, calls, _] = &self.lanes;
        match position {
            INPUTS => {
                let outputs_repeat = outputs.period().is_some_and(|(_, score, _)| score >= 16);
                loops::judge_inputs(inputs, outputs_repeat, features.role == Role::Agent)
            }
            OUTPUTS => loops::judge_outputs(outputs, features.length as f32),
            CALLS => {
                self.last_call = combine(u64::from(features.tool), features.exact);
                if let Some(gap) = gap_ns {
                    self.call_cadence.push_gap(gap);
                }
                loops::judge_calls(calls, &self.call_cadence)
            }
            _ => {
                let steady = self
                    .call_cadence
                    .is_steady(loops::POLL_GAPS_MIN, loops::POLL_GAP_NS_MIN);
                let working = features.cues.has(Cues::PENDING | Cues::ERROR) || steady;
                let answers_call = features.kind == Kind::ToolResult && self.last_call != 0;
                if like < Likeness::Exact || !answers_call || working {
                    return Loop::default();
                }
                loops::judge_stale(self.tally.count(self.last_call))
            }
        }
    }

    #[inline]
    fn replication(&mut self, features: &TurnFeatures, position: usize) -> Loop {
        let from_user = features.kind == Kind::Prompt && matches!(features.role, Role::User | Role::System);
        if from_user || features.payloads.first().is_none_or(|first| *first == 0) {
            return Loop::default();
        }
        let found = self.payloads.push(features, position as u8);
        if found.hops == 0 {
            return Loop::default();
        }
        let repeats = u16::from(found.hops) + 1;
        Loop {
            kind: LoopKind::SelfReplication,
            period: 1,
            repeats,
            confidence: found.confidence,
            honest: Honest::No,
        }
    }

    #[inline]
    fn judge_prompt(
        &mut self,
        features: &TurnFeatures,
        gap_ns: Option<i64>,
    ) -> (Match, AnomalyKind, f32, f32) {
        if features.kind != Kind::Prompt || features.role == Role::System {
            return (
                Match {
                    kind: TrajectoryKind::None,
                    ..Match::default()
                },
                AnomalyKind::None,
                0.0,
                0.0,
            );
        }
        let drift: DriftScores = self.drift.push(features);
        let cadence: CadenceScores = self.cadence.push(gap_ns, features.risk);
        let before = self.has_prompt.then_some(self.prompt_simhash);
        let symbol = trajectory::symbol(features, drift.rise, before, self.refused);
        let trajectory = self.columns.push(&symbol);
        self.prompt_simhash = features.simhash;
        self.has_prompt = true;
        self.refused = false;
        let outlier = if drift.length_z > 6.0 { 0.5 } else { 0.0 };
        // Pace and size without risk are never certain: they are a reason to look, or to slow down.
        let scores = [
            (AnomalyKind::Burst, cadence.burst.min(CERTAIN_CONFIDENCE)),
            (
                AnomalyKind::MachineCadence,
                cadence.regular.min(CERTAIN_CONFIDENCE),
            ),
            (AnomalyKind::SlowDrip, cadence.drip),
            (AnomalyKind::RiskEscalation, drift.escalation),
            (AnomalyKind::LengthGrowth, drift.growth.min(CERTAIN_CONFIDENCE)),
            (AnomalyKind::LengthOutlier, outlier),
        ];
        let (anomaly, confidence) =
            scores
                .into_iter()
                .fold((AnomalyKind::None, 0.0_f32), |best, candidate| {
                    if candidate.1 > best.1 { candidate } else { best }
                });
        (trajectory, anomaly, confidence, drift.length_z)
    }
}
