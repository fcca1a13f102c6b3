"""What a person approved, as the host records it: who, which event with which content, until when."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from aimds.arguments import bad_event, checked_nanoseconds
from aimds.limits import APPROVAL_NAME_CHARACTERS_MAX, EVENT_NAME_CHARACTERS_MAX

__all__ = ["Approval", "content_digest"]

_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Approval:
    """The person and what the person has seen; goes with an event of kind `approval` or `revocation`.

    Args:
        by: who decided, as the host knows the person; kept in the audit trail.
        about: id of the event that was held.
        digest: `content_digest` of that event. Without it the approval is about the last event of this id that the
            session has judged, if it still knows it.
        expires_ns: nanoseconds since the Unix epoch, after which the approval no longer counts; policies have windows
            of their own besides.

    Raises:
        InputError: `input-bad-event`.
    """

    by: str
    about: str
    digest: str | None = None
    expires_ns: int | None = None

    def __post_init__(self) -> None:
        bounds = (("by", self.by, APPROVAL_NAME_CHARACTERS_MAX), ("about", self.about, EVENT_NAME_CHARACTERS_MAX))
        for name, value, limit in bounds:
            if not isinstance(value, str) or not 0 < len(value) <= limit:
                bad_event(f"approval.{name}", f"must be a string of 1 to {limit} characters")
        if self.digest is not None and not (isinstance(self.digest, str) and _DIGEST.fullmatch(self.digest)):
            bad_event("approval.digest", "must be a SHA-256 in lower-case hexadecimal digits")
        if self.expires_ns is not None:
            object.__setattr__(self, "expires_ns", checked_nanoseconds("approval.expires_ns", self.expires_ns))


def content_digest(tool: str | None, text: str) -> str:
    """SHA-256 over tool and text: for a call, over its arguments exactly as they were written."""
    name = ("" if tool is None else tool).encode("utf-8", "surrogatepass")
    head = len(name).to_bytes(8, "big") + name
    return hashlib.sha256(head + text.encode("utf-8", "surrogatepass")).hexdigest()
