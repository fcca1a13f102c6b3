//! A small dense network. Weights are laid out by input, so that each input adds one row: that loop vectorises.

use serde::Deserialize;

use crate::artefact::Artefact;
use crate::error::VectorError;
use crate::kernels::{add_scaled, add_scaled_i8};
use crate::limits::WIDTH_MAX;

/// What a layer does after its sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Activation {
    /// max(0, x).
    Relu,
    /// The tanh form of Hendrycks and Gimpel 2016.
    Gelu,
    /// The sum itself.
    None,
}

#[derive(Debug, Clone)]
enum Weights {
    Full(Vec<f32>),
    Quantised { rows: Vec<i8>, scale: Vec<f32> },
}

/// `activation(x W + b)`.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    inputs: usize,
    outputs: usize,
    weights: Weights,
    bias: Vec<f32>,
    activation: Activation,
}

impl Layer {
    /// Reads the tensors `<name>.weight`, `.bias` and, for int8 weights, `.scale`.
    pub(crate) fn load(
        artefact: &Artefact<'_>,
        name: &str,
        inputs: usize,
        activation: Activation,
    ) -> Result<Self, VectorError> {
        let weight = format!("{name}.weight");
        let outputs = match artefact.shape(&weight)?.as_slice() {
            [rows, outputs] if *rows == inputs && (1..=WIDTH_MAX).contains(outputs) => *outputs,
            shape => {
                return Err(VectorError::corrupt(
                    weight,
                    format!("expected [{inputs}, 1 to {WIDTH_MAX}], found {shape:?}"),
                ));
            }
        };
        let shape = [inputs, outputs];
        let weights = if artefact.is_i8(&weight)? {
            Weights::Quantised {
                rows: artefact.i8s(&weight, &shape)?,
                scale: artefact.f32s(&format!("{name}.scale"), &[inputs])?,
            }
        } else {
            Weights::Full(artefact.f32s(&weight, &shape)?)
        };
        let bias = format!("{name}.bias");
        let bias = if artefact.has(&bias) {
            artefact.f32s(&bias, &[outputs])?
        } else {
            vec![0.0; outputs]
        };
        Ok(Self {
            inputs,
            outputs,
            weights,
            bias,
            activation,
        })
    }

    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        match &self.weights {
            Weights::Full(rows) => rows.capacity() * size_of::<f32>(),
            Weights::Quantised { rows, scale } => rows.capacity() + scale.capacity() * size_of::<f32>(),
        }
    }

    /// The layer's outputs for `input`.
    pub(crate) fn apply(&self, input: &[f32]) -> Vec<f32> {
        debug_assert_eq!(input.len(), self.inputs);
        let mut sum = self.bias.clone();
        match &self.weights {
            Weights::Full(rows) => {
                for (&value, row) in input.iter().zip(rows.chunks_exact(self.outputs)) {
                    if value != 0.0 {
                        add_scaled(&mut sum, row, value);
                    }
                }
            }
            Weights::Quantised { rows, scale } => {
                for ((&value, &scale), row) in input.iter().zip(scale).zip(rows.chunks_exact(self.outputs)) {
                    if value != 0.0 {
                        add_scaled_i8(&mut sum, row, value * scale);
                    }
                }
            }
        }
        match self.activation {
            Activation::Relu => sum.iter_mut().for_each(|value| *value = value.max(0.0)),
            Activation::Gelu => sum.iter_mut().for_each(|value| *value = gelu(*value)),
            Activation::None => {}
        }
        sum
    }
}

fn gelu(value: f32) -> f32 {
    let inner = (2.0 / std::f32::consts::PI).sqrt() * (value + 0.044_715 * value * value * value);
    0.5 * value * (1.0 + inner.tanh())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gelu_has_its_published_values() {
        for (input, expected) in [(0.0, 0.0), (1.0, 0.841_192), (-1.0, -0.158_808), (3.0, 2.996_363)] {
            assert!((gelu(input) - expected).abs() < 1e-5);
        }
    }

    #[test]
    fn int8_and_float_layers_agree() {
        let layer = |weights| Layer {
            inputs: 2,
            outputs: 2,
            weights,
            bias: vec![0.5, -10.0],
            activation: Activation::Relu,
        };
        let full = layer(Weights::Full(vec![1.0, 2.0, 1.5, -1.0]));
        let quantised = layer(Weights::Quantised {
            rows: vec![10, 20, 3, -2],
            scale: vec![0.1, 0.5],
        });
        assert_eq!(full.apply(&[2.0, 4.0]), [8.5, 0.0]);
        assert_eq!(quantised.apply(&[2.0, 4.0]), [8.5, 0.0]);
    }
}
