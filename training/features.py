"""Texts to windows, token ids, hashed n-gram ids and lexical features (`docs/model-formats.md`, sections 1-6).

Windows, n-grams and lexical features come from the run time's own code, so that training and serving cannot drift
apart; tokens come from the `tokenizers` library, the run time's oracle, which also tells where each begins.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from aimds import _core

Ints = NDArray[np.int64]

WORK = Path(__file__).parent / "work"


@dataclass(frozen=True)
class WindowShape:
    """Units in a window, units between windows, windows at most."""

    units: int = 64
    stride: int = 48
    maximum: int = 256


@dataclass
class HashShape:
    """Which n-grams are hashed into how many buckets; no orders means none."""

    word_orders: tuple[int, ...] = ()
    character_orders: tuple[int, ...] = ()
    buckets: int = 1 << 16


@dataclass
class Table:
    """One distilled token table and its tokenizer."""

    name: str
    tokenizer: Tokenizer
    vectors: NDArray[np.float32]
    pieces: list[str]
    scores: NDArray[np.float32]
    unknown: int
    dead: frozenset[int]
    """Ids that carry no meaning (special and unknown pieces): dropped before pooling."""


SPECIAL_WORDPIECE = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def load_table(teacher: str) -> Table:
    """The table that `training.distil` wrote for a teacher, with a tokenizer over its (pruned) vocabulary."""
    path = WORK / f"table_{teacher}.npz"
    if not path.is_file():
        raise SystemExit(f"{path} is missing: run python -m training.distil")
    data = np.load(path)
    pieces, vectors, scores = [str(piece) for piece in data["pieces"]], data["table"], data["scores"]
    if teacher == "minilm":
        place = {piece: i for i, piece in enumerate(pieces)}
        tokenizer = Tokenizer(
            models.WordPiece(place, unk_token="[UNK]", continuing_subword_prefix="##", max_input_chars_per_word=100)
        )
        tokenizer.normalizer = normalizers.BertNormalizer(
            clean_text=True, handle_chinese_chars=True, strip_accents=True, lowercase=True
        )
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        dead = frozenset(place[piece] for piece in SPECIAL_WORDPIECE)
        return Table("english", tokenizer, vectors, pieces, scores, place["[UNK]"], dead)
    pieces = ["", *pieces]
    floor = float(scores.min())
    scores = np.concatenate([[floor], scores]).astype(np.float32)
    vectors = np.concatenate([np.zeros((1, vectors.shape[1]), np.float32), vectors])
    tokenizer = Tokenizer(
        models.Unigram(
            [("<unk>" if i == 0 else p, float(s)) for i, (p, s) in enumerate(zip(pieces, scores, strict=True))],
            unk_id=0,
            byte_fallback=False,
        )
    )
    tokenizer.normalizer = normalizers.Replace(Regex(r"\s+"), " ")
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    return Table("world", tokenizer, vectors, pieces, scores, 0, frozenset({0}))


@dataclass
class Prepared:
    """Features of many texts: for each text, its windows (the whole first); for each window, one id array a channel."""

    windows: list[list[list[NDArray[np.int32]]]] = field(default_factory=list)
    dense: list[NDArray[np.float32]] = field(default_factory=list)
    """Per text [windows, features]: lexical features; empty arrays when there are none."""


def lexical_probe() -> _core.EmbeddingModel:
    """The smallest embedding model: `dense_features` wants one even when only lexical features are asked for."""
    tensors = {
        "probe.table": np.ones((2, 8), np.int8),
        "probe.scale": np.ones(2, np.float32),
        "probe.weight": np.ones(2, np.float32),
        "probe.pieces": np.frombuffer(b"[UNK]a", np.uint8).copy(),
        "probe.offsets": np.array([0, 5, 6], np.uint32),
    }
    table = {
        "name": "probe", "tokenizer": "wordpiece", "dimension": 8, "unknown": 0, "lowercase": True, "share": 1.0
    }  # fmt: skip
    meta = {"format": "aimds.embedding", "version": 1, "model": "probe", "tables": [table]}
    return _core.EmbeddingModel.load(save(tensors, metadata={"aimds": json.dumps(meta)}))


def hashed_ids(texts: Sequence[str], shape: HashShape) -> list[NDArray[np.int32]]:
    """Distinct bucket ids of each text, by the run time's own code."""
    raw_offsets, raw_ids = _core.hashed_features(
        texts, list(shape.word_orders), list(shape.character_orders), shape.buckets, True
    )
    offsets, ids = np.frombuffer(raw_offsets, "<u8"), np.frombuffer(raw_ids, "<u4").astype(np.int32)
    return [ids[a:b] for a, b in pairwise(offsets.tolist())]


def _token_windows(ids: NDArray[np.int32], begins: Ints, spans: Sequence[tuple[int, int]]) -> list[NDArray[np.int32]]:
    """A window's tokens are those whose first character lies in it; the first span is the whole text."""
    out = [ids]
    for a, b in spans[1:]:
        low, high = np.searchsorted(begins, [a, b])
        out.append(ids[low:high])
    return out


def prepare(
    texts: Sequence[str], tables: Sequence[Table], window: WindowShape, hashing: HashShape, lexical: bool
) -> Prepared:
    """Token ids, hashed ids and lexical features of every window of every text."""
    out = Prepared()
    probe = lexical_probe()
    use_hash = bool(hashing.word_orders or hashing.character_orders)
    for start in range(0, len(texts), 2000):
        part = list(texts[start : start + 2000])
        spans = [
            [(0, len(text)), *_core.text_windows(text, window.units, window.stride, window.maximum)] for text in part
        ]
        pieces = [text[a:b] for text, places in zip(part, spans, strict=True) for a, b in places]
        hashed = hashed_ids(pieces, hashing) if use_hash else []
        width = len(_core.lexical_feature_names()) if lexical else 0
        dense = np.zeros((len(pieces), 0), np.float32)
        if lexical:
            dense = np.frombuffer(_core.dense_features(probe, pieces, ["lexical"]), "<f4").reshape(-1, width)
        encodings = [table.tokenizer.encode_batch(part, add_special_tokens=False) for table in tables]
        at = 0
        for row, (text, places) in enumerate(zip(part, spans, strict=True)):
            windows: list[list[NDArray[np.int32]]] = [[] for _ in places]
            for table, coded in zip(tables, encodings, strict=True):
                ids = np.array(coded[row].ids, np.int32)
                # A piece that opens a word carries the space before it; it belongs to where its word begins.
                begins = np.array([a + text[a : a + 1].isspace() for a, _ in coded[row].offsets], np.int64)
                alive = ~np.isin(ids, list(table.dead))
                for entry, found in zip(windows, _token_windows(ids[alive], begins[alive], places), strict=True):
                    entry.append(found)
            if use_hash:
                for entry, found in zip(windows, hashed[at : at + len(places)], strict=True):
                    entry.append(found)
            out.windows.append(windows)
            out.dense.append(dense[at : at + len(places)])
            at += len(places)
    return out
