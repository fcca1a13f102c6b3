"""Builds the ONNX file of a BERT encoder over word vectors, node by node, and makes its weights int8.

Inputs, outputs and opset are those of docs/model-formats.md, section 9. Knows numpy and onnx, not torch: the benchmark
builds a model of random weights with it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

OPSET = 17
HEADS = 12
EPSILON = 1e-12
PEAK_MASK = 1e4
"""Taken from padding before the largest values are taken, as in training."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class LayerWeights:
    """Weights of one layer, linear ones as [in, out]; each with its bias or shift."""

    query: tuple[Floats, Floats]
    key: tuple[Floats, Floats]
    value: tuple[Floats, Floats]
    out: tuple[Floats, Floats]
    attention_norm: tuple[Floats, Floats]
    inner: tuple[Floats, Floats]
    outer: tuple[Floats, Floats]
    output_norm: tuple[Floats, Floats]


@dataclass(frozen=True)
class EncoderWeights:
    """Weights of a whole encoder; `positions` is [tokens, width], `last` [2 * width, outputs] over mean and peak."""

    positions: Floats
    norm: tuple[Floats, Floats]
    layers: Sequence[LayerWeights]
    last: tuple[Floats, Floats]


class _Graph:
    """Nodes and weights, added one after the other."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._count = 0

    def name(self, hint: str) -> str:
        self._count += 1
        return f"{hint}_{self._count}"

    def constant(self, value: NDArray[np.generic]) -> str:
        name = self.name("constant")
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, kind: str, *inputs: str, **attributes: object) -> str:
        output = self.name(kind.lower())
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=output, **attributes))
        return output

    def linear(self, value: str, weights: tuple[Floats, Floats]) -> str:
        return self.add("Add", self.add("MatMul", value, self.constant(weights[0])), self.constant(weights[1]))

    def norm(self, value: str, weights: tuple[Floats, Floats]) -> str:
        scale, shift = (self.constant(part) for part in weights)
        return self.add("LayerNormalization", value, scale, shift, axis=-1, epsilon=EPSILON)

    def gelu(self, value: str) -> str:
        inner = self.add("Erf", self.add("Div", value, self.constant(np.float32(2.0) ** np.float32(0.5))))
        half = self.add("Mul", value, self.constant(np.array(0.5, np.float32)))
        return self.add("Mul", half, self.add("Add", inner, self.constant(np.array(1.0, np.float32))))


def _attention(graph: _Graph, states: str, bias: str, layer: LayerWeights) -> str:
    """Query, key and value come from one product: the activations are quantised once, and the product is wide."""
    width = layer.query[0].shape[1]
    scale = np.float32((width // HEADS) ** -0.5)  # in the query's weights: one pass over the scores less
    parts = ((layer.query[0] * scale, layer.query[1] * scale), layer.key, layer.value)
    joined = tuple(np.concatenate([part[place] for part in parts], axis=-1) for place in (0, 1))
    split = graph.constant(np.array([0, 0, 3 * HEADS, width // HEADS], np.int64))
    heads = graph.add("Reshape", graph.linear(states, (joined[0], joined[1])), split)
    heads = graph.add("Transpose", heads, perm=[0, 2, 1, 3])
    query, key, value = (
        graph.add(
            "Slice", heads, *(graph.constant(np.array([place])) for place in (part * HEADS, (part + 1) * HEADS, 1))
        )
        for part in range(3)
    )
    key = graph.add("Transpose", key, perm=[0, 1, 3, 2])
    chance = graph.add("Softmax", graph.add("Add", graph.add("MatMul", query, key), bias), axis=-1)
    mixed = graph.add("Transpose", graph.add("MatMul", chance, value), perm=[0, 2, 1, 3])
    flat = graph.add("Reshape", mixed, graph.constant(np.array([0, 0, width], np.int64)))
    return graph.linear(flat, layer.out)


def build(weights: EncoderWeights) -> onnx.ModelProto:
    """The model in 32-bit floats."""
    graph = _Graph()
    width, outputs = weights.positions.shape[1], weights.last[0].shape[1]
    length = graph.add("Slice", graph.add("Shape", "embeddings"), *(graph.constant(np.array([k])) for k in (1, 2)))
    zero, axis = graph.constant(np.array([0])), graph.constant(np.array([1]))
    at = graph.add("Slice", graph.constant(weights.positions[None]), zero, length, axis)
    states = graph.norm(graph.add("Add", "embeddings", at), weights.norm)
    kept = graph.add("Cast", "mask", to=TensorProto.FLOAT)
    less = graph.add("Sub", kept, graph.constant(np.array(1.0, np.float32)))
    bias = graph.add("Mul", less, graph.constant(np.array(1e4, np.float32)))
    bias = graph.add("Unsqueeze", bias, graph.constant(np.array([1, 2])))
    for layer in weights.layers:
        states = graph.norm(graph.add("Add", states, _attention(graph, states, bias, layer)), layer.attention_norm)
        inner = graph.gelu(graph.linear(states, layer.inner))
        states = graph.norm(graph.add("Add", states, graph.linear(inner, layer.outer)), layer.output_norm)
    share = graph.add("Unsqueeze", kept, graph.constant(np.array([2])))
    total = graph.add("ReduceSum", graph.add("Mul", states, share), axis, keepdims=0)
    mean = graph.add("Div", total, graph.add("ReduceSum", share, axis, keepdims=0))
    hidden = graph.add(
        "Unsqueeze",
        graph.add("Mul", less, graph.constant(np.array(PEAK_MASK, np.float32))),
        graph.constant(np.array([2])),
    )
    peak = graph.add("ReduceMax", graph.add("Add", states, hidden), axes=[1], keepdims=0)
    pooled = graph.add("Concat", mean, peak, axis=1)
    graph.nodes.append(helper.make_node("Identity", [graph.linear(pooled, weights.last)], ["logits"]))
    inputs = [
        helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["batch", "tokens", width]),
        helper.make_tensor_value_info("mask", TensorProto.INT64, ["batch", "tokens"]),
    ]
    logits = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", outputs])]
    made = helper.make_graph(graph.nodes, "encoder", inputs, logits, graph.weights)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)


def write_int8(path: Path, weights: EncoderWeights, options: Mapping[str, object] | None = None) -> None:
    """Writes the model with int8 weights, one scale a column; activations are quantised at run time."""
    with tempfile.TemporaryDirectory() as folder:
        full = Path(folder) / "full.onnx"
        onnx.save(build(weights), str(full))
        quantize_dynamic(full, path, weight_type=QuantType.QInt8, per_channel=True, extra_options=dict(options or {}))
