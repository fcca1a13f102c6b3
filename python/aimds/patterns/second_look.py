"""The second look: small transformers read what the first look's static tables are not certain of.

Method: a cascade of classifiers (Viola and Jones 2001) whose opinions are joined by stacking (Wolpert 1992). The first
look sees everything; where it is not certain, the student reads the event's windows; where the joined probability lies
in the profile's grey zone, the teacher reads the windows that the student found worst.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from aimds._core import ClassifierResult, NormalisedText, TokenTable, TokenWindow
from aimds.patterns.deadline import Deadline, OutOfTimeError
from aimds.patterns.look_numbers import LookNumbers, clipped, logit_of, probability_of
from aimds.patterns.transformer import Transformer

__all__ = ["Opinion", "SecondLook"]

_LOG = logging.getLogger("aimds")
_HARMFUL: Final = "harmful_request"


@dataclass(frozen=True, slots=True)
class Opinion:
    """What all looks together say of an event."""

    probability: float
    harmful: float
    start: int
    end: int
    """Place of the evidence: code points of the original."""
    chain: tuple[str, ...]
    logits: Mapping[str, float] = field(default_factory=dict)
    """Of an attack, by look; those that were not asked are missing."""
    harmful_logits: Mapping[str, float] = field(default_factory=dict)
    """Of a plain harmful request, by look."""
    windows: int = 0
    """Windows that the student read."""
    windows_all: int = 0
    fault: str = ""
    """Why the second look could not finish; empty when it did, or when it was not asked."""

    @classmethod
    def of_first_look(cls, result: ClassifierResult, margin: float = 0.0) -> Opinion:
        """The first look's opinion alone, its probability lowered by so many logits."""
        harmful = dict(result.outputs).get(_HARMFUL, 0.0)
        static = clipped(result.calibrated_logit)
        return cls(
            probability=probability_of(static - margin) if margin else result.probability,
            harmful=harmful,
            start=result.start,
            end=result.end,
            chain=tuple(result.chain),
            logits={"static": static},
            harmful_logits={"static": logit_of(harmful)},
        )


@dataclass(frozen=True, slots=True)
class _Seen:
    """One window with its logits of attack and harmful request."""

    window: TokenWindow
    attack: float
    harmful: float


class SecondLook:
    """Asks student and teacher. Safe under threads.

    Args:
        table: words of both models.
        student: reads what the first look is not certain of.
        teacher: reads the grey zone; `None` where the profile has none.
        numbers: training's weights and bounds.
    """

    def __init__(
        self,
        table: TokenTable,
        student: Transformer,
        teacher: Transformer | None,
        numbers: LookNumbers,
    ) -> None:
        self._table = table
        self._student = student
        self._teacher = teacher
        self._numbers = numbers

    def describe(self) -> dict[str, object]:
        """Figures about the models, for `aimds doctor`."""
        return {
            "pieces": self._table.pieces,
            "window_tokens": self._table.window_tokens,
            "windows_max": self._table.windows_max,
            "student_bytes": self._student.bytes,
            "teacher_bytes": None if self._teacher is None else self._teacher.bytes,
        }

    def judge(self, text: str | NormalisedText, result: ClassifierResult, deadline: Deadline) -> Opinion:
        """Completes the first look's opinion. Never raises: a fault inside stands in the opinion.

        Args:
            text: the event.
            result: what the first look said of it; it decides whether and where the student reads.
            deadline: what was not read by then makes the opinion faulty.
        """
        first = Opinion.of_first_look(result)
        static = first.logits["static"]
        if not self._numbers.skip_below <= static <= self._numbers.skip_above:
            return first
        windows, windows_all = self._table.windows(text, result)
        if not windows:
            return first
        first = replace(first, windows_all=windows_all)
        bound = self._numbers.window_skip_below
        windows = [windows[0], *(one for one in windows[1:] if one.suspicion >= bound)]
        seen, fault = self._read(self._student, windows, deadline)
        if fault:
            return self._cut_short(first, seen, fault)
        second = self._joined(replace(first, windows=len(seen)), "student", seen, result)
        grey = self._numbers.grey
        if self._teacher is None or grey is None or not grey.low <= second.probability <= grey.high:
            return second
        worst = [one.window for one in seen[: grey.windows]]
        third, fault = self._read(self._teacher, worst, deadline)
        if fault:
            return replace(second, fault=f"teacher: {fault}")
        return self._joined(second, "teacher", third, result)

    def _read(self, model: Transformer, windows: Sequence[TokenWindow], deadline: Deadline) -> tuple[list[_Seen], str]:
        """The windows with their logits, the worst first, and what went wrong."""
        seen: list[_Seen] = []
        fault = ""
        try:
            for window in windows:
                deadline.check()
                vectors, mask, length = self._table.gather([window])
                attack, harmful = model.logits(
                    np.frombuffer(vectors, "<f4").reshape(1, length, -1), np.frombuffer(mask, "<i8").reshape(1, length)
                )
                offset = self._numbers.view_offset if window.is_decoded else 0.0
                seen.append(_Seen(window, clipped(attack - offset), clipped(harmful - offset)))
        except OutOfTimeError as error:
            fault = str(error)
        except Exception as error:  # noqa: BLE001 - fail closed: whatever a model raises, the event is undecided
            _LOG.error("second look: %s", type(error).__name__)
            fault = type(error).__name__
        seen.sort(key=lambda one: -one.attack)  # stable: equal ones keep their order
        return seen, fault

    def _cut_short(self, first: Opinion, seen: Sequence[_Seen], fault: str) -> Opinion:
        """The first look's opinion stays, unless what was read until the fault is worse already."""
        probability, logits = first.probability, dict(first.logits)
        if seen:
            logits["student"] = seen[0].attack
            probability = max(probability, probability_of(self._numbers.fusion["student"].logit(logits)))
        return replace(first, probability=probability, logits=logits, windows=len(seen), fault=f"student: {fault}")

    def _joined(self, before: Opinion, look: str, seen: Sequence[_Seen], result: ClassifierResult) -> Opinion:
        """The opinion with one more look at some windows, the worst first."""
        worst = seen[0]
        logits = {**before.logits, look: worst.attack}
        harmful_logits = {**before.harmful_logits, look: max(one.harmful for one in seen)}
        harmful = self._numbers.harmful.get(look)
        start, end = _narrowed(worst.window, result)
        return replace(
            before,
            probability=probability_of(self._numbers.fusion[look].logit(logits)),
            harmful=before.harmful if harmful is None else probability_of(harmful.logit(harmful_logits)),
            start=start,
            end=end,
            chain=tuple(worst.window.chain),
            logits=logits,
            harmful_logits=harmful_logits,
        )


def _narrowed(window: TokenWindow, result: ClassifierResult) -> tuple[int, int]:
    """The window, cut to the first look's place where both lie in the same reading and overlap."""
    start, end = max(window.start, result.start), min(window.end, result.end)
    same = list(window.chain) == list(result.chain)
    return (start, end) if same and start < end else (window.start, window.end)
