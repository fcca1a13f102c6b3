"""Portraits are written for every class, the same each time, and say what they need."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from aimds.errors import AimdsError, InputError
from aimds.temporal.attractor import analyse_attractor
from aimds.temporal.portraits import render_portrait

LOGISTIC = [0.3]
for _ in range(399):
    LOGISTIC.append(4 * LOGISTIC[-1] * (1 - LOGISTIC[-1]))

SERIES = {
    "map": LOGISTIC,
    "cycle": np.sin(np.arange(600) * 0.1),
    "rest": np.exp(-0.05 * np.arange(400)),
    "short": np.arange(12.0),
    "two": np.arange(2.0),
    "space": np.sin(np.arange(800) * 0.1) + np.sin(np.arange(800) * 0.1 * 2**0.5),
}


@pytest.mark.parametrize("kind", SERIES)
@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_a_portrait_of_every_kind_is_drawn(kind, suffix, tmp_path):
    """Every class of report, short ones too, gives a file of the format that its name says."""
    path = render_portrait(analyse_attractor(SERIES[kind]), tmp_path / f"{kind}{suffix}", name="risk", unit="turns")
    head = path.read_bytes()[:200]
    assert head.startswith(b"\x89PNG") if suffix == ".png" else b"<?xml" in head


def test_axes_name_what_was_measured(tmp_path):
    """An SVG holds the labels as text: name, delay and unit."""
    path = render_portrait(analyse_attractor(SERIES["map"]), tmp_path / "map.svg", name="risk", unit="turns")
    text = path.read_text()
    for label in ("risk(t)", "risk(t + 1)", "t in turns", "mean log distance", "Lyapunov exponent"):
        assert label in text


def test_the_same_report_gives_the_same_file(tmp_path):
    """No date and no random ids: pictures can be compared and cached."""
    report = analyse_attractor(SERIES["cycle"])
    first, second = (render_portrait(report, tmp_path / name).read_bytes() for name in ("a.svg", "b.svg"))
    assert first == second


@pytest.mark.parametrize(("series", "name"), [(SERIES["cycle"], "portrait.gif"), ([1.0], "portrait.png")])
def test_what_cannot_be_drawn_is_refused(series, name, tmp_path):
    """Another format, or a series of one point, gets a typed error and no file."""
    with pytest.raises(InputError):
        render_portrait(analyse_attractor(series), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_the_missing_extra_is_named(monkeypatch, tmp_path):
    """Without matplotlib the error says which extra to install."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(AimdsError) as refused:
        render_portrait(analyse_attractor(SERIES["cycle"]), tmp_path / "x.png")
    assert refused.value.code.slug == "extra-missing"
    assert "aimds[plots]" in refused.value.help
