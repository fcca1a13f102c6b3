"""Every store, one after the other: what holds for one must hold for all."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.postgres import database, server

from aimds.audit import AuditStore
from aimds.audit.postgres_store import PostgresStore
from aimds.audit.sqlite_store import SqliteStore
from aimds.ports import SequentialIds

OpenStore = Callable[..., AuditStore]


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server."""
    with server() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgres"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenStore]:
    """Opens the same trail again and again; everything opened is closed at the end."""
    stores: list[AuditStore] = []

    def opener(make: Callable[..., AuditStore], place: object) -> OpenStore:
        def call(**options: bool) -> AuditStore:
            stores.append(make(place, SequentialIds("trail"), **options))
            return stores[-1]

        return call

    if request.param == "sqlite":
        yield opener(SqliteStore, tmp_path / "trail.db")
    else:
        with database(request.getfixturevalue("postgres")) as address:
            yield opener(PostgresStore, address)
            for store in stores:
                store.close()
    for store in stores:
        store.close()
