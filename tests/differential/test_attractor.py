"""The measurements inside the attractor analysis against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import attractor as twin

from aimds._core import measure_series


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 1000), points=st.integers(60, 160), dimension=st.integers(1, 4),
    delay=st.integers(1, 4), theiler=st.integers(0, 6), horizon=st.integers(1, 12),
)  # fmt: skip
def test_measurements_equal_their_definitions(seed, points, dimension, delay, theiler, horizon):
    """Correlation, information, false neighbours and divergence are those of whole distance tables."""
    random = np.random.default_rng(seed)
    series = np.cumsum(random.normal(size=points)) + random.normal(size=points)
    correlation, information, false_share, curve = measure_series(series, dimension, delay, theiler, horizon)
    assert correlation == pytest.approx(twin.autocorrelation(series, delay), abs=1e-12)
    assert information == pytest.approx(twin.mutual_information(series, delay, 16), abs=1e-12)
    assert false_share == pytest.approx(twin.false_neighbours(series, dimension, delay, theiler))
    assert curve == pytest.approx(list(twin.divergence(series, dimension, delay, theiler, horizon)), abs=1e-9)
