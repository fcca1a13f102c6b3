"""The numbers that training writes beside the second look: whom to ask when, and how to join the opinions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aimds.records import Profile

__all__ = ["Fusion", "GreyZone", "logit_of", "LookNumbers", "LOOKS", "probability_of"]

LOOKS: Final = ("static", "student", "teacher")
"""The opinions that can be fused, in the order in which they are asked."""

LOGIT_MAX: Final = 20.7
"""Training clips probabilities at 1e-9 before it takes their logits; beyond it one opinion would drown the others."""

TEACHER_WINDOWS: Final = 4
"""Windows that the teacher reads unless the file says otherwise: of a long text they cost about half of what those of
the student do (docs/benchmarks.md)."""

VIEW_OFFSET: Final = 1.0
"""A decoded reading must be one logit stronger than the text itself (as for the first look), unless the file says."""


def probability_of(logit: float) -> float:
    """The logistic function, for any finite logit."""
    return 1.0 / (1.0 + math.exp(-max(-LOGIT_MAX * 4, min(LOGIT_MAX * 4, logit))))


def logit_of(probability: float) -> float:
    """Its inverse, clipped to what training clips."""
    if probability <= 0.0:
        return -LOGIT_MAX
    return LOGIT_MAX if probability >= 1.0 else clipped(math.log(probability / (1.0 - probability)))


def clipped(logit: float) -> float:
    """A logit within what training saw."""
    return max(-LOGIT_MAX, min(LOGIT_MAX, logit))


@dataclass(frozen=True, slots=True)
class Fusion:
    """A weighted sum of logits (logistic regression on out-of-fold logits, as in stacking: Wolpert 1992)."""

    weights: Mapping[str, float]
    offset: float

    def logit(self, logits: Mapping[str, float]) -> float:
        """The fused logit. Raises `KeyError` when an opinion that has a weight is missing."""
        return sum(weight * logits[name] for name, weight in self.weights.items()) + self.offset


@dataclass(frozen=True, slots=True)
class GreyZone:
    """Where a profile asks the teacher."""

    low: float = 0.0
    """Probabilities that the student's fusion must lie between."""
    high: float = 1.0
    windows: int = TEACHER_WINDOWS
    """So many of those that the student finds worst are read."""


@dataclass(frozen=True, slots=True)
class LookNumbers:
    """What `look.safetensors` says to one profile in its metadata (`docs/model-formats.md`, section 9)."""

    fusion: Mapping[str, Fusion]
    """By the last look that was asked, for the probability of an attack: `student`, `teacher`."""
    harmful: Mapping[str, Fusion] = field(default_factory=dict)
    """The same for a plain harmful request; a look without one leaves the opinion as it was."""
    grey: GreyZone | None = None
    """Where the teacher is asked; `None` where this profile never asks it."""
    skip_below: float = -math.inf
    """Calibrated logit of the first look below which the student is not asked."""
    skip_above: float = math.inf
    window_skip_below: float = -math.inf
    """The same for single windows of an event that the student is asked about; the most suspicious is always read."""
    view_offset: float = VIEW_OFFSET

    @classmethod
    def from_metadata(cls, values: Mapping[str, Any], profile: Profile = Profile.BALANCED) -> LookNumbers:
        """Reads the metadata; with `thorough` the student is asked about everything.

        Raises:
            ValueError: a number is missing, out of range or not finite; the message names it.
        """
        fusion, harmful = _fusions(values, "fusion"), _fusions(values, "harmful_fusion")
        if "student" not in fusion or "student" not in fusion["student"].weights:
            raise ValueError("fusion.student must weigh the student")
        others = [one for part in (fusion, harmful) for name, one in part.items() if name != "teacher"]
        if any("teacher" in one.weights for one in others):
            raise ValueError("only fusion.teacher and harmful_fusion.teacher may weigh the teacher")
        student = _section(values, "student")
        bounds = {
            name: _number(student, name, default)
            for name, default in (
                ("skip_below", -math.inf), ("skip_above", math.inf), ("window_skip_below", -math.inf)
            )
        }  # fmt: skip
        zones = {name: _grey_zone(values, name) for name in _section(values, "grey")}
        if unknown := set(zones) - set(Profile):
            raise ValueError(f"grey.{min(unknown)}: no profile of that name")
        grey = zones.get(str(profile))
        if grey is not None and "teacher" not in fusion:
            raise ValueError("grey zones need a fusion.teacher")
        return cls(
            fusion=fusion,
            harmful=harmful,
            grey=grey,
            view_offset=_number(student, "view_offset", VIEW_OFFSET),
            **({} if profile is Profile.THOROUGH else bounds),
        )


def _grey_zone(values: Mapping[str, Any], profile: str) -> GreyZone:
    section = _section(_section(values, "grey"), profile)
    low, high = (_number(section, name, default) for name, default in (("low", 0.0), ("high", 1.0)))
    if not 0.0 <= low <= high <= 1.0:
        raise ValueError(f"grey.{profile}: low {low} and high {high} are no range in [0, 1]")
    windows = _number(section, "windows", TEACHER_WINDOWS)
    if not (windows >= 1 and windows.is_integer()):
        raise ValueError(f"grey.{profile}.windows must be a whole number of at least 1")
    return GreyZone(low, high, int(windows))


def _section(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = values.get(name, {})
    if not isinstance(section, Mapping):
        raise ValueError(f"{name} is no object")
    return section


def _number(section: Mapping[str, Any], name: str, default: float) -> float:
    value = section.get(name, default)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value):
        raise ValueError(f"{name} is no number")
    return float(value)


def _fusions(values: Mapping[str, Any], name: str) -> dict[str, Fusion]:
    fusions = {}
    for last in _section(values, name):
        section = _section(_section(values, name), last)
        weights = {look: _number(_section(section, "weights"), look, math.inf) for look in section.get("weights", {})}
        offset = _number(section, "offset", 0.0)
        if not weights or set(weights) - set(LOOKS) or not all(map(math.isfinite, [*weights.values(), offset])):
            raise ValueError(f"{name}.{last} must have finite weights of {', '.join(LOOKS)}")
        fusions[last] = Fusion(weights, offset)
    return fusions
