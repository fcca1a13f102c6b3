"""Writes a second look of the shipped shape with random weights: its answers mean nothing, its work and time are real.

    python -m benches.random_look FOLDER [--student-layers 4] [--teacher-layers 6] [--width 384]

FOLDER gets copies of the shipped models and `look.safetensors`, `student.onnx`, `teacher.onnx`
(`docs/model-formats.md`, section 9): encoders as BERT has them (Devlin et al. 2019), int8 weights, activations
quantised at run time. `aimds --set patterns.models=FOLDER` then runs on them. Never ship these.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from tests import tiny_models

from aimds.patterns import models_folder

OPSET = 17
HEADS = 12
POSITIONS = 512
PIECES = 40_000
BLOCK_VALUES, BLOCK_BYTES = 32, 18


class _Graph:
    """Nodes and random weights, added one after the other."""

    def __init__(self, seed: int) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._random = np.random.default_rng(seed)
        self._count = 0

    def name(self, hint: str) -> str:
        self._count += 1
        return f"{hint}_{self._count}"

    def constant(self, value: np.ndarray) -> str:
        name = self.name("constant")
        self.weights.append(numpy_helper.from_array(value, name))
        return name

    def add(self, kind: str, *inputs: str, **attributes: object) -> str:
        output = self.name(kind.lower())
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=output, **attributes))
        return output

    def linear(self, value: str, wide: int, out: int) -> str:
        weight = self._random.normal(0, 0.02, (wide, out)).astype(np.float32)
        product = self.add("MatMul", value, self.constant(weight))
        return self.add("Add", product, self.constant(np.zeros(out, np.float32)))

    def norm(self, value: str, width: int) -> str:
        one, zero = self.constant(np.ones(width, np.float32)), self.constant(np.zeros(width, np.float32))
        return self.add("LayerNormalization", value, one, zero, axis=-1, epsilon=1e-12)

    def gelu(self, value: str) -> str:
        inner = self.add("Erf", self.add("Div", value, self.constant(np.float32(2.0) ** np.float32(0.5))))
        half = self.add("Mul", value, self.constant(np.array(0.5, np.float32)))
        return self.add("Mul", half, self.add("Add", inner, self.constant(np.array(1.0, np.float32))))


def _attention(graph: _Graph, states: str, bias: str, width: int) -> str:
    split = graph.constant(np.array([0, 0, HEADS, width // HEADS], np.int64))
    query, key, value = (
        graph.add("Reshape", graph.linear(states, width, width), split) for _ in ("query", "key", "value")
    )
    query = graph.add("Transpose", query, perm=[0, 2, 1, 3])
    key = graph.add("Transpose", key, perm=[0, 2, 3, 1])
    value = graph.add("Transpose", value, perm=[0, 2, 1, 3])
    scale = graph.constant(np.array((width // HEADS) ** -0.5, np.float32))
    scores = graph.add("Add", graph.add("Mul", graph.add("MatMul", query, key), scale), bias)
    mixed = graph.add("MatMul", graph.add("Softmax", scores, axis=-1), value)
    joined = graph.constant(np.array([0, 0, width], np.int64))
    mixed = graph.add("Reshape", graph.add("Transpose", mixed, perm=[0, 2, 1, 3]), joined)
    return graph.linear(mixed, width, width)


def encoder(path: Path, layers: int, width: int, seed: int) -> None:
    """Word vectors and mask in, two logits out."""
    graph = _Graph(seed)
    positions = np.random.default_rng(seed).normal(0, 0.02, (1, POSITIONS, width)).astype(np.float32)
    length = graph.add("Slice", graph.add("Shape", "embeddings"), *(graph.constant(np.array([k])) for k in (1, 2)))
    zero, axis = graph.constant(np.array([0])), graph.constant(np.array([1]))
    at = graph.add("Slice", graph.constant(positions), zero, length, axis)
    states = graph.norm(graph.add("Add", "embeddings", at), width)
    kept = graph.add("Cast", "mask", to=TensorProto.FLOAT)
    one = graph.constant(np.array(1.0, np.float32))
    bias = graph.add("Mul", graph.add("Sub", kept, one), graph.constant(np.array(1e4, np.float32)))
    bias = graph.add("Unsqueeze", bias, graph.constant(np.array([1, 2])))
    for _ in range(layers):
        states = graph.norm(graph.add("Add", states, _attention(graph, states, bias, width)), width)
        inner = graph.gelu(graph.linear(states, width, 4 * width))
        states = graph.norm(graph.add("Add", states, graph.linear(inner, 4 * width, width)), width)
    weight = graph.add("Unsqueeze", kept, graph.constant(np.array([2])))
    total = graph.add("ReduceSum", graph.add("Mul", states, weight), axis, keepdims=0)
    mean = graph.add("Div", total, graph.add("ReduceSum", weight, axis, keepdims=0))
    graph.nodes.append(helper.make_node("Identity", [graph.linear(mean, width, 2)], ["logits"]))
    inputs = [
        helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["batch", "tokens", width]),
        helper.make_tensor_value_info("mask", TensorProto.INT64, ["batch", "tokens"]),
    ]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 2])]
    made = helper.make_graph(graph.nodes, "encoder", inputs, outputs, graph.weights)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    with tempfile.TemporaryDirectory() as folder:
        full = Path(folder) / "full.onnx"
        onnx.save(model, str(full))
        quantize_dynamic(full, path, weight_type=QuantType.QInt8, per_channel=True)


def words(path: Path, width: int, windows: int, texts: Sequence[str]) -> None:
    """A table of `PIECES` words: those of the texts, all letters, their pairs, and random strings."""
    rng = np.random.default_rng(1)
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,!?'\u2581"
    own = {f"\u2581{word.strip('.,')}" for text in texts for word in text.split()}
    short = [*sorted(own), *letters, *(a + b for a in letters for b in letters)]
    long = {"".join(rng.choice(list(letters[:26]), rng.integers(3, 8))) for _ in range(PIECES)}
    pieces = ["", "", "", *short, *sorted(long - set(short))][:PIECES]
    table = rng.integers(0, 256, (len(pieces), width // BLOCK_VALUES, BLOCK_BYTES)).astype(np.uint8)
    table[:, :, :2] = np.array([0.01], "<f2").view(np.uint8)
    raw = [piece.encode() for piece in pieces]
    tensors = {
        "pieces": np.frombuffer(b"".join(raw), np.uint8),
        "offsets": np.cumsum([0, *map(len, raw)]).astype(np.uint32),
        "scores": (-8.0 - np.array([max(0, 4 - len(piece)) for piece in pieces])).astype(np.float32),
        "table": table.reshape(len(pieces), -1),
    }
    two, three = {"static": 0.5, "student": 0.5}, {"static": 0.3, "student": 0.3, "teacher": 0.4}
    metadata = {
        "format": "aimds.look", "version": 1, "dimension": width, "window_tokens": 128, "stride_tokens": 96,
        "max_windows": windows, "unknown": 0, "open": 1, "close": 2,
        "fusion": {"balanced": {"weights": two, "offset": 0.0}, "thorough": {"weights": three, "offset": 0.0}},
        "student": {"skip_below": -1e9}, "grey": {"low": 0.0, "high": 1.0},
    }  # fmt: skip
    path.write_bytes(tiny_models.safetensors(tensors, metadata))


def write(
    folder: Path,
    student_layers: int = 4,
    teacher_layers: int = 6,
    width: int = 384,
    windows: int = 12,
    texts: Sequence[str] = (),
) -> None:
    """All files; every event is asked of the student, and with `thorough` of the teacher.

    The words of `texts` become single tokens, as most are for a trained vocabulary.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for file in models_folder().iterdir():
        if file.suffix in {".safetensors", ".patterns"} and file.stem != "look":
            shutil.copy(file, folder)
    words(folder / "look.safetensors", width, windows, texts)
    encoder(folder / "student.onnx", student_layers, width, 2)
    encoder(folder / "teacher.onnx", teacher_layers, width, 3)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--student-layers", type=int, default=4)
    parser.add_argument("--teacher-layers", type=int, default=6)
    parser.add_argument("--width", type=int, default=384)
    options = parser.parse_args()
    write(options.folder, options.student_layers, options.teacher_layers, options.width)
