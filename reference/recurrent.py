"""Twin of the recurrent network: plain lists, double precision, the whole history kept.

The numbers of a turn are made again from the features and from what the session said; those two have a twin of their
own (`reference.temporal`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["NetworkTwin", "TwinOpinion", "numbers"]

KINDS = ("prompt", "document", "tool_call", "tool_result", "response")
ROLES = ("system", "user", "assistant", "tool", "agent")
CUES = (
    "routine", "refusal", "fiction", "persona", "deeper", "pressure", "fragment", "combine", "execute", "error",
    "pending", "pass_on", "override",
)  # fmt: skip


def numbers(kind: str, role: str, features: Any, analysis: Any, gap_ns: int | None) -> list[float]:
    """The 34 numbers of a turn; `gap_ns` is the time since the last event of the kind, if it is known and believed."""
    gap = 0.0 if gap_ns is None else min(1.0, max(0.0, math.log1p(gap_ns / 1e9) / 12))
    return [
        *(float(kind == name) for name in KINDS),
        *(float(role == name) for name in ROLES),
        min(1.0, math.log1p(features.length) / 14),
        float(gap_ns is not None),
        gap,
        features.risk,
        analysis.session_risk,
        analysis.loop_confidence,
        analysis.anomaly_confidence,
        analysis.trajectory_confidence,
        analysis.trajectory_progress,
        max(-6.0, min(6.0, analysis.length_z)) / 6,
        min(1.0, features.dialog / 24),
        *(float(name in features.cues) for name in CUES),
    ]


@dataclass
class TwinOpinion:
    """What the twin says after a turn."""

    logit: float
    change: float
    rises: list[tuple[int, float]]

    @property
    def probability(self) -> float:
        """The logit as a probability."""
        return 1 / (1 + math.exp(-self.logit))


@dataclass
class NetworkTwin:
    """One session of the network with these weights: nested lists, row `i` is what input `i` adds."""

    weights: Mapping[str, Any]
    scale: float = 1.0
    offset: float = 0.0
    cells: list[float] = field(default_factory=list)
    logits: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cells = [0.0] * len(self.weights["output.weight"])
        self.logits = [self._logit()]

    def step(self, vector: Sequence[float], turn: Sequence[float]) -> TwinOpinion:
        """Takes in a turn: its text's vector, and its numbers."""
        projected = _product(vector, self.weights["project.weight"])
        given = _product([*projected, *turn], self.weights["input.weight"], self.weights["input.bias"])
        held = _product(self.cells, self.weights["recurrent.weight"], self.weights["recurrent.bias"])
        count = len(self.cells)
        for cell in range(count):
            reset = _sigmoid(given[cell] + held[cell])
            update = _sigmoid(given[count + cell] + held[count + cell])
            candidate = math.tanh(given[2 * count + cell] + reset * held[2 * count + cell])
            self.cells[cell] = (1 - update) * candidate + update * self.cells[cell]
        self.logits.append(self._logit())
        return TwinOpinion(self.logits[-1], self.logits[-1] - self.logits[-2], self._rises())

    def _logit(self) -> float:
        total = sum(weight * cell for weight, cell in zip(self.weights["output.weight"], self.cells, strict=True))
        return max(-20.0, min(20.0, self.scale * (total + self.weights["output.bias"][0]) + self.offset))

    def _rises(self) -> list[tuple[int, float]]:
        changes = [(event, self.logits[event] - self.logits[event - 1]) for event in range(1, len(self.logits))]
        rises = [(event, change) for event, change in changes[-32:] if change >= 0.1]
        return sorted(rises, key=lambda rise: -rise[1])[:5]


def _product(row: Sequence[float], matrix: Sequence[Sequence[float]], bias: Sequence[float] = ()) -> list[float]:
    sums = list(bias) or [0.0] * len(matrix[0])
    for value, weights in zip(row, matrix, strict=True):
        for place, weight in enumerate(weights):
            sums[place] += value * weight
    return sums


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-max(-500.0, min(500.0, value))))
