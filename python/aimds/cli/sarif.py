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
from aimds.taxonomy import Category, entry

__all__ = ["LEVELS", "SarifLog", "VERDICT_RULE", "rule_shape", "sarif_log"]

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS: Final = {
    SeverityLevel.INFO: "note",
    SeverityLevel.LOW: "note",
    SeverityLevel.MEDIUM: "warning",
    SeverityLevel.HIGH: "error",
    SeverityLevel.CRITICAL: "error",
}
VERDICT_RULE: Final = "aimds/verdict"
_SKIPPED: Final = "aimds/skipped"


class SarifLog:
    """Collects results and the rules they name, for one run of a log."""

    def __init__(self) -> None:
        self._rules: dict[str, dict[str, Any]] = {VERDICT_RULE: _WHOLE_RULE}
        self._results: list[dict[str, Any]] = []

    def add(self, result: dict[str, Any], rule: dict[str, Any] | None = None) -> None:
        """One more result; `rule` is the one it names, unless it is `VERDICT_RULE`."""
        if rule is not None:
            self._rules.setdefault(result["ruleId"], rule)
        self._results.append(result)

    def document(
        self, version: str, errors: Iterable[AimdsError] = (), skipped: Iterable[tuple[str, str]] = ()
    ) -> dict[str, Any]:
        """The log, with the rules in the order in which results first name them.

        Args:
            version: of AIMDS.
            errors: inputs that could not be judged; with any the run counts as failed.
            skipped: name and reason of what was not judged on purpose.
        """
        named = dict.fromkeys(result["ruleId"] for result in self._results)
        index = {rule_id: position for position, rule_id in enumerate(named)}
        failures = [
            {"level": "error", "descriptor": {"id": error.code.slug}, "message": {"text": str(error)}}
            for error in errors
        ]
        notes = [
            {"level": "note", "descriptor": {"id": _SKIPPED}, "message": {"text": f"skipped {name}: {reason}"}}
            for name, reason in skipped
        ]
        driver = {"name": "aimds", "semanticVersion": version, "rules": [self._rules[rule_id] for rule_id in named]}
        invocation = {"executionSuccessful": not failures, "toolExecutionNotifications": [*failures, *notes]}
        return {
            "$schema": _SCHEMA,
            "version": "2.1.0",
            "runs": [
                {
                    "tool": {"driver": driver},
                    "columnKind": "unicodeCodePoints",
                    "invocations": [invocation],
                    "results": [{**result, "ruleIndex": index[result["ruleId"]]} for result in self._results],
                }
            ],
        }


_WHOLE_RULE: Final = {"id": VERDICT_RULE, "shortDescription": {"text": "the text as a whole"}}


def sarif_log(
    judged: Iterable[tuple[ScanInput, Verdict]],
    errors: Iterable[AimdsError],
    version: str,
    skipped: Iterable[tuple[str, str]] = (),
) -> dict[str, Any]:
    """One run: a result for each finding, and for each blocked or escalated input that has no finding."""
    log = SarifLog()
    for item, verdict in judged:
        for finding in verdict.findings:
            log.add(_result(item, verdict, finding), rule_shape(finding.rule_id, finding.category, finding.severity))
        if not verdict.findings and verdict.action in (Action.BLOCK, Action.ESCALATE):
            log.add(_whole(item, verdict))
    return log.document(version, errors, skipped)


def rule_shape(rule_id: str, category: Category, severity: float) -> dict[str, Any]:
    """A rule as SARIF describes it, with what other lists call its category."""
    ids = entry(category)
    tags = [str(category), *ids.owasp_llm_2025, *ids.owasp_llm_2026, *ids.owasp_agentic_2026, *ids.atlas]
    return {
        "id": rule_id,
        "shortDescription": {"text": ids.summary},
        "properties": {"tags": ["security", *tags], "security-severity": f"{severity * 10:.1f}"},
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
        "level": LEVELS[finding.severity_level],
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
        "ruleId": VERDICT_RULE,
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
