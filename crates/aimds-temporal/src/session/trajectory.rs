//! Attacks that take several turns, as templates that prompts are aligned with while they arrive.
//!
//! A template is a row of states, each a linear score of the prompt's features: positive when the prompt fits the state
//! better than ordinary talk does. One column of running scores a template follows the best alignment (subsequence
//! alignment with a free start, as SPRING, Sakurai et al. 2007, with the local scores of Smith and Waterman 1981): from
//! one prompt to the next a state may be kept, with a leak, or the next one entered. A state is entered only from a live
//! one, so the last of `n` states needs `n` prompts, and its score tops out so that no amount of opening moves alone can
//! reach the threshold: the last state must be earned with what makes it an attack.
//!
//! The templates are of our own design, after the attacks' published descriptions: crescendo (Russinovich et al. 2024),
//! foot in the door (Weng et al. 2025; Freedman and Fraser 1966), payload splitting (Kang et al. 2023), many-shot (Anil
//! et al. 2024), persona drift (Shen et al. 2023 on persona jailbreaks).

use super::features::TurnFeatures;
use super::hashing::hamming;
use super::lexicon::Cues;

/// Features of one prompt as the templates see them.
pub const SYMBOL_FEATURES: usize = 12;
/// States of a template.
pub const STATES: usize = 4;
/// Templates.
pub const TEMPLATES: usize = 5;

/// Which trajectory. The numbers are part of the interface to Python.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum TrajectoryKind {
    /// None.
    #[default]
    None = 0,
    /// Each step goes a little further than the answer before it.
    Crescendo = 1,
    /// Small agreements are used as levers for larger ones.
    FootInTheDoor = 2,
    /// The attack is handed over in pieces and put together by the model.
    PayloadSplitting = 3,
    /// A prompt full of staged answers that set a pattern.
    ManyShot = 4,
    /// A role is built up until it replaces the model's own.
    PersonaDrift = 5,
}

/// The features of one prompt, each in [0, 1].
pub type Symbol = [f32; SYMBOL_FEATURES];

/// Staged turns that fill the feature: a few examples are ordinary few-shot prompting.
const DIALOG_FULL: f32 = 24.0;
/// Place of that feature in the symbol.
const DIALOG: usize = 10;
/// Fewer than four staged turns (half of one below, against rounding) are no many-shot prompt, whatever else it says.
const DIALOG_MIN: f32 = 3.5 / DIALOG_FULL;
/// Bits in which texts on different subjects differ at least, mostly.
const SIMILARITY_BITS: f32 = 26.0;

/// Makes the symbol of a prompt.
#[inline]
pub fn symbol(features: &TurnFeatures, rise: f32, before: Option<u64>, refused: bool) -> Symbol {
    let cue = |cues: Cues| f32::from(u8::from(features.cues.has(cues)));
    let similarity = before.map_or(0.0, |hash| {
        (1.0 - hamming(features.simhash, hash) as f32 / SIMILARITY_BITS).clamp(0.0, 0.5) * 2.0
    });
    [
        features.risk,
        rise,
        similarity,
        f32::from(u8::from(refused)),
        cue(Cues::FICTION),
        cue(Cues::PERSONA),
        cue(Cues::DEEPER),
        cue(Cues::PRESSURE),
        cue(Cues::FRAGMENT),
        cue(Cues::COMBINE),
        (f32::from(features.dialog) / DIALOG_FULL).min(1.0),
        cue(Cues::EXECUTE | Cues::OVERRIDE),
    ]
}

struct State {
    bias: f32,
    weights: Symbol,
}

struct Template {
    kind: TrajectoryKind,
    states: [State; STATES],
    /// Score of the last state at which the confidence is one half.
    centre: f32,
    /// How fast the confidence grows round it.
    slope: f32,
}

/// A state's score grows to this per state passed, so early states cannot pile up.
const SCORE_PER_STATE: f32 = 0.8;
/// The most that one prompt adds: no single prompt decides a template of several states.
const STEP_MAX: f32 = 1.5;
/// What is left of a state's score after a prompt that says nothing.
const LEAK: f32 = 0.95;

const fn state(bias: f32, weights: Symbol) -> State {
    State { bias, weights }
}

/// A state that is never entered; the template starts after it.
const UNUSED: State = state(-9.0, [0.0; SYMBOL_FEATURES]);

