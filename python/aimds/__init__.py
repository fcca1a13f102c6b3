"""AIMDS, the AI Manipulation Defense System: judges every event of an LLM session, with evidence."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from aimds._core import __version__
from aimds.errors import AimdsError, BlockedError, ErrorCode
from aimds.records import Action, Event, EventKind, Finding, Role, Span, Trust, Verdict
from aimds.taxonomy import Category

if TYPE_CHECKING:
    from aimds.defense import Defense, Session
    from aimds.settings import Settings

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

_LATE: Final = {"Defense": "aimds.defense", "Session": "aimds.defense", "Settings": "aimds.settings"}
"""Imported on first use: they bring pydantic and the models, which `aimds --help` does without."""


def __getattr__(name: str) -> Any:
    module = _LATE.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(module), name)
    return value
