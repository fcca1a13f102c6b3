"""From the rooms' scores to one probability that the event is an attack.

Rooms see different things, so their scores are fused as independent evidence: noisy-or, the combination rule of Pearl
(Probabilistic Reasoning in Intelligent Systems, 1988, section 4.3.2). A room that saw nothing adds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["noisy_or"]


def noisy_or(scores: Iterable[float]) -> float:
    """Probability that at least one cause is present, given independent probabilities in [0, 1]."""
    absent = 1.0
    for score in scores:
        absent *= 1.0 - min(max(score, 0.0), 1.0)
    return 1.0 - absent
