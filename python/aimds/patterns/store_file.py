"""Opens the SQLite file of a pattern store: to write or to read only, and no other program's file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from aimds.errors import ArtefactError, ErrorCode, InputError

__all__ = ["open_to_read", "open_to_write"]

_TABLES: Final = frozenset({"patterns", "facts"})
_SCHEMA: Final = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS patterns (
    number INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    category TEXT NOT NULL,
    status TEXT NOT NULL,
    severity REAL NOT NULL,
    source TEXT NOT NULL,
    created_ns INTEGER NOT NULL,
    vector BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
COMMIT;
"""


def open_to_write(path: Path | None) -> sqlite3.Connection:
    """A connection that may change the store; the file is made when there is none, `None` keeps it in memory.

    Raises:
        ArtefactError: `artefact-corrupt` when the file is a database with other tables; then it is not touched.
        sqlite3.Error: it cannot be opened or is no database.
    """
    if path is not None and path.is_file():
        with closing(_connected_to_read(path)) as existing:
            if tables := _tables_of(existing):  # none: a new file, or one whose making was cut off
                _check_tables(tables, path)
    place = ":memory:" if path is None else str(path)
    database = sqlite3.connect(place, check_same_thread=False, isolation_level=None)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.executescript(_SCHEMA)
    except BaseException:
        database.close()
        raise
    return database


def open_to_read(path: Path) -> sqlite3.Connection:
    """A connection that makes and changes nothing.

    Raises:
        InputError: `input-not-found` when there is no file.
        ArtefactError: `artefact-corrupt` when it is not a pattern store.
        sqlite3.Error: it cannot be read or is no database.
    """
    if not path.is_file():
        raise InputError(ErrorCode.INPUT_NOT_FOUND, place=str(path), reason="no such pattern store")
    database = _connected_to_read(path)
    try:
        _check_tables(_tables_of(database), path)
    except BaseException:
        database.close()
        raise
    return database


def _connected_to_read(path: Path) -> sqlite3.Connection:
    """SQLite writes beside a file that it reads; where it may not, and its log is empty, the file alone is it all."""
    path = path.resolve()
    address = f"{path.as_uri()}?mode=ro"
    try:
        return _tried(address)
    except sqlite3.OperationalError as fault:
        refused = fault.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)  # 0xFF: the kind
        log = path.with_name(f"{path.name}-wal")
        if not refused or (log.exists() and log.stat().st_size > 0):
            raise
    return _tried(f"{address}&immutable=1")


def _tried(address: str) -> sqlite3.Connection:
    database = sqlite3.connect(address, uri=True, check_same_thread=False, isolation_level=None)
    try:
        _tables_of(database)
    except BaseException:
        database.close()
        raise
    return database


def _tables_of(database: sqlite3.Connection) -> set[str]:
    rows = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {name for (name,) in rows if not name.startswith("sqlite_")}


def _check_tables(tables: set[str], path: Path) -> None:
    if tables != _TABLES:
        reason = "it is a database, but not a pattern store" if tables else "it is empty, not a pattern store"
        raise ArtefactError(ErrorCode.ARTEFACT_CORRUPT, place=str(path), reason=reason)
