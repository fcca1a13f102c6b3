"""A trail in PostgreSQL, for several machines that share one (extra `aimds[postgres]`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import parse_qs, urlsplit

from aimds.audit.sql import COLUMNS, SqlStore
from aimds.audit.store import Row
from aimds.errors import AimdsError, ArtefactError, ConfigurationError, ErrorCode
from aimds.ports import IdSource

if TYPE_CHECKING:
    import psycopg

__all__ = ["PostgresStore"]

_WRITERS_LOCK: Final = 0x61696D6473  # "aimds": the advisory lock that writers of trails take in turn
_CONNECT_S: Final = 5  # a server that does not answer must not hold a verdict for longer
_STATEMENT_MS: Final = 5000  # nor a lock that another writer does not give back
_READING_MS: Final = 600_000  # who reads may search a long trail
_STREAMED_ROWS: Final = 500  # rows fetched at a time: a megabyte each at worst
_INSERT: Final = f"INSERT INTO aimds_audit_entries ({COLUMNS}) VALUES ({', '.join(['%s'] * 9)})"  # noqa: S608


class PostgresStore(SqlStore):
    """One trail in one schema of a database; whoever writes takes an advisory lock.

    Args:
        address: `postgresql://user@host/database`, without a password: that belongs into `PGPASSFILE` or `PGPASSWORD`.
        ids: names a new trail.
        power_safe: wait until the server has flushed (`synchronous_commit = on`).
        read_only: for readers; nothing is made or changed.

    Raises:
        ConfigurationError: `extra-missing` without psycopg, `configuration-invalid` for an address with a password.
        ArtefactError: `store-failed`.
    """

    SCHEMA: ClassVar[tuple[str, ...]] = (
        """CREATE TABLE IF NOT EXISTS aimds_audit_entries (
            sequence BIGINT PRIMARY KEY,
            hash TEXT NOT NULL,
            time_ns BIGINT NOT NULL,
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
        """CREATE OR REPLACE FUNCTION aimds_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP = 'DELETE' AND OLD.sequence < (
                    SELECT CAST(value AS BIGINT) FROM aimds_audit_facts WHERE name = 'kept_from'
                ) THEN
                    RETURN OLD;
                END IF;
                RAISE EXCEPTION 'the audit trail is append-only';
            END $$""",
        """CREATE OR REPLACE TRIGGER aimds_audit_append_only BEFORE UPDATE OR DELETE ON aimds_audit_entries
            FOR EACH ROW EXECUTE FUNCTION aimds_audit_refuse()""",
    )

    def __init__(self, address: str, ids: IdSource, *, power_safe: bool = True, read_only: bool = False) -> None:
        parts = urlsplit(address)
        if parts.password or {"password", "sslpassword"} & parse_qs(parts.query).keys():
            reason = "the address holds a password; put it into PGPASSFILE or PGPASSWORD"
            raise ConfigurationError(ErrorCode.CONFIGURATION_INVALID, place="audit.path", reason=reason)
        super().__init__(address)
        self._power_safe = power_safe
        self._read_only = read_only
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        try:
            self._prepare(ids)
        except BaseException:
            self.close()
            raise

    def _prepare(self, ids: IdSource) -> None:
        with self._guarded():
            connection = self._connected()
            if self._read_only:
                connection.execute("SELECT sequence FROM aimds_audit_entries LIMIT 1")
                return
            with self._writing():
                exists = connection.execute("SELECT to_regclass('aimds_audit_entries')").fetchone()
                if exists is None or exists[0] is None:
                    for statement in self.SCHEMA:
                        connection.execute(statement.encode())
                for fact in (("trail", ids.next_id()), ("kept_from", "1")):
                    connection.execute("INSERT INTO aimds_audit_facts VALUES (%s, %s) ON CONFLICT DO NOTHING", fact)

    def _connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        """The connection; a new one where the last was lost."""
        if self._connection is None or self._connection.closed:
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        import psycopg

        limit_ms = _READING_MS if self._read_only else _STATEMENT_MS
        options = f"-c statement_timeout={limit_ms} -c synchronous_commit={'on' if self._power_safe else 'off'}"
        if self._read_only:
            options += " -c default_transaction_read_only=on"
        return psycopg.connect(self._place, autocommit=True, connect_timeout=_CONNECT_S, options=options)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._guarded():
            connection = self._connected()
            with connection.transaction():
                # READ COMMITTED and the lock first: the head that is read next holds all that others have committed.
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (_WRITERS_LOCK,))
                yield

    def _execute(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._guarded():
            cursor = self._connected().execute(statement.replace("?", "%s").encode(), parameters)
            return cursor.fetchall() if cursor.description is not None else []

    def _insert(self, rows: Sequence[Row]) -> None:
        with self._guarded(), self._connected().cursor() as cursor:
            cursor.executemany(_INSERT, [astuple(row) for row in rows])

    def _stream(self, statement: str, parameters: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
        with self._guarded():
            connection = self._connect()
            try:
                connection.autocommit = False
                with connection.cursor(name="aimds_audit") as cursor:
                    cursor.itersize = _STREAMED_ROWS
                    cursor.execute(statement.replace("?", "%s").encode(), parameters)
                    yield from cursor
            finally:
                connection.close()

    def close(self) -> None:
        """Lets go of the connection. Closing twice does nothing."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Turns faults of psycopg into ours."""
        try:
            import psycopg
        except ImportError:
            raise ConfigurationError(ErrorCode.EXTRA_MISSING, place="a shared audit trail", extra="postgres") from None
        try:
            yield
        except AimdsError:
            raise
        except psycopg.Error as fault:
            reason = (str(fault).strip() or type(fault).__name__).splitlines()[0]
            raise ArtefactError(ErrorCode.STORE_FAILED, place=self._place, reason=reason) from fault
