"""Audit records as SARIF: the same log that `aimds scan --sarif` prints, with a place in the trail for a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from aimds.audit import Row
from aimds.audit.ocsf import is_detection
from aimds.cli.sarif import LEVELS, VERDICT_RULE, SarifLog, rule_shape
from aimds.records import SeverityLevel
from aimds.taxonomy import Category

__all__ = ["audit_sarif_log"]

_MILLION: Final = 1_000_000


def audit_sarif_log(rows: Iterable[Row], version: str) -> dict[str, Any]:
    """One run over the records: a result for each finding, and for each record that has none and was not allowed."""
    log = SarifLog()
    for row in rows:
        whole = row.entry
        data = whole["data"]
        if not is_detection(data):
            continue
        uri = f"aimds-audit:/{whole['trail']}/{row.sequence}"
        for finding in data["findings"]:
            severity = finding["severity_millionths"] / _MILLION
            rule = rule_shape(finding["rule_id"], Category(finding["category"]), severity)
            log.add(_result(uri, data, finding), rule)
        if not data["findings"]:
            log.add(_whole(uri, data))
    return log.document(version)


def _result(uri: str, data: Mapping[str, Any], finding: Mapping[str, Any]) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if finding["span"] is not None:
        start, end = finding["span"]
        physical["region"] = {"charOffset": start, "charLength": end - start}
    return {
        "ruleId": finding["rule_id"],
        "level": LEVELS[SeverityLevel(finding["severity_level"])],
        "message": {"text": finding["message"]},
        "locations": [{"physicalLocation": physical}],
        "properties": {
            "category": finding["category"],
            "confidence": finding["confidence_millionths"] / _MILLION,
            "severity": finding["severity_millionths"] / _MILLION,
            "detector": finding["detector"],
            "chain": finding["chain"],
            **_shared(data),
        },
    }


def _whole(uri: str, data: Mapping[str, Any]) -> dict[str, Any]:
    verdict = data["verdict"]
    return {
        "ruleId": VERDICT_RULE,
        "level": "error" if verdict["action"] == "BLOCK" else "warning",
        "message": {"text": f"{verdict['action']}: {verdict['reason']}"},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri}}}],
        "properties": {"score": verdict["score_millionths"] / _MILLION, **_shared(data)},
    }


def _shared(data: Mapping[str, Any]) -> dict[str, Any]:
    event = data["event"]
    return {
        "action": data["verdict"]["action"],
        "event_id": event["id"],
        "session_id": event["session_id"],
        "text_sha256": event["text"]["sha256"],
    }
