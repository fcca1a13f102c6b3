"""From out-of-fold logits to a probability and a threshold, for the worst source and not for the pool."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from training.metrics import above, threshold_at
from training.shipped import BLOCK_PROBABILITY, FLAG_PROBABILITY, FPR_HARD_MAX, FPR_POOLED_MAX

HARD_ROWS_MIN = 50
"""With fewer rows a 5% share is two texts: too little to set a threshold by."""

HARD_RAISE_MAX = 0.25
"""Logits that hard sources may lift the threshold above the pooled one; beyond it recall pays."""


@dataclass(frozen=True)
class Calibration:
    """probability = sigmoid(scale * logit + offset); it is `FLAG_PROBABILITY` at `flag_logit`."""

    scale: float
    offset: float
    flag_logit: float
    block_logit: float
    base_rate: float
    """Share of attacks among events at which the probability is calibrated."""

    def probability(self, logit: float) -> float:
        """The calibrated probability of a logit."""
        return float(1.0 / (1.0 + np.exp(-(self.scale * logit + self.offset))))


def family_weights(families: NDArray[np.str_], attack: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Each family weighs the same within its label, both labels the same in total."""
    weights = np.zeros(len(families))
    for label in (True, False):
        names = np.unique(families[attack == label])
        for name in names:
            member = (families == name) & (attack == label)
            weights[member] = 1.0 / (len(names) * member.sum())
    return weights


def flag_threshold(
    logit: NDArray[np.float64], attack: NDArray[np.bool_], hard: NDArray[np.bool_], source: NDArray[np.str_]
) -> float:
    """The lowest logit that keeps the pooled bound, and the per-source bounds as far as `HARD_RAISE_MAX` allows."""
    pooled = threshold_at(logit[~attack], FPR_POOLED_MAX)
    wanted = pooled
    for name in np.unique(source[hard]):
        member = hard & (source == name)
        if member.sum() >= HARD_ROWS_MIN:
            wanted = max(wanted, threshold_at(logit[member], FPR_HARD_MAX))
    return min(wanted, pooled + HARD_RAISE_MAX)


def calibrate(
    logit: NDArray[np.float64],
    attack: NDArray[np.bool_],
    hard: NDArray[np.bool_],
    source: NDArray[np.str_],
    family: NDArray[np.str_],
) -> Calibration:
    """Platt scaling (1999) of out-of-fold logits; the offset puts the threshold at `FLAG_PROBABILITY`."""
    weights = family_weights(family, attack) * len(logit)
    fitted = LogisticRegression(C=1e6).fit(logit[:, None], attack, sample_weight=weights)
    scale, even = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    flag = flag_threshold(logit, attack, hard, source)
    offset = float(np.log(FLAG_PROBABILITY / (1 - FLAG_PROBABILITY))) - scale * flag
    base_rate = float(1.0 / (1.0 + np.exp(-(offset - even))))
    block = (float(np.log(BLOCK_PROBABILITY / (1 - BLOCK_PROBABILITY))) - offset) / scale
    return Calibration(scale, offset, flag, block, base_rate)


def report(calibration: Calibration, logit: NDArray[np.float64], attack: NDArray[np.bool_]) -> str:
    """One line of what the threshold does out of fold."""
    recall, fpr = above(logit[attack], calibration.flag_logit), above(logit[~attack], calibration.flag_logit)
    return (
        f"flagged from logit {calibration.flag_logit:.3f} (p {FLAG_PROBABILITY}): out-of-fold recall {recall}, "
        f"FPR {fpr}; "
        f"scale {calibration.scale:.3f}, offset {calibration.offset:.3f}, "
        f"calibrated at {calibration.base_rate:.1%} attacks"
    )
