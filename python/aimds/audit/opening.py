"""Opens trails as the settings say."""

from __future__ import annotations

import re
from pathlib import Path

from aimds.audit.keys import SigningKey
from aimds.audit.record import MadeBy
from aimds.audit.store import AuditStore
from aimds.audit.trail import AuditTrail, TrailOptions
from aimds.errors import ConfigurationError, ErrorCode, InputError
from aimds.ports import Clock, IdSource, SystemIds
from aimds.settings import AuditDurability, AuditRecords, AuditSettings, AuditText

__all__ = ["is_shared", "open_store", "open_trail"]


def is_shared(place: str) -> bool:
    """Whether this names a trail in PostgreSQL rather than a file."""
    return re.match(r"postgres(ql)?://", place) is not None


def open_store(
    place: str, *, ids: IdSource | None = None, power_safe: bool = True, read_only: bool = False
) -> AuditStore:
    """The store of a trail: a SQLite file, or PostgreSQL for `postgresql://` addresses.

    Raises:
        InputError: `input-not-found` for a file to read that is not there.
        ConfigurationError: `extra-missing`, or `configuration-invalid` for an address with a password.
        ArtefactError: `store-failed` or `artefact-corrupt`.
    """
    ids = ids if ids is not None else SystemIds()
    if is_shared(place):
        from aimds.audit.postgres_store import PostgresStore

        return PostgresStore(place, ids, power_safe=power_safe, read_only=read_only)
    from aimds.audit.sqlite_store import SqliteStore

    path = Path(place).expanduser()
    if read_only and not path.is_file():
        raise InputError(ErrorCode.INPUT_NOT_FOUND, place=place, reason="no such audit trail")
    return SqliteStore(path, ids, power_safe=power_safe, read_only=read_only)


def open_trail(settings: AuditSettings, made_by: MadeBy, clock: Clock, ids: IdSource) -> AuditTrail | None:
    """The trail that the settings ask for; `None` when the audit is off.

    Raises:
        ConfigurationError: there is no key, or it cannot be used.
        ArtefactError: the store cannot be opened, or the trail in it is broken.
    """
    if settings.path is None:
        return None
    if settings.key is None:
        reason = "a trail is signed, and there is no key: make one with `aimds audit key new FILE`"
        raise ConfigurationError(ErrorCode.CONFIGURATION_INVALID, place="audit.key", reason=reason)
    key = SigningKey.load(settings.key.expanduser())
    store = open_store(settings.path, ids=ids, power_safe=settings.durability is AuditDurability.POWER)
    try:
        return AuditTrail(
            store,
            key,
            clock,
            made_by,
            TrailOptions(
                only_not_allowed=settings.record is AuditRecords.NOT_ALLOWED,
                keep_text=settings.text is AuditText.KEPT,
                checkpoint_records=settings.checkpoint_records,
                checkpoint_s=settings.checkpoint_s,
                keep_days=settings.keep_days,
                keep_records=settings.keep_records,
            ),
        )
    except BaseException:
        store.close()
        raise
