"""The signatures room: rule matches become findings, weighed by speaker, direction and whether it is only a mention."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from aimds._core import NormalisedText, SignatureEngine, SignatureMatch
from aimds.limits import FINDINGS_MAX
from aimds.records import (
    Assessment,
    Event,
    EventKind,
    Finding,
    Span,
    StageName,
    StageOutcome,
    StageReport,
    Trust,
)
from aimds.redaction import UntrustedText
from aimds.signatures.allow_list import AllowList
from aimds.signatures.canaries import CanaryTokens
from aimds.signatures.phone import is_phone_number
from aimds.taxonomy import Category

__all__ = ["ATTACK_CATEGORIES", "SignaturesStage", "fuse"]

DETECTOR: Final = "signatures"

ATTACK_CATEGORIES: Final = frozenset(
    {
        Category.INSTRUCTION_OVERRIDE,
        Category.INDIRECT_INJECTION,
        Category.JAILBREAK_ROLEPLAY,
        Category.PROMPT_LEAK,
        Category.TOOL_ABUSE,
        Category.DATA_EXFILTRATION,
        Category.ENCODING_OBFUSCATION,
        Category.FORGED_MARKUP,
        Category.SELF_REPLICATION,
    }
)
"""Categories that count towards the stage's score; secrets and personal data are facts about the text, not attacks."""

_ORDERS: Final = frozenset(
    {
        Category.INSTRUCTION_OVERRIDE,
        Category.JAILBREAK_ROLEPLAY,
        Category.PROMPT_LEAK,
        Category.TOOL_ABUSE,
    }
)
"""Orders to the model: coming from somebody who may give none, they are indirect injection."""

_LEAVING: Final = frozenset({EventKind.RESPONSE, EventKind.TOOL_CALL})
"""Events that carry data out."""

CERTAIN_SEVERITY_MIN: Final = 0.8
CERTAIN_CONFIDENCE_MIN: Final = 0.95
"""Above both, unquoted, an attack ends the walk: the requirement's early exit."""

_UNTRUSTED_SEVERITY_BONUS: Final = 0.05
_OWN_WORDS_FACTOR: Final = 0.5
"""A model that writes the words of an attack mostly explains or refuses it."""

_SECRET_SEVERITY_INSIDE: Final = 0.5
_PERSONAL_SEVERITY_PROMPT: Final = 0.2
_PERSONAL_SEVERITY_INSIDE: Final = 0.3
"""Data that stays inside, or that users give of themselves, is information; it is grave when it leaves."""

_COMPANY_FACTOR: Final = 0.5
"""Rules overlap, so a second finding is only half as independent as it looks."""

_PHONE_CHECKS_MAX: Final = 64
"""Candidates confirmed for one event, about 50 us each; those beyond are kept unconfirmed, with half the confidence."""


class SignaturesStage:
    """Judges the normalised text by rule packs and canaries.

    The score is the fused confidence of attack findings (`fuse`). The outcome is CERTAIN for a canary leak, and for an
    attack of severity above 0.8 and confidence above 0.95 that nothing around it lowers; UNDECIDED when the text was
    not normalised or holds more candidates than the engine reads. A trusted event (the operator's own) has no attack
    findings.

    Args:
        engine: compiled packs, see `build_engine`.
        allow_list: what the site lets pass.
        canaries: planted tokens; looked for in what leaves.
        phone_regions: ISO 3166 regions whose national telephone numbers count.
    """

    name: Final = StageName.SIGNATURES

    def __init__(
        self,
        engine: SignatureEngine,
        *,
        allow_list: AllowList | None = None,
        canaries: CanaryTokens | None = None,
        phone_regions: Sequence[str] = ("US",),
    ) -> None:
        self._engine = engine
        self._allow_list = allow_list
        self._canaries = canaries
        self._phone_regions = tuple(phone_regions)

    def run(self, assessment: Assessment) -> Assessment:
        """The assessment with this stage's report."""
        event, text = assessment.event, assessment.text
        if text is None:
            report = StageReport(self.name, StageOutcome.UNDECIDED, reason="the text was not normalised")
            return assessment.with_report(report)
        leaks = self._leaks(event, text)
        matches, truncated, overflow = self._engine.scan(text, event.kind.value)
        findings = [] if not matches else self._findings(event, text, matches)
        findings = sorted([*leaks, *findings], key=_weight, reverse=True)[:FINDINGS_MAX]
        score = 1.0 if leaks else fuse(findings)
        outcome, reason = StageOutcome.COMPLETE, ""
        certain = _certain(findings)
        if certain is not None:
            outcome, reason = StageOutcome.CERTAIN, certain.rule_id
        elif overflow:
            outcome, reason = StageOutcome.UNDECIDED, "more candidates than the engine reads"
        details = {"truncated": True} if truncated else {}
        return assessment.with_report(StageReport(self.name, outcome, tuple(findings), score, reason, details))

    def _leaks(self, event: Event, text: NormalisedText) -> list[Finding]:
        if self._canaries is None or event.kind not in _LEAVING:
            return []
        return [
            Finding(
                DETECTOR,
                "canary.leak",
                Category.CANARY_LEAK,
                severity=1.0,
                confidence=1.0,
                message=f"holds the planted token `{hit.label}`",
                span=hit.span,
                chain=hit.chain,
                evidence=UntrustedText(hit.span.of(text.original)),
                details={"spelling": hit.spelling},
            )
            for hit in self._canaries.find(text)
        ]

    def _findings(self, event: Event, text: NormalisedText, matches: Iterable[SignatureMatch]) -> list[Finding]:
        allow_list = self._allow_list
        allowed: tuple[Span, ...] = ()
        if allow_list is not None:
            if allow_list.allows_text(text.original):
                return []
            allowed = allow_list.spans(text) if allow_list.has_passages else ()
        phones_left = _PHONE_CHECKS_MAX
        findings = []
        for match in matches:
            if allow_list is not None and allow_list.allows_rule(match.rule_id, event):
                continue
            if any(span.start <= match.start and match.end <= span.end for span in allowed):
                continue
            confirmed = True
            if match.external_check == "phone":
                phones_left -= 1
                confirmed = phones_left >= 0
                if confirmed and not is_phone_number(match.text, self._phone_regions):
                    continue
            finding = _weigh(event, match, 1.0 if confirmed else 0.5)
            if finding is not None:
                findings.append(finding)
        return findings


