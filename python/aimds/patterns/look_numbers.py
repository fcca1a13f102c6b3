"""The numbers that training writes beside the second look: whom to ask when, and how to join the opinions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["Fusion", "logit_of", "LookNumbers", "LOOKS", "probability_of"]

LOOKS: Final = ("static", "student", "teacher")
"""The opinions that can be fused, in the order in which they are asked."""

LOGIT_MAX: Final = 20.7
"""Training clips probabilities at 1e-9 before it takes their logits; beyond it one opinion would drown the others."""

TEACHER_WINDOWS: Final = 4
"""Windows that the teacher reads unless the file says otherwise: at about 9 ms each, it stays below 40 ms an event."""

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
class LookNumbers:
    """What `look.safetensors` says in its metadata (`docs/model-formats.md`, section 9)."""

    fusion: Mapping[str, Fusion]
    """By profile, for the probability of an attack: `balanced`, `thorough`."""
    harmful: Mapping[str, Fusion] = field(default_factory=dict)
    """The same for a plain harmful request; a profile without one leaves the first look's opinion."""
    skip_below: float = -math.inf
    """Calibrated logit of the first look below which the student is not asked."""
    skip_above: float = math.inf
    window_skip_below: float = -math.inf
    """The same for single windows of an event that the student is asked about; the most suspicious is always read."""
    grey_low: float = 0.0
    """Fused probabilities (`balanced`) between which the teacher is asked."""
    grey_high: float = 1.0
    teacher_windows: int = TEACHER_WINDOWS
    view_offset: float = VIEW_OFFSET

    @classmethod
    def from_metadata(cls, values: Mapping[str, Any]) -> LookNumbers:
        """Reads the metadata.

        Raises:
            ValueError: a number is missing, out of range or not finite; the message names it.
        """
        student, grey = _section(values, "student"), _section(values, "grey")
        low, high = (_number(grey, name, default) for name, default in (("low", 0.0), ("high", 1.0)))
        if not 0.0 <= low <= high <= 1.0:
            raise ValueError(f"grey.low {low} and grey.high {high} are no range in [0, 1]")
        windows = int(_number(grey, "teacher_windows", TEACHER_WINDOWS))
        if windows < 1:
            raise ValueError("grey.teacher_windows must be at least 1")
        fusion = _fusions(values, "fusion")
        if "balanced" not in fusion or "student" not in fusion["balanced"].weights:
            raise ValueError("fusion.balanced must weigh the student")
        if any("teacher" in one.weights for name, one in fusion.items() if name != "thorough"):
            raise ValueError("only fusion.thorough may weigh the teacher")
        return cls(
            fusion=fusion,
            harmful=_fusions(values, "harmful_fusion"),
            skip_below=_number(student, "skip_below", -math.inf),
            skip_above=_number(student, "skip_above", math.inf),
            window_skip_below=_number(student, "window_skip_below", -math.inf),
            grey_low=low,
            grey_high=high,
            teacher_windows=windows,
            view_offset=_number(student, "view_offset", VIEW_OFFSET),
        )


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
    for profile in _section(values, name):
        section = _section(_section(values, name), profile)
        weights = {look: _number(_section(section, "weights"), look, math.inf) for look in section.get("weights", {})}
        offset = _number(section, "offset", 0.0)
        if not weights or set(weights) - set(LOOKS) or not all(map(math.isfinite, [*weights.values(), offset])):
            raise ValueError(f"{name}.{profile} must have finite weights of {', '.join(LOOKS)}")
        fusions[profile] = Fusion(weights, offset)
    return fusions
