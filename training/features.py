"""Texts to token ids, hashed n-gram ids and windows, as `docs/model-formats.md` sections 1, 2 and 6 define them.

This is the training side's numpy twin of the run-time code; `training.parity` compares the two on real texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import regex
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

Ints = NDArray[np.int64]

WORK = Path(__file__).parent / "work"

_IDEOGRAPH = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_UNIT = regex.compile(rf"[{_IDEOGRAPH}]|[[\p{{Alphabetic}}\p{{N}}\p{{M}}_]--[{_IDEOGRAPH}]]{{1,24}}|\S", regex.V1)

_MASK = (1 << 64) - 1
_SEED = 0xCBF29CE484222325
_PRIME = 0x100000001B3


def mix(value: int) -> int:
    """The splitmix64 finaliser."""
    value ^= value >> 30
    value = value * 0xBF58476D1CE4E5B9 & _MASK
    value ^= value >> 27
    value = value * 0x94D049BB133111EB & _MASK
    return value ^ value >> 31


def mix_all(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """`mix` over an array."""
    values = values ^ (values >> np.uint64(30))
    values = values * np.uint64(0xBF58476D1CE4E5B9)
    values = values ^ (values >> np.uint64(27))
    values = values * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def step_all(text: str, seed: int) -> int:
    """FNV-1a over code points."""
    value = seed
    for character in text:
        value = (value ^ ord(character)) * _PRIME & _MASK
    return value


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


class UnitHasher:
    """Hashes of units and of their character n-grams, remembered by unit."""

    def __init__(self, shape: HashShape) -> None:
        self.shape = shape
        self.place: dict[str, int] = {}
        self.hashes: list[int] = []
        self.character_ids: list[NDArray[np.uint64]] = []
        self.shift = 64 - (shape.buckets.bit_length() - 1)

    def unit(self, text: str) -> int:
        """Number of a unit, counted up from 0."""
        lowered = "".join(character.lower() for character in text)
        found = self.place.get(lowered)
        if found is None:
            found = self.place[lowered] = len(self.hashes)
            self.hashes.append(step_all(lowered, _SEED))
            grams: list[int] = []
            if self.shape.character_orders and len(lowered) >= 2:
                framed = f"<{lowered}>"
                for start in range(len(framed)):
                    grams += [
                        step_all(framed[start : start + order], _SEED ^ (16 + order))
                        for order in self.shape.character_orders
                        if start + order <= len(framed)
                    ]
            self.character_ids.append(np.array(grams, np.uint64))
        return found

    def ids(self, units: list[int]) -> NDArray[np.int32]:
        """Distinct buckets of a window of units."""
        hashes = np.array([self.hashes[u] for u in units], np.uint64)
        parts = []
        for order in self.shape.word_orders:
            count = len(hashes) - order + 1
            if count <= 0:
                continue
            state = np.full(count, _SEED ^ order, np.uint64)
            for offset in range(order):
                state = mix_all(state) + hashes[offset : offset + count]
            parts.append(state)
        parts += [self.character_ids[u] for u in set(units)]
        if not parts:
            return np.zeros(0, np.int32)
        return np.unique(mix_all(np.concatenate(parts)) >> np.uint64(self.shift)).astype(np.int32)


@dataclass
class Prepared:
    """Features of many texts: for each text, its windows (the whole first); for each window, one id array a channel."""

    windows: list[list[list[NDArray[np.int32]]]] = field(default_factory=list)
    dense: list[NDArray[np.float32]] = field(default_factory=list)
    """Per text [windows, features]: lexical features; empty arrays when there are none."""


def unit_spans(text: str) -> list[tuple[int, int]]:
    """Code point spans of the units."""
    return [match.span() for match in _UNIT.finditer(text)]


def window_bounds(count: int, shape: WindowShape) -> list[tuple[int, int]]:
    """Unit ranges: the whole first, then the windows when there is more than one."""
    bounds = [(0, count)]
    units, stride = shape.units, shape.stride
    if count <= units:
        return bounds
    needed = -(-(count - units) // stride) + 1
    if needed > shape.maximum:
        factor = count / (units + stride * (shape.maximum - 1))
        units, stride = int(np.ceil(units * factor)), int(np.ceil(stride * factor))
    start = 0
    while start + units < count:
        bounds.append((start, start + units))
        start += stride
    bounds.append((count - units, count))
    return bounds


def prepare(texts: Sequence[str], tables: Sequence[Table], window: WindowShape, hashing: HashShape) -> Prepared:
    """Token and hashed ids of every window of every text."""
    hasher = UnitHasher(hashing)
    use_hash = bool(hashing.word_orders or hashing.character_orders)
    out = Prepared()
    for start in range(0, len(texts), 2000):
        part = list(texts[start : start + 2000])
        encodings = [table.tokenizer.encode_batch(part, add_special_tokens=False) for table in tables]
        for row, text in enumerate(part):
            spans = unit_spans(text)
            bounds = window_bounds(len(spans), window)
            units = [hasher.unit(text[a:b]) for a, b in spans] if use_hash else []
            channels: list[tuple[NDArray[np.int32], NDArray[np.int64]]] = []
            for table, coded in zip(tables, encodings, strict=True):
                ids = np.array(coded[row].ids, np.int32)
                begins = np.array([a for a, _ in coded[row].offsets], np.int64)
                alive = ~np.isin(ids, list(table.dead))
                channels.append((ids[alive], begins[alive]))
            windows = []
            for index, (a, b) in enumerate(bounds):
                entry = []
                for ids, begins in channels:
                    if index == 0:
                        entry.append(ids)
                    else:
                        low = np.searchsorted(begins, spans[a][0])
                        high = np.searchsorted(begins, spans[b - 1][1])
                        entry.append(ids[low:high])
                if use_hash:
                    entry.append(hasher.ids(units[a:b]))
                windows.append(entry)
            out.windows.append(windows)
            out.dense.append(np.zeros((len(windows), 0), np.float32))
    return out
