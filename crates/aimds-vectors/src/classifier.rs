//! Scores an event: every reading, whole and by windows; the highest score wins and names its place.

use std::ops::Range;
use std::sync::Arc;

use crate::embedding::{Embedding, Token};
use crate::error::VectorError;
use crate::hashed::HashedUnits;
use crate::head::{Block, Context, Head, push_dense};
use crate::lexical::lexical_features;
use crate::limits::READINGS_MAX;
use crate::units::Units;

/// One view of the event.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'text> {
    /// The view's text.
    pub text: &'text str,
    /// Whether it was decoded from something in the original (the canonical text was not).
    pub decoded: bool,
}

/// What the classifier says of one stretch of one reading.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredWindow {
    /// Number of the reading.
    pub reading: usize,
    /// Bytes of the reading.
    pub span: Range<usize>,
    /// The calibrated logit, after the adjustments for windows and views.
    pub logit: f32,
    /// Whether it is a window, not the whole.
    pub is_window: bool,
}

/// What the classifier says of an event.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Calibrated probability that the event is an attack.
    pub probability: f32,
    /// The winning logit, after the adjustments for windows and views.
    pub logit: f32,
    /// The same after calibration: the logit of `probability`.
    pub calibrated_logit: f32,
    /// Calibrated probabilities of all outputs, from the winner; the first is of `attack` without those adjustments.
    pub outputs: Vec<f32>,
    /// Index of the winning reading.
    pub reading: usize,
    /// The winning stretch of that reading, in bytes.
    pub span: Range<usize>,
    /// Whether the winner is a window of a longer text.
    pub is_window: bool,
    /// Windows looked at over all readings.
    pub windows: usize,
    /// Embeddings for the pattern search: of the whole canonical text, and of the winner when that is another stretch.
    pub embeddings: Vec<Vec<f32>>,
    /// Every stretch that was looked at.
    pub scored: Vec<ScoredWindow>,
}

/// An embedding with a head.
#[derive(Debug, Clone)]
pub struct Classifier {
    embedding: Arc<Embedding>,
    head: Head,
}

/// What is computed once a text, before its windows are looked at.
struct Prepared<'text> {
    text: &'text str,
    units: Units,
    tokens: Vec<Vec<Token>>,
    hashed: Option<HashedUnits>,
}

struct Scored {
    logits: Vec<f32>,
    embedding: Vec<f32>,
}

#[derive(Default)]
struct Scratch {
    seen: Vec<u64>,
    ids: Vec<u32>,
}

struct Winner {
    adjusted: f32,
    logits: Vec<f32>,
    embedding: Vec<f32>,
    reading: usize,
    span: Range<usize>,
    is_window: bool,
}

impl Classifier {
    /// Reads a head for this embedding.
    pub fn load(embedding: Arc<Embedding>, head: &[u8]) -> Result<Self, VectorError> {
        let head = Head::load(head, &embedding)?;
        Ok(Self { embedding, head })
    }

    /// The head.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The embedding.
    pub fn embedding(&self) -> &Arc<Embedding> {
        &self.embedding
    }

