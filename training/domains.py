"""Ordinary endings for the reserved domains of our own rows: `.example` must not tell an attack from an honest text.

Three attack rows of our own hold a reserved domain for each honest one, and hardly any row of either kind holds another
address, while people and attackers alike write `.com`. The repository keeps the reserved names, which belong to nobody;
the models read the others.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from training.corpus import Row

RESERVED: Final = re.compile(r"(?<=[\w-])\.(?:example|invalid|test)(?![\w.-]*\w)")

ENDINGS: Final = ("com",) * 8 + ("net", "net", "org", "org", "io", "io", "app", "dev", "co", "de", "fr", "info")
"""Roughly by how often they are met."""

KEPT_SHARE: Final = 0.15
"""Rows that keep the reserved name, for texts of the kind are met too."""


def with_ordinary_domains(rows: Sequence[Row], seed: int) -> list[Row]:
    """The rows, the reserved domains of most of them under an ordinary ending: one ending a row, drawn by seed."""
    numbers = random.Random(f"domains {seed}")
    out = []
    for row in rows:
        ending, kept = numbers.choice(ENDINGS), numbers.random() < KEPT_SHARE
        out.append(row if kept else replace(row, text=RESERVED.sub(f".{ending}", row.text)))
    return out
