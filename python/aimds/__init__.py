"""AIMDS, the AI Manipulation Defense System: judges every event of an LLM session, with evidence."""

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
