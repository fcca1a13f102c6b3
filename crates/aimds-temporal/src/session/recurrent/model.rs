//! The network: projection of the turn's vector, gated recurrent unit, output cell.

use super::artefact::{Artefact, ModelError};
use super::memory::{Memory, Opinion};
use super::numbers::NUMBERS;

/// Cells of the network at most: with the ring of changes they make 280 bytes of a session's 8 KiB, and a step stays below
/// ten thousand multiplications.
pub const HIDDEN_MAX: usize = 32;
/// Numbers that a turn's vector is projected to at most.
pub const PROJECTED_MAX: usize = 32;
/// Longest turn vector: twice the dimension of the shipped embedding.
pub const DIMENSION_MAX: usize = 1024;

/// Gates of a cell: reset, update, candidate.
const GATES: usize = 3;
const GATED_MAX: usize = GATES * HIDDEN_MAX;

/// Entries of a vector beyond this are cut: embeddings have length 1, and with bounded weights every sum stays finite.
const ENTRY_MAX: f32 = 1000.0;

/// Logits are cut here, where a probability in 32 bits is 0 or 1 anyway.
const LOGIT_MAX: f32 = 20.0;

/// The trained network. Immutable.
#[derive(Debug, Clone, PartialEq)]
pub struct RecurrentModel {
    dimension: usize,
    projected: usize,
    hidden: usize,
    /// Row `i` is what entry `i` of the vector adds, here and in the matrices below.
    project: Vec<f32>,
    input: Vec<f32>,
    input_bias: Vec<f32>,
    recurrent: Vec<f32>,
    recurrent_bias: Vec<f32>,
    output: Vec<f32>,
    output_bias: f32,
    scale: f32,
    offset: f32,
    flag: f32,
    embedding: u32,
    fingerprint: u32,
    note: String,
}

/// A turn that is ready for the network: its vector is already projected, outside the session's lock.
#[derive(Debug, Clone, Copy)]
pub struct Turn<'model> {
    pub(in crate::session) model: &'model RecurrentModel,
    projected: [f32; PROJECTED_MAX],
}

impl RecurrentModel {
    /// Reads `recurrent.safetensors` (`docs/model-formats.md`, section 10).
    pub fn load(bytes: &[u8]) -> Result<Self, ModelError> {
        let file = Artefact::parse(bytes)?;
        let [dimension, projected] = file.sides("project.weight", DIMENSION_MAX, PROJECTED_MAX)?;
        let [hidden, gated] = file.sides("recurrent.weight", HIDDEN_MAX, GATED_MAX)?;
        if gated != GATES * hidden {
            return Err(ModelError::new(
                "recurrent.weight",
                "three gates a cell are expected",
            ));
        }
        let metadata = &file.metadata;
        Ok(Self {
            dimension,
            projected,
            hidden,
            project: file.floats("project.weight", &[dimension, projected])?,
            input: file.floats("input.weight", &[projected + NUMBERS, gated])?,
            input_bias: file.floats("input.bias", &[gated])?,
            recurrent: file.floats("recurrent.weight", &[hidden, gated])?,
            recurrent_bias: file.floats("recurrent.bias", &[gated])?,
            output: file.floats("output.weight", &[hidden])?,
            output_bias: file.floats("output.bias", &[1])?.first().copied().unwrap_or(0.0),
            scale: metadata.calibration.scale,
            offset: metadata.calibration.offset,
            flag: metadata.thresholds.flag,
            embedding: metadata.embedding,
            fingerprint: crc32fast::hash(bytes),
            note: metadata.model.clone(),
        })
    }

    /// Length of the turn vectors it was trained on.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Cells.
    pub fn hidden(&self) -> usize {
        self.hidden
    }

    /// Probability from which the session is worth a finding.
    pub fn flag_probability(&self) -> f32 {
        self.flag
    }

    /// CRC-32 of the embedding file whose vectors it was trained on.
    pub fn embedding_fingerprint(&self) -> u32 {
        self.embedding
    }

