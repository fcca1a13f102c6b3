"""The sessions of the policies, in a table that cannot outgrow its bound."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, TypeVar

from aimds.limits import APPROVABLE_EVENTS_MAX
from aimds.policy import Engine, Session

__all__ = ["HeldSession", "SessionTable"]

_Value = TypeVar("_Value")


@dataclass(slots=True)
class HeldSession:
    """The policy sessions of one session id, and what they need besides."""

    sessions: tuple[Session, ...]
    keys: OrderedDict[str, str] = field(default_factory=OrderedDict)
    """Of the last events that can be approved: what an approval must be about, by their id (of a long one its hash)."""
    consent_ns: OrderedDict[str, int] = field(default_factory=OrderedDict)
    """When a person last decided on them, by that key."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    users: int = 0

    def remember(self, event_id: str, key: str) -> None:
        """Keeps what an approval of this event must be about."""
        _put(self.keys, event_id, key)

    def consented(self, key: str, timestamp_ns: int) -> None:
        """Keeps when a person decided."""
        _put(self.consent_ns, key, max(timestamp_ns, self.consent_ns.get(key, 0)))


def _put(table: OrderedDict[str, _Value], key: str, value: _Value) -> None:
    table[key] = value
    table.move_to_end(key)
    while len(table) > APPROVABLE_EVENTS_MAX:
        table.popitem(last=False)


class SessionTable:
    """One policy session for each policy set and session id; the least recently used are put to rest.

    A session at rest keeps its windows and counts, but not its texts: when it goes on, what its calls have to do with
    earlier events is unknown, and so it is never granted more than before. Beyond `resting_max` it is forgotten.

    Args:
        engines: the policy sets.
        sessions_max: sessions held whole.
        resting_max: sessions at rest.
    """

    def __init__(self, engines: Sequence[Engine], sessions_max: int, resting_max: int) -> None:
        self._engines: Final = tuple(engines)
        self._sessions_max = sessions_max
        self._resting_max = resting_max
        self._held: OrderedDict[str, HeldSession] = OrderedDict()
        self._resting: OrderedDict[str, tuple[bytes, ...]] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, session_id: str | None) -> Iterator[HeldSession]:
        """The policy sessions of this id, for this thread alone; new ones without a past when there is no id."""
        if session_id is None:
            yield HeldSession(tuple(Session(engine) for engine in self._engines))
            return
        with self._lock:
            entry = self._take(session_id)
            entry.users += 1
            self._rest()
        try:
            with entry.lock:
                yield entry
        finally:
            with self._lock:
                entry.users -= 1

    def sizes(self) -> tuple[int, int]:
        """Sessions held whole, and at rest."""
        with self._lock:
            return len(self._held), len(self._resting)

    def _take(self, session_id: str) -> HeldSession:
        entry = self._held.get(session_id)
        if entry is None:
            states = self._resting.pop(session_id, (None,) * len(self._engines))
            sessions = tuple(Session(engine, state) for engine, state in zip(self._engines, states, strict=True))
            entry = self._held[session_id] = HeldSession(sessions)
        self._held.move_to_end(session_id)
        return entry

    def _rest(self) -> None:
        """Puts the least recently used to rest that no thread is using."""
        over = len(self._held) - self._sessions_max
        if over <= 0:
            return
        idle = [session_id for session_id, entry in self._held.items() if entry.users == 0][:over]
        for session_id in idle:
            entry = self._held.pop(session_id)
            self._resting[session_id] = tuple(session.export() for session in entry.sessions)
        while len(self._resting) > self._resting_max:
            self._resting.popitem(last=False)
