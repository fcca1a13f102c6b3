"""The time that transformers may take for one event."""

from __future__ import annotations

from typing import Final

from aimds.ports import Clock

__all__ = ["Deadline", "OutOfTimeError"]

_NS_PER_MS: Final = 1_000_000


class OutOfTimeError(Exception):
    """The time of one event is spent; caught inside the room, where it makes the event undecided."""


class Deadline:
    """Starts when it is made. Models look at it between windows: one window is some milliseconds.

    Args:
        clock: measures.
        budget_ms: time until the end.
    """

    def __init__(self, clock: Clock, budget_ms: float) -> None:
        self._clock = clock
        self._budget_ms = budget_ms
        self._until_ns = clock.monotonic_ns() + int(budget_ms * _NS_PER_MS)

    def check(self) -> None:
        """Raises `OutOfTimeError` when the time is spent."""
        if self._clock.monotonic_ns() > self._until_ns:
            raise OutOfTimeError(f"budget of {self._budget_ms:g} ms spent")
