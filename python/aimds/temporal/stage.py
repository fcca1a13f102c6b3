"""The temporal room: what the session's behaviour says about the event."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

from aimds._core import SESSION_BYTES, SessionTable, TemporalAnalysis, TurnFeatures, analyze_alone
from aimds.limits import SESSIONS_MAX
from aimds.records import Assessment, Finding, StageName, StageOutcome, StageReport
from aimds.temporal.findings import FINDING_CONFIDENCE_MIN, findings_of
from aimds.temporal.recurrent import Recurrent

__all__ = ["TemporalStage"]

_NS_PER_S: Final = 1_000_000_000
_DAY_S: Final = 86_400.0


class TemporalStage:
    """Judges each event by the session it belongs to.

    The risk of an event is the score that earlier rooms gave it. An event without a session is judged alone: only
    what one event can show by itself (a many-shot prompt) is found then.

    Args:
        sessions_max: sessions held in memory; the least recently used goes first.
        session_ttl_s: seconds after which a session without events is forgotten.
        confidence_min: confidence in [0, 1] from which a behaviour becomes a finding.
        table: a table to share with others; the first two arguments are not used then.
        recurrent: the recurrent network over the turns of a session; `None` leaves it out.
    """

    name: Final = StageName.TEMPORAL

    def __init__(
        self,
        sessions_max: int = SESSIONS_MAX,
        session_ttl_s: float = _DAY_S,
        confidence_min: float = FINDING_CONFIDENCE_MIN,
        table: SessionTable | None = None,
        recurrent: Recurrent | None = None,
    ) -> None:
        self.table: Final = table if table is not None else SessionTable(sessions_max, int(session_ttl_s * _NS_PER_S))
        self._confidence_min = confidence_min
        self._recurrent = recurrent

    def run(self, assessment: Assessment) -> Assessment:
        """Adds this room's report. The session's state takes the event in."""
        event = assessment.event
        text = assessment.text if assessment.text is not None else event.text
        features = TurnFeatures(
            text,
            event.kind,
            event.role,
            event.tool,
            max((report.score for report in assessment.reports), default=0.0),
        )
        if event.session_id is None:
            analysis = analyze_alone(features)
            return assessment.with_report(self._report(analysis, "no session: judged alone"))
        recurrent = self._recurrent
        if recurrent is None:
            analysis = self.table.analyze(event.session_id, features, event.timestamp_ns)
        else:
            vector = recurrent.vector(text, features.length)
            analysis = self.table.analyze(event.session_id, features, event.timestamp_ns, recurrent.model, vector)
        return assessment.with_report(self._report(analysis, ""))

    def _report(self, analysis: TemporalAnalysis, reason: str) -> StageReport:
        findings = findings_of(analysis, self._confidence_min)
        outcome = StageOutcome.COMPLETE
        if analysis.certain and findings:
            outcome = StageOutcome.CERTAIN
            reason = max(findings, key=_weight).message
        opinion = None if self._recurrent is None else self._recurrent.finding(analysis)
        if opinion is not None:  # after the line above: it is never what makes the room certain
            findings = (*findings, opinion)
        return StageReport(
            stage=StageName.TEMPORAL,
            outcome=outcome,
            findings=findings,
            score=max((_weight(finding) for finding in findings), default=0.0),
            reason=reason,
            details=_details(analysis),
        )

    def export_session(self, session_id: str) -> bytes | None:
        """The session's state as bytes, for another replica or a store; `None` when it is not held."""
        return self.table.export(session_id)

    def restore_session(self, session_id: str, state: bytes) -> None:
        """Takes over an exported state.

        Raises:
            ArtefactError: `artefact-corrupt`: the bytes are damaged or of another version.
        """
        self.table.restore(session_id, state)

    def describe(self) -> dict[str, Any]:
        """Counters and sizes, for `aimds doctor`."""
        recurrent = "off" if self._recurrent is None else self._recurrent.model.model
        return {"session_bytes": SESSION_BYTES, "recurrent": recurrent, **self.table.stats()}


def _weight(finding: Finding) -> float:
    return finding.severity * finding.confidence


def _details(analysis: TemporalAnalysis) -> MappingProxyType[str, Any]:
    return MappingProxyType(
        {
            "loop": analysis.loop_kind if analysis.loop_confidence >= FINDING_CONFIDENCE_MIN else "",
            "loop_confidence": analysis.loop_confidence,
            "loop_period": analysis.loop_period,
            "loop_repeats": analysis.loop_repeats,
            "honest_reason": analysis.honest_reason,
            "anomaly": analysis.anomaly,
            "anomaly_confidence": analysis.anomaly_confidence,
            "trajectory": analysis.trajectory,
            "trajectory_progress": analysis.trajectory_progress,
            "trajectory_confidence": analysis.trajectory_confidence,
            "session_risk": analysis.session_risk,
            "session_probability": analysis.session_probability,
            "events": analysis.events,
        }
    )