def _weigh(event: Event, match: SignatureMatch, factor: float) -> Finding | None:
    """The finding for a match, by who said it and where it goes; `None` when it does not count there."""
    category = Category(match.category)
    severity, confidence = match.severity, match.confidence * factor
    details: dict[str, Any] = {}
    if match.context is not None:
        details["context"] = match.context
        details["base_confidence"] = round(match.base_confidence, 4)
    if match.hidden:
        details["hidden"] = True
    if match.in_data:
        details["in_data"] = True
    if category in ATTACK_CATEGORIES:
        if event.trust is Trust.TRUSTED:
            return None
        if event.trust is Trust.UNTRUSTED:
            severity = min(1.0, severity + _UNTRUSTED_SEVERITY_BONUS)
            if category in _ORDERS:
                details["rule_category"] = category.value
                category = Category.INDIRECT_INJECTION
        elif event.kind is EventKind.RESPONSE and category in _ORDERS:
            confidence *= _OWN_WORDS_FACTOR
            details["context"] = details.get("context", "model_output")
    elif event.kind not in _LEAVING:
        severity = min(severity, _inside_severity(category, event.kind))
    return Finding(
        DETECTOR,
        match.rule_id,
        category,
        severity=round(severity, 4),
        confidence=round(confidence, 4),
        message=match.message,
        threshold=CERTAIN_CONFIDENCE_MIN if category in ATTACK_CATEGORIES else 0.0,
        span=Span(match.start, match.end),
        chain=match.chain,
        evidence=UntrustedText(match.text),
        details=details,
    )


def _inside_severity(category: Category, kind: EventKind) -> float:
    if category is Category.SECRET:
        return _SECRET_SEVERITY_INSIDE
    if category is Category.PERSONAL_DATA:
        return _PERSONAL_SEVERITY_PROMPT if kind is EventKind.PROMPT else _PERSONAL_SEVERITY_INSIDE
    return 1.0


def _weight(finding: Finding) -> float:
    return finding.severity * finding.confidence


def _certain(findings: Iterable[Finding]) -> Finding | None:
    """The finding that ends the walk, if there is one."""
    return next(
        (
            finding
            for finding in findings
            if (finding.category in ATTACK_CATEGORIES or finding.category is Category.CANARY_LEAK)
            and finding.severity > CERTAIN_SEVERITY_MIN
            and finding.confidence > CERTAIN_CONFIDENCE_MIN
            and "context" not in finding.details
        ),
        None,
    )


def fuse(findings: Iterable[Finding]) -> float:
    """One probability in [0, 1] that the text is an attack, from the findings of attack categories.

    The best confidence of each category counts once; the strongest in full, the others by half, combined by noisy-or:
    `1 - (1 - c1) * product(1 - ci / 2)`.
    """
    best: dict[Category, float] = {}
    for finding in findings:
        if finding.category in ATTACK_CATEGORIES:
            key = Category(finding.details.get("rule_category", finding.category))
            best[key] = max(best.get(key, 0.0), finding.confidence)
    absent = 1.0
    for position, confidence in enumerate(sorted(best.values(), reverse=True)):
        absent *= 1.0 - confidence * (1.0 if position == 0 else _COMPANY_FACTOR)
    return 1.0 - absent
