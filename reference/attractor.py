"""Twins of the measurements inside `aimds.temporal.attractor`, by definition and with whole distance tables."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["autocorrelation", "divergence", "embed", "false_neighbours", "mutual_information"]

Floats = NDArray[np.float64]


def autocorrelation(series: Floats, lag: int) -> float:
    """Correlation of the series with itself `lag` later, both about the common mean (the biased estimate)."""
    centred = series - series.mean()
    return float(np.sum(centred[lag:] * centred[: len(series) - lag]) / np.sum(centred**2))


def mutual_information(series: Floats, lag: int, bins: int) -> float:
    """Average mutual information in nats between values and those `lag` later, by a histogram of equal bins."""
    low, span = series.min(), series.max() - series.min()
    cells = np.minimum(((series - low) / span * bins).astype(int), bins - 1)
    joint = np.zeros((bins, bins))
    np.add.at(joint, (cells[: len(cells) - lag], cells[lag:]), 1.0)
    joint /= joint.sum()
    apart = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    seen = joint > 0
    return float(np.sum(joint[seen] * np.log(joint[seen] / apart[seen])))


def embed(series: Floats, dimension: int, delay: int) -> Floats:
    """Delay vectors (x[t], x[t + delay], ...) as rows (Takens 1981)."""
    rows = len(series) - (dimension - 1) * delay
    return np.stack([series[at * delay : at * delay + rows] for at in range(dimension)], axis=1)


def _nearest(points: Floats, theiler: int) -> tuple[NDArray[np.int64], Floats]:
    """For each row the nearest other one more than `theiler` steps away that lies at a distance above zero."""
    squared = ((points[:, None, :] - points[None, :, :]) ** 2).sum(axis=2)
    steps = np.arange(len(points))
    squared[np.abs(steps[:, None] - steps[None, :]) <= theiler] = np.inf
    squared[squared == 0] = np.inf
    nearest = squared.argmin(axis=1)
    return nearest, np.sqrt(squared[steps, nearest])


def false_neighbours(series: Floats, dimension: int, delay: int, theiler: int) -> float:
    """Share of nearest neighbours that are neighbours only for want of a dimension (Kennel et al. 1992)."""
    rows = len(series) - dimension * delay
    points = embed(series, dimension, delay)[:rows]
    nearest, distance = _nearest(points, theiler)
    found = np.isfinite(distance)
    ahead = np.arange(rows) + dimension * delay
    growth = np.abs(series[ahead] - series[nearest + dimension * delay])
    far = (growth > 15 * distance) | (np.sqrt(distance**2 + growth**2) > 2 * series.std())
    return float(far[found].mean()) if found.any() else 1.0


def divergence(series: Floats, dimension: int, delay: int, theiler: int, horizon: int) -> Floats:
    """Mean log distance k steps on (k = 0 .. horizon) of the nearer half of the pairs of nearest neighbours.

    Rosenstein, Collins and De Luca 1993, who take all pairs.
    """
    points = embed(series, dimension, delay)
    rows = len(points) - horizon
    nearest, distance = _nearest(points[:rows], theiler)
    limit = np.sort(distance[np.isfinite(distance)])[(np.isfinite(distance).sum() - 1) // 2]
    pairs = [(i, j) for i, j in enumerate(nearest) if distance[i] <= limit]
    curve = []
    for k in range(horizon + 1):
        apart = [float(np.linalg.norm(points[i + k] - points[j + k])) for i, j in pairs]
        logs = [np.log(value) for value in apart if value > 0]
        curve.append(float(np.mean(logs)) if logs else np.nan)
    return np.array(curve)