    /// What the file says of its making.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// Projects a turn's vector. `None` when its length is not [`Self::dimension`], or a number in it is not finite.
    pub fn turn(&self, vector: impl ExactSizeIterator<Item = f32>) -> Option<Turn<'_>> {
        if vector.len() != self.dimension {
            return None;
        }
        let mut projected = [0.0; PROJECTED_MAX];
        let sums = projected.get_mut(..self.projected)?;
        for (entry, row) in vector.zip(self.project.chunks_exact(self.projected)) {
            if !entry.is_finite() {
                return None;
            }
            add_scaled(sums, row, entry.clamp(-ENTRY_MAX, ENTRY_MAX));
        }
        Some(Turn {
            model: self,
            projected,
        })
    }

    /// Calibrated logit of the cells.
    fn logit(&self, cells: &[f32]) -> f32 {
        let sum: f32 = self
            .output
            .iter()
            .zip(cells)
            .map(|(weight, cell)| weight * cell)
            .sum();
        (self.scale * (sum + self.output_bias) + self.offset).clamp(-LOGIT_MAX, LOGIT_MAX)
    }
}

impl Turn<'_> {
    /// Takes the turn of event number `event` into the memory.
    pub fn step(&self, memory: &mut Memory, numbers: &[f32; NUMBERS], event: u32) -> Opinion {
        let model = self.model;
        memory.begin(model.fingerprint, event, model.logit(&[0.0; HIDDEN_MAX]));
        let seen = self.projected.iter().take(model.projected).chain(numbers);
        let from_turn = gates(&model.input_bias, seen, &model.input);
        let from_cells = gates(
            &model.recurrent_bias,
            memory.cells.iter().take(model.hidden),
            &model.recurrent,
        );
        let width = model.hidden;
        let turn_gates = from_turn.chunks_exact(width).zip(from_cells.chunks_exact(width));
        let mut gated = [[0.0_f32; HIDDEN_MAX]; 2];
        for (gate, (turn, cells)) in gated.iter_mut().zip(turn_gates) {
            for (slot, (left, right)) in gate.iter_mut().zip(turn.iter().zip(cells)) {
                *slot = sigmoid(left + right);
            }
        }
        let [reset, update] = gated;
        let candidates = from_turn
            .iter()
            .skip(2 * width)
            .zip(from_cells.iter().skip(2 * width));
        let candidates = candidates
            .zip(reset)
            .map(|((turn, cell), reset)| (turn + reset * cell).tanh());
        let cells = memory.cells.iter_mut().take(width);
        for ((cell, candidate), update) in cells.zip(candidates).zip(update) {
            *cell = (candidate + update * (*cell - candidate)).clamp(-1.0, 1.0);
        }
        let logit = model.logit(&memory.cells);
        let change = memory.settle(logit);
        Opinion {
            logit,
            probability: sigmoid(logit),
            change,
            rises: memory.rises(),
        }
    }
}

/// `bias + inputs * weights`, of three gates a cell.
#[inline]
fn gates<'row>(bias: &[f32], inputs: impl Iterator<Item = &'row f32>, weights: &[f32]) -> [f32; GATED_MAX] {
    let mut sums = [0.0; GATED_MAX];
    let width = bias.len().min(GATED_MAX);
    let (used, _) = sums.split_at_mut(width);
    used.copy_from_slice(bias.split_at(width).0);
    for (input, row) in inputs.zip(weights.chunks_exact(width.max(1))) {
        if *input != 0.0 {
            add_scaled(used, row, *input); // most cues are absent
        }
    }
    sums
}

#[inline]
fn add_scaled(sums: &mut [f32], row: &[f32], factor: f32) {
    for (sum, weight) in sums.iter_mut().zip(row) {
        *sum += factor * weight;
    }
}

fn sigmoid(value: f32) -> f32 {
    1.0 / (1.0 + (-value).exp())
}
