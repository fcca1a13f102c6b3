"""The first room: canonical text, decoded views, and hiding as a finding of its own."""

from __future__ import annotations

from typing import Final

from aimds._core import NormalisedText, Trick, normalise
from aimds.errors import InputError
from aimds.normalise.tricks import MEANINGS
from aimds.records import Assessment, Finding, Span, StageName, StageOutcome, StageReport
from aimds.redaction import UntrustedText
from aimds.taxonomy import Category

__all__ = ["NormaliseStage"]

_DETECTOR: Final = "normalise"
_EVIDENCE_CHARACTERS_MAX: Final = 400  # enough to recognise the place; a reader never needs the whole blob


class NormaliseStage:
    """Normalises the event's text and flags smuggling.

    A bound that was hit leaves the outcome COMPLETE, because everything in plain sight was read, and is told in
    `details["incomplete"]`. A text that cannot be read at all is UNDECIDED.

    Args:
        depth_max: decoding steps that may follow one another.
        candidates_max: decoded pieces over all levels.
        output_factor_max: bytes of all views together, as a multiple of the input.
        work_factor_max: bytes looked at by decoders, as a multiple of the input.
    """

    name: Final = StageName.NORMALISE

    def __init__(
        self,
        *,
        depth_max: int = 3,
        candidates_max: int = 64,
        output_factor_max: int = 4,
        work_factor_max: int = 44,
    ) -> None:
        self._limits = {
            "depth_max": depth_max,
            "candidates_max": candidates_max,
            "output_factor_max": output_factor_max,
            "work_factor_max": work_factor_max,
        }

    def run(self, assessment: Assessment) -> Assessment:
        """Normalises the event's text; the handle goes into the assessment for the rooms that follow."""
        try:
            text = normalise(assessment.event.text, **self._limits)
        except InputError as error:
            report = StageReport(stage=self.name, outcome=StageOutcome.UNDECIDED, reason=error.code.slug)
            return assessment.with_report(report)
        findings = _findings(text)
        report = StageReport(
            stage=self.name,
            outcome=StageOutcome.COMPLETE,
            findings=findings,
            score=max((finding.severity * finding.confidence for finding in findings), default=0.0),
            details=_details(text),
        )
        return assessment.with_report(report, text=text)


def _findings(text: NormalisedText) -> tuple[Finding, ...]:
    """One finding a kind of trick: the place where it is surest, and how often it was met in all."""
    by_kind: dict[str, list[Trick]] = {}
    for trick in text.tricks:
        if trick.deliberate > 0.0:
            by_kind.setdefault(trick.kind, []).append(trick)
    return tuple(_finding(text.original, tricks) for tricks in by_kind.values())


def _finding(original: str, tricks: list[Trick]) -> Finding:
    surest = max(tricks, key=lambda trick: (trick.deliberate, trick.count, -trick.start))
    meaning = MEANINGS[surest.kind]
    span = Span(surest.start, surest.end)
    return Finding(
        detector=_DETECTOR,
        rule_id=f"{_DETECTOR}.{surest.kind}",
        category=Category.ENCODING_OBFUSCATION,
        severity=meaning.severity,
        confidence=round(surest.deliberate, 3),
        message=meaning.message,
        span=span,
        evidence=UntrustedText(span.of(original)[:_EVIDENCE_CHARACTERS_MAX]),
        details={"count": sum(trick.count for trick in tricks), "places": len(tricks)},
    )


def _details(text: NormalisedText) -> dict[str, object]:
    views = text.views
    if len(views) == 1 and not text.tricks and not text.incomplete:
        return {"views": 1}
    return {
        "views": len(views),
        "chains": tuple(">".join(view.chain) for view in views),
        "tricks": tuple(sorted({trick.kind for trick in text.tricks})),
        "incomplete": text.incomplete,
    }
