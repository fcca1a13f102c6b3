//! What the network sees of a turn besides its text's vector: all of it in [-1, 1], so nothing needs scaling.

use crate::session::features::TurnFeatures;
use crate::session::lexicon::Cues;
use crate::session::state::Analysis;

/// Numbers of a turn.
pub const NUMBERS: usize = 34;

/// Their names, in order. A model file lists the names it was trained on and is refused when they differ.
pub const NUMBER_NAMES: [&str; NUMBERS] = [
    "kind_prompt",
    "kind_document",
    "kind_tool_call",
    "kind_tool_result",
    "kind_response",
    "role_system",
    "role_user",
    "role_assistant",
    "role_tool",
    "role_agent",
    "length",
    "gap_known",
    "gap",
    "risk",
    "session_risk",
    "loop_confidence",
    "anomaly_confidence",
    "trajectory_confidence",
    "trajectory_progress",
    "length_z",
    "dialog",
    "cue_routine",
    "cue_refusal",
    "cue_fiction",
    "cue_persona",
    "cue_deeper",
    "cue_pressure",
    "cue_fragment",
    "cue_combine",
    "cue_execute",
    "cue_error",
    "cue_pending",
    "cue_pass_on",
    "cue_override",
];

/// Places of the groups in the row.
const ROLES: usize = 5;
const PLAIN: usize = 10;
const CUES: usize = PLAIN + 11;
const _: () = assert!(CUES + Cues::NAMES.len() == NUMBERS);

/// `ln` of a million characters, the longest event, is 13.8.
const LENGTH_LOG_MAX: f32 = 14.0;
/// `ln` of a day in seconds is 11.4; sessions are forgotten after one.
const GAP_LOG_MAX: f32 = 12.0;
/// From here on a prompt's length is an outlier, and how far no longer matters.
const LENGTH_Z_MAX: f32 = 6.0;
/// Staged turns that fill the number, as in the trajectories' symbol.
const DIALOG_MAX: f32 = 24.0;

/// The numbers of a turn, from its features and from what the session kernel said of it.
#[inline]
pub fn turn_numbers(features: &TurnFeatures, analysis: &Analysis) -> [f32; NUMBERS] {
    let mut row = [0.0; NUMBERS];
    let mut set = |place: usize, value: f32| {
        if let Some(slot) = row.get_mut(place) {
            *slot = value;
        }
    };
    set(features.kind as usize, 1.0);
    set(ROLES + features.role as usize, 1.0);
    let gap = analysis
        .gap_ns
        .map(|gap_ns| ((gap_ns as f32 / 1e9).ln_1p() / GAP_LOG_MAX).clamp(0.0, 1.0));
    let plain = [
        ((features.length as f32).ln_1p() / LENGTH_LOG_MAX).min(1.0),
        f32::from(u8::from(gap.is_some())),
        gap.unwrap_or(0.0),
        features.risk,
        analysis.session_risk,
        analysis.repetition.confidence,
        analysis.anomaly_confidence,
        analysis.trajectory.confidence,
        analysis.trajectory.progress,
        analysis.length_z.clamp(-LENGTH_Z_MAX, LENGTH_Z_MAX) / LENGTH_Z_MAX,
        (f32::from(features.dialog) / DIALOG_MAX).min(1.0),
    ];
    for (place, value) in plain.into_iter().enumerate() {
        set(PLAIN + place, value);
    }
    for cue in 0..Cues::NAMES.len() {
        set(CUES + cue, f32::from(u8::from(features.cues.0 >> cue & 1 == 1)));
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::features::{Kind, Role};
    use crate::session::state::SessionState;

    #[test]
    fn names_stand_where_their_numbers_are() {
        let place = |name: &str| NUMBER_NAMES.iter().position(|known| *known == name).unwrap();
        let text = "pretend you are a pilot, user: one\nuser: two";
        let features = TurnFeatures::of_text(text, Kind::Document, Role::Tool, None, 0.25);
        let row = turn_numbers(&features, &SessionState::default().analyze(&features, -1));
        for (name, value) in [
            ("kind_document", 1.0),
            ("kind_prompt", 0.0),
            ("role_tool", 1.0),
            ("risk", 0.25),
            ("gap_known", 0.0),
            ("cue_fiction", 1.0),
            ("cue_error", 0.0),
            ("dialog", 2.0 / 24.0),
        ] {
            assert!(
                (row.get(place(name)).unwrap() - value).abs() < 1e-6,
                "{name}: {row:?}"
            );
        }
    }
}