// Columns: risk, rise, similarity, refused, fiction, persona, deeper, pressure, fragment, combine, dialog, execute.
const LIBRARY: [Template; TEMPLATES] = [
    Template {
        kind: TrajectoryKind::Crescendo,
        states: [
            state(0.20, [0.0; SYMBOL_FEATURES]),
            state(
                -0.35,
                [1.2, 0.2, 0.5, 0.2, 0.2, 0.0, 0.5, 0.2, 0.0, 0.0, 0.0, 0.0],
            ),
            state(
                -0.45,
                [1.6, 0.3, 0.4, 0.3, 0.1, 0.0, 0.5, 0.2, 0.0, 0.0, 0.0, 0.0],
            ),
            state(
                -0.80,
                [2.2, 0.6, 0.2, 0.3, 0.0, 0.0, 0.4, 0.2, 0.0, 0.0, 0.0, 0.0],
            ),
        ],
        centre: 2.60,
        slope: 4.5,
    },
    Template {
        kind: TrajectoryKind::FootInTheDoor,
        states: [
            state(0.20, [0.0; SYMBOL_FEATURES]),
            state(
                -0.40,
                [0.5, 0.0, 0.1, 0.2, 0.0, 0.0, 0.2, 0.9, 0.0, 0.0, 0.0, 0.0],
            ),
            state(
                -0.50,
                [1.0, 0.2, 0.1, 0.6, 0.0, 0.0, 0.2, 0.9, 0.0, 0.0, 0.0, 0.0],
            ),
            state(
                -0.90,
                [2.0, 0.5, 0.1, 0.5, 0.0, 0.0, 0.1, 0.7, 0.0, 0.0, 0.0, 0.2],
            ),
        ],
        centre: 2.55,
        slope: 4.5,
    },
    Template {
        kind: TrajectoryKind::PayloadSplitting,
        states: [
            state(
                -0.50,
                [0.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.2, 0.0, 0.0, 0.0],
            ),
            state(
                -0.50,
                [0.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.2, 0.0, 0.0, 0.0],
            ),
            state(
                -0.50,
                [0.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.2, 0.4, 0.0, 0.0],
            ),
            state(
                -0.90,
                [0.8, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.1, 1.1, 0.0, 1.2],
            ),
        ],
        centre: 2.85,
        slope: 5.0,
    },
    Template {
        kind: TrajectoryKind::ManyShot,
        states: [
            UNUSED,
            UNUSED,
            UNUSED,
            state(
                -1.20,
                [1.8, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.4, 0.4],
            ),
        ],
        centre: 0.62,
        slope: 7.0,
    },
    Template {
        kind: TrajectoryKind::PersonaDrift,
        states: [
            state(
                -0.30,
                [0.2, 0.0, 0.0, 0.0, 0.6, 0.9, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            ),
            state(
                -0.40,
                [0.6, 0.1, 0.1, 0.5, 0.3, 0.9, 0.0, 0.2, 0.0, 0.0, 0.0, 0.0],
            ),
            state(
                -0.50,
                [1.0, 0.2, 0.1, 0.6, 0.1, 0.9, 0.1, 0.4, 0.0, 0.0, 0.0, 0.2],
            ),
            state(
                -0.95,
                [2.0, 0.5, 0.1, 0.5, 0.0, 0.7, 0.3, 0.3, 0.0, 0.0, 0.0, 0.4],
            ),
        ],
        centre: 2.55,
        slope: 4.5,
    },
];

/// The running scores of all templates.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Columns {
    /// One column a template.
    pub scores: [[f32; STATES]; TEMPLATES],
}

/// The trajectory that fits best.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Match {
    /// Which.
    pub kind: TrajectoryKind,
    /// Share of its states passed, in [0, 1].
    pub progress: f32,
    /// In [0, 1].
    pub confidence: f32,
}

impl Columns {
    /// Takes in a prompt.
    #[inline]
    pub fn push(&mut self, symbol: &Symbol) -> Match {
        let mut best = Match::default();
        for (template, column) in LIBRARY.iter().zip(&mut self.scores) {
            let found = step(template, column, symbol);
            if found.confidence > best.confidence
                || (best.confidence < 0.05 && found.progress > best.progress)
            {
                best = found;
            }
        }
        best
    }
}

