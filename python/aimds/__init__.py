"""AIMDS, the AI Manipulation Defense System: judges every event of an LLM session, with evidence."""

from aimds._core import __version__
from aimds.errors import AimdsError, BlockedError, ErrorCode
from aimds.records import Action, Event, EventKind, Finding, Role, Span, Trust, Verdict
from aimds.taxonomy import Category

__all__ = [
    "Action",
    "AimdsError",
    "BlockedError",
    "Category",
    "ErrorCode",
    "Event",
    "EventKind",
    "Finding",
    "Role",
    "Span",
    "Trust",
    "Verdict",
    "__version__",
]
