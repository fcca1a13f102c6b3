"""The recurrent network of a session: what it is fed, and how its opinion reads as a finding."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from aimds._core import NormalisedText, RecurrentModel, TemporalAnalysis
from aimds.records import Finding
from aimds.taxonomy import Category

__all__ = ["RECURRENT_FILE", "Recurrent", "TURN_CHARACTERS_MAX", "turn_text"]

RECURRENT_FILE: Final = "recurrent.safetensors"
"""Stands beside the embedding that it was trained on."""

TURN_CHARACTERS_MAX: Final = 8_192
"""Characters of a turn that its vector is made of: texts in training end there too. A vector is a gist; of a longer
text the two ends tell it, and a turn stays below a millisecond. The rooms beside this one read everything."""

CONFIDENCE_MAX: Final = 0.95
"""A trained opinion on a whole session is never certain: it is a reason to ask a person, not to block by itself."""

SEVERITY: Final = 0.8
"""As the trajectories. With `CONFIDENCE_MAX` the score stays at 0.76, below the default block threshold."""

RISE_MIN: Final = 0.25
"""Logit by which an event must raise the risk to be reported once more in a session already above the threshold: what
follows an attack is not reported again for the attack's sake."""


@dataclass(frozen=True, slots=True)
class Recurrent:
    """The network and what makes turn vectors for it; both come from outside this room.

    Args:
        model: the trained network.
        embed: little-endian float32 vector of a text, of the length the model wants.
        threshold: probability from which a session is worth a finding; `None` takes the trained one.
    """

    model: RecurrentModel
    embed: Callable[[str | NormalisedText], bytes]
    threshold: float | None = None

    @property
    def flag_probability(self) -> float:
        """The probability from which there is a finding."""
        return self.model.flag_probability if self.threshold is None else self.threshold

    def vector(self, text: str | NormalisedText, characters: int) -> bytes:
        """The vector of a turn's text, which has that many characters."""
        return self.embed(turn_text(text, characters))

    def finding(self, analysis: TemporalAnalysis) -> Finding | None:
        """The finding on an event, if it brought its session above the threshold or raised it further."""
        probability, logit, change = analysis.session_probability, analysis.session_logit, analysis.session_change
        if probability is None or logit is None or change is None or probability < self.flag_probability:
            return None
        was_above = sigmoid(logit - change) >= self.flag_probability
        if was_above and change < RISE_MIN:
            return None
        rises = sorted(analysis.session_rises)
        return Finding(
            detector="temporal.recurrent",
            rule_id="recurrent.session",
            category=Category.MULTI_TURN_ESCALATION,
            severity=SEVERITY,
            confidence=min(probability, CONFIDENCE_MAX),
            message=_message([event for event, _ in rises]),
            threshold=self.flag_probability,
            details=MappingProxyType(
                {
                    "turns": tuple({"event": event, "change": round(change, 2)} for event, change in rises),
                    "probability": probability,
                }
            ),
        )


def turn_text(text: str | NormalisedText, characters: int) -> str | NormalisedText:
    """The text that a turn's vector is made of: all of it, or the two ends of a long one."""
    if characters <= TURN_CHARACTERS_MAX:
        return text
    canonical = text if isinstance(text, str) else text.canonical
    half = TURN_CHARACTERS_MAX // 2
    return f"{canonical[:half]} {canonical[-half:]}"


def sigmoid(logit: float) -> float:
    """Probability of a logit; the kernel keeps logits within 20."""
    return 1.0 / (1.0 + math.exp(-logit))


def _message(events: list[int]) -> str:
    begin = "the course of the session looks like an attack"
    if not events:
        return begin
    names = ", ".join(str(event) for event in events)
    return f"{begin}; what raised the risk: event{'s' if len(events) > 1 else ''} {names}"
