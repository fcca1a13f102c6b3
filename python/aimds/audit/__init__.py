"""The audit trail: who was judged how, on what evidence, by which rules; chained, signed, readable by a person.

Names are imported on first use, so that `aimds.audit.verify` runs without the rest of the package.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from aimds.audit.keys import SigningKey, new_key
    from aimds.audit.opening import open_store, open_trail
    from aimds.audit.store import AuditStore, Filters, Row
    from aimds.audit.trail import AuditTrail

__all__ = ["AuditStore", "AuditTrail", "Filters", "Row", "SigningKey", "new_key", "open_store", "open_trail"]

_HOMES: Final = {
    "AuditStore": "store",
    "AuditTrail": "trail",
    "Filters": "store",
    "Row": "store",
    "SigningKey": "keys",
    "new_key": "keys",
    "open_store": "opening",
    "open_trail": "opening",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
    return value
