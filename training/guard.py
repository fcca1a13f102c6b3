"""What the whole guard says of sessions, without and with an opinion of the recurrent network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from aimds import Defense, Settings
from aimds.decide.fusion import noisy_or
from aimds.records import Action, Event, StageName
from aimds.temporal.recurrent import CONFIDENCE_MAX, RISE_MIN, SEVERITY
from training.turns import SessionRow

Logits = NDArray[np.float64]


@dataclass(frozen=True)
class EventScores:
    """One event without the network: score of the temporal room, of all others together, and whether it was stopped."""

    temporal: float
    others: float
    stopped: bool


class Guard:
    """The shipped guard without the network, on the fast profile."""

    def __init__(self) -> None:
        settings = Settings(temporal={"recurrent": False}, patterns={"profile": "fast"})
        self._defense = Defense(settings)
        self.escalate = settings.decide.escalate_threshold
        self._sessions = 0

    def scores(self, row: SessionRow) -> list[EventScores]:
        """The scores of each event of a session, in order; times are a replay's."""
        self._sessions += 1
        name, out = f"session {self._sessions}", []
        for place, event in enumerate(row.events):
            out.append(self._event(replace(event, session_id=name, timestamp_ns=(1_700_000_000 + place) * 10**9)))
        return out

    def _event(self, event: Event) -> EventScores:
        verdict = self._defense.evaluate(event)
        temporal = next((report.score for report in verdict.reports if report.stage is StageName.TEMPORAL), 0.0)
        others = noisy_or(report.score for report in verdict.reports if report.stage is not StageName.TEMPORAL)
        return EventScores(temporal, others, verdict.action in (Action.BLOCK, Action.ESCALATE))


def probability_of(logits: Logits) -> Logits:
    """Probabilities of logits, cut as the kernel cuts them."""
    return 1.0 / (1.0 + np.exp(-np.clip(logits, -20.0, 20.0)))


def findings_of(logits: Logits, rest: float, flag: float) -> NDArray[np.bool_]:
    """At which turns the room would report: calibrated logits, and that of an empty session (`Recurrent.finding`)."""
    before = np.concatenate([[rest], logits[:-1]])
    above, was_above = probability_of(logits) >= flag, probability_of(before) >= flag
    return above & (~was_above | (logits - before >= RISE_MIN))


def stop_of(
    scores: Sequence[EventScores], logits: Logits | None, rest: float, flag: float, escalate: float
) -> int | None:
    """Place of the first event that is blocked or escalated; `logits` of `None` leaves the network out."""
    probability = None if logits is None else probability_of(logits)
    found = None if logits is None else findings_of(logits, rest, flag)
    for place, event in enumerate(scores):
        if event.stopped:
            return place
        if found is None or probability is None or place >= len(found) or not found[place]:
            continue
        opinion = SEVERITY * min(float(probability[place]), CONFIDENCE_MAX)
        if noisy_or((max(event.temporal, opinion), event.others)) >= escalate:
            return place
    return None
