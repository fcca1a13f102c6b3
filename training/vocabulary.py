"""Pruning of the 250,000-piece multilingual vocabulary to what the target languages use.

A piece is kept if our own corpora use it, or if it is among the most probable of its script, by a quota per script; and
every single character of those scripts is kept, so that any text of theirs can still be cut into pieces.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable

import numpy as np

from training.teachers import Floats, Teacher

SCRIPT_QUOTA = {
    "LATIN": 34_000, "CYRILLIC": 8_000, "CJK": 7_000, "HIRAGANA": 2_500, "KATAKANA": 1_800, "HANGUL": 4_500,
    "ARABIC": 5_000, "DEVANAGARI": 3_500, "GREEK": 2_000, "HEBREW": 2_000, "THAI": 2_000, "BENGALI": 1_500,
    "TAMIL": 1_200, "TELUGU": 1_000, "GEORGIAN": 600, "ARMENIAN": 600, "GURMUKHI": 500, "GUJARATI": 600,
    "MALAYALAM": 600, "KANNADA": 600, "ETHIOPIC": 300, "KHMER": 300, "MYANMAR": 300, "LAO": 200, "SINHALA": 300,
}  # fmt: skip
"""Pieces kept by probability, by script: by how much traffic we expect of it."""

OTHER_QUOTA = 3_000
"""Digits, punctuation, emoji, mixed."""

USES_MIN = 2
"""A piece that our corpora use once is a name or a typing error more often than a word."""


def script_of(piece: str) -> str:
    """The script of a piece by the Unicode name of its first letter; empty for pieces without letters."""
    for character in piece:
        if character.isalpha():
            return unicodedata.name(character, "").split(" ")[0]
    return ""


def kept_pieces(
    teacher: Teacher, texts: Iterable[str], quota_share: float = 1.0, uses_min: int = USES_MIN
) -> list[int]:
    """Ids of the pieces to keep, ascending, special tokens left out; `quota_share` scales the quotas."""
    uses: Counter[int] = Counter()
    for encoding in teacher.tokenizer.encode_batch(list(texts), add_special_tokens=False):
        uses.update(set(encoding.ids))
    special = {
        piece_id for piece_id, piece in enumerate(teacher.pieces) if piece.startswith("<") and piece.endswith(">")
    }
    keep = {piece_id for piece_id, count in uses.items() if count >= uses_min}
    quota = Counter({script: int(count * quota_share) for script, count in SCRIPT_QUOTA.items()})
    quota[""] = int(OTHER_QUOTA * quota_share)
    for piece_id in np.argsort(-teacher.scores, kind="stable").tolist():
        piece = teacher.pieces[piece_id]
        script = script_of(piece)
        if len(piece.lstrip("▁")) == 1 and (script in SCRIPT_QUOTA or script == ""):
            keep.add(piece_id)
        elif quota[script] > 0:
            quota[script] -= 1
            keep.add(piece_id)
    return sorted(keep - special)


def piece_probabilities(teacher: Teacher, keep: list[int]) -> Floats:
    """Probability of each kept piece, from its Unigram score, summing to one."""
    logs = teacher.scores[keep].astype(np.float64)
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum(), np.float32)
