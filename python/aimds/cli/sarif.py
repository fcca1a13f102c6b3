"""Findings as SARIF 2.1.0, which code hosts and editors show beside the line.

Source: OASIS Static Analysis Results Interchange Format 2.1.0. Evidence is left out: these logs are uploaded.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from aimds.cli.inputs import ScanInput
from aimds.errors import AimdsError
from aimds.records import Action, Finding, SeverityLevel, Verdict
from aimds.taxonomy import entry

__all__ = ["sarif_log"]

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final = {
    SeverityLevel.INFO: "note",
    SeverityLevel.LOW: "note",
    SeverityLevel.MEDIUM: "warning",
    SeverityLevel.HIGH: "error",
    SeverityLevel.CRITICAL: "error",
}
_VERDICT_RULE: Final = "aimds/verdict"


def sarif_log(
    judged: Iterable[tuple[ScanInput, Verdict]], errors: Iterable[AimdsError], version: str
) -> dict[str, Any]:
    """One run: a result for each finding, and for each blocked or escalated input that has no finding."""
    rules: dict[str, dict[str, Any]] = {}
    results: list[dict[str, Any]] = []
    for item, verdict in judged:
        for finding in verdict.findings:
            rules.setdefault(finding.rule_id, _rule(finding))
            results.append(_result(item, verdict, finding))
        if not verdict.findings and verdict.action in (Action.BLOCK, Action.ESCALATE):
            rules.setdefault(_VERDICT_RULE, {"id": _VERDICT_RULE, "shortDescription": {"text": "the text as a whole"}})
            results.append(_whole(item, verdict))
    index = {rule_id: position for position, rule_id in enumerate(rules)}
    for result in results:
        result["ruleIndex"] = index[result["ruleId"]]
    notifications = [
        {"level": "error", "descriptor": {"id": error.code.slug}, "message": {"text": str(error)}} for error in errors
    ]
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "aimds", "semanticVersion": version, "rules": list(rules.values())}},
                "columnKind": "unicodeCodePoints",
                "invocations": [
                    {"executionSuccessful": not notifications, "toolExecutionNotifications": notifications}
                ],
                "results": results,
            }
        ],
    }


def _rule(finding: Finding) -> dict[str, Any]:
    ids = entry(finding.category)
    tags = [str(finding.category), *ids.owasp_llm_2025, *ids.owasp_llm_2026, *ids.owasp_agentic_2026, *ids.atlas]
    return {
        "id": finding.rule_id,
        "shortDescription": {"text": ids.summary},
        "properties": {"tags": ["security", *tags], "security-severity": f"{finding.severity * 10:.1f}"},
    }


def _result(item: ScanInput, verdict: Verdict, finding: Finding) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(item)}}
    if finding.span is not None:
        first, last = item.location(finding.span.start), item.location(finding.span.end)
        physical["region"] = {
            "startLine": first.line,
            "startColumn": first.column,
            "endLine": last.line,
            "endColumn": last.column,
            "charOffset": item.start + finding.span.start,
            "charLength": finding.span.end - finding.span.start,
        }
    return {
        "ruleId": finding.rule_id,
        "level": _LEVELS[finding.severity_level],
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": physical}],
        "properties": {
            "category": str(finding.category),
            "confidence": finding.confidence,
            "severity": finding.severity,
            "detector": finding.detector,
            "chain": list(finding.chain),
            "action": str(verdict.action),
        },
    }


def _whole(item: ScanInput, verdict: Verdict) -> dict[str, Any]:
    return {
        "ruleId": _VERDICT_RULE,
        "level": "error" if verdict.action is Action.BLOCK else "warning",
        "message": {"text": f"{verdict.action}: {verdict.reason}"},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": _uri(item)}}}],
        "properties": {"action": str(verdict.action), "score": verdict.score},
    }


def _uri(item: ScanInput) -> str:
    """A relative URI for a file below the working directory, so that a code host finds it; else an absolute one."""
    from urllib.parse import quote

    path = item.source.path
    if path is None:
        return quote(item.source.name.replace(" ", "-"))
    resolved = path.resolve()
    try:
        return quote(resolved.relative_to(Path.cwd()).as_posix())
    except ValueError:
        return resolved.as_uri()
