"""The ONNX encoder computes what the paper's formulas say, and its int8 form stays near."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from training.onnx_graph import HEADS, EncoderWeights, LayerWeights, build, write_int8

WIDTH, TOKENS = 24, 7


def _weights(seed: int, layers: int = 2) -> EncoderWeights:
    random = np.random.default_rng(seed)

    def linear(wide: int, out: int) -> tuple[np.ndarray, np.ndarray]:
        return random.normal(0, 0.3, (wide, out)).astype(np.float32), random.normal(0, 0.1, out).astype(np.float32)

    def norm() -> tuple[np.ndarray, np.ndarray]:
        return random.normal(1, 0.1, WIDTH).astype(np.float32), random.normal(0, 0.1, WIDTH).astype(np.float32)

    made = [
        LayerWeights(
            *(linear(WIDTH, WIDTH) for _ in range(4)),
            norm(),
            linear(WIDTH, 4 * WIDTH),
            linear(4 * WIDTH, WIDTH),
            norm(),
        )
        for _ in range(layers)
    ]
    return EncoderWeights(
        random.normal(0, 0.3, (TOKENS + 3, WIDTH)).astype(np.float32), norm(), made, linear(2 * WIDTH, 2)
    )


def _normed(values: np.ndarray, weights: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    centred = values - values.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12) * weights[0] + weights[1]


def _twin(weights: EncoderWeights, vectors: np.ndarray) -> np.ndarray:
    """One text without padding, head by head, token by token."""
    states = _normed(vectors + weights.positions[: len(vectors)], weights.norm)
    size = WIDTH // HEADS
    for layer in weights.layers:
        query, key, value = (states @ w + b for w, b in (layer.query, layer.key, layer.value))
        mixed = np.zeros_like(states)
        for head in range(HEADS):
            part = slice(head * size, (head + 1) * size)
            for token in range(len(states)):
                scores = np.array([query[token, part] @ key[other, part] for other in range(len(states))])
                chance = np.exp(scores / math.sqrt(size))
                mixed[token, part] = (chance / chance.sum()) @ value[:, part]
        states = _normed(states + mixed @ layer.out[0] + layer.out[1], layer.attention_norm)
        inner = states @ layer.inner[0] + layer.inner[1]
        inner = inner * 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
        states = _normed(states + inner @ layer.outer[0] + layer.outer[1], layer.output_norm)
    return np.concatenate([states.mean(0), states.max(0)]) @ weights.last[0] + weights.last[1]


def _run(session: onnxruntime.InferenceSession, vectors: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return session.run(["logits"], {"embeddings": vectors, "mask": mask})[0]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_graph_computes_what_the_formulas_say(seed: int) -> None:
    weights = _weights(seed)
    vectors = np.random.default_rng(seed + 9).normal(0, 1, (1, TOKENS, WIDTH)).astype(np.float32)
    session = onnxruntime.InferenceSession(build(weights).SerializeToString(), providers=["CPUExecutionProvider"])
    found = _run(session, vectors, np.ones((1, TOKENS), np.int64))
    np.testing.assert_allclose(found[0], _twin(weights, vectors[0]), rtol=1e-3, atol=1e-3)


def test_padding_changes_nothing() -> None:
    weights = _weights(5)
    vectors = np.random.default_rng(6).normal(0, 1, (1, TOKENS, WIDTH)).astype(np.float32)
    session = onnxruntime.InferenceSession(build(weights).SerializeToString(), providers=["CPUExecutionProvider"])
    mask = np.array([[1, 1, 1, 1, 0, 0, 0]])
    padded = _run(session, vectors, mask)
    short = _run(session, vectors[:, :4], np.ones((1, 4), np.int64))
    np.testing.assert_allclose(padded, short, rtol=1e-4, atol=1e-4)


def test_int8_stays_near(tmp_path: Path) -> None:
    weights = _weights(7)
    path = tmp_path / "small.onnx"
    write_int8(path, weights)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    vectors = np.random.default_rng(8).normal(0, 1, (20, 1, TOKENS, WIDTH)).astype(np.float32)
    mask = np.ones((1, TOKENS), np.int64)
    found = np.concatenate([_run(session, one, mask) for one in vectors])
    exact = np.stack([_twin(weights, one[0]) for one in vectors])
    assert np.corrcoef(found.ravel(), exact.ravel())[0, 1] > 0.99
