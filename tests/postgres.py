"""A real PostgreSQL server for tests: the one in $AIMDS_TEST_POSTGRES, else one that `pgserver` brings, else none."""

from __future__ import annotations

import os
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

VARIABLE = "AIMDS_TEST_POSTGRES"


@contextmanager
def server() -> Iterator[str]:
    """The address of a server in which databases can be made; skips the test with the reason where there is none."""
    given = os.environ.get(VARIABLE)
    if given:
        yield given
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pgserver
    except ImportError:
        pytest.skip(f"no PostgreSQL: ${VARIABLE} is not set and pgserver is not installed")
    with tempfile.TemporaryDirectory(prefix="aimds-pg-") as folder:
        Path(folder).chmod(0o755)  # the server does not run as root
        try:
            running = pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        except Exception as fault:  # noqa: BLE001 - whatever a machine has against servers
            pytest.skip(f"no PostgreSQL: pgserver does not start here ({type(fault).__name__}: {fault})"[:300])
        try:
            yield running.get_uri()
        finally:
            running.cleanup()


@contextmanager
def database(address: str) -> Iterator[str]:
    """The address of a new, empty database on this server."""
    import psycopg

    name = f"audit_{uuid.uuid4().hex}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    head, mark, query = address.partition("?")
    yield f"{head.rpartition('/')[0]}/{name}{mark}{query}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
