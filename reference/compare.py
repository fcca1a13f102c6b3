"""Twins of `aimds.temporal.compare`: the textbook recurrences over whole tables."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

__all__ = ["dtw_distance", "edit_distance", "lcs_length", "nearest"]


def dtw_distance(left: Sequence[Sequence[float]], right: Sequence[Sequence[float]], band: int | None = None) -> float:
    """DTW by the full table; a cell outside the band costs infinity."""
    rows, columns = len(left), len(right)
    table = [[math.inf] * (columns + 1) for _ in range(rows + 1)]
    table[0][0] = 0.0
    for row in range(rows):
        for column in range(columns):
            if band is not None and not -band - max(0, rows - columns) <= column - row <= band + max(0, columns - rows):
                continue
            cost = sum((a - b) ** 2 for a, b in zip(left[row], right[column], strict=True))
            before = min(table[row][column], table[row][column + 1], table[row + 1][column])
            table[row + 1][column + 1] = cost + before
    return math.sqrt(table[rows][columns])


def edit_distance(left: Sequence[Hashable], right: Sequence[Hashable]) -> int:
    """Levenshtein distance by Wagner and Fischer 1974."""
    row = list(range(len(right) + 1))
    for at, token in enumerate(left, 1):
        diagonal, row[0] = row[0], at
        for column, other in enumerate(right, 1):
            diagonal, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, diagonal + (token != other))
    return row[-1]


def lcs_length(left: Sequence[Hashable], right: Sequence[Hashable]) -> int:
    """Length of the longest common subsequence by the full table."""
    row = [0] * (len(right) + 1)
    for token in left:
        diagonal = 0
        for column, other in enumerate(right, 1):
            best = diagonal + 1 if token == other else max(row[column], row[column - 1])
            diagonal, row[column] = row[column], best
    return row[-1]


def nearest(
    query: Sequence[Sequence[float]], library: Sequence[Sequence[Sequence[float]]], count: int, band: int | None
) -> list[tuple[float, int]]:
    """The nearest series by comparing with all of them: (distance, index)."""
    return sorted((dtw_distance(query, series, band), index) for index, series in enumerate(library))[:count]
