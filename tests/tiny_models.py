"""Makes small model files with random numbers from a seed, in the formats of `docs/model-formats.md`."""

from __future__ import annotations

import json
import struct

import numpy as np

ENGLISH = ["[PAD]", "[UNK]", "ignore", "all", "pre", "##vious", "instruct", "##ions", "tell", "me", "a", "joke", "the"]
ENGLISH += ["secret", "##s", "reveal", ",", ".", "!", "?", "weather", "today", "is", "what", "you", "##r"]
ENGLISH += [*"abcdefghijklmnopqrstuvwxyz0123456789", *(f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")]
WORLD = ["<unk>", "\u2581", "\u2581ignore", "\u2581all", "ins", "truct", "ions", "\u2581the", "\u2581", "игнор", "ируй"]
WORLD += ["\u2581все", "я", "в", "с", "е", "и", "忽略", "指令", "之前", "的", "a", "b", "c", "ab", "bc", "abc", "s"]

_TYPES = {"int8": "I8", "uint8": "U8", "uint32": "U32", "float32": "F32"}


def safetensors(tensors: dict[str, np.ndarray], metadata: dict) -> bytes:
    """A safetensors file: length, JSON header, data."""
    header: dict[str, object] = {"__metadata__": {"aimds": json.dumps(metadata)}}
    data = b""
    for name, tensor in tensors.items():
        raw = tensor.tobytes()
        header[name] = {
            "dtype": _TYPES[tensor.dtype.name],
            "shape": list(tensor.shape),
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def table(name: str, pieces: list[str], dimension: int, seed: int, scores: bool) -> dict[str, np.ndarray]:
    """The tensors of one token table."""
    rng = np.random.default_rng(seed)
    raw = [piece.encode() for piece in pieces]
    tensors = {
        f"{name}.table": rng.integers(-127, 128, (len(pieces), dimension)).astype(np.int8),
        f"{name}.scale": rng.uniform(0.001, 0.01, len(pieces)).astype(np.float32),
        f"{name}.weight": rng.choice([0.0, 0.5, 1.0, 2.0], len(pieces), p=[0.1, 0.3, 0.3, 0.3]).astype(np.float32),
        f"{name}.pieces": np.frombuffer(b"".join(raw), np.uint8),
        f"{name}.offsets": np.cumsum([0, *map(len, raw)]).astype(np.uint32),
    }
    if scores:
        tensors[f"{name}.scores"] = -rng.uniform(1, 9, len(pieces)).astype(np.float32)
    return tensors


def embedding_parts(dimension: int = 16, seed: int = 1) -> tuple[dict[str, np.ndarray], dict]:
    """Tensors and metadata of an embedding with an English and a multilingual table."""
    tensors = table("english", ENGLISH, dimension, seed, scores=False)
    tensors |= table("world", list(dict.fromkeys(WORLD)), dimension, seed + 1, scores=True)
    common = {"dimension": dimension, "lowercase": True}
    metadata = {
        "format": "aimds.embedding",
        "version": 1,
        "model": "tiny",
        "tables": [
            {"name": "english", "tokenizer": "wordpiece", "unknown": 1, "share": 1.0, **common},
            {"name": "world", "tokenizer": "unigram", "unknown": 0, "share": 0.5, **common},
        ],
    }
    return tensors, metadata


def embedding_bytes(dimension: int = 16, seed: int = 1) -> bytes:
    """The same as a file."""
    return safetensors(*embedding_parts(dimension, seed))


OUTPUTS = ["attack", "harmful_request", "prompt_leak"]
BLOCKS = ["mean", "unit", "peak", "embedding", "lexical", "context"]
WIDTHS = {"mean": 32, "unit": 32, "peak": 32, "embedding": 32, "lexical": 52, "context": 15}


def head_parts(
    seed: int = 3, blocks: list[str] | None = None, *, skip: bool = True, small: bool = True
) -> tuple[dict[str, np.ndarray], dict]:
    """Tensors and metadata of a head for `embedding_parts(16)`: an int8 hidden layer, n-grams, small windows."""
    blocks = BLOCKS if blocks is None else blocks
    rng = np.random.default_rng(seed)
    dense, hashed, hidden = sum(WIDTHS[block] for block in blocks), 8, 12
    scale = 0.05 if small else 1.0
    tensors = {
        "dense.mean": rng.normal(0, 0.1, dense).astype(np.float32),
        "dense.factor": rng.uniform(0.5, 1.5, dense).astype(np.float32),
        "hashed.table": rng.integers(-127, 128, (256, hashed)).astype(np.int8),
        "hashed.scale": rng.uniform(0.001, 0.01, 256).astype(np.float32),
        "layer0.weight": rng.integers(-127, 128, (dense + hashed, hidden)).astype(np.int8),
        "layer0.scale": rng.uniform(0.0005, 0.002, dense + hashed).astype(np.float32),
        "layer0.bias": rng.normal(0, 0.1, hidden).astype(np.float32),
        "layer1.weight": rng.normal(0, 0.5, (hidden, len(OUTPUTS))).astype(np.float32),
        "layer1.bias": rng.normal(0, 0.1, len(OUTPUTS)).astype(np.float32),
    }
    if skip:
        tensors["skip.weight"] = rng.normal(0, scale, (dense + hashed, len(OUTPUTS))).astype(np.float32)
    metadata = {
        "format": "aimds.head",
        "version": 1,
        "outputs": OUTPUTS,
        "blocks": blocks,
        "hashed": {"word_orders": [1, 2], "character_orders": [3, 4], "pooling": "mean", "distinct": True},
        "layers": [{"activation": "gelu"}, {"activation": "none"}],
        "calibration": {"scale": [1.5, 1.0, 1.0], "offset": [0.2, -1.0, 0.0]},
        "combine": {"window_offset": 0.1, "window_log": 0.05, "view_offset": 0.3},
        "window": {"units": 8, "stride": 5, "maximum": 6},
        "thresholds": {"finding": 0.5, "nearest": {"default": 0.9, "certain": 0.98, "prompt_leak": 0.8}},
    }
    return tensors, metadata


def head_bytes(seed: int = 3, blocks: list[str] | None = None) -> bytes:
    """The same as a file."""
    return safetensors(*head_parts(seed, blocks))


def keyword_head_bytes(words: dict[str, float], bias: float = -4.0) -> bytes:
    """A head that adds up the weights of single words: what it answers can be foretold.

    The hashed table has one column; each word's bucket holds its weight; pooling `root` of one unit is the sum.
    """
    from aimds._core import hashed_features

    buckets = 4096
    weights = np.zeros((buckets, 1), np.int8)
    for word, weight in words.items():
        _, ids = hashed_features([word], [1], [], buckets, False)
        weights[np.frombuffer(ids, "<u4")[0], 0] = round(weight * 10)
    tensors = {
        "hashed.table": weights,
        "hashed.scale": np.array([0.1], np.float32),
        "layer0.weight": np.array([[1.0, 0.0, 0.1]], np.float32),
        "layer0.bias": np.array([bias, -4.0, -2.0], np.float32),
    }
    _, metadata = head_parts()
    metadata |= {
        "blocks": [],
        "hashed": {"word_orders": [1], "character_orders": [], "pooling": "root", "distinct": True},
        "layers": [{"activation": "none"}],
        "calibration": {"scale": [1.0] * 3, "offset": [0.0] * 3},
        "combine": {"window_offset": 0.0, "window_log": 0.0, "view_offset": 0.0},
        "window": {"units": 8, "stride": 4, "maximum": 128},
    }
    return safetensors(tensors, metadata)
