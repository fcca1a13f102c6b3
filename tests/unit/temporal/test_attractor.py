"""Known systems get their class and exponent; short or odd series an honest answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from aimds.errors import InputError
from aimds.temporal.attractor import (
    ATTRACTOR_POINTS_MAX,
    ATTRACTOR_POINTS_MIN,
    AttractorClass,
    AttractorReason,
    analyse_attractor,
)

Vector = Sequence[float]


def integrate(flow: Callable[[Vector], Vector], start: Vector, step: float, points: int, sub: int) -> list[float]:
    """First coordinate by the classical Runge-Kutta method, `sub` steps a sample, after a thousand discarded ones."""
    state, series, h = list(start), [], step / sub

    def moved(slope: Vector, share: float) -> list[float]:
        return [value + share * h * change for value, change in zip(state, slope, strict=True)]

    for sample in range(points + 1000):
        for _ in range(sub):
            k1 = flow(state)
            k2 = flow(moved(k1, 0.5))
            k3 = flow(moved(k2, 0.5))
            k4 = flow(moved(k3, 1.0))
            slope = [(a + 2 * b + 2 * c + d) / 6 for a, b, c, d in zip(k1, k2, k3, k4, strict=True)]
            state = moved(slope, 1.0)
        if sample >= 1000:
            series.append(state[0])
    return series


def lorenz(v: Vector) -> Vector:
    return (10 * (v[1] - v[0]), v[0] * (28 - v[2]) - v[1], v[0] * v[1] - 8 / 3 * v[2])


def rossler(v: Vector) -> Vector:
    return (-v[1] - v[2], v[0] + 0.2 * v[1], 0.2 + v[2] * (v[0] - 5.7))


def iterate(step: Callable[[float], float], start: float, points: int) -> list[float]:
    series = [start]
    for _ in range(points + 499):
        series.append(step(series[-1]))
    return series[500:]


def test_lorenz_is_chaotic_with_its_exponent():
    """Lorenz 1963 at the usual parameters: 0.906 per unit of time (Sprott 2003), within 15 %."""
    series = integrate(lorenz, (1, 1, 1), 0.05, 4000, 4)
    report = analyse_attractor(series, sample_interval=0.05)
    assert report.attractor is AttractorClass.CHAOTIC
    assert report.lyapunov_exponent == pytest.approx(0.906, rel=0.15)
    assert report.dimension == 3


def test_rossler_is_chaotic_with_its_exponent():
    """Rossler 1976 at a = b = 0.2, c = 5.7: 0.0714 per unit of time (Sprott 2003), within 25 %."""
    series = integrate(rossler, (1, 1, 1), 0.2, 5000, 2)
    report = analyse_attractor(series, sample_interval=0.2)
    assert report.attractor is AttractorClass.CHAOTIC
    assert report.lyapunov_exponent == pytest.approx(0.0714, rel=0.25)


@pytest.mark.parametrize("points", [300, 2000])
def test_logistic_map_at_four(points):
    """The logistic map at r = 4: ln 2 a step, exactly known, within 5 %; the map is found to be one-dimensional."""
    report = analyse_attractor(iterate(lambda x: 4 * x * (1 - x), 0.3, points))
    assert report.attractor is AttractorClass.CHAOTIC
    assert report.lyapunov_exponent == pytest.approx(math.log(2), rel=0.05)
    assert (report.delay, report.dimension) == (1, 1)


def test_periodic_logistic_map_is_a_cycle():
    """At r = 3.5 the same map has period four: no chaos where there is none."""
    report = analyse_attractor(iterate(lambda x: 3.5 * x * (1 - x), 0.3, 500))
    assert report.attractor is AttractorClass.LIMIT_CYCLE
    assert report.lyapunov_exponent is None


@pytest.mark.parametrize("noise", [0.0, 0.05, 0.2])
def test_a_cycle_under_noise_is_a_cycle(noise):
    """A sine is a limit cycle, also with noise of a fifth of its amplitude."""
    random = np.random.default_rng(7)
    series = np.sin(np.arange(2000) * 0.1) + noise * random.normal(size=2000)
    assert analyse_attractor(series).attractor is AttractorClass.LIMIT_CYCLE


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("memory", [0.0, 0.5, 0.9])
def test_noise_is_never_called_chaotic(seed, memory):
    """White and first-order coloured noise never unfold, so they get no exponent."""
    random = np.random.default_rng(seed)
    series, value = [], 0.0
    for shock in random.normal(size=600):
        value = memory * value + shock
        series.append(value)
    report = analyse_attractor(series)
    assert report.attractor in (AttractorClass.IRREGULAR, AttractorClass.DRIFTING)
    assert report.lyapunov_exponent is None


@pytest.mark.parametrize("seed", range(8))
def test_a_random_walk_is_never_called_chaotic(seed):
    """A random walk has no attractor; drifting, irregular or too short are all true of it, chaos is not."""
    report = analyse_attractor(np.cumsum(np.random.default_rng(seed).normal(size=1500)))
    assert report.attractor is not AttractorClass.CHAOTIC
    assert report.attractor is not AttractorClass.LIMIT_CYCLE


def test_a_trend_drifts():
    """A level that moves is seen under noise as large as half its way."""
    random = np.random.default_rng(3)
    report = analyse_attractor(np.linspace(0, 4, 800) + random.normal(size=800))
    assert (report.attractor, report.reason) == (AttractorClass.DRIFTING, AttractorReason.LEVEL_MOVES)


def test_growing_swings_drift():
    """A spread that grows at a constant mean is drift too."""
    random = np.random.default_rng(4)
    report = analyse_attractor(np.linspace(0.1, 3, 800) * random.normal(size=800))
    assert report.attractor is AttractorClass.DRIFTING


@pytest.mark.parametrize(
    "series", [np.full(200, 3.5), np.zeros(200), np.exp(-0.05 * np.arange(400)) * np.sin(np.arange(400))]
)
def test_what_comes_to_rest_is_a_fixed_point(series):
    """Constants, zeros and damped swings end in a fixed point."""
    assert analyse_attractor(series).attractor is AttractorClass.FIXED_POINT


@pytest.mark.parametrize("points", [0, 1, 20, ATTRACTOR_POINTS_MIN - 1])
def test_short_series_are_insufficient_data(points):
    """A chat of twenty turns, or anything below the minimum, is refused an opinion."""
    report = analyse_attractor(iterate(lambda x: 4 * x * (1 - x), 0.3, points) if points else [])
    assert (report.attractor, report.reason) == (AttractorClass.INSUFFICIENT_DATA, AttractorReason.TOO_FEW_POINTS)
    assert report.lyapunov_exponent is None


def test_few_periods_are_insufficient_data():
    """Ten orbits of Rossler say nothing about the growth of small distances."""
    series = integrate(rossler, (1, 1, 1), 0.1, 500, 1)
    report = analyse_attractor(series, sample_interval=0.1)
    assert report.attractor in (AttractorClass.INSUFFICIENT_DATA, AttractorClass.LIMIT_CYCLE)
    assert report.lyapunov_exponent is None


@pytest.mark.parametrize("scale", [1e-150, 1e-3, 1e150])
def test_the_unit_of_the_series_does_not_matter(scale):
    """Scaling the series changes neither class nor exponent, however small or large the numbers."""
    series = np.array(iterate(lambda x: 4 * x * (1 - x), 0.3, 400))
    plain, scaled = analyse_attractor(series), analyse_attractor(series * scale)
    assert scaled.attractor is plain.attractor
    assert scaled.lyapunov_exponent == pytest.approx(plain.lyapunov_exponent, rel=1e-6)


def test_options_are_obeyed():
    """A given delay, dimension and Theiler window are used as given."""
    report = analyse_attractor(np.sin(np.arange(600) * 0.7), delay=3, dimension=4, theiler=9)
    assert (report.delay, report.dimension, report.theiler) == (3, 4, 9)


@pytest.mark.parametrize(
    ("options", "slug"),
    [
        ({"delay": 0}, "input-bad-value"),
        ({"delay": 10_000}, "input-bad-value"),
        ({"dimension": 9}, "input-bad-value"),
        ({"dimension": -1}, "input-bad-value"),
        ({"theiler": 600}, "input-bad-value"),
        ({"sample_interval": 0.0}, "input-bad-value"),
        ({"sample_interval": math.nan}, "input-bad-value"),
    ],
)
def test_impossible_options_are_refused(options, slug):
    """Options that the series cannot bear get a typed error."""
    with pytest.raises(InputError) as refused:
        analyse_attractor(np.sin(np.arange(600)), **options)
    assert refused.value.code.slug == slug


@pytest.mark.parametrize(
    ("series", "slug"),
    [
        ([1.0, math.nan], "input-bad-value"),
        ([1.0, math.inf], "input-bad-value"),
        (["a"], "input-bad-value"),
        ([[1.0, 2.0]], "input-bad-value"),
        (5, "input-bad-value"),
        ([0.0] * (ATTRACTOR_POINTS_MAX + 1), "input-too-large"),
    ],
)
def test_bad_series_are_refused(series, slug):
    """What is no finite plain series gets a typed error."""
    with pytest.raises(InputError) as refused:
        analyse_attractor(series)
    assert refused.value.code.slug == slug
