//! The classifier's head: from the features of one stretch of text to logits.

use std::ops::Range;

use serde::Deserialize;

use crate::artefact::Artefact;
use crate::embedding::{Embedding, Pooled};
use crate::error::VectorError;
use crate::hashed::HashedPlan;
use crate::kernels::{add_scaled_i8, scale};
use crate::lexical::LEXICAL_FEATURES;
use crate::limits::{HASHED_WIDTH_MAX, LAYERS_MAX, OUTPUTS_MAX, WINDOWS_MAX};
use crate::network::{Activation, Layer};
use crate::units::WindowPlan;

/// A part of the dense vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Block {
    /// Weighted means of the tokens.
    Mean,
    /// The means at length 1.
    Unit,
    /// Values of the largest magnitude.
    Peak,
    /// The embedding that the pattern index holds.
    Embedding,
    /// Lexical and structural features.
    Lexical,
    /// What the event is and who sent it.
    Context,
}

impl Block {
    /// The block of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "mean" => Self::Mean,
            "unit" => Self::Unit,
            "peak" => Self::Peak,
            "embedding" => Self::Embedding,
            "lexical" => Self::Lexical,
            "context" => Self::Context,
            _ => return None,
        })
    }

    /// Numbers in this block.
    pub fn width(self, embedding: &Embedding) -> usize {
        match self {
            Self::Mean | Self::Unit | Self::Peak => embedding.pooled_dimension(),
            Self::Embedding => embedding.dimension(),
            Self::Lexical => LEXICAL_FEATURES,
            Self::Context => CONTEXT_FEATURE_NAMES.len(),
        }
    }
}

/// Names of the context features, in order.
pub const CONTEXT_FEATURE_NAMES: [&str; 15] = [
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
    "trust_trusted",
    "trust_user",
    "trust_untrusted",
    "decoded",
    "log_tricks",
];

/// What is known of the event besides its text; unknown parts count as zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Context {
    flags: u16,
    /// Hiding tricks that normalisation undid.
    pub tricks: u32,
}

impl Context {
    /// Sets the one-hot feature of this name (`kind_prompt`, ...); `false` if there is none.
    pub fn set(&mut self, name: &str) -> bool {
        let flags = CONTEXT_FEATURE_NAMES.len() - 2;
        let found = CONTEXT_FEATURE_NAMES
            .iter()
            .take(flags)
            .position(|known| *known == name);
        if let Some(at) = found {
            self.flags |= 1 << at;
        }
        found.is_some()
    }

    fn push(self, decoded: bool, features: &mut Vec<f32>) {
        let flags = CONTEXT_FEATURE_NAMES.len() - 2;
        features.extend((0..flags).map(|at| f32::from(u8::from(self.flags & (1 << at) != 0))));
        features.push(f32::from(u8::from(decoded)));
        features.push((self.tricks as f32).ln_1p());
    }
}

