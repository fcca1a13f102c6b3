"""Training text of our own writing, for what the corpora lack. `generate(seed)` gives every family's rows."""

from __future__ import annotations

from training.corpus import Row
from training.generators import attacks, documents, hard_benign, languages
from training.generators.grammar import seeded

__all__ = ["FAMILIES", "generate"]

FAMILIES = ("own_attacks", "own_hard_benign", "own_documents", "own_languages")


def generate(seed: int, scale: float = 1.0) -> list[Row]:
    """Rows of all generators; the same seed gives the same rows. `scale` multiplies the number of rows."""
    rows: list[Row] = []
    for name, module in zip(FAMILIES, (attacks, hard_benign, documents, languages), strict=True):
        rows += module.rows(seeded(seed, name), scale)
    return rows
