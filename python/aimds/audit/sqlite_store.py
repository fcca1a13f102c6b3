"""A trail in a SQLite file: write-ahead log, one transaction a batch, flushed before it counts as written."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import Any, ClassVar, Final

from aimds.audit.sql import COLUMNS, SqlStore
from aimds.audit.store import Row
from aimds.audit.verify import open_to_read
from aimds.errors import ArtefactError, ErrorCode
from aimds.ports import IdSource

__all__ = ["SqliteStore", "sqlite_fault"]

_BUSY_MS: Final = 5000
"""How long to wait for another process that writes. A batch takes milliseconds; who holds on longer is ill."""

_INSERT: Final = f"INSERT INTO aimds_audit_entries ({COLUMNS}) VALUES ({', '.join('?' * 9)})"  # noqa: S608


class SqliteStore(SqlStore):
    """One trail in one file.

    Args:
        path: the file; made when it is not there, unless `read_only`.
        ids: names a new trail.
        power_safe: flush to the disk at every batch, so that it survives a loss of power. Without it a batch survives
            the end of the process by any means, and a loss of power costs at most the last ones; never the chain.
        read_only: for readers; nothing is made or changed.

    Raises:
        ArtefactError: `store-failed`, or `artefact-corrupt` when the file is not such a store.
    """

    SCHEMA: ClassVar[tuple[str, ...]] = (
        """CREATE TABLE IF NOT EXISTS aimds_audit_entries (
            sequence INTEGER PRIMARY KEY,
            hash TEXT NOT NULL,
            time_ns INTEGER NOT NULL,
            type TEXT NOT NULL,
            event_id TEXT,
            session_id TEXT,
            action TEXT,
            categories TEXT NOT NULL,
            line TEXT NOT NULL
        )""",
        "CREATE TABLE IF NOT EXISTS aimds_audit_facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
        """CREATE INDEX IF NOT EXISTS aimds_audit_checkpoints
            ON aimds_audit_entries (sequence) WHERE type = 'checkpoint'""",
        "CREATE INDEX IF NOT EXISTS aimds_audit_times ON aimds_audit_entries (time_ns)",
        "CREATE INDEX IF NOT EXISTS aimds_audit_events ON aimds_audit_entries (event_id)",
        "CREATE INDEX IF NOT EXISTS aimds_audit_sessions ON aimds_audit_entries (session_id)",
        # Triggers stop mistakes, not attackers, who can drop them; those meet the chain and the signatures.
        """CREATE TRIGGER IF NOT EXISTS aimds_audit_no_update BEFORE UPDATE ON aimds_audit_entries
            BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END""",
        """CREATE TRIGGER IF NOT EXISTS aimds_audit_no_delete BEFORE DELETE ON aimds_audit_entries
            WHEN OLD.sequence >= (SELECT CAST(value AS INTEGER) FROM aimds_audit_facts WHERE name = 'kept_from')
            BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END""",
    )

    def __init__(self, path: Path, ids: IdSource, *, power_safe: bool = True, read_only: bool = False) -> None:
        super().__init__(str(path))
        self._path = path
        with self._guarded():
            if read_only:
                self._database = open_to_read(path)
                return
            _make_private(path)
            self._database = sqlite3.connect(
                path, check_same_thread=False, isolation_level=None, timeout=_BUSY_MS / 1000, cached_statements=64
            )
        try:
            self._prepare(ids, power_safe=power_safe)
        except BaseException:
            self.close()
            raise

    def _prepare(self, ids: IdSource, *, power_safe: bool) -> None:
        with self._guarded():
            # FULL: the log is flushed at every commit. NORMAL: it is written, which no death of the process can undo.
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute(f"PRAGMA synchronous = {'FULL' if power_safe else 'NORMAL'}")
            self._database.execute("PRAGMA secure_delete = ON")  # what was retired is overwritten, not only forgotten
            with self._writing():
                for statement in self.SCHEMA:
                    self._database.execute(statement)
                for fact in (("trail", ids.next_id()), ("kept_from", "1")):
                    self._database.execute("INSERT OR IGNORE INTO aimds_audit_facts VALUES (?, ?)", fact)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._guarded():
            # IMMEDIATE: the head that is read next stays the head until the commit, whoever else writes.
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    def _execute(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._guarded():
            return self._database.execute(statement, parameters).fetchall()

    def _insert(self, rows: Sequence[Row]) -> None:
        with self._guarded():
            self._database.executemany(_INSERT, [astuple(row) for row in rows])

    def _stream(self, statement: str, parameters: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
        # A connection of its own: a reader sees one state of the trail, and no writer waits for it.
        with self._guarded(), closing(open_to_read(self._path)) as database:
            yield from database.execute(statement, parameters)

    def close(self) -> None:
        """Lets go of the file. Closing twice does nothing."""
        with self._lock:
            self._database.close()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Turns faults of SQLite into ours."""
        try:
            yield
        except OSError as fault:
            reason = fault.strerror or "cannot be opened"
            raise ArtefactError(ErrorCode.STORE_FAILED, place=self._place, reason=reason) from fault
        except sqlite3.Error as fault:
            raise sqlite_fault(self._place, fault) from fault


def sqlite_fault(place: str, fault: sqlite3.Error) -> ArtefactError:
    """A fault of SQLite as ours: `artefact-corrupt` when the file is no trail, else `store-failed`."""
    busy = isinstance(fault, (sqlite3.OperationalError, sqlite3.IntegrityError, sqlite3.ProgrammingError))
    wrong = not busy or "no such table" in str(fault)
    code = ErrorCode.ARTEFACT_CORRUPT if wrong else ErrorCode.STORE_FAILED
    return ArtefactError(code, place=place, reason=str(fault))


def _make_private(path: Path) -> None:
    """Makes the file where there is none, for its owner only; SQLite gives the files beside it the same mode."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
