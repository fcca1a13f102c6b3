"""Word pieces and their frozen vectors for the transformers: the pruned vocabulary, 4-bit blocks, windows.

The table is what ships in `look.safetensors` (docs/model-formats.md, section 9): training reads the same quantised
vectors that the run time reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, normalizers

from training.features import WORK
from training.teachers import Floats, Teacher, unigram_tokenizer
from training.vocabulary import kept_pieces

BLOCK_VALUES = 32
SPECIAL = ("<unk>", "<s>", "</s>")
UNKNOWN, OPEN, CLOSE = range(3)
WINDOW_TOKENS, STRIDE_TOKENS = 128, 96
"""A prompt of a hundred tokens is one window; a wider one would hide a short order in a long document."""

QUOTA_SHARE, USES_MIN = 0.35, 4
"""Share of the static table's quotas, and uses in our texts that keep a piece: these vectors are longer than the
table's, and a rarer word is still read piece by piece."""


@dataclass(frozen=True)
class Words:
    """Pieces, their log-probabilities and quantised vectors; ids 0-2 are unknown, open, close."""

    pieces: tuple[str, ...]
    scores: Floats
    blocks: NDArray[np.uint8]
    """[V, dimension / 32, 18]"""
    tokenizer: Tokenizer = field(repr=False)

    def vectors(self) -> Floats:
        """The vectors that the blocks stand for [V, dimension]."""
        scale = np.ascontiguousarray(self.blocks[:, :, :2]).view("<f2").astype(np.float32)
        low, high = self.blocks[:, :, 2:] & 15, self.blocks[:, :, 2:] >> 4
        values = np.concatenate([low, high], axis=2).astype(np.float32) - 8.0
        return np.asarray((values * scale).reshape(len(self.blocks), -1), np.float32)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids without the special ones."""
        return [found.ids for found in self.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]


def quantise(vectors: Floats) -> NDArray[np.uint8]:
    """Q4_0 blocks: an f16 scale of the value of largest size over -8, then nibbles, low ones first."""
    rows, dimension = vectors.shape
    parts = vectors.reshape(rows, dimension // BLOCK_VALUES, BLOCK_VALUES)
    peak = np.take_along_axis(parts, np.abs(parts).argmax(2)[:, :, None], 2)
    scale = (peak / -8.0).astype(np.float16)
    safe = np.where(scale == 0, 1, scale).astype(np.float32)
    values = np.clip(np.rint(parts / safe) + 8, 0, 15).astype(np.uint8)
    out = np.zeros((rows, parts.shape[1], 2 + BLOCK_VALUES // 2), np.uint8)
    out[:, :, :2] = scale.view(np.uint8).reshape(rows, parts.shape[1], 2)
    out[:, :, 2:] = values[:, :, : BLOCK_VALUES // 2] | (values[:, :, BLOCK_VALUES // 2 :] << 4)
    return out


def build(teacher: Teacher, texts: Sequence[str]) -> Words:
    """Prunes the teacher's vocabulary and quantises its vectors; kept in `training/work` once made."""
    path = WORK / "words.npz"
    if path.is_file():
        found = np.load(path, allow_pickle=False)
        pieces = tuple(found["pieces"].tolist())
        return Words(pieces, found["scores"], found["blocks"], _tokenizer(pieces, found["scores"]))
    keep = kept_pieces(teacher, texts, QUOTA_SHARE, USES_MIN)
    ids = [teacher.pieces.index(name) for name in SPECIAL] + keep
    vectors = teacher.model.state_dict()["embeddings.word_embeddings.weight"].numpy()[ids]
    pieces = SPECIAL + tuple(teacher.pieces[i] for i in keep)
    scores = np.asarray(teacher.scores[ids], np.float32)
    scores[: len(SPECIAL)] = 0.0
    out = Words(pieces, scores, quantise(np.asarray(vectors, np.float32)), _tokenizer(pieces, scores))
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, pieces=np.array(pieces), scores=scores, blocks=out.blocks)
    return out


def _tokenizer(pieces: tuple[str, ...], scores: Floats) -> Tokenizer:
    """As the run time reads: runs of any white space are one space, line breaks too, and ends are stripped."""
    tokenizer = unigram_tokenizer(pieces, scores, UNKNOWN)
    spaces = normalizers.Replace(Regex(r"\s+"), " ")
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), spaces, normalizers.Strip()])
    return tokenizer


def windows_of(ids: Sequence[int]) -> list[list[int]]:
    """Windows with their special ids, as the run time cuts them: as few as the stride needs, of one length, even."""
    room = WINDOW_TOKENS - 2
    steps = -(-max(0, len(ids) - room) // STRIDE_TOKENS)
    length = -(-(len(ids) + steps * (room - STRIDE_TOKENS)) // (steps + 1))
    starts = [step * (len(ids) - length) // max(1, steps) for step in range(steps + 1)]
    return [[OPEN, *ids[start : start + length], CLOSE] for start in starts]
