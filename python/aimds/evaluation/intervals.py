"""95% intervals for what is estimated from few rows: a rate without one says less than it seems to."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Interval", "allowed_alarms", "auroc_interval", "recall_at_rate_interval", "wilson"]

Interval = tuple[float, float]
"""Lower and upper bound."""

_Z: Final = 1.959963984540054  # 97.5% point of the normal distribution
_RESAMPLES: Final = 4000
_SEED: Final = 20_251
_BISECTIONS: Final = 60  # halvings of [0, 1]: the rest is below the precision of a float


def wilson(hits: int, trials: int) -> Interval | None:
    """Wilson's score interval for a proportion; `None` without trials.

    Source: E. B. Wilson, JASA 22 (1927); recommended by Brown, Cai and DasGupta, Statistical Science 16 (2001).
    """
    if trials == 0:
        return None
    rate = hits / trials
    weight = _Z * _Z / trials
    centre = (rate + weight / 2) / (1 + weight)
    half = _Z * sqrt(rate * (1 - rate) / trials + weight / (4 * trials)) / (1 + weight)
    return (0.0 if hits == 0 else max(0.0, centre - half), 1.0 if hits == trials else min(1.0, centre + half))


def auroc_interval(auroc: float, attacks: int, benign: int) -> Interval | None:
    """Interval for the area under the ROC curve that stays honest at 0 and 1; `None` when a class is empty.

    Source: R. G. Newcombe, Statistics in Medicine 25 (2006) 559-573, method 5: the Hanley-McNeil variance taken at
    the bound that is sought, not at the estimate, as Wilson does for a proportion.
    """
    if attacks == 0 or benign == 0:
        return None
    mean_rows = (attacks + benign) / 2 - 1

    def distance(theta: float) -> float:
        shape = 1 + mean_rows * ((1 - theta) / (2 - theta) + theta / (1 + theta))
        return abs(auroc - theta) - _Z * sqrt(max(0.0, theta * (1 - theta) * shape / (attacks * benign)))

    return (_root(distance, 0.0, auroc), _root(distance, 1.0, auroc))


def allowed_alarms(honest: int, rate: float) -> int:
    """How many of `honest` rows may be flagged at a false positive rate of `rate`; 1% of 700 is 7, not 6.99."""
    return int(rate * honest + 1e-9)


def _root(distance: Callable[[float], float], outer: float, inner: float) -> float:
    """Where `distance` changes sign between the far bound (positive) and the estimate (not positive)."""
    if distance(outer) <= 0:
        return outer
    for _ in range(_BISECTIONS):
        middle = (outer + inner) / 2
        if distance(middle) > 0:
            outer = middle
        else:
            inner = middle
    return (outer + inner) / 2


def recall_at_rate_interval(
    attack_scores: NDArray[np.float64], benign_scores: NDArray[np.float64], rate: float, estimate: float
) -> Interval | None:
    """Interval for the recall at the threshold that lets at most `rate` of the honest rows through as false alarms.

    Two things are uncertain and both are drawn, `_RESAMPLES` times with a fixed seed: the threshold, from its exact
    bootstrap distribution (an order statistic of a resample is a Beta-distributed quantile), and the recall at that
    threshold, from its Jeffreys distribution, which does not collapse when every attack is caught.

    Source: B. Efron and R. Tibshirani, An Introduction to the Bootstrap (1993), chapter 13 (percentile interval);
    Brown, Cai and DasGupta (2001) for the Jeffreys interval. `None` when a class is empty.
    """
    attacks, honest = attack_scores.size, benign_scores.size
    if attacks == 0 or honest == 0:
        return None
    draw = np.random.default_rng(_SEED)
    allowed = allowed_alarms(honest, rate)
    ordered = np.sort(benign_scores)
    quantile = draw.beta(honest - allowed, allowed + 1, size=_RESAMPLES)
    bound = ordered[np.minimum((quantile * honest).astype(np.int64), honest - 1)]
    caught = attacks - np.searchsorted(np.sort(attack_scores), bound, side="right")
    recall = draw.beta(caught + 0.5, attacks - caught + 0.5)
    low, high = np.quantile(recall, (0.025, 0.975))
    return (0.0 if estimate == 0 else min(float(low), estimate), 1.0 if estimate == 1 else max(float(high), estimate))
