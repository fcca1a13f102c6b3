"""A second look whose answers can be foretold: logits are the sums of the words' first two dimensions, plus a bias."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests import tiny_models

DIMENSION = 32
PIECES = ["", "", "", *"abcdefghijklmnopqrstuvwxyz0123456789=+/.,!?'\u2581"]
STEP = 0.5
"""What one step of a nibble is worth."""


def table_bytes(words: Mapping[str, tuple[int, int]], **numbers: Any) -> bytes:
    """`look.safetensors`: letters, and whole words with their weights for attack and harmful request, in steps of 0.5.

    The numbers go into the metadata.
    """
    pieces = [*PIECES, *(f"\u2581{word}" for word in words)]
    rows = np.zeros((len(pieces), 18), np.uint8)
    rows[:, :2] = np.array([STEP], "<f2").view(np.uint8)
    rows[:, 2:] = 0x88
    for at, (attack, harmful) in enumerate(words.values(), len(PIECES)):
        rows[at, 2] = 0x80 | (attack + 8)
        rows[at, 3] = 0x80 | (harmful + 8)
    raw = [piece.encode() for piece in pieces]
    tensors = {
        "pieces": np.frombuffer(b"".join(raw), np.uint8),
        "offsets": np.cumsum([0, *map(len, raw)]).astype(np.uint32),
        "scores": np.where(np.arange(len(pieces)) < len(PIECES), -9.0, -3.0).astype(np.float32),
        "table": rows,
    }
    return tiny_models.safetensors(tensors, metadata(**numbers))


def metadata(**numbers: Any) -> dict[str, Any]:
    """The student and, for `thorough`, the teacher decide alone; everything is asked of them."""
    return {
        "format": "aimds.look", "version": 1, "dimension": DIMENSION, "window_tokens": 18, "stride_tokens": 8,
        "max_windows": 64, "unknown": 0, "open": 1, "close": 2,
        "fusion": {
            "student": {"weights": {"static": 0.0, "student": 1.0}, "offset": 0.0},
            "teacher": {"weights": {"student": 0.0, "teacher": 1.0}, "offset": 0.0},
        },
        "grey": {"thorough": {}},
        **numbers,
    }  # fmt: skip


def model_bytes(factor: float = 1.0, bias: float = -2.0, broken: bool = False, outputs: int = 2) -> bytes:
    """Logits = factor * (sum of the first dimensions over the mask) + bias; broken ones answer with no number."""
    weight = np.zeros((DIMENSION, outputs), np.float32)
    weight[np.arange(outputs), np.arange(outputs)] = np.nan if broken else factor
    constants = {
        "axis": np.array([2]), "tokens": np.array([1]), "weight": weight, "bias": np.full(outputs, bias, np.float32)
    }  # fmt: skip
    nodes = [
        helper.make_node("Cast", ["mask"], ["kept"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["kept", "axis"], ["wide"]),
        helper.make_node("Mul", ["embeddings", "wide"], ["words"]),
        helper.make_node("ReduceSum", ["words", "tokens"], ["sum"], keepdims=0),
        helper.make_node("MatMul", ["sum", "weight"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["logits"]),
    ]
    inputs = [
        helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["batch", "tokens", DIMENSION]),
        helper.make_tensor_value_info("mask", TensorProto.INT64, ["batch", "tokens"]),
    ]
    return model_of(nodes, inputs, constants, outputs)


def model_of(nodes: list, inputs: list, constants: Mapping[str, np.ndarray], outputs: int) -> bytes:
    """A model file with an output `logits`."""
    answer = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", outputs])]
    weights = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "tiny", inputs, answer, weights)
    return onnx.helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10).SerializeToString()


def write_folder(folder: Path, words: Mapping[str, tuple[int, int]], **numbers: Any) -> Path:
    """All files of the patterns room but the seed: a silent first look, then a student that knows `words`."""
    (folder / "embedding.safetensors").write_bytes(tiny_models.embedding_bytes())
    (folder / "head.safetensors").write_bytes(tiny_models.keyword_head_bytes({"ignore": 12.0}))
    (folder / "look.safetensors").write_bytes(table_bytes(words, **numbers))
    (folder / "student.onnx").write_bytes(model_bytes())
    (folder / "teacher.onnx").write_bytes(model_bytes(factor=-1.0, bias=1.0))
    return folder
