"""All opinions on one event, in their order: static tables, student, teacher, and the user's own classifier."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from dataclasses import replace
from typing import Any, Final

from aimds._core import ClassifierResult, NormalisedText
from aimds.patterns.deadline import Deadline, OutOfTimeError
from aimds.patterns.look_numbers import logit_of, probability_of
from aimds.patterns.own_classifier import CHARACTERS_MAX, OwnClassifier
from aimds.patterns.second_look import Opinion, SecondLook
from aimds.ports import Clock, SystemClock
from aimds.records import Profile

__all__ = ["Looks"]

_LOG = logging.getLogger("aimds")
_OWN: Final = "own"


class Looks:
    """Asks those that the profile wants, and counts what each saw. Safe under threads.

    Args:
        profile: named in descriptions; the looks themselves are the other arguments.
        second_look: student and, for `thorough`, teacher; `None` leaves the first look alone.
        own: the user's classifier.
        own_weight: weight of its logit; that of all shipped models together is 1.
        clock: measures the budget.
        budget_ms: time of all transformers for one event.
        alone_margin: logits taken off the first look where there is no second.
    """

    def __init__(
        self,
        profile: Profile = Profile.FAST,
        second_look: SecondLook | None = None,
        own: OwnClassifier | None = None,
        own_weight: float = 1.0,
        clock: Clock | None = None,
        budget_ms: float = 1000.0,
        alone_margin: float = 0.0,
    ) -> None:
        self._profile = profile
        self._second_look = second_look
        self._own = own
        self._own_weight = own_weight
        self._clock: Clock = clock if clock is not None else SystemClock()
        self._budget_ms = budget_ms
        self._alone_margin = alone_margin
        self._lock = threading.Lock()
        self._seen: Counter[str] = Counter()

    @property
    def uses_transformers(self) -> bool:
        """Whether anything but static tables may be asked."""
        return self._second_look is not None or self._own is not None

    def judge(self, text: str | NormalisedText, result: ClassifierResult) -> Opinion:
        """The opinion of all. Never raises: a fault inside stands in the opinion.

        Args:
            text: the event.
            result: what the first look said of it.
        """
        deadline = Deadline(self._clock, self._budget_ms)
        if self._second_look is None:
            opinion = Opinion.of_first_look(result, self._alone_margin)
        else:
            opinion = self._second_look.judge(text, result, deadline)
        if self._own is not None:
            opinion = self._with_own(self._own, text, opinion, deadline)
        with self._lock:
            self._seen.update(opinion.logits.keys())
            self._seen["faults"] += bool(opinion.fault)
        return opinion

    def _with_own(
        self, own: OwnClassifier, text: str | NormalisedText, opinion: Opinion, deadline: Deadline
    ) -> Opinion:
        try:
            logit = max(own.logit(part, deadline) for part in _parts(text, opinion))
        except OutOfTimeError as fault:
            return _faulty(opinion, f"{_OWN}: {fault}")
        except Exception as fault:  # noqa: BLE001 - fail closed: whatever a user's model raises, the event is undecided
            _LOG.error("own classifier: %s", type(fault).__name__)
            return _faulty(opinion, f"{_OWN}: {type(fault).__name__}")
        joined = (logit_of(opinion.probability) + self._own_weight * logit) / (1.0 + self._own_weight)
        return replace(opinion, probability=probability_of(joined), logits={**opinion.logits, _OWN: logit})

    def describe(self) -> dict[str, Any]:
        """The profile, the models, and how many events each look saw (repeated texts are not counted)."""
        if self._second_look is not None:
            second: object = self._second_look.describe()
        elif self._profile is Profile.FAST:
            second = "not asked"
        else:
            second = "no model files: static tables alone, as with the profile fast"
        with self._lock:
            seen = dict(self._seen)
        return {
            "profile": str(self._profile),
            "second_look": second,
            "own_classifier": None if self._own is None else self._own.name,
            "events_seen": seen,
        }


def _faulty(opinion: Opinion, fault: str) -> Opinion:
    return replace(opinion, fault="; ".join(filter(None, (opinion.fault, fault))))


def _parts(text: str | NormalisedText, opinion: Opinion) -> list[str]:
    """The text, of a long one what surrounds the evidence, and the decoded reading that holds it."""
    original, canonical = (text, text) if isinstance(text, str) else (text.original, text.canonical)
    if len(canonical) > CHARACTERS_MAX:
        middle = (opinion.start + opinion.end) // 2
        start = max(0, min(middle - CHARACTERS_MAX // 2, len(original) - CHARACTERS_MAX))
        canonical = original[start : start + CHARACTERS_MAX]
    decoded = [] if isinstance(text, str) or not opinion.chain else text.views
    return [canonical, *(view.text for view in decoded if tuple(view.chain) == opinion.chain)][:2]
