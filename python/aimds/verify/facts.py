"""What policies are told of an event. What is not known stays out, and then never grants."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from aimds.policy.exact import exact_json
from aimds.records import Assessment, Event, EventKind, StageOutcome

__all__ = ["have_finished", "record_of"]

_NS_PER_MS: Final = 1_000_000
_THOUSAND: Final = 1000


def have_finished(assessment: Assessment) -> bool:
    """Whether every earlier room has come to its end."""
    done = (StageOutcome.COMPLETE, StageOutcome.CERTAIN)
    return all(report.outcome in done for report in assessment.reports)


def record_of(assessment: Assessment, detectors: Collection[str]) -> dict[str, Any]:
    """The event's record for a policy session.

    A detector's score is the greatest confidence of its findings. Scores are told only when every earlier room has
    finished: of a room that failed nobody knows what it would have found, and then all scores are unknown.

    Args:
        assessment: the event and the reports of the earlier rooms.
        detectors: the names that the policies' schema declares; they are categories of findings.
    """
    event = assessment.event
    finished = have_finished(assessment)
    record: dict[str, Any] = {
        "id": event.id,
        "time_ms": (event.timestamp_ns or 0) // _NS_PER_MS,
        "kind": str(event.kind),
        "role": str(event.role),
        "trust": str(event.trust),
        "tool": event.tool,
        "scores": _scores(assessment, detectors) if finished else [],
        "covered": finished,
    }
    if event.kind is EventKind.TOOL_CALL:
        record["arguments"] = _arguments(event)
    else:
        record["text"] = event.text.encode("utf-8", "replace").decode("utf-8")  # lone surrogates cannot pass
    return record


def _scores(assessment: Assessment, detectors: Collection[str]) -> list[tuple[str, int]]:
    scores = dict.fromkeys(sorted(detectors), 0)
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