#[inline]
fn step(template: &Template, column: &mut [f32; STATES], symbol: &Symbol) -> Match {
    let single = template.kind == TrajectoryKind::ManyShot;
    let mut entering = 0.0_f32;
    let mut may_enter = true;
    let mut reached = 0_usize;
    let mut last = 0.0_f32;
    for (position, (state, score)) in template.states.iter().zip(column.iter_mut()).enumerate() {
        let fit = state
            .weights
            .iter()
            .zip(symbol)
            .map(|(weight, value)| weight * value)
            .sum::<f32>()
            + state.bias;
        let before = *score;
        let kept = before * LEAK;
        let opening = single && position + 1 == STATES && symbol[DIALOG] >= DIALOG_MIN;
        let from = if opening { 0.0 } else { kept.max(entering) };
        let alive = opening || (!single && (before > 0.0 || may_enter));
        let top =
            SCORE_PER_STATE * (position + 1) as f32 + if position + 1 == STATES { STEP_MAX } else { 0.0 };
        *score = if alive {
            (from + fit.clamp(-1.0, STEP_MAX)).clamp(0.0, top)
        } else {
            0.0
        };
        if *score > 0.0 {
            reached = position + 1;
        }
        entering = before;
        may_enter = before > 0.0;
        last = *score;
    }
    let confidence = if last > 0.0 {
        1.0 / (1.0 + (-template.slope * (last - template.centre)).exp())
    } else {
        0.0
    };
    Match {
        kind: template.kind,
        progress: reached as f32 / STATES as f32,
        confidence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(usize, f32)]) -> Symbol {
        let mut symbol = [0.0; SYMBOL_FEATURES];
        for (position, value) in pairs {
            if let Some(slot) = symbol.get_mut(*position) {
                *slot = *value;
            }
        }
        symbol
    }

    fn last_of(symbols: &[Symbol]) -> Match {
        let mut columns = Columns::default();
        symbols
            .iter()
            .map(|symbol| columns.push(symbol))
            .last()
            .unwrap_or_default()
    }

    #[test]
    fn a_crescendo_is_named_and_any_number_of_deep_questions_is_not() {
        let attack = [
            with(&[(4, 1.0)]),
            with(&[(0, 0.2), (1, 0.2), (2, 0.6), (6, 1.0)]),
            with(&[(0, 0.4), (1, 0.3), (2, 0.6), (6, 1.0)]),
            with(&[(0, 0.65), (1, 0.5), (2, 0.6), (6, 1.0)]),
        ];
        let found = last_of(&attack);
        assert_eq!(found.kind, TrajectoryKind::Crescendo);
        assert!(found.confidence > 0.8, "{found:?}");
        let lesson = vec![with(&[(2, 1.0), (6, 1.0)]); 50];
        assert!(last_of(&lesson).confidence < 0.3, "{:?}", last_of(&lesson));
    }

    #[test]
    fn pieces_that_are_to_be_executed_differ_from_a_document_sent_in_parts() {
        let part = with(&[(8, 1.0)]);
        let split = [part, part, part, with(&[(9, 1.0), (11, 1.0)])];
        let document = [part, part, part, with(&[(9, 1.0)])];
        assert_eq!(last_of(&split).kind, TrajectoryKind::PayloadSplitting);
        assert!(last_of(&split).confidence > 0.8);
        assert!(last_of(&document).confidence < 0.5);
    }

    #[test]
    fn a_transcript_without_risk_is_no_many_shot_attack() {
        let found = last_of(&[with(&[(10, 1.0), (0, 0.6)])]);
        assert_eq!(found.kind, TrajectoryKind::ManyShot);
        assert!(found.confidence > 0.8, "{found:?}");
        assert!(last_of(&[with(&[(10, 1.0)])]).confidence < 0.5);
    }

    #[test]
    fn a_risky_prompt_without_staged_turns_is_no_many_shot_attack() {
        let risky = with(&[(0, 1.0), (11, 1.0)]);
        let staged = with(&[(0, 1.0), (11, 1.0), (DIALOG, 1.0)]);
        assert_ne!(last_of(&[risky]).kind, TrajectoryKind::ManyShot);
        assert_ne!(last_of(&[staged, risky]).kind, TrajectoryKind::ManyShot);
        assert_eq!(last_of(&[staged]).kind, TrajectoryKind::ManyShot);
    }

    #[test]
    fn a_trajectory_of_four_states_needs_four_prompts() {
        let strong = [1.0; SYMBOL_FEATURES];
        let mut columns = Columns::default();
        for _ in 0..3 {
            columns.push(&strong);
            let many_shot_aside = columns
                .scores
                .iter()
                .enumerate()
                .filter(|(position, _)| *position != 3);
            assert!(
                many_shot_aside
                    .into_iter()
                    .all(|(_, column)| column.last() == Some(&0.0))
            );
        }
    }
}
