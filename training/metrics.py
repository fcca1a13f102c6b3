"""Recall, false-positive rate, AUROC, and their 95% intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]

Z95 = 1.959963984540054


@dataclass(frozen=True)
class Share:
    """A share with its Wilson 95% interval."""

    hits: int
    total: int

    @property
    def value(self) -> float:
        """The share itself; NaN of nothing."""
        return self.hits / self.total if self.total else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson score interval (Wilson 1927)."""
        if not self.total:
            return (math.nan, math.nan)
        share, n = self.value, self.total
        centre = (share + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
        half = Z95 / (1 + Z95**2 / n) * math.sqrt(share * (1 - share) / n + Z95**2 / (4 * n * n))
        return (max(0.0, centre - half), min(1.0, centre + half))

    def __str__(self) -> str:
        if not self.total:
            return "-"
        low, high = self.interval
        return f"{self.value:.3f} [{low:.2f}, {high:.2f}]"


def above(scores: Scores, threshold: float) -> Share:
    """How many scores lie above a threshold."""
    return Share(int((scores > threshold).sum()), len(scores))


def threshold_at(benign: Scores, fpr: float) -> float:
    """The lowest threshold that at most `fpr` of the benign scores exceed."""
    ordered = np.sort(benign)[::-1]
    allowed = math.floor(fpr * len(ordered))
    return float(ordered[min(allowed, len(ordered) - 1)])


def auroc(attack: Scores, benign: Scores) -> float:
    """Probability that an attack scores above a benign text (ties count half); Mann-Whitney U."""
    if not len(attack) or not len(benign):
        return math.nan
    ordered = np.sort(benign)
    below = np.searchsorted(ordered, attack, "left")
    ties = np.searchsorted(ordered, attack, "right") - below
    return float((below + ties / 2).mean() / len(ordered))


def auroc_interval(attack: Scores, benign: Scores) -> tuple[float, float]:
    """Hanley and McNeil's 95% interval (1982)."""
    area = auroc(attack, benign)
    if math.isnan(area):
        return (math.nan, math.nan)
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    na, nb = len(attack), len(benign)
    error = math.sqrt(max(0.0, (area * (1 - area) + (na - 1) * (q1 - area**2) + (nb - 1) * (q2 - area**2)) / (na * nb)))
    return (max(0.0, area - Z95 * error), min(1.0, area + Z95 * error))
