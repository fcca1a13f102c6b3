"""Judges a list of events of one session by its behaviour alone, without the other rooms."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aimds._core import SessionTable, TemporalAnalysis, TurnFeatures
from aimds.errors import ErrorCode, InputError
from aimds.records import Event, Finding
from aimds.temporal.findings import FINDING_CONFIDENCE_MIN, findings_of

__all__ = ["TemporalAnalyzer", "TemporalResult"]

_NS_PER_MS: Final = 1_000_000
_SESSION: Final = "analyzed"


@dataclass(frozen=True, slots=True)
class TemporalResult:
    """What the behaviour of a list of events says. It can be awaited, and then gives itself."""

    loop_detected: bool
    confidence: float
    """The highest confidence of any loop, anomaly or trajectory in the list, in [0, 1]."""
    findings: tuple[Finding, ...]
    """Each kind of finding once, at its highest confidence, strongest first."""
    analyses: tuple[TemporalAnalysis, ...]
    """What the kernel said of each event, in order."""

    def __await__(self) -> Generator[None, None, TemporalResult]:
        """Lets `await analyzer.analyze(events)` work as well as the plain call: nothing here ever waits."""
        yield from ()
        return self


class TemporalAnalyzer:
    """Analyses lists of events; each list is a session of its own.

    Args:
        confidence_min: confidence in [0, 1] from which a behaviour becomes a finding.
    """

    def __init__(self, confidence_min: float = FINDING_CONFIDENCE_MIN) -> None:
        self._confidence_min = confidence_min

    def analyze(self, events: Iterable[Event | Mapping[str, Any]]) -> TemporalResult:
        """Judges the events in order.

        Args:
            events: `Event` records, or mappings with `content` and optionally `type` (or `kind`), `role`, `tool`,
                `risk` (in [0, 1], what other detectors think of the event) and `timestamp` in milliseconds or
                `timestamp_ns`.

        Raises:
            InputError: `input-bad-event`: an event lacks its content, or a field has a value it cannot have.
        """
        table = SessionTable(1)
        analyses: list[TemporalAnalysis] = []
        strongest: dict[str, Finding] = {}
        for position, event in enumerate(events):
            features, timestamp_ns = _read(event, f"events[{position}]")
            analysis = table.analyze(_SESSION, features, timestamp_ns)
            analyses.append(analysis)
            for finding in findings_of(analysis, self._confidence_min):
                known = strongest.get(finding.rule_id)
                if known is None or known.confidence < finding.confidence:
                    strongest[finding.rule_id] = finding
        findings = sorted(strongest.values(), key=lambda finding: finding.confidence, reverse=True)
        return TemporalResult(
            loop_detected=any(finding.detector == "temporal.loops" for finding in findings),
            confidence=max((analysis.confidence for analysis in analyses), default=0.0),
            findings=tuple(findings),
            analyses=tuple(analyses),
        )

    async def aanalyze(self, events: Iterable[Event | Mapping[str, Any]]) -> TemporalResult:
        """The same for asyncio. The work is microseconds an event, so it is done at once."""
        return self.analyze(events)


def _read(event: Event | Mapping[str, Any], place: str) -> tuple[TurnFeatures, int | None]:
    risk = 0.0
    if isinstance(event, Mapping):
        risk = _number(event.get("risk", 0.0), f"{place}.risk")
        event = _record(event, place)
    return TurnFeatures(event.text, event.kind, event.role, event.tool, risk), event.timestamp_ns


def _record(fields: Mapping[str, Any], place: str) -> Event:
    content = fields.get("content")
    if not isinstance(content, str):
        raise InputError(ErrorCode.INPUT_BAD_EVENT, place=f"{place}.content", reason="expected a string")
    timestamp_ns = fields.get("timestamp_ns")
    if timestamp_ns is None and fields.get("timestamp") is not None:
        timestamp_ns = _number(fields["timestamp"], f"{place}.timestamp") * _NS_PER_MS
    return Event(
        content,
        kind=fields.get("type") or fields.get("kind") or "prompt",
        role=fields.get("role"),
        timestamp_ns=None if timestamp_ns is None else int(timestamp_ns),
        tool=fields.get("tool"),
    )


def _number(value: Any, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value or abs(value) > 2**62:
        raise InputError(ErrorCode.INPUT_BAD_EVENT, place=place, reason="expected a finite number")
    return value
