//! Reads the weights: a safetensors file whose names, shapes and numbers are checked before any is used.

use std::fmt;

use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;

use super::numbers::NUMBER_NAMES;

/// Largest file. The largest permitted shapes take 340 KB; a file of megabytes is another one.
pub const RECURRENT_BYTES_MAX: usize = 1024 * 1024;

/// Largest magnitude of a weight. Trained ones stay below 10; the bound keeps every sum of the network finite in 32 bits,
/// whatever the file says.
pub(super) const WEIGHT_MAX: f32 = 1000.0;

/// Why bytes are no model file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelError {
    /// The tensor or part that is wrong.
    pub place: String,
    /// What is wrong with it.
    pub reason: String,
}

impl ModelError {
    pub(super) fn new(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            reason: reason.into(),
        }
    }
}

impl fmt::Display for ModelError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.reason)
    }
}

impl std::error::Error for ModelError {}

/// What the file says of itself, under the key `aimds`; unknown keys are ignored.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Metadata {
    format: String,
    version: u32,
    #[serde(default)]
    pub(super) model: String,
    /// CRC-32 of the embedding file whose vectors it was trained on.
    pub(super) embedding: u32,
    numbers: Vec<String>,
    pub(super) calibration: Calibration,
    pub(super) thresholds: Thresholds,
}

/// The calibrated logit is `scale * z + offset`.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Calibration {
    pub(super) scale: f32,
    pub(super) offset: f32,
}

/// Where the opinion becomes a finding.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Thresholds {
    /// Probability, chosen on sources that were not trained on.
    pub(super) flag: f32,
}

/// A parsed file.
pub(super) struct Artefact<'data> {
    tensors: SafeTensors<'data>,
    pub(super) metadata: Metadata,
}

impl<'data> Artefact<'data> {
    pub(super) fn parse(bytes: &'data [u8]) -> Result<Self, ModelError> {
        if bytes.len() > RECURRENT_BYTES_MAX {
            return Err(ModelError::new(
                "file",
                format!("larger than {RECURRENT_BYTES_MAX} bytes"),
            ));
        }
        let bad = |error: safetensors::SafeTensorError| {
            ModelError::new("file", format!("not safetensors: {error}"))
        };
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(bad)?;
        let text = header.metadata().as_ref().and_then(|map| map.get("aimds"));
        let text = text.ok_or_else(|| ModelError::new("metadata", "no metadata under the key `aimds`"))?;
        let metadata: Metadata =
            serde_json::from_str(text).map_err(|error| ModelError::new("metadata", error.to_string()))?;
        let tensors = SafeTensors::deserialize(bytes).map_err(bad)?;
        check(&metadata)?;
        Ok(Self { tensors, metadata })
    }

    /// The shape of a matrix whose sides lie in 1 to the given limits.
    pub(super) fn sides(
        &self,
        name: &str,
        rows_max: usize,
        columns_max: usize,
    ) -> Result<[usize; 2], ModelError> {
        let view = self.tensors.tensor(name);
        let view = view.map_err(|_| ModelError::new(name, "the tensor is missing"))?;
        match view.shape() {
            [rows, columns] if (1..=rows_max).contains(rows) && (1..=columns_max).contains(columns) => {
                Ok([*rows, *columns])
            }
            shape => Err(ModelError::new(
                name,
                format!("expected up to [{rows_max}, {columns_max}], found {shape:?}"),
            )),
        }
    }

    /// Bounded 32-bit floats of exactly this shape.
    pub(super) fn floats(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, ModelError> {
        let view = self.tensors.tensor(name);
        let view = view.map_err(|_| ModelError::new(name, "the tensor is missing"))?;
        if view.dtype() != Dtype::F32 || view.shape() != shape {
            let found = format!("found {:?} {:?}", view.dtype(), view.shape());
            return Err(ModelError::new(name, format!("expected F32 {shape:?}, {found}")));
        }
        let (chunks, _) = view.data().as_chunks::<4>();
        let values: Vec<f32> = chunks.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        if values.iter().all(|value| value.abs() <= WEIGHT_MAX) {
            return Ok(values); // a number that is not finite fails the comparison
        }
        Err(ModelError::new(
            name,
            format!("holds a number beyond {WEIGHT_MAX}, or none at all"),
        ))
    }
}

fn check(metadata: &Metadata) -> Result<(), ModelError> {
    let bad = |reason: String| Err(ModelError::new("metadata", reason));
    if metadata.format != "aimds.recurrent" || metadata.version != 1 {
        return bad(format!(
            "expected aimds.recurrent version 1, found {} {}",
            metadata.format, metadata.version
        ));
    }
    if metadata.numbers != NUMBER_NAMES {
        return bad("trained on other numbers of a turn than this build gives".to_owned());
    }
    let Calibration { scale, offset } = metadata.calibration;
    if !(scale > 0.0 && scale <= WEIGHT_MAX && offset.abs() <= WEIGHT_MAX) {
        return bad("the calibration is out of range".to_owned());
    }
    if !(0.0..=1.0).contains(&metadata.thresholds.flag) {
        return bad("the threshold is no probability".to_owned());
    }
    Ok(())
}
