"""How alike two sequences are: DTW over numbers, edit distance and common subsequence over tokens and text.

    >>> edit_distance("ignore all rules", "ignore the rules")
    3
    >>> round(dtw_distance([0.0, 1.0, 2.0], [0.0, 0.0, 1.0, 2.0]), 3)
    0.0

Series are sequences of numbers, or of rows of equally many numbers; buffers of doubles (`array`, numpy) are read
without a loop. Tokens are two texts, compared by character, or two sequences of whole numbers (0 to 2^64 - 1), or of
words. Results are exact. All functions raise `InputError`: `input-bad-value` for values they do not take,
`input-too-large` above `COMPARE_POINTS_MAX` points or `COMPARE_TOKENS_MAX` tokens.

Methods: Sakoe and Chiba 1978 (DTW and its band), Kim et al. 2001 and Keogh 2005 (lower bounds), Rakthanmanon et al.
2012 (order of the search), Myers 1999 and Hyyrö 2003, 2004 (bit-parallel edit distance and common subsequence).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from aimds._core import (
    COMPARE_POINTS_MAX,
    COMPARE_TOKENS_MAX,
    dtw_distance,
    dtw_lower_bounds,
    dtw_similarity,
    edit_distance,
    edit_similarity,
    lcs_length,
    lcs_similarity,
)
from aimds._core import SeriesLibrary as _SeriesLibrary

__all__ = [
    "COMPARE_POINTS_MAX",
    "COMPARE_TOKENS_MAX",
    "SearchResult",
    "SeriesLibrary",
    "SeriesLike",
    "SeriesMatch",
    "dtw_distance",
    "dtw_lower_bounds",
    "dtw_similarity",
    "edit_distance",
    "edit_similarity",
    "lcs_length",
    "lcs_similarity",
]

SeriesLike: TypeAlias = Iterable[float] | Iterable[Sequence[float]]
"""Numbers, or rows of equally many numbers; arrays of either are read without a loop."""


@dataclass(frozen=True, slots=True)
class SeriesMatch:
    """One series of a library: its name, and its DTW distance to the query."""

    name: str
    distance: float


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The matches, nearest first, and how the candidates fared; the four counts sum to the size of the library."""

    matches: tuple[SeriesMatch, ...]
    pruned_by_kim: int
    pruned_by_keogh: int
    abandoned: int
    aligned: int


class SeriesLibrary:
    """Named series of one width, searched by DTW distance within one band.

    Args:
        dimensions: numbers a point.
        band: how many points an alignment may stray from the diagonal; `None` does not restrict it.
        series: (name, series) pairs to begin with.
    """

    def __init__(
        self, dimensions: int = 1, band: int | None = None, series: Iterable[tuple[str, SeriesLike]] = ()
    ) -> None:
        self._core = _SeriesLibrary(dimensions, band)
        self._names: list[str] = []
        for name, values in series:
            self.add(name, values)

    def __len__(self) -> int:
        return len(self._names)

    def add(self, name: str, series: SeriesLike) -> None:
        """Adds a series; several may share a name."""
        self._core.add(series)
        self._names.append(name)

    def nearest(self, query: SeriesLike, count: int = 1, distance_max: float = float("inf")) -> SearchResult:
        """The `count` nearest series that are no further away than `distance_max`."""
        matches, counts = self._core.nearest(query, count, distance_max)
        named = tuple(SeriesMatch(self._names[index], distance) for index, distance in matches)
        return SearchResult(named, *counts)