    /// Scores an event. The first reading is the canonical text; those past [`READINGS_MAX`] are left out.
    pub fn score(&self, readings: &[Reading<'_>], context: Context) -> Outcome {
        let mut scratch = Scratch::default();
        let mut winner: Option<Winner> = None;
        let (mut windows, mut embeddings, mut seen) = (0, Vec::new(), Vec::new());
        for (number, reading) in readings.iter().take(READINGS_MAX).enumerate() {
            let prepared = self.prepare(reading.text);
            let plan = self.head.window().windows(prepared.units.all().len());
            windows += plan.len();
            let whole = 0..prepared.units.all().len();
            for (at, window) in std::iter::once(&whole).chain(&plan).enumerate() {
                let scored = self.score_window(
                    &prepared,
                    window.clone(),
                    (context, reading.decoded),
                    &mut scratch,
                );
                let is_window = at > 0;
                let logit = scored.logits.first().copied().unwrap_or(0.0);
                let adjusted = self.head.combine().adjust(
                    logit,
                    if is_window { plan.len() } else { 0 },
                    reading.decoded,
                );
                seen.push(ScoredWindow {
                    reading: number,
                    span: prepared.units.byte_span(window.clone()),
                    logit: self.head.calibrated(0, adjusted),
                    is_window,
                });
                if number == 0 && !is_window {
                    embeddings.push(scored.embedding.clone());
                }
                if winner.as_ref().is_none_or(|winner| adjusted > winner.adjusted) {
                    winner = Some(Winner {
                        adjusted,
                        logits: scored.logits,
                        embedding: scored.embedding,
                        reading: number,
                        span: prepared.units.byte_span(window.clone()),
                        is_window,
                    });
                }
            }
        }
        self.outcome(winner, windows, embeddings, seen)
    }

    fn outcome(
        &self,
        winner: Option<Winner>,
        windows: usize,
        mut embeddings: Vec<Vec<f32>>,
        scored: Vec<ScoredWindow>,
    ) -> Outcome {
        let Some(winner) = winner else {
            // Without a reading there is nothing to judge; callers always hand in the canonical text.
            return Outcome {
                probability: 0.0,
                logit: f32::NEG_INFINITY,
                calibrated_logit: f32::NEG_INFINITY,
                outputs: vec![0.0; self.head.outputs().len()],
                reading: 0,
                span: 0..0,
                is_window: false,
                windows,
                embeddings,
                scored,
            };
        };
        if winner.is_window || winner.reading > 0 {
            embeddings.push(winner.embedding);
        }
        let outputs = winner.logits.iter().enumerate();
        Outcome {
            probability: self.head.probability(0, winner.adjusted),
            logit: winner.adjusted,
            calibrated_logit: self.head.calibrated(0, winner.adjusted),
            outputs: outputs
                .map(|(output, &logit)| self.head.probability(output, logit))
                .collect(),
            reading: winner.reading,
            span: winner.span,
            is_window: winner.is_window,
            windows,
            embeddings,
            scored,
        }
    }

    /// Raw logits of a whole text: no windows, no calibration.
    pub fn logits(&self, text: &str, context: Context) -> Vec<f32> {
        let prepared = self.prepare(text);
        let whole = 0..prepared.units.all().len();
        let mut scratch = Scratch::default();
        self.score_window(&prepared, whole, (context, false), &mut scratch)
            .logits
    }

    fn prepare<'text>(&self, text: &'text str) -> Prepared<'text> {
        let units = Units::of(text);
        Prepared {
            text,
            tokens: self.embedding.tokenize(text),
            hashed: self.head.hashed_plan().map(|plan| HashedUnits::of(&units, plan)),
            units,
        }
    }

    fn score_window(
        &self,
        prepared: &Prepared<'_>,
        window: Range<usize>,
        context: (Context, bool),
        scratch: &mut Scratch,
    ) -> Scored {
        let span = prepared.units.byte_span(window.clone());
        let blocks = self.head.blocks();
        let pooled = self
            .embedding
            .pool(&prepared.tokens, &span, blocks.contains(&Block::Peak));
        let mut dense = Vec::new();
        let mut lexical = |features: &mut Vec<f32>| {
            lexical_features(prepared.text, &prepared.units, window.clone(), features);
        };
        push_dense(
            blocks,
            &self.embedding,
            &pooled,
            context,
            &mut lexical,
            &mut dense,
        );
        scratch.ids.clear();
        if let Some(hashed) = &prepared.hashed {
            hashed.window_ids(window.clone(), &mut scratch.seen, &mut scratch.ids);
        }
        Scored {
            logits: self.head.logits(dense, &scratch.ids),
            embedding: self.embedding.join(&pooled),
        }
    }
}

/// The dense vector of a whole text, before standardisation: what training reads, from the very code that serves.
pub fn dense_features(embedding: &Embedding, text: &str, blocks: &[Block], context: Context) -> Vec<f32> {
    let units = Units::of(text);
    let tokens = embedding.tokenize(text);
    let whole = 0..units.all().len();
    let pooled = embedding.pool(
        &tokens,
        &units.byte_span(whole.clone()),
        blocks.contains(&Block::Peak),
    );
    let mut features = Vec::new();
    let mut lexical = |features: &mut Vec<f32>| {
        lexical_features(text, &units, whole.clone(), features);
    };
    push_dense(
        blocks,
        embedding,
        &pooled,
        (context, false),
        &mut lexical,
        &mut features,
    );
    features
}
