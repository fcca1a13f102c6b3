"""What a record says of a verdict. Text is left out, unless the operator chose to keep it; every part is bounded.

Numbers between 0 and 1 are kept as whole millionths, so that every program writes them alike.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from aimds.audit.canonical import strict
from aimds.audit.verify import digest
from aimds.limits import (
    AUDIT_CERTIFICATE_BYTES_MAX,
    AUDIT_DETAILS_BYTES_MAX,
    AUDIT_FINDINGS_MAX,
    AUDIT_NAME_CHARACTERS_MAX,
    AUDIT_SENTENCE_CHARACTERS_MAX,
    AUDIT_SPANS_MAX,
    AUDIT_TEXT_CHARACTERS_MAX,
)
from aimds.records import Approval, Event, Finding, Mitigation, Span, StageName, StageReport, Verdict
from aimds.redaction import UntrustedText
from aimds.taxonomy import Category

__all__ = ["MadeBy", "verdict_data"]

_MILLION: Final = 1_000_000
_STARS_MAX: Final = 40  # enough to see that something stood there; how long it was is said in a number
_CHAIN_MAX: Final = 8  # transforms nest three deep, with one or two steps each
_STEP_CHARACTERS_MAX: Final = 32  # their names are ours: `quoted-printable` is among the longest
_MITIGATIONS_MAX: Final = 8  # there are five kinds
_STAGES_MAX: Final = 16  # there are six
_NUMBER_MAX: Final = 2**63
_OUR_WORDS: Final = frozenset(map(str, Category))
_SENSITIVE: Final = frozenset({Category.SECRET, Category.PERSONAL_DATA, Category.CANARY_LEAK})


@dataclass(frozen=True, slots=True)
class MadeBy:
    """By what verdicts were made: version, and SHA-256 of settings, rule packs and each model file."""

    version: str
    settings: str
    rules: str | None = None
    models: Mapping[str, str] | None = None

    def to_json(self) -> dict[str, Any]:
        """As it stands in a record."""
        models = dict(self.models or {})
        return {"models": models, "rules": self.rules, "settings": self.settings, "version": self.version}


def verdict_data(verdict: Verdict, made_by: MadeBy, *, keep_text: bool) -> dict[str, Any]:
    """The data of a record on a verdict.

    Args:
        verdict: what was decided.
        made_by: by what.
        keep_text: keep the beginning of the text too, with credentials and personal data starred out.
    """
    kept = verdict.findings[:AUDIT_FINDINGS_MAX]
    return {
        "certificate": _certificate(verdict.reports),
        "event": _event(verdict.event, verdict.findings, keep_text=keep_text),
        "findings": [_finding(finding, verdict.event.text) for finding in kept],
        "findings_omitted": len(verdict.findings) - len(kept),
        "made_by": made_by.to_json(),
        "mitigations": [_mitigation(mitigation) for mitigation in verdict.mitigations[:_MITIGATIONS_MAX]],
        "stages": [_stage(report) for report in verdict.reports[:_STAGES_MAX]],
        "verdict": {
            "action": str(verdict.action),
            "block_threshold_millionths": _millionths(verdict.block_threshold),
            "category": None if verdict.category is None else str(verdict.category),
            "confidence_millionths": _millionths(verdict.confidence),
            "duration_ns": verdict.duration_ns,
            "escalate_threshold_millionths": _millionths(verdict.escalate_threshold),
            "learn": verdict.proposal is not None,
            "reason": _cut(verdict.reason, AUDIT_SENTENCE_CHARACTERS_MAX),
            "score_millionths": _millionths(verdict.score),
        },
    }


def _event(event: Event, findings: Sequence[Finding], *, keep_text: bool) -> dict[str, Any]:
    text: dict[str, Any] = {
        "characters": len(event.content),
        "kept": keep_text,
        "sha256": hashlib.sha256(event.text.encode("utf-8", "surrogatepass")).hexdigest(),
    }
    if keep_text:
        text["content"] = _starred_out(event.text[:AUDIT_TEXT_CHARACTERS_MAX], findings)
        text["cut"] = len(event.content) > AUDIT_TEXT_CHARACTERS_MAX
    return {
        "id": _name(event.id),
        "kind": str(event.kind),
        "role": str(event.role),
        "session_id": _name(event.session_id),
        "text": text,
        "timestamp_ns": event.timestamp_ns,
        "tool": _name(event.tool),
        "trust": str(event.trust),
        **({} if event.approval is None else {"approval": _approval(event.approval)}),
    }


def _approval(approval: Approval) -> dict[str, Any]:
    """Who decided about what."""
    return {
        "about": _name(approval.about),
        "by": _name(approval.by),
        "digest": approval.digest,
        "expires_ns": approval.expires_ns,
    }


def _starred_out(text: str, findings: Iterable[Finding]) -> str:
    """The text with credentials, personal data and canaries as stars; its length stays, so that spans still fit."""
    characters = list(text)
    for finding in findings:
        if finding.span is not None and finding.category in _SENSITIVE:
            for position in range(finding.span.start, min(finding.span.end, len(characters))):
                characters[position] = "*"
    return "".join(characters)


def _finding(finding: Finding, text: str) -> dict[str, Any]:
    if finding.evidence is not None:
        length: int | None = len(finding.evidence)
    else:
        length = None if finding.span is None else len(finding.span.of(text))
    return {
        "category": str(finding.category),
        "chain": [_cut(step, _STEP_CHARACTERS_MAX) for step in finding.chain[:_CHAIN_MAX]],
        "confidence_millionths": _millionths(finding.confidence),
        "details": _details(finding.details),
        "detector": _name(finding.detector),
        "evidence": None if length is None else "*" * min(length, _STARS_MAX),
        "evidence_characters": length,
        "message": _cut(finding.message, AUDIT_SENTENCE_CHARACTERS_MAX),
        "rule_id": _name(finding.rule_id),
        "severity_level": str(finding.severity_level),
        "severity_millionths": _millionths(finding.severity),
        "span": _span(finding.span),
        "threshold_millionths": _millionths(finding.threshold),
    }


def _details(details: Mapping[str, Any]) -> dict[str, Any]:
    """The measurements of a finding. Words could be the text itself, so all but names of categories are starred out."""
    shaped = {_cut(str(key), AUDIT_NAME_CHARACTERS_MAX): _plain(value, 0) for key, value in details.items()}
    size = len(strict(shaped))
    return shaped if size <= AUDIT_DETAILS_BYTES_MAX else {"omitted_bytes": size}


def _plain(value: object, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < _NUMBER_MAX else str(value)[:AUDIT_NAME_CHARACTERS_MAX]
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Enum):
        return _cut(str(value), AUDIT_NAME_CHARACTERS_MAX)
    if isinstance(value, str) and value in _OUR_WORDS:
        return value
    if isinstance(value, (str, UntrustedText)):
        return "*" * min(len(value), _STARS_MAX)
    if depth < 3 and isinstance(value, Mapping):  # deeper than any detector nests
        return {_cut(str(key), AUDIT_NAME_CHARACTERS_MAX): _plain(inner, depth + 1) for key, inner in value.items()}
    if depth < 3 and isinstance(value, (list, tuple, set, frozenset)):
        inner = [_plain(one, depth + 1) for one in value]
        return inner if isinstance(value, (list, tuple)) else sorted(inner, key=str)
    return f"<{type(value).__name__}>"


def _mitigation(mitigation: Mitigation) -> dict[str, Any]:
    return {
        "kind": str(mitigation.kind),
        "reason": _cut(mitigation.reason, AUDIT_SENTENCE_CHARACTERS_MAX),
        "spans": [_span(span) for span in mitigation.spans[:AUDIT_SPANS_MAX]],
        "spans_omitted": max(0, len(mitigation.spans) - AUDIT_SPANS_MAX),
    }


def _stage(report: StageReport) -> dict[str, Any]:
    return {
        "duration_ns": report.duration_ns,
        "findings": len(report.findings),
        "outcome": str(report.outcome),
        "reason": _cut(report.reason, AUDIT_SENTENCE_CHARACTERS_MAX),
        "score_millionths": _millionths(report.score),
        "stage": str(report.stage),
    }


def _certificate(reports: Iterable[StageReport]) -> dict[str, Any] | None:
    """The certificate that the verify stage put into its details, with a reference by which it can be found again.

    A certificate that cannot stand in a trail (too large, or with fractions) leaves its reference or its absence, and
    `verify` counts it as unchecked.
    """
    report = next((one for one in reports if one.stage is StageName.VERIFY), None)
    content = None if report is None else report.details.get("certificate")
    if content is None:
        return None
    try:
        data = strict(content)
    except (ValueError, RecursionError):
        return {"content": None, "omitted": "it is not canonical JSON", "reference": None}
    reference = "sha256:" + digest(data)
    if len(data) > AUDIT_CERTIFICATE_BYTES_MAX:
        return {"content": None, "omitted": f"it has {len(data)} bytes", "reference": reference}
    return {"content": content, "omitted": None, "reference": reference}


def _span(span: Span | None) -> list[int] | None:
    return None if span is None else [span.start, span.end]


def _millionths(value: float) -> int:
    return round(value * _MILLION)


def _name(text: str | None) -> str | None:
    """A name or key; one that is too long is cut and told apart by a digest, so that two of them stay two."""
    if text is None or len(text) <= AUDIT_NAME_CHARACTERS_MAX:
        return text
    mark = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{text[: AUDIT_NAME_CHARACTERS_MAX - 20]}...{mark}"


def _cut(text: str, characters_max: int) -> str:
    return text if len(text) <= characters_max else f"{text[: characters_max - 3]}..."
