"""Training text of our own writing, row by row: `training/banks/*.jsonl`, attacks and their honest twins."""

from __future__ import annotations

import json
from pathlib import Path

from training.corpus import BANK_PREFIX, Row, canonical

FOLDER = Path(__file__).parent / "banks"
CONVERSATIONS = "conversations"
"""Whole conversations, one a line: not rows of this kind."""


def bank_rows(folder: Path = FOLDER) -> list[Row]:
    """Every row of every bank; a bank is a family of its own and is never held out."""
    out = []
    for path in sorted(folder.glob("*.jsonl")):
        if path.stem == CONVERSATIONS:
            continue
        family = BANK_PREFIX + path.stem
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                raw = json.loads(line)
                out.append(
                    Row(
                        canonical(raw["text"]), raw["attack"], raw["category"], family, family, raw["lang"], raw["kind"]
                    )
                )  # fmt: skip
    return out
