"""The last room: from all reports to one verdict."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from aimds.decide.fusion import noisy_or
from aimds.records import (
    Action,
    Assessment,
    EventKind,
    Finding,
    LearnProposal,
    Mitigation,
    MitigationKind,
    Span,
    StageName,
    StageOutcome,
    StageReport,
    Verdict,
)
from aimds.taxonomy import Category

__all__ = ["DecideStage", "DecisionRules"]

_OUTBOUND: Final = frozenset({EventKind.RESPONSE, EventKind.TOOL_CALL})
"""Events that leave the model: what stands in them can reach a stranger."""

_NOVEL_SIMILARITY: Final = 0.75
"""A blocked text whose nearest known pattern is farther than this cosine is worth learning."""


@dataclass(frozen=True, slots=True)
class DecisionRules:
    """The operator's choices; see `settings.DecideSettings` for the meaning of each."""

    block_threshold: float
    escalate_threshold: float
    undecided_action: Action
    block_outbound_secrets: bool = True
    redact_personal_data: bool = True


class DecideStage:
    """Fuses the reports, picks the action, names mitigations and a learn proposal. Same reports, same verdict."""

    name = StageName.DECIDE

    def __init__(self, rules: DecisionRules) -> None:
        self._rules = rules

    def decide(self, assessment: Assessment) -> Verdict:
        """The verdict for an assessment that all rooms (or all up to a certain one) have reported on."""
        reports = assessment.reports
        score = noisy_or(report.score for report in reports)
        action, confidence, reason = self._action(assessment, score)
        return Verdict(
            action=action,
            score=score,
            confidence=confidence,
            reason=reason,
            event=assessment.event,
            findings=tuple(sorted(assessment.findings, key=_weight, reverse=True)),
            mitigations=self._mitigations(assessment, action),
            proposal=_proposal(assessment, action),
            reports=reports,
            block_threshold=self._rules.block_threshold,
            escalate_threshold=self._rules.escalate_threshold,
        )

    def _action(self, assessment: Assessment, score: float) -> tuple[Action, float, str]:
        rules = self._rules
        certain = next((report for report in assessment.reports if report.outcome is StageOutcome.CERTAIN), None)
        held = certain is not None and certain.details.get("hold") is True  # a policy asks for a person's approval
        if certain is not None and not held:
            return Action.BLOCK, max(score, _top_confidence(certain)), f"{certain.stage}: {certain.reason}"
        secret = self._outbound_secret(assessment)
        if secret is not None:
            return Action.BLOCK, secret.confidence, f"signatures: {secret.message}"
        if score >= rules.block_threshold:
            return Action.BLOCK, score, _strongest_reason(assessment, "score above the block threshold")
        undecided = next((report for report in assessment.reports if report.outcome is StageOutcome.UNDECIDED), None)
        if certain is not None and (undecided is None or rules.undecided_action is not Action.BLOCK):
            return Action.ESCALATE, max(score, _top_confidence(certain)), f"{certain.stage}: {certain.reason}"
        if undecided is not None:
            return rules.undecided_action, score, f"{undecided.stage} undecided: {undecided.reason}"
        if score >= rules.escalate_threshold:
            return Action.ESCALATE, score, _strongest_reason(assessment, "score above the escalation threshold")
        return Action.ALLOW, 1.0 - score, "nothing above the thresholds"

    def _outbound_secret(self, assessment: Assessment) -> Finding | None:
        if not self._rules.block_outbound_secrets or assessment.event.kind not in _OUTBOUND:
            return None
        return next(
            (
                finding
                for finding in assessment.findings
                if finding.category is Category.SECRET and finding.confidence >= self._rules.block_threshold
            ),
            None,
        )

    def _mitigations(self, assessment: Assessment, action: Action) -> tuple[Mitigation, ...]:
        mitigations = []
        if action is Action.BLOCK:
            mitigations.append(Mitigation(MitigationKind.BLOCK, "do not pass the event on"))
        elif action is Action.ESCALATE:
            mitigations.append(Mitigation(MitigationKind.ASK_HUMAN, "hold the event until a person has decided"))
        own = {Category.SECRET, Category.CANARY_LEAK}
        if self._rules.redact_personal_data and assessment.event.kind in _OUTBOUND:
            own.add(Category.PERSONAL_DATA)
        asked = _asked_redactions(assessment)
        spans = _spans(assessment, own | asked)
        if spans:
            of_policies = f"; policies ask for {', '.join(sorted(asked))}" if asked else ""
            mitigations.append(Mitigation(MitigationKind.REDACT, f"credentials or personal data{of_policies}", spans))
        return tuple(mitigations)


def _asked_redactions(assessment: Assessment) -> set[str]:
    """Categories that policies want removed before the event goes on (`obligation redact(category)`)."""
    verify = assessment.report(StageName.VERIFY)
    obligations = () if verify is None else verify.details.get("obligations", ())
    return {one.removeprefix("redact(").removesuffix(")") for one in obligations if one.startswith("redact(")}


def _spans(assessment: Assessment, categories: Collection[str]) -> tuple[Span, ...]:
    found = (finding.span for finding in assessment.findings if finding.category in categories)
    return _merged(span for span in found if span is not None)


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for span in sorted(spans, key=lambda one: one.start):
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return tuple(merged)


def _weight(finding: Finding) -> float:
    return finding.severity * finding.confidence


def _top_confidence(report: StageReport) -> float:
    return max((finding.confidence for finding in report.findings), default=report.score)


def _strongest_reason(assessment: Assessment, fallback: str) -> str:
    strongest = max(assessment.findings, key=_weight, default=None)
    return fallback if strongest is None else f"{strongest.detector}: {strongest.message}"


def _proposal(assessment: Assessment, action: Action) -> LearnProposal | None:
    """A blocked text that no stored pattern resembles is proposed for learning (shadow first)."""
    patterns = assessment.report(StageName.PATTERNS)
    if action is not Action.BLOCK or patterns is None or patterns.outcome is not StageOutcome.COMPLETE:
        return None
    similarity = patterns.details.get("nearest_similarity")
    if (
        similarity is None or similarity >= _NOVEL_SIMILARITY
    ):  # None: nothing was looked up, so nothing is known to be new
        return None
    strongest = max(assessment.findings, key=_weight, default=None)
    if strongest is None or strongest.category in (Category.SECRET, Category.PERSONAL_DATA):
        return None
    return LearnProposal(
        reason="blocked, and unlike every stored pattern",
        category=strongest.category,
        text_digest=assessment.event.content.digest(),
    )
