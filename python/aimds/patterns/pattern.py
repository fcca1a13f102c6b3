"""What the pattern store answers with."""

from __future__ import annotations

from dataclasses import dataclass

from aimds.patterns.codes import PatternStatus
from aimds.taxonomy import Category

__all__ = ["PatternMatch", "PatternRecord", "StoreStats"]


@dataclass(frozen=True, slots=True)
class PatternRecord:
    """One own pattern."""

    key: str
    category: Category
    status: PatternStatus
    severity: float
    source: str
    digest: str
    """SHA-256 of the canonical text, in hexadecimal."""
    created_ns: int


@dataclass(frozen=True, slots=True)
class PatternMatch:
    """A stored pattern near a text."""

    key: str
    """`own:<number>` or `seed:<number>`."""
    similarity: float
    """Cosine of the two embeddings."""
    category: Category
    status: PatternStatus
    severity: float
    source: str


@dataclass(frozen=True, slots=True)
class StoreStats:
    """Figures about a store."""

    seed_patterns: int
    own_patterns: int
    by_status: dict[str, int]
    by_category: dict[str, int]
    memory_bytes: int
    generation: int
