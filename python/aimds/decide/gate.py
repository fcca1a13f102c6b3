"""Keeps what mitigations have done to sessions: throttled ones must wait, quarantined ones are blocked for a while."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["GateState", "SessionGate"]

_BLOCK_WINDOW_NS = 600_000_000_000
"""Blocks count toward quarantine for ten minutes: long enough for a person who tries variants by hand."""


class GateState(StrEnum):
    """Whether a session may go on."""

    OPEN = "open"
    THROTTLED = "throttled"
    QUARANTINED = "quarantined"


@dataclass(slots=True)
class _Entry:
    quarantined_until_ns: int = 0
    throttled_until_ns: int = 0
    blocks: int = 0
    window_start_ns: int = 0


class SessionGate:
    """Bounded table of sessions under a mitigation; the least recently touched goes first. Safe under threads."""

    def __init__(self, sessions_max: int) -> None:
        self._sessions_max = sessions_max
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._lock = threading.Lock()

    def state(self, session_id: str, now_ns: int) -> GateState:
        """How the session stands at `now_ns`."""
        if not self._entries:
            return GateState.OPEN
        with self._lock:
            entry = self._entries.get(session_id)
            if entry is None:
                return GateState.OPEN
            if now_ns < entry.quarantined_until_ns:
                return GateState.QUARANTINED
            return GateState.THROTTLED if now_ns < entry.throttled_until_ns else GateState.OPEN

    def quarantine(self, session_id: str, until_ns: int) -> None:
        """Blocks the session until `until_ns`."""
        with self._lock:
            self._touch(session_id).quarantined_until_ns = until_ns

    def throttle(self, session_id: str, until_ns: int) -> None:
        """Makes the session wait until `until_ns`."""
        with self._lock:
            self._touch(session_id).throttled_until_ns = until_ns

    def count_block(self, session_id: str, now_ns: int) -> int:
        """Counts one blocked event; returns how many there were within the window of ten minutes."""
        with self._lock:
            entry = self._touch(session_id)
            if now_ns - entry.window_start_ns > _BLOCK_WINDOW_NS:
                entry.window_start_ns, entry.blocks = now_ns, 0
            entry.blocks += 1
            return entry.blocks

    def release(self, session_id: str) -> bool:
        """Lifts every mitigation of the session; tells whether there was one."""
        with self._lock:
            return self._entries.pop(session_id, None) is not None

    def _touch(self, session_id: str) -> _Entry:
        entry = self._entries.setdefault(session_id, _Entry())
        self._entries.move_to_end(session_id)
        if len(self._entries) > self._sessions_max:
            self._entries.popitem(last=False)
        return entry
