"""AIMDS, the AI Manipulation Defense System: judges every event of an LLM session, with evidence.

Names are imported on first use: `aimds --help` does without pydantic and the models, and `aimds.audit.verify` without
the compiled core.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from aimds._core import __version__
    from aimds.defense import Defense, Session
    from aimds.errors import AimdsError, BlockedError, ErrorCode
    from aimds.records import Action, Event, EventKind, Finding, Role, Span, Trust, Verdict
    from aimds.settings import Settings
    from aimds.taxonomy import Category

__all__ = [
    "Action",
    "AimdsError",
    "BlockedError",
    "Category",
    "Defense",
    "ErrorCode",
    "Event",
    "EventKind",
    "Finding",
    "Role",
    "Session",
    "Settings",
    "Span",
    "Trust",
    "Verdict",
    "__version__",
]

_HOMES: Final = {
    "__version__": "_core",
    "Defense": "defense",
    "Session": "defense",
    "AimdsError": "errors",
    "BlockedError": "errors",
    "ErrorCode": "errors",
    "Settings": "settings",
    "Category": "taxonomy",
    **dict.fromkeys(("Action", "Event", "EventKind", "Finding", "Role", "Span", "Trust", "Verdict"), "records"),
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
    return value
