"""The numbers of categories and statuses inside an index file. Append only: old files keep their meaning."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from aimds.taxonomy import Category

__all__ = [
    "category_bits",
    "CATEGORY_CODES",
    "PatternStatus",
    "status_bits",
    "STATUS_CODES",
]


class PatternStatus(StrEnum):
    """How far a pattern may go: only an active one can block."""

    ACTIVE = "active"
    """Matches count."""
    SHADOW = "shadow"
    """Matches are recorded and change no verdict."""
    REJECTED = "rejected"
    """Kept so that the same text is not proposed again; never matched."""


CATEGORY_CODES: Final[dict[Category, int]] = {
    category: code
    for code, category in enumerate(
        (
            Category.INSTRUCTION_OVERRIDE,
            Category.INDIRECT_INJECTION,
            Category.JAILBREAK_ROLEPLAY,
            Category.PROMPT_LEAK,
            Category.TOOL_ABUSE,
            Category.DATA_EXFILTRATION,
            Category.ENCODING_OBFUSCATION,
            Category.FORGED_MARKUP,
            Category.SELF_REPLICATION,
            Category.SECRET,
            Category.PERSONAL_DATA,
            Category.CANARY_LEAK,
            Category.MANIPULATION_LOOP,
            Category.BEHAVIOURAL_ANOMALY,
            Category.MULTI_TURN_ESCALATION,
            Category.HARMFUL_REQUEST,
            Category.RESOURCE_ABUSE,
            Category.UNDECIDED,
        )
    )
}
STATUS_CODES: Final[dict[PatternStatus, int]] = {
    PatternStatus.ACTIVE: 0,
    PatternStatus.SHADOW: 1,
    PatternStatus.REJECTED: 2,
}


def category_bits(categories: Iterable[Category]) -> int:
    """The bit set of categories that an index search takes."""
    return sum({1 << CATEGORY_CODES[category] for category in categories})


def status_bits(statuses: Iterable[PatternStatus]) -> int:
    """The bit set of statuses that an index search takes."""
    return sum({1 << STATUS_CODES[status] for status in statuses})
