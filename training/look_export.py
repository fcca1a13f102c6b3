"""Writes the files of the second look that the run time reads: `student.onnx`, `teacher.onnx`, `look.safetensors`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file
from torch import nn

from training.encoder import Encoder
from training.onnx_graph import EncoderWeights, Floats, LayerWeights, write_int8
from training.words import CLOSE, OPEN, SPECIAL, STRIDE_TOKENS, UNKNOWN, WINDOW_TOKENS, Words

OUTPUTS = 2
"""Attack and harmful request; the categories were there to learn by."""

WINDOWS_MAX = 16
"""Windows read of one event: 1,500 pieces. Of a longer one those that the first look finds most suspicious."""


def _linear(layer: nn.Linear) -> tuple[Floats, Floats]:
    return layer.weight.detach().numpy().T.copy(), layer.bias.detach().numpy()


def _norm(layer: nn.LayerNorm) -> tuple[Floats, Floats]:
    return layer.weight.detach().numpy(), layer.bias.detach().numpy()


def weights_of(model: Encoder) -> EncoderWeights:
    """Torch's parameters as the graph takes them."""
    layers = [
        LayerWeights(
            _linear(layer.query), _linear(layer.key), _linear(layer.value), _linear(layer.out),
            _norm(layer.attention_norm), _linear(layer.inner), _linear(layer.outer), _norm(layer.output_norm),
        )
        for layer in model.layers
    ]  # fmt: skip
    last, bias = _linear(model.last)
    positions = model.positions.detach().numpy()[:WINDOW_TOKENS]
    return EncoderWeights(positions, _norm(model.norm), layers, (last[:, :OUTPUTS], bias[:OUTPUTS]))


def write_model(path: Path, model: Encoder) -> None:
    """One transformer, int8."""
    write_int8(path, weights_of(model))


def write_words(path: Path, words: Words, numbers: Mapping[str, Any], note: str) -> None:
    """`look.safetensors`: the table of word vectors, and in its metadata how to use the models."""
    raw = [b"" if place < len(SPECIAL) else piece.encode() for place, piece in enumerate(words.pieces)]
    tensors = {
        "pieces": np.frombuffer(b"".join(raw), np.uint8).copy(),
        "offsets": np.cumsum([0, *map(len, raw)]).astype(np.uint32),
        "scores": words.scores.astype(np.float32),
        "table": words.blocks.reshape(len(words.pieces), -1),
    }
    metadata = {
        "format": "aimds.look", "version": 1, "model": note, "dimension": words.blocks.shape[1] * 32,
        "window_tokens": WINDOW_TOKENS, "stride_tokens": STRIDE_TOKENS, "max_windows": WINDOWS_MAX,
        "unknown": UNKNOWN, "open": OPEN, "close": CLOSE, **numbers,
    }  # fmt: skip
    save_file(tensors, path, {"aimds": json.dumps(metadata)})