/// Appends the dense vector of `blocks`, before standardisation. `lexical` is called when that block's turn comes.
pub(crate) fn push_dense(
    blocks: &[Block],
    embedding: &Embedding,
    pooled: &Pooled,
    context: (Context, bool),
    lexical: &mut dyn FnMut(&mut Vec<f32>),
    features: &mut Vec<f32>,
) {
    for block in blocks {
        match block {
            Block::Mean => features.extend_from_slice(&pooled.mean),
            Block::Unit => features.extend_from_slice(&pooled.unit),
            Block::Peak => features.extend_from_slice(&pooled.peak),
            Block::Embedding => features.extend(embedding.join(pooled)),
            Block::Lexical => lexical(features),
            Block::Context => context.0.push(context.1, features),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Pooling {
    Mean,
    Root,
}

#[derive(Debug, Clone)]
struct Hashed {
    plan: HashedPlan,
    width: usize,
    rows: Vec<i8>,
    scale: Vec<f32>,
    pooling: Pooling,
}

/// How scores of windows and decoded readings compare with the whole canonical text's.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Combine {
    window_offset: f32,
    window_log: f32,
    view_offset: f32,
}

impl Combine {
    /// The logit of one candidate, made comparable.
    pub(crate) fn adjust(&self, logit: f32, windows: usize, decoded: bool) -> f32 {
        let window = if windows > 0 {
            self.window_offset + self.window_log * (windows as f32).ln()
        } else {
            0.0
        };
        logit - window - if decoded { self.view_offset } else { 0.0 }
    }
}

/// The head of a classifier, read from `head.safetensors`.
#[derive(Debug, Clone)]
pub struct Head {
    model: String,
    outputs: Vec<String>,
    blocks: Vec<Block>,
    mean: Vec<f32>,
    factor: Vec<f32>,
    hashed: Option<Hashed>,
    layers: Vec<Layer>,
    skip: Option<Layer>,
    calibration: Calibration,
    combine: Combine,
    window: WindowPlan,
    thresholds: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Calibration {
    scale: Vec<f32>,
    offset: Vec<f32>,
}

#[derive(Deserialize)]
struct Metadata {
    format: String,
    version: u32,
    #[serde(default)]
    model: String,
    outputs: Vec<String>,
    blocks: Vec<Block>,
    hashed: Option<HashedMetadata>,
    layers: Vec<LayerMetadata>,
    calibration: Calibration,
    combine: Combine,
    window: WindowMetadata,
    #[serde(default)]
    thresholds: serde_json::Value,
}

#[derive(Deserialize)]
struct HashedMetadata {
    word_orders: Vec<usize>,
    character_orders: Vec<usize>,
    pooling: Pooling,
    distinct: bool,
}

#[derive(Deserialize)]
struct LayerMetadata {
    activation: Activation,
}

#[derive(Deserialize)]
struct WindowMetadata {
    units: usize,
    stride: usize,
    maximum: usize,
}

impl Metadata {
    fn check(&self) -> Result<(), VectorError> {
        let bad = |reason: String| Err(VectorError::corrupt("metadata", reason));
        if self.format != "aimds.head" || self.version != 1 {
            return bad(format!(
                "expected aimds.head version 1, found {} {}",
                self.format, self.version
            ));
        }
        if self.outputs.first().is_none_or(|first| first != "attack") || self.outputs.len() > OUTPUTS_MAX {
            return bad(format!(
                "outputs must begin with `attack` and be at most {OUTPUTS_MAX}"
            ));
        }
        let outputs = self.outputs.len();
        let calibration = &self.calibration;
        if calibration.scale.len() != outputs || calibration.offset.len() != outputs {
            return bad("calibration must have a scale and an offset for each output".to_owned());
        }
        let finite = |values: &[f32]| values.iter().all(|value| value.is_finite());
        if !finite(&calibration.scale)
            || !finite(&calibration.offset)
            || calibration.scale.iter().any(|scale| *scale <= 0.0)
        {
            return bad("calibration scales must be positive and finite".to_owned());
        }
        if !(1..=LAYERS_MAX).contains(&self.layers.len()) {
            return bad(format!("expected 1 to {LAYERS_MAX} layers"));
        }
        let window = &self.window;
        if window.units < 8
            || !(1..=window.units).contains(&window.stride)
            || !(1..=WINDOWS_MAX).contains(&window.maximum)
        {
            return bad(format!(
                "window needs 8 units or more, a stride within them, and 1 to {WINDOWS_MAX} windows"
            ));
        }
        Ok(())
    }
}

impl Head {
    /// Reads `head.safetensors` (`docs/model-formats.md`, section 3) for this embedding.
    pub fn load(bytes: &[u8], embedding: &Embedding) -> Result<Self, VectorError> {
        let artefact = Artefact::parse(bytes, "head")?;
        let metadata: Metadata = artefact.metadata()?;
        metadata.check()?;
        let dense: usize = metadata.blocks.iter().map(|block| block.width(embedding)).sum();
        let standard = |name: &str| {
            if dense == 0 {
                Ok(Vec::new())
            } else {
                artefact.f32s(name, &[dense])
            }
        };
        let (mean, factor) = (standard("dense.mean")?, standard("dense.factor")?);
        let hashed = metadata
            .hashed
            .map(|hashed| Hashed::load(&artefact, hashed))
            .transpose()?;
        let inputs = dense + hashed.as_ref().map_or(0, |hashed| hashed.width);
        if inputs == 0 {
            return Err(VectorError::corrupt("metadata", "the network has no inputs"));
        }
        let mut layers: Vec<Layer> = Vec::with_capacity(metadata.layers.len());
        for (number, layer) in metadata.layers.iter().enumerate() {
            let width = layers.last().map_or(inputs, Layer::outputs);
            layers.push(Layer::load(
                &artefact,
                &format!("layer{number}"),
                width,
                layer.activation,
            )?);
        }
        let skip = if artefact.has("skip.weight") {
            Some(Layer::load(&artefact, "skip", inputs, Activation::None)?)
        } else {
            None
        };
        let outputs = metadata.outputs.len();
        if layers.last().map(Layer::outputs) != Some(outputs)
            || skip.as_ref().is_some_and(|skip| skip.outputs() != outputs)
        {
            return Err(VectorError::corrupt(
                "layers",
                format!("the last layer must have {outputs} outputs"),
            ));
        }
        Ok(Self {
            model: metadata.model,
            outputs: metadata.outputs,
            blocks: metadata.blocks,
            mean,
            factor,
            hashed,
            layers,
            skip,
            calibration: metadata.calibration,
            combine: metadata.combine,
            window: WindowPlan {
                units: metadata.window.units,
                stride: metadata.window.stride,
                maximum: metadata.window.maximum,
            },
            thresholds: metadata.thresholds.to_string(),
        })
    }

    /// What the file says of its making.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Names of the outputs; the first is `attack`.
    pub fn outputs(&self) -> &[String] {
        &self.outputs
    }

    /// The blocks of the dense vector.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The thresholds of the file, as JSON.
    pub fn thresholds(&self) -> &str {
        &self.thresholds
    }

    /// How texts are cut into windows.
    pub fn window(&self) -> WindowPlan {
        self.window
    }

    /// Memory held by weights.
    pub fn memory_bytes(&self) -> usize {
        let hashed = self.hashed.as_ref();
        let hashed = hashed.map_or(0, |hashed| {
            hashed.rows.capacity() + hashed.scale.capacity() * size_of::<f32>()
        });
        hashed
            + self
                .layers
                .iter()
                .chain(&self.skip)
                .map(Layer::memory_bytes)
                .sum::<usize>()
    }

    pub(crate) fn hashed_plan(&self) -> Option<&HashedPlan> {
        self.hashed.as_ref().map(|hashed| &hashed.plan)
    }

    pub(crate) fn combine(&self) -> Combine {
        self.combine
    }

    /// Logits from the dense vector (not yet standardised) and the bucket ids.
    pub(crate) fn logits(&self, mut dense: Vec<f32>, ids: &[u32]) -> Vec<f32> {
        debug_assert_eq!(dense.len(), self.mean.len());
        for ((value, mean), factor) in dense.iter_mut().zip(&self.mean).zip(&self.factor) {
            *value = (*value - mean) * factor;
        }
        if let Some(hashed) = &self.hashed {
            dense.extend(hashed.pool(ids));
        }
        let skipped = self.skip.as_ref().map(|skip| skip.apply(&dense));
        let mut values = dense;
        for layer in &self.layers {
            values = layer.apply(&values);
        }
        for (value, skipped) in values.iter_mut().zip(skipped.into_iter().flatten()) {
            *value += skipped;
        }
        values
    }

    /// The calibrated logit of an output.
    pub(crate) fn calibrated(&self, output: usize, logit: f32) -> f32 {
        let scale = self.calibration.scale.get(output).copied().unwrap_or(1.0);
        let offset = self.calibration.offset.get(output).copied().unwrap_or(0.0);
        scale * logit + offset
    }

    /// The calibrated probability of an output.
    pub(crate) fn probability(&self, output: usize, logit: f32) -> f32 {
        1.0 / (1.0 + (-self.calibrated(output, logit)).exp())
    }
}

impl Hashed {
    fn load(artefact: &Artefact<'_>, metadata: HashedMetadata) -> Result<Self, VectorError> {
        let (buckets, width) = match artefact.shape("hashed.table")?.as_slice() {
            [buckets, width] if (1..=HASHED_WIDTH_MAX).contains(width) => (*buckets, *width),
            shape => {
                return Err(VectorError::corrupt(
                    "hashed.table",
                    format!("unexpected shape {shape:?}"),
                ));
            }
        };
        let plan = HashedPlan::new(
            metadata.word_orders,
            metadata.character_orders,
            buckets,
            metadata.distinct,
        )
        .map_err(|error| VectorError::corrupt("hashed.table", error.to_string()))?;
        let scales = artefact.shape("hashed.scale")?.first().copied().unwrap_or(0);
        if scales != 1 && scales != buckets {
            return Err(VectorError::corrupt(
                "hashed.scale",
                format!("expected [1] or [{buckets}]"),
            ));
        }
        Ok(Self {
            plan,
            width,
            rows: artefact.i8s("hashed.table", &[buckets, width])?,
            scale: artefact.f32s("hashed.scale", &[scales])?,
            pooling: metadata.pooling,
        })
    }

    fn pool(&self, ids: &[u32]) -> Vec<f32> {
        let mut sum = vec![0.0; self.width];
        let common = if self.scale.len() == 1 {
            self.scale.first().copied()
        } else {
            None
        };
        for &id in ids {
            let range: Range<usize> = id as usize * self.width..(id as usize + 1) * self.width;
            let scale = common.or_else(|| self.scale.get(id as usize).copied());
            if let (Some(row), Some(scale)) = (self.rows.get(range), scale) {
                add_scaled_i8(&mut sum, row, scale);
            }
        }
        let number = ids.len().max(1) as f32;
        let factor = match self.pooling {
            Pooling::Mean => 1.0 / number,
            Pooling::Root => 1.0 / number.sqrt(),
        };
        scale(&mut sum, factor);
        sum
    }
}
