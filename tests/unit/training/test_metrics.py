"""Known answers for the numbers that every choice of the model rests on."""

from __future__ import annotations

import numpy as np
import pytest
from training.metrics import Share, above, auroc, auroc_interval, threshold_at


def test_auroc_of_a_small_table() -> None:
    """Six pairs: four won, one tied, one lost."""
    assert auroc(np.array([1.0, 3.0]), np.array([0.0, 1.0, 2.0])) == pytest.approx(4.5 / 6)


def test_auroc_of_nothing_is_not_a_number() -> None:
    """No attack, no area."""
    assert np.isnan(auroc(np.array([]), np.array([1.0])))
    assert all(np.isnan(bound) for bound in auroc_interval(np.array([]), np.array([1.0])))


def test_wilson_interval_against_the_published_example() -> None:
    """10 of 20 gives 0.299 to 0.701 (Newcombe 1998, method 3)."""
    low, high = Share(10, 20).interval
    assert (low, high) == (pytest.approx(0.2993, abs=1e-3), pytest.approx(0.7007, abs=1e-3))


def test_interval_stays_in_bounds_at_the_ends() -> None:
    """None of ten and ten of ten still have an interval inside [0, 1]."""
    assert Share(0, 10).interval[0] == 0.0
    assert Share(10, 10).interval[1] == pytest.approx(1.0)
    assert str(Share(0, 0)) == "-"


@pytest.mark.parametrize("fpr", [0.0, 0.01, 0.02, 0.5])
def test_a_threshold_never_lets_more_through_than_it_promises(fpr: float) -> None:
    """Of 1,000 honest scores at most the promised share lies above."""
    benign = np.random.default_rng(3).normal(size=1000)
    assert above(benign, threshold_at(benign, fpr)).value <= fpr


def test_a_threshold_is_as_low_as_it_may_be() -> None:
    """One step lower would break the promise."""
    benign = np.arange(100, dtype=float)
    limit = threshold_at(benign, 0.02)
    assert above(benign, limit).hits == 2
