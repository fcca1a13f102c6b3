"""Metrics agree with their definitions, counted the slow way, and with published values of the intervals."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimds.evaluation.intervals import auroc_interval, recall_at_rate_interval, wilson
from aimds.evaluation.metrics import Latencies, Scores, area_under_roc, recall_at_rate

GRID = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.5000001, 0.9, 1.0])
SCORES = st.lists(GRID, min_size=1, max_size=30).map(np.array)


@given(SCORES, SCORES)
def test_auroc_counts_pairs(attacks: np.ndarray, benign: np.ndarray) -> None:
    """AUROC is the share of (attack, benign) pairs in the right order, a tie counting half."""
    pairs = [(a > b) + 0.5 * (a == b) for a, b in product(attacks, benign)]
    assert area_under_roc(attacks, benign) == pytest.approx(sum(pairs) / len(pairs))


@given(SCORES, SCORES, st.sampled_from([0.0, 0.01, 0.1, 0.5]))
def test_recall_at_a_rate_is_the_best_threshold(attacks: np.ndarray, benign: np.ndarray, rate: float) -> None:
    """No threshold that keeps the false positive rate has more recall, and the one found keeps it."""
    thresholds = [*np.unique(np.concatenate((attacks, benign))), np.inf]
    best = max(
        float(np.mean(attacks >= threshold)) for threshold in thresholds if np.mean(benign >= threshold) <= rate + 1e-12
    )
    assert recall_at_rate(attacks, benign, rate) == pytest.approx(best)


def test_one_per_cent_of_seven_hundred_is_seven() -> None:
    """The number of alarms allowed does not lose one to floating point."""
    benign = np.arange(700) / 700
    attacks = np.array([benign[-8], benign[-8] + 1e-6])
    assert recall_at_rate(attacks, benign) == 0.5


def test_metrics_of_an_empty_class_are_missing() -> None:
    """Without attacks or without honest rows there is nothing to compare."""
    some, none = np.array([0.5]), np.array([])
    for pair in ((some, none), (none, some)):
        assert area_under_roc(*pair) is None
        assert recall_at_rate(*pair) is None
        assert recall_at_rate_interval(*pair, 0.01, 0.5) is None
    assert wilson(0, 0) is None
    assert auroc_interval(0.5, 0, 3) is None


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_known_answers(hits: int, trials: int, low: float, high: float) -> None:
    """The values R. G. Newcombe tabulates for Wilson's interval (Statistics in Medicine 17, 1998, table I)."""
    interval = wilson(hits, trials)
    assert interval is not None
    assert interval == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 500), st.integers(1, 500), st.floats(0, 1))
def test_auroc_interval_holds_the_estimate_and_never_collapses(attacks: int, benign: int, auroc: float) -> None:
    """Bounds are in [0, 1] around the estimate and leave room even at 0 and 1."""
    interval = auroc_interval(auroc, attacks, benign)
    assert interval is not None
    low, high = interval
    assert -1e-12 <= low <= auroc + 1e-9
    assert auroc - 1e-9 <= high <= 1 + 1e-12
    assert high - low > 1e-4


def test_intervals_cover_what_they_promise() -> None:
    """Over simulated corpora, AUROC and recall at 1% lie in their 95% intervals about that often (seeded)."""
    draw = np.random.default_rng(7)
    attacks_many, benign_many = draw.normal(1.8, 1, 200_000), draw.normal(0, 1, 200_000)
    true_auroc = area_under_roc(attacks_many, benign_many)
    true_recall = recall_at_rate(attacks_many, benign_many)
    assert true_auroc is not None
    assert true_recall is not None
    hits_auroc = hits_recall = 0
    for _ in range(300):
        attacks, benign = draw.normal(1.8, 1, 80), draw.normal(0, 1, 400)
        auroc, recall = area_under_roc(attacks, benign), recall_at_rate(attacks, benign)
        assert auroc is not None
        assert recall is not None
        around_auroc = auroc_interval(auroc, 80, 400)
        around_recall = recall_at_rate_interval(attacks, benign, 0.01, recall)
        assert around_auroc is not None
        assert around_recall is not None
        hits_auroc += around_auroc[0] <= true_auroc <= around_auroc[1]
        hits_recall += around_recall[0] <= true_recall <= around_recall[1]
    assert 0.91 <= hits_auroc / 300 <= 0.99
    assert 0.88 <= hits_recall / 300 <= 1.0


def test_groups_with_one_label_miss_what_they_cannot_have() -> None:
    """A source of attacks only borrows the honest rows of the whole run for recall at 1%, and has no AUROC."""
    scores = Scores()
    for number in range(100):
        scores.add(score=number / 1000, attack=False, flagged=number == 99, source="honest", category="benign")
    for score in (0.05, 0.5, 0.6, 0.7):
        scores.add(score=score, attack=True, flagged=score > 0.5, source="attacks", category="override")
    attacks, honest, overall = scores.of_source("attacks"), scores.of_source("honest"), scores.overall()
    assert (attacks.recall, attacks.fpr, attacks.recall_at_1pct_fpr, attacks.auroc) == (0.5, None, 0.75, None)
    assert (honest.recall, honest.fpr, honest.recall_at_1pct_fpr, honest.auroc) == (None, 0.01, None, None)
    assert (overall.recall, overall.fpr, overall.recall_at_1pct_fpr) == (0.5, 0.01, 0.75)
    assert overall.auroc == pytest.approx((3 + 0.505) / 4)
    assert scores.of_category("override") == attacks
    assert scores.overall(("override", "no such")) == honest
    assert (scores.sources, scores.categories, len(scores)) == (["attacks", "honest"], ["benign", "override"], 104)


def test_json_names_and_rounding() -> None:
    """The four figures stand under their names, each with its interval beside it."""
    scores = Scores()
    for score, attack in ((0.9, True), (0.8, True), (0.85, True), (0.1, False)):
        scores.add(score=score, attack=attack, flagged=score > 0.82, source="s", category="c")
    shape = scores.overall().to_json()
    assert shape["recall"] == 0.666667
    assert (shape["fpr"], shape["auroc"], shape["recall_at_1pct_fpr"]) == (0.0, 1.0, 1.0)
    assert (shape["rows"], shape["attacks"], shape["benign"]) == (4, 3, 1)
    for name in ("recall", "fpr", "auroc", "recall_at_1pct_fpr"):
        low, high = shape[f"{name}_ci"]
        assert 0 <= low <= shape[name] <= high <= 1


def test_latencies() -> None:
    """Percentiles come in milliseconds; without measurements there are none."""
    latencies = Latencies()
    assert latencies.to_json() == {"p50": None, "p99": None}
    for milliseconds in range(101):
        latencies.add(milliseconds * 1_000_000)
    assert latencies.to_json() == {"p50": 50.0, "p99": 99.0}
