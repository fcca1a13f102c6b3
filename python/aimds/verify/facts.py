"""What policies are told of an event. What is not known stays out, and then never grants."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from typing import Any, Final

from aimds.approval import content_digest
from aimds.policy.exact import exact_json
from aimds.records import Assessment, Event, EventKind, StageName, StageOutcome
from aimds.taxonomy import Category

__all__ = ["NS_PER_MS", "consent_key", "event_key", "have_finished", "record_of", "switched_off"]

NS_PER_MS: Final = 1_000_000
_THOUSAND: Final = 1000
_ID_BYTES_MAX: Final = 128
"""An id of a policy's event has at most 256 bytes, of which an approval's digest takes 65."""

_APPROVABLE: Final = frozenset({EventKind.TOOL_CALL, EventKind.RESPONSE})
_BOTH: Final = frozenset({StageName.SIGNATURES, StageName.PATTERNS})
_ROOMS_OF: Final[Mapping[str, frozenset[StageName]]] = {
    Category.SECRET: frozenset({StageName.SIGNATURES}),
    Category.PERSONAL_DATA: frozenset({StageName.SIGNATURES}),
    Category.CANARY_LEAK: frozenset({StageName.SIGNATURES}),
    Category.MANIPULATION_LOOP: frozenset({StageName.TEMPORAL}),
    Category.BEHAVIOURAL_ANOMALY: frozenset({StageName.TEMPORAL}),
    Category.MULTI_TURN_ESCALATION: frozenset({StageName.TEMPORAL, StageName.PATTERNS}),
}
"""Which rooms find what; every other category is found by both signatures and patterns."""


def switched_off(detectors: Collection[str], rooms_off: Collection[StageName]) -> frozenset[str]:
    """The detectors of which not every room runs."""
    off = frozenset(rooms_off)
    return frozenset(name for name in detectors if off & _ROOMS_OF.get(name, _BOTH))


def have_finished(assessment: Assessment) -> bool:
    """Whether every earlier room has come to its end."""
    done = (StageOutcome.COMPLETE, StageOutcome.CERTAIN)
    return all(report.outcome in done for report in assessment.reports)


def record_of(
    assessment: Assessment, detectors: Collection[str], unknown: Collection[str] = frozenset()
) -> dict[str, Any]:
    """The event's record for a policy session.

    A detector's score is the greatest confidence of its findings. Scores are told only when every earlier room has
    finished: of a room that failed nobody knows what it would have found, and then all scores are unknown.

    Args:
        assessment: the event and the reports of the earlier rooms.
        detectors: the names that the policies' schema declares; they are categories of findings.
        unknown: detectors of which no score is told although every room has finished.
    """
    event = assessment.event
    finished = have_finished(assessment)
    record: dict[str, Any] = {
        "id": event_key(event),
        "time_ms": (event.timestamp_ns or 0) // NS_PER_MS,
        "kind": str(event.kind),
        "role": str(event.role),
        "trust": str(event.trust),
        "tool": event.tool,
        "scores": _scores(assessment, detectors, unknown) if finished else [],
        "covered": finished,
    }
    if event.kind is EventKind.TOOL_CALL:
        record["arguments"] = _arguments(event)
    else:
        record["text"] = event.text.encode("utf-8", "replace").decode("utf-8")  # lone surrogates cannot pass
    return record


def event_key(event: Event) -> str | None:
    """What an approval must be about: the id, and of what leaves (calls and responses) the content as well.

    So an approval of one call is none of another under the same id.
    """
    if event.id is None:
        return None
    return consent_key(event.id, content_digest(event.tool, event.text)) if is_approvable(event) else short_id(event.id)


def is_approvable(event: Event) -> bool:
    """Whether a person can approve it: what leaves."""
    return event.kind in _APPROVABLE


def consent_key(about: str, digest: str) -> str:
    """The same from the parts that an approval names."""
    return f"{short_id(about)}#{digest}"


def short_id(name: str) -> str:
    """An id as the policies' sessions can hold it: of a long one its SHA-256."""
    data = name.encode()
    return name if len(data) <= _ID_BYTES_MAX else hashlib.sha256(data).hexdigest()


def _scores(assessment: Assessment, detectors: Collection[str], unknown: Collection[str]) -> list[tuple[str, int]]:
    scores = {name: 0 for name in sorted(detectors) if name not in unknown}
    for finding in assessment.findings:
        if finding.category in scores:
            scores[finding.category] = max(scores[finding.category], round(finding.confidence * _THOUSAND))
    return list(scores.items())


def _arguments(event: Event) -> Any:
    """The call's arguments, if its text is a JSON object; otherwise they are unknown."""
    try:
        arguments = exact_json(event.text.encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return arguments if isinstance(arguments, tuple) else None
