"""Writes the two safetensors files that the run time reads; the layout is `docs/model-formats.md`, sections 2 and 3."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from training.features import Table
from training.model import HASHED_ROOT_FACTOR, OUTPUTS, PEAK_FACTOR, Detector, Settings

Floats = NDArray[np.float32]


def quantise(rows: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Rows as int8 with one scale each, so that the largest value of a row is 127."""
    scale = np.maximum(np.abs(rows).max(1), 1e-8) / 127.0
    return np.clip(np.rint(rows / scale[:, None]), -127, 127).astype(np.int8), scale.astype(np.float32)


def _pieces(pieces: Sequence[str], empty: frozenset[int]) -> tuple[NDArray[np.uint8], NDArray[np.uint32]]:
    raw = [b"" if i in empty else piece.encode("utf-8") for i, piece in enumerate(pieces)]
    offsets = np.concatenate([[0], np.cumsum([len(piece) for piece in raw])])
    return np.frombuffer(b"".join(raw), np.uint8).copy(), offsets.astype(np.uint32)


def tuned_vectors(model: Detector, tables: Sequence[Table], used: Sequence[NDArray[np.int64]]) -> list[Floats]:
    """Full tables: distilled rows, and the fine-tuned ones in the places of those that occurred in training."""
    out = []
    for table, ids, initial, delta in zip(tables, used, model.initial, model.deltas, strict=True):
        vectors = table.vectors.copy()
        vectors[ids] = (initial + delta).detach().numpy()
        out.append(vectors)
    return out


def write_embedding(path: Path, tables: Sequence[Table], vectors: Sequence[Floats], note: str) -> None:
    """`embedding.safetensors`."""
    tensors: dict[str, NDArray[Any]] = {}
    described = []
    for table, full in zip(tables, vectors, strict=True):
        rows, scale = quantise(full)
        weight = np.ones(len(full), np.float32)
        weight[list(table.dead)] = 0.0
        wordpiece = table.name == "english"
        pieces, offsets = _pieces(table.pieces, frozenset() if wordpiece else table.dead)
        tensors |= {
            f"{table.name}.table": rows, f"{table.name}.scale": scale, f"{table.name}.weight": weight,
            f"{table.name}.pieces": pieces, f"{table.name}.offsets": offsets,
        }  # fmt: skip
        if not wordpiece:
            tensors[f"{table.name}.scores"] = table.scores.astype(np.float32)
        described.append({
            "name": table.name, "tokenizer": "wordpiece" if wordpiece else "unigram", "dimension": full.shape[1],
            "unknown": table.unknown, "lowercase": wordpiece, "share": 1.0,
        })  # fmt: skip
    meta = {"format": "aimds.embedding", "version": 1, "model": note, "tables": described}
    save_file(tensors, path, metadata={"aimds": json.dumps(meta)})


def write_head(
    path: Path, model: Detector, settings: Settings, note: str, calibration: Mapping[str, list[float]],
    combine: Mapping[str, float], thresholds: Mapping[str, Any], dense_scale: tuple[Floats, Floats] | None,
) -> None:  # fmt: skip
    """`head.safetensors`. `dense_scale`: mean and factor of the lexical features, if the model has them."""
    pooled = sum(table.shape[1] for table in model.initial)
    mean, factor = np.zeros(pooled, np.float32), np.full(pooled, model.factor, np.float32)
    blocks = ["mean"]
    if settings.peak:
        mean, factor = np.concatenate([mean, mean]), np.concatenate([factor, np.full(pooled, PEAK_FACTOR, np.float32)])
        blocks.append("peak")
    if dense_scale is not None:
        mean, factor = np.concatenate([mean, dense_scale[0]]), np.concatenate([factor, dense_scale[1]])
        blocks.append("lexical")
    tensors: dict[str, NDArray[Any]] = {"dense.mean": mean, "dense.factor": factor}
    meta: dict[str, Any] = {
        "format": "aimds.head",
        "version": 1,
        "model": note,
        "outputs": list(OUTPUTS),
        "blocks": blocks,
    }
    if model.hashed is not None:
        factor_hashed = model.factor * (HASHED_ROOT_FACTOR if settings.hashed_pooling == "root" else 1.0)
        rows, scale = quantise(model.hashed.detach().numpy() * factor_hashed)
        tensors |= {"hashed.table": rows, "hashed.scale": scale}
        meta["hashed"] = {
            "word_orders": list(settings.hashing.word_orders),
            "character_orders": list(settings.hashing.character_orders),
            "pooling": settings.hashed_pooling, "distinct": True,
        }  # fmt: skip
    layers = [layer for layer in (model.first, model.last) if layer is not None]
    meta["layers"] = [{"activation": "relu"}] * (len(layers) - 1) + [{"activation": "none"}]
    for place, layer in enumerate(layers):
        tensors[f"layer{place}.weight"] = np.ascontiguousarray(layer.weight.detach().numpy().T)
        tensors[f"layer{place}.bias"] = layer.bias.detach().numpy()
    shape = settings.window
    meta["calibration"] = dict(calibration)
    meta["combine"] = dict(combine)
    meta["window"] = {"units": shape.units, "stride": shape.stride, "maximum": shape.maximum}
    meta["thresholds"] = dict(thresholds)
    save_file(tensors, path, metadata={"aimds": json.dumps(meta)})
