"""Slow, obvious twin of the vectors kernels: units, windows, n-grams, tokenizers, pooling, network, exact search.

It follows `docs/model-formats.md` word by word and shares no code with the kernels. Lexical features have known answers
instead (in the kernel's own tests).
"""

from __future__ import annotations

import itertools
import json
import math
import struct
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MASK = (1 << 64) - 1
SEED = 0xCBF29CE484222325
PRIME = 0x100000001B3
UNIT_CHARACTERS_MAX = 24
_IDEOGRAPHS = ((0x3040, 0x30FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF))
_DTYPES = {"I8": "<i1", "U8": "<u1", "U32": "<u4", "F32": "<f4"}


def read_safetensors(data: bytes) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Tensors and our metadata of a safetensors file."""
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    metadata = json.loads(header.pop("__metadata__")["aimds"])
    body = data[8 + length :]
    tensors = {
        name: np.frombuffer(body[slice(*entry["data_offsets"])], _DTYPES[entry["dtype"]]).reshape(entry["shape"])
        for name, entry in header.items()
    }
    return tensors, metadata


def _is_ideograph(character: str) -> bool:
    return any(low <= ord(character) <= high for low, high in _IDEOGRAPHS)


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_" or unicodedata.category(character)[0] == "M"


def units(text: str) -> list[tuple[int, int]]:
    """Spans of the units, in characters."""
    spans: list[tuple[int, int]] = []
    run = False
    for at, character in enumerate(text):
        word = _is_word(character) and not _is_ideograph(character)
        if word and run and at - spans[-1][0] < UNIT_CHARACTERS_MAX:
            spans[-1] = (spans[-1][0], at + 1)
        elif not character.isspace():
            spans.append((at, at + 1))
        run = word
    return spans


def windows(count: int, length: int, stride: int, maximum: int) -> list[range]:
    """Windows over `count` units; none when one would cover all."""
    if count <= length:
        return []
    covered = length + stride * (maximum - 1)
    if count > covered:
        length, stride = math.ceil(length * count / covered), math.ceil(stride * count / covered)
    found = [range(length)]
    while found[-1].stop < count:
        start = min(found[-1].start + stride, count - length)
        found.append(range(start, start + length))
    return found


def _step(value: int, code_point: int) -> int:
    return ((value ^ code_point) * PRIME) & MASK


def _mix(value: int) -> int:
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    return value ^ (value >> 31)


def _lower(text: str) -> str:
    return "".join(character.lower() for character in text)


def hashed(
    words: Sequence[str], word_orders: Sequence[int], character_orders: Sequence[int], buckets: int, distinct: bool
) -> list[int]:
    """Bucket ids of a run of units."""
    bits = buckets.bit_length() - 1
    lowered = [_lower(word) for word in words]
    ids = []
    for order in word_orders:
        for start in range(len(words) - order + 1):
            value = SEED ^ order
            for word in lowered[start : start + order]:
                own = SEED
                for character in word:
                    own = _step(own, ord(character))
                value = (_mix(value) + own) & MASK
            ids.append(_mix(value) >> (64 - bits))
    for word, low in zip(words, lowered, strict=True):
        if len(word) < 2:
            continue
        marked = f"<{low}>"
        for start, order in itertools.product(range(len(marked)), character_orders):
            gram = marked[start : start + order]
            if len(gram) == order:
                value = SEED ^ (16 + order)
                for character in gram:
                    value = _step(value, ord(character))
                ids.append(_mix(value) >> (64 - bits))
    return list(dict.fromkeys(ids)) if distinct else ids


def wordpiece(text: str, pieces: Sequence[str], unknown: int) -> list[tuple[int, int]]:
    """(id, character place) of an upper- or lower-case English text; accents are stripped; no control characters."""
    ids = {piece: number for number, piece in reversed(list(enumerate(pieces)))}
    words: list[list[tuple[str, int]]] = [[]]
    for at, character in enumerate(text):
        if character.isspace():
            words.append([])
            continue
        for part in unicodedata.normalize("NFD", character):
            if unicodedata.category(part) == "Mn":
                continue
            alone = unicodedata.category(part)[0] == "P" or part in "$+<=>^`|~" or 0x4E00 <= ord(part) <= 0x9FFF
            if alone:
                words += [[(part.lower(), at)], []]
            else:
                words[-1] += [(lower, at) for lower in part.lower()]
    tokens: list[tuple[int, int]] = []
    for word in filter(None, words):
        found: list[tuple[int, int]] | None = []
        at = 0
        while at < len(word) and found is not None:
            ends = range(len(word), at, -1)
            prefix = "##" if at else ""
            piece = ((end, prefix + "".join(letter for letter, _ in word[at:end])) for end in ends)
            match = next(((end, name) for end, name in piece if name in ids), None)
            found = None if match is None else [*found, (ids[match[1]], word[at][1])]
            at = at if match is None else match[0]
        tokens += [(unknown, word[0][1])] if found is None or len(word) > 100 else found
    return tokens


def unigram(
    text: str, pieces: Sequence[str], scores: Sequence[float], unknown: int, *, lowercase: bool
) -> list[tuple[int, int]]:
    """(id, character place), by trying every segmentation through dynamic programming."""
    ids = {piece: number for number, piece in reversed(list(enumerate(pieces))) if piece}
    penalty = min(scores) - 10.0
    tokens: list[tuple[int, int]] = []
    places = [at for at, character in enumerate(text) if not character.isspace()]
    for _, group in itertools.groupby(enumerate(places), key=lambda pair: pair[1] - pair[0]):
        letters = [(text[place].lower() if lowercase else text[place], place) for _, place in group]
        word = [("\u2581", letters[0][1]), *((low, place) for low_all, place in letters for low in low_all)]
        best: list[tuple[float, int, int]] = [(0.0, 0, 0)]
        for end in range(1, len(word) + 1):
            ways = []
            for start in range(end):
                piece = "".join(letter for letter, _ in word[start:end])
                if piece in ids:
                    ways.append((best[start][0] + scores[ids[piece]], start, ids[piece]))
            if not any(start == end - 1 for _, start, _ in ways):
                ways.append((best[end - 1][0] + penalty, end - 1, unknown))
            best.append(max(ways, key=lambda way: (way[0], -way[1])))
        path: list[tuple[int, int]] = []
        end = len(word)
        while end:
            _, start, number = best[end]
            if path and path[-1][0] == unknown == number:
                path[-1] = (unknown, word[start][1])
            else:
                path.append((number, word[start][1]))
            end = start
        tokens += reversed(path)
    return tokens


def _unit_length(values: Floats) -> Floats:
    return values / max(float(np.linalg.norm(values)), 1e-9)


class Embedding:
    """The tables of an embedding file."""

    def __init__(self, data: bytes) -> None:
        self.tensors, self.metadata = read_safetensors(data)
        self.tables = self.metadata["tables"]

    def tokens(self, text: str) -> list[list[tuple[int, int]]]:
        """(id, character place) a table."""
        result = []
        for table in self.tables:
            name = table["name"]
            blob, offsets = self.tensors[f"{name}.pieces"].tobytes(), self.tensors[f"{name}.offsets"]
            pieces = [blob[start:end].decode() for start, end in itertools.pairwise(offsets)]
            if table["tokenizer"] == "wordpiece":
                result.append(wordpiece(text, pieces, table["unknown"]))
            else:
                scores = [float(score) for score in self.tensors[f"{name}.scores"]]
                result.append(unigram(text, pieces, scores, table["unknown"], lowercase=table["lowercase"]))
        return result

    def pool(self, tokens: list[list[tuple[int, int]]], start: int, end: int) -> dict[str, Floats]:
        """The vector blocks of the tokens whose place is in [start, end)."""
        means, units_, peaks, shared = [], [], [], []
        for table, own in zip(self.tables, tokens, strict=True):
            ids = [number for number, place in own if start <= place < end]
            parts = (self.tensors[f"{table['name']}.{part}"] for part in ("table", "scale", "weight"))
            rows, scale, weight = (part.astype(np.float64)[ids] for part in parts)
            vectors = rows * scale[:, None]
            mean = (vectors * weight[:, None]).sum(0) / max(weight.sum(), 1e-9)
            heavy = vectors[weight > 0]
            peak = np.zeros(rows.shape[1])
            if len(heavy):
                peak = heavy[np.abs(heavy).argmax(0), np.arange(rows.shape[1])]
            means.append(mean)
            units_.append(_unit_length(mean))
            peaks.append(peak)
            if table["share"] > 0:
                shared.append(table["share"] * _unit_length(mean))
        return {
            "mean": np.concatenate(means),
            "unit": np.concatenate(units_),
            "peak": np.concatenate(peaks),
            "embedding": _unit_length(np.concatenate(shared)),
        }


def _gelu(values: Floats) -> Floats:
    return 0.5 * values * (1 + np.tanh(math.sqrt(2 / math.pi) * (values + 0.044715 * values**3)))


_ACTIVATIONS: dict[str, Callable[[Floats], Floats]] = {
    "relu": lambda values: np.maximum(values, 0),
    "gelu": _gelu,
    "none": lambda values: values,
}


class Head:
    """The network of a head file; the dense vector and the bucket ids come from outside."""

    def __init__(self, data: bytes) -> None:
        self.tensors, self.metadata = read_safetensors(data)

    def _layer(self, name: str) -> tuple[Floats, Floats]:
        weight = self.tensors[f"{name}.weight"].astype(np.float64)
        if f"{name}.scale" in self.tensors:
            weight = weight * self.tensors[f"{name}.scale"].astype(np.float64)[:, None]
        bias = self.tensors.get(f"{name}.bias", np.zeros(weight.shape[1]))
        return weight, bias.astype(np.float64)

    def logits(self, dense: Floats, ids: Sequence[int]) -> Floats:
        """Raw logits of all outputs."""
        values = (dense - self.tensors["dense.mean"]) * self.tensors["dense.factor"] if len(dense) else dense
        if "hashed" in self.metadata:
            rows = self.tensors["hashed.table"].astype(np.float64)[list(ids)]
            scale = self.tensors["hashed.scale"].astype(np.float64)
            scale = scale[list(ids)] if len(scale) > 1 else np.repeat(scale, len(ids))
            count = max(len(ids), 1)
            divisor = count if self.metadata["hashed"]["pooling"] == "mean" else math.sqrt(count)
            values = np.concatenate([values, (rows * scale[:, None]).sum(0) / divisor])
        first = values
        for number, layer in enumerate(self.metadata["layers"]):
            weight, bias = self._layer(f"layer{number}")
            values = _ACTIVATIONS[layer["activation"]](values @ weight + bias)
        return values + first @ self._layer("skip")[0] if "skip.weight" in self.tensors else values

    def probability(self, output: int, logit: float) -> float:
        """Calibrated probability of an output."""
        calibration = self.metadata["calibration"]
        return 1 / (1 + math.exp(-(calibration["scale"][output] * logit + calibration["offset"][output])))


def nearest(vectors: NDArray[np.int8], query: NDArray[np.int8], count: int) -> list[tuple[int, float]]:
    """Rows of the largest cosine, best first, by comparing all."""
    rows, wanted = vectors.astype(np.float64), query.astype(np.float64)
    cosine = rows @ wanted / (np.linalg.norm(rows, axis=1) * np.linalg.norm(wanted))
    order = sorted(range(len(rows)), key=lambda row: (-cosine[row], row))
    return [(row, float(cosine[row])) for row in order[:count]]
