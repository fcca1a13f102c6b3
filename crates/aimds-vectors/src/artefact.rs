//! Typed access to a safetensors file, with every shape and number checked.

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::de::DeserializeOwned;

use crate::error::VectorError;
use crate::limits::MODEL_BYTES_MAX;

/// A parsed file.
pub(crate) struct Artefact<'data> {
    tensors: SafeTensors<'data>,
    metadata: String,
}

impl<'data> Artefact<'data> {
    /// Parses the container; `place` names it in errors.
    pub(crate) fn parse(bytes: &'data [u8], place: &str) -> Result<Self, VectorError> {
        if bytes.len() > MODEL_BYTES_MAX {
            return Err(VectorError::corrupt(
                place,
                format!("larger than {MODEL_BYTES_MAX} bytes"),
            ));
        }
        let bad = |error: safetensors::SafeTensorError| {
            VectorError::corrupt(place, format!("not safetensors: {error}"))
        };
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(bad)?;
        let metadata = header
            .metadata()
            .as_ref()
            .and_then(|map| map.get("aimds").cloned())
            .ok_or_else(|| VectorError::corrupt(place, "no metadata under the key `aimds`"))?;
        let tensors = SafeTensors::deserialize(bytes).map_err(bad)?;
        Ok(Self { tensors, metadata })
    }

    /// The metadata as a record; unknown keys are ignored.
    pub(crate) fn metadata<T: DeserializeOwned>(&self) -> Result<T, VectorError> {
        serde_json::from_str(&self.metadata)
            .map_err(|error| VectorError::corrupt("metadata", error.to_string()))
    }

    /// The metadata as it stands in the file.
    pub(crate) fn metadata_text(&self) -> &str {
        &self.metadata
    }

    /// Whether a tensor is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.tensors.tensor(name).is_ok()
    }

    /// The element type of a tensor.
    pub(crate) fn is_i8(&self, name: &str) -> Result<bool, VectorError> {
        Ok(self.view(name)?.dtype() == Dtype::I8)
    }

    /// The shape of a tensor.
    pub(crate) fn shape(&self, name: &str) -> Result<Vec<usize>, VectorError> {
        Ok(self.view(name)?.shape().to_vec())
    }

    fn view(&self, name: &str) -> Result<TensorView<'_>, VectorError> {
        self.tensors
            .tensor(name)
            .map_err(|_| VectorError::corrupt(name, "the tensor is missing"))
    }

    fn typed(&self, name: &str, dtype: Dtype, shape: &[usize]) -> Result<TensorView<'_>, VectorError> {
        let view = self.view(name)?;
        if view.dtype() != dtype || view.shape() != shape {
            return Err(VectorError::corrupt(
                name,
                format!(
                    "expected {dtype:?} {shape:?}, found {:?} {:?}",
                    view.dtype(),
                    view.shape()
                ),
            ));
        }
        Ok(view)
    }

    /// Finite 32-bit floats.
    pub(crate) fn f32s(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, VectorError> {
        let view = self.typed(name, Dtype::F32, shape)?;
        let (chunks, _) = view.data().as_chunks::<4>();
        let values: Vec<f32> = chunks.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        if values.iter().all(|value| value.is_finite()) {
            Ok(values)
        } else {
            Err(VectorError::corrupt(name, "holds a number that is not finite"))
        }
    }

    /// Signed bytes.
    pub(crate) fn i8s(&self, name: &str, shape: &[usize]) -> Result<Vec<i8>, VectorError> {
        let view = self.typed(name, Dtype::I8, shape)?;
        Ok(view.data().iter().map(|byte| byte.cast_signed()).collect())
    }

    /// Unsigned 32-bit numbers.
    pub(crate) fn u32s(&self, name: &str, shape: &[usize]) -> Result<Vec<u32>, VectorError> {
        let view = self.typed(name, Dtype::U32, shape)?;
        let (chunks, _) = view.data().as_chunks::<4>();
        Ok(chunks.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect())
    }

    /// Unsigned bytes.
    pub(crate) fn u8s(&self, name: &str, shape: &[usize]) -> Result<&[u8], VectorError> {
        self.typed(name, Dtype::U8, shape)?;
        self.raw(name)
    }

    /// Bytes of any number.
    pub(crate) fn bytes(&self, name: &str) -> Result<&[u8], VectorError> {
        let view = self.view(name)?;
        if view.dtype() != Dtype::U8 {
            return Err(VectorError::corrupt(
                name,
                format!("expected U8, found {:?}", view.dtype()),
            ));
        }
        self.raw(name)
    }

    fn raw(&self, name: &str) -> Result<&[u8], VectorError> {
        // `TensorView::data` borrows from the file, not from the view; going through the iterator keeps that lifetime.
        self.tensors
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, view)| view.data())
            .ok_or_else(|| VectorError::corrupt(name, "the tensor is missing"))
    }
}
