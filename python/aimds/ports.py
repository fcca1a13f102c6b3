"""What rooms may ask of the world outside: time and identity. They arrive as arguments, so tests can replay.

And what they may ask to be told to it: that a library which they load keeps silent.
"""

from __future__ import annotations

import os
import time
import uuid
from typing import Protocol

__all__ = [
    "Clock",
    "IdSource",
    "ManualClock",
    "SequentialIds",
    "SystemClock",
    "SystemIds",
    "switch_telemetry_off",
]


class Clock(Protocol):
    """Wall time for records, monotonic time for budgets; both in nanoseconds."""

    def now_ns(self) -> int:
        """Nanoseconds since the Unix epoch."""
        ...

    def monotonic_ns(self) -> int:
        """Nanoseconds from an arbitrary start that never goes back."""
        ...


class IdSource(Protocol):
    """Gives each event an identity."""

    def next_id(self) -> str:
        """A new id, unique within this process at least."""
        ...


class SystemClock:
    """The machine's clock."""

    now_ns = staticmethod(time.time_ns)
    monotonic_ns = staticmethod(time.perf_counter_ns)


class ManualClock:
    """A clock that stands still until `advance` is called; starts at `start_ns`."""

    def __init__(self, start_ns: int = 1_000_000_000) -> None:
        self._now_ns = start_ns

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, as set."""
        return self._now_ns

    def monotonic_ns(self) -> int:
        """The same as `now_ns`."""
        return self._now_ns

    def advance(self, by_ns: int) -> None:
        """Moves time forward by `by_ns` nanoseconds."""
        if by_ns < 0:
            raise ValueError("time does not go back")
        self._now_ns += by_ns


class SystemIds:
    """Random UUIDs."""

    @staticmethod
    def next_id() -> str:
        """A random UUID in hexadecimal."""
        return uuid.uuid4().hex


class SequentialIds:
    """`prefix-1`, `prefix-2`, ...: for tests and replays."""

    def __init__(self, prefix: str = "event") -> None:
        self._prefix = prefix
        self._count = 0

    def next_id(self) -> str:
        """The next id in order."""
        self._count += 1
        return f"{self._prefix}-{self._count}"


def switch_telemetry_off() -> None:
    """Sets `ORT_DISABLE_TELEMETRY` to 1 before onnxruntime is imported, for its telemetry begins with the import.

    A value that the host program has set stays: the variable speaks for the whole process, which is not ours alone.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
