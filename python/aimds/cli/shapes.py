"""Verdicts as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aimds.records import Event, Finding, Mitigation, Span, StageReport, Verdict
from aimds.redaction import UntrustedText
from aimds.taxonomy import Category, entry

__all__ = ["error_to_json", "evidence_of", "finding_to_json", "masked", "plain", "verdict_to_json"]

_SENSITIVE: Final = frozenset({Category.SECRET, Category.PERSONAL_DATA})
_EVIDENCE_CHARACTERS_MAX: Final = 400
_DECIMALS: Final = 6


def evidence_of(finding: Finding, text: str) -> UntrustedText | None:
    """What the finding matched: its own evidence, else the characters of its span; cut to a readable length."""
    if finding.evidence is not None:
        revealed = finding.evidence.reveal()
    elif finding.span is not None:
        revealed = finding.span.of(text)
    else:
        return None
    return UntrustedText(revealed[:_EVIDENCE_CHARACTERS_MAX])


def masked(finding: Finding) -> bool:
    """Whether what the finding matched must not be repeated: a credential or personal data."""
    return finding.category in _SENSITIVE


def finding_to_json(finding: Finding, text: str, *, redact: bool) -> dict[str, Any]:
    """A finding; the evidence is left out with `redact`, and for secrets and personal data always."""
    evidence = None if redact or masked(finding) else evidence_of(finding, text)
    ids = entry(finding.category)
    return {
        "detector": finding.detector,
        "rule_id": finding.rule_id,
        "category": str(finding.category),
        "severity": round(finding.severity, _DECIMALS),
        "severity_level": str(finding.severity_level),
        "confidence": round(finding.confidence, _DECIMALS),
        "threshold": finding.threshold,
        "message": finding.message,
        "span": _span(finding.span),
        "chain": list(finding.chain),
        "evidence": None if evidence is None else evidence.reveal(),
        "owasp_llm_2025": list(ids.owasp_llm_2025),
        "owasp_llm_2026": list(ids.owasp_llm_2026),
        "owasp_agentic_2026": list(ids.owasp_agentic_2026),
        "atlas": list(ids.atlas),
        "details": {str(key): plain(value) for key, value in finding.details.items()},
    }


def verdict_to_json(verdict: Verdict, *, redact: bool = False) -> dict[str, Any]:
    """A verdict without the text it judges; spans are character ranges of that text, end excluded."""
    text = verdict.event.text
    return {
        "action": str(verdict.action),
        "learn": verdict.proposal is not None,
        "score": round(verdict.score, _DECIMALS),
        "confidence": round(verdict.confidence, _DECIMALS),
        "reason": verdict.reason,
        "category": None if verdict.category is None else str(verdict.category),
        "thresholds": {"block": verdict.block_threshold, "escalate": verdict.escalate_threshold},
        "event": _event(verdict.event),
        "findings": [finding_to_json(finding, text, redact=redact) for finding in verdict.findings],
        "mitigations": [_mitigation(mitigation) for mitigation in verdict.mitigations],
        "stages": [_stage(report) for report in verdict.reports],
        "duration_ms": verdict.duration_ns / 1e6,
    }


def error_to_json(slug: str, message: str) -> dict[str, Any]:
    """An input that could not be judged."""
    return {"error": {"code": slug, "message": message}}


def _span(span: Span | None) -> list[int] | None:
    return None if span is None else [span.start, span.end]


def _event(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "kind": str(event.kind),
        "role": str(event.role),
        "trust": str(event.trust),
        "session_id": event.session_id,
        "tool": event.tool,
        "characters": len(event.content),
        "sha256_12": event.content.digest(),
    }


def _mitigation(mitigation: Mitigation) -> dict[str, Any]:
    spans = [_span(span) for span in mitigation.spans]
    return {"kind": str(mitigation.kind), "reason": mitigation.reason, "spans": spans}


def _stage(report: StageReport) -> dict[str, Any]:
    return {
        "stage": str(report.stage),
        "outcome": str(report.outcome),
        "score": round(report.score, _DECIMALS),
        "reason": report.reason,
        "findings": len(report.findings),
        "duration_ms": report.duration_ns / 1e6,
    }


def plain(value: object) -> Any:
    """What JSON can carry of a detail; untrusted text stays redacted."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(inner) for inner in value]
    return str(value)
