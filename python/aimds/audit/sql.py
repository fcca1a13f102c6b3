"""What the SQL stores share: the table, the statements, and the shape of a transaction."""

from __future__ import annotations

import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Final

from aimds.audit.store import Batch, EntryType, Filters, Head, Row
from aimds.errors import ArtefactError, ErrorCode

__all__ = ["COLUMNS", "SqlStore"]

COLUMNS: Final = "sequence, hash, time_ns, type, event_id, session_id, action, categories, line"

_HEAD: Final = """
SELECT
    (SELECT value FROM aimds_audit_facts WHERE name = 'trail'),
    last.sequence, last.hash, last.time_ns,
    (SELECT MIN(sequence) FROM aimds_audit_entries),
    signed.sequence, signed.time_ns
FROM (SELECT sequence, hash, time_ns FROM aimds_audit_entries ORDER BY sequence DESC LIMIT 1) AS last
LEFT JOIN (
    SELECT sequence, time_ns FROM aimds_audit_entries WHERE type = 'checkpoint' ORDER BY sequence DESC LIMIT 1
) AS signed ON 1 = 1
"""
_TRAIL: Final = "SELECT value FROM aimds_audit_facts WHERE name = 'trail'"
_KEEP: Final = "UPDATE aimds_audit_facts SET value = ? WHERE name = 'kept_from'"
_DROP: Final = "DELETE FROM aimds_audit_entries WHERE sequence < ?"
_RETIRABLE: Final = """
SELECT sequence, hash FROM aimds_audit_entries
WHERE type = 'checkpoint' AND time_ns < ? AND sequence < ? ORDER BY sequence DESC LIMIT 1
"""
_BY_NUMBER: Final = f"SELECT {COLUMNS} FROM aimds_audit_entries WHERE sequence = ?"  # noqa: S608 - our own columns
_BY_EVENT: Final = f"SELECT {COLUMNS} FROM aimds_audit_entries WHERE event_id = ? ORDER BY sequence DESC LIMIT 1"  # noqa: S608
_FROM: Final = f"SELECT {COLUMNS} FROM aimds_audit_entries WHERE sequence >= ? ORDER BY sequence"  # noqa: S608
_NUMBER_DIGITS_MAX: Final = 18  # more may not fit 64 bits


def _literal(text: str) -> str:
    """The text as a pattern that matches itself only."""
    return re.sub("([!%_])", r"!\1", text)


class SqlStore(ABC):
    """A trail in an SQL database; a subclass brings the connection and the dialect."""

    SCHEMA: ClassVar[tuple[str, ...]]
    """Statements that make table, indexes and the triggers that refuse changes; harmless where they exist."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._lock = threading.RLock()

    # -- what a dialect brings -----------------------------------------------------------------------------------

    @abstractmethod
    def _writing(self) -> AbstractContextManager[None]:
        """A transaction that no other writer enters; committed at the end, rolled back when something is raised."""

    @abstractmethod
    def _execute(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Runs a statement on the writing connection; parameters are marked with `?`."""

    @abstractmethod
    def _insert(self, rows: Sequence[Row]) -> None:
        """Writes rows within the transaction."""

    @abstractmethod
    def _stream(self, statement: str, parameters: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
        """The rows of a query as they stood when it began, without holding them all."""

    @abstractmethod
    def close(self) -> None:
        """Lets go of the connection."""

    # -- the port ------------------------------------------------------------------------------------------------

    @property
    def place(self) -> str:
        """Where the trail is, without credentials."""
        return self._place

    def head(self) -> Head:
        """Where the trail stands."""
        with self._lock:
            found = self._execute(_HEAD)
            if not found:
                trail = self._execute(_TRAIL)
                if not trail:
                    self._corrupt("the trail has no identity")
                return Head(str(trail[0][0]))
        trail_id, sequence, value, time_ns, first, signed, signed_ns = found[0]
        if trail_id is None:
            self._corrupt("the trail has no identity")
        return Head(str(trail_id), sequence, value, time_ns, first, signed or 0, signed_ns or 0)

    def append(self, write: Callable[[Head], Batch]) -> None:
        """Writes a batch in one transaction, and drops what it retires."""
        with self._lock, self._writing():
            batch = write(self.head())
            if batch.rows:
                self._insert(batch.rows)
            if batch.keep_from is not None:
                self._execute(_KEEP, (str(batch.keep_from),))
                self._execute(_DROP, (batch.keep_from,))

    def retirable(self, before_ns: int, before_sequence: int) -> tuple[int, str] | None:
        """The newest checkpoint older than both bounds."""
        with self._lock:
            found = self._execute(_RETIRABLE, (before_ns, before_sequence))
        return (found[0][0], found[0][1]) if found else None

    def rows(self, first: int = 0) -> Iterator[Row]:
        """The entries from `first` on."""
        return (Row(*values) for values in self._stream(_FROM, (first,)))

    def find(self, filters: Filters) -> Iterator[Row]:
        """The verdicts that pass the filters, newest first."""
        conditions, parameters = ["type = ?"], [EntryType.VERDICT]
        for condition, value in (
            ("time_ns >= ?", filters.since_ns),
            ("time_ns < ?", filters.until_ns),
            ("session_id = ?", filters.session_id),
            ("categories LIKE ? ESCAPE '!'", None if filters.category is None else f"% {_literal(filters.category)} %"),
        ):
            if value is not None:
                conditions.append(condition)
                parameters.append(value)  # type: ignore[arg-type]
        if filters.actions:
            conditions.append(f"action IN ({', '.join('?' * len(filters.actions))})")
            parameters.extend(filters.actions)
        statement = (
            f"SELECT {COLUMNS} FROM aimds_audit_entries WHERE {' AND '.join(conditions)}"  # noqa: S608 - conditions above
            f" ORDER BY sequence DESC{'' if filters.limit is None else f' LIMIT {int(filters.limit)}'}"
        )
        return (Row(*values) for values in self._stream(statement, parameters))

    def get(self, name: str) -> Row | None:
        """The entry of this number, else the newest verdict on the event of this id."""
        found: list[tuple[Any, ...]] = []
        with self._lock:
            if name.isascii() and name.isdigit() and len(name) <= _NUMBER_DIGITS_MAX:
                found = self._execute(_BY_NUMBER, (int(name),))
            found = found or self._execute(_BY_EVENT, (name,))
        return Row(*found[0]) if found else None

    def _corrupt(self, reason: str) -> None:
        raise ArtefactError(ErrorCode.ARTEFACT_CORRUPT, place=self._place, reason=reason)
