"""What only a shared trail has: roles of few rights, lost connections, passwords that must not be shown."""

import uuid
from urllib.parse import urlsplit

import psycopg
import pytest
from tests.audit_trails import open_trail, verdict
from tests.postgres import database

from aimds.audit import Filters, SigningKey, open_store
from aimds.audit.postgres_store import PostgresStore
from aimds.audit.verify import verify_lines
from aimds.errors import AimdsError, ConfigurationError, ErrorCode
from aimds.ports import SequentialIds

KEY = SigningKey.generate()
ENTRIES, FACTS = "aimds_audit_entries", "aimds_audit_facts"


def test_few_rights_are_enough(postgres: str) -> None:
    """As docs/audit.md says: a writer that cannot make or change tables, and a reader that can only read."""
    with database(postgres) as address:
        PostgresStore(address, SequentialIds("trail")).close()
        writer, reader = (f"audit_{uuid.uuid4().hex[:12]}" for _ in range(2))
        with psycopg.connect(address, autocommit=True) as owner:
            for statement in (
                f"CREATE ROLE {writer} LOGIN",
                f"CREATE ROLE {reader} LOGIN",
                f"GRANT SELECT, INSERT ON {ENTRIES}, {FACTS} TO {writer}",
                f"GRANT DELETE ON {ENTRIES} TO {writer}",
                f"GRANT UPDATE ON {FACTS} TO {writer}",
                f"GRANT SELECT ON {ENTRIES}, {FACTS} TO {reader}",
            ):
                owner.execute(statement.encode())
        user = urlsplit(address).netloc
        trail = open_trail(
            PostgresStore(address.replace(user, f"{writer}@"), SequentialIds()),
            key=KEY, checkpoint_records=2, keep_records=3,
        )  # fmt: skip
        for number in range(12):
            trail.record(verdict(id=str(number)))
        trail.close()
        store = open_store(address.replace(user, f"{reader}@"), read_only=True)
        assert next(iter(store.find(Filters()))).event_id == "11"
        report = verify_lines((row.line.encode() + b"\n" for row in store.rows()), [KEY.public])
        store.close()
        assert report.fault is None
        assert report.first > 1
        with psycopg.connect(address, autocommit=True) as owner:
            for role in (writer, reader):
                owner.execute(f"DROP OWNED BY {role}".encode())
                owner.execute(f"DROP ROLE {role}".encode())


def test_a_lost_connection_fails_once_and_comes_back(postgres: str) -> None:
    """The server ends the connection: the record in hand is refused, the next one is written on a new connection."""
    with database(postgres) as address:
        trail = open_trail(PostgresStore(address, SequentialIds("trail")), key=KEY)
        trail.record(verdict(id="before"))
        with psycopg.connect(address, autocommit=True) as owner:
            owner.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        with pytest.raises(AimdsError) as caught:
            trail.record(verdict(id="lost"))
        assert caught.value.code is ErrorCode.STORE_FAILED
        trail.record(verdict(id="after"))
        trail.close()
        store = open_store(address, read_only=True)
        assert [row.event_id for row in store.find(Filters())] == ["after", "before"]
        assert verify_lines((row.line.encode() + b"\n" for row in store.rows()), [KEY.public]).fault is None
        store.close()


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://u:hunter2@h/d",
        "postgres://h/d?password=hunter2&user=u",
        "postgresql://u@h/d?sslcert=c.pem&sslpassword=hunter2",
    ],
)
def test_an_address_with_a_password_is_refused(address: str) -> None:
    """Settings are shown and logged; the refusal does not show it either."""
    with pytest.raises(ConfigurationError) as caught:
        open_store(address)
    assert "PGPASSFILE" in str(caught.value)
    assert "hunter2" not in str(caught.value) + caught.value.help


def test_without_psycopg_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(ConfigurationError) as caught:
        open_store("postgresql://h/d")
    assert caught.value.code is ErrorCode.EXTRA_MISSING
    assert "aimds[postgres]" in caught.value.help
