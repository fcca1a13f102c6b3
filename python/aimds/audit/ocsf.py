"""Records as OCSF 1.5.0 events of class 2004, Detection Finding, with the profile *security control*.

Source: Open Cybersecurity Schema Framework, tag 1.5.0. The text of an event is never exported, even where it is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aimds.audit.store import Row
from aimds.taxonomy import Category, entry

__all__ = ["is_detection", "ocsf_event"]

_VERSION: Final = "1.5.0"
_CLASS: Final = 2004
_CREATE: Final = 1
_NS_PER_MS: Final = 1_000_000
_MILLIONTHS_PER_CENT: Final = 10_000
_SEVERITIES: Final = {"info": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}
_SEVERITY_NAMES: Final = ("Unknown", "Informational", "Low", "Medium", "High", "Critical")
_ACTIONS: Final = {"ALLOW": (1, "Allowed"), "BLOCK": (2, "Denied"), "ESCALATE": (99, "Escalated")}
_DISPOSITIONS: Final = {"ALLOW": (1, "Allowed"), "BLOCK": (2, "Blocked"), "ESCALATE": (19, "Alert")}
_ANALYTICS: Final = {"signatures": (1, "Rule"), "temporal": (2, "Behavioral"), "patterns": (4, "Learning (ML/DL)")}
_OTHER_ANALYTIC: Final = (99, "Other")
_CONFIDENCE_STEPS: Final = ((34, 1, "Low"), (67, 2, "Medium"))


def is_detection(data: Mapping[str, Any]) -> bool:
    """Whether a record tells of a detection: it has findings, or was not allowed."""
    return bool(data["findings"]) or data["verdict"]["action"] != "ALLOW"


def ocsf_event(row: Row) -> dict[str, Any]:
    """The event for the record of a verdict."""
    whole = row.entry
    data, trail = whole["data"], whole["trail"]
    verdict, event, findings = data["verdict"], data["event"], data["findings"]
    severity_id = max((_SEVERITIES[one["severity_level"]] for one in findings), default=3)
    confidence = verdict["confidence_millionths"] // _MILLIONTHS_PER_CENT
    confidence_id, confidence_name = _confidence(confidence)
    action_id, action = _ACTIONS[verdict["action"]]
    disposition_id, disposition = _DISPOSITIONS[verdict["action"]]
    shape = {
        "action": action,
        "action_id": action_id,
        "activity_id": _CREATE,
        "activity_name": "Create",
        "category_name": "Findings",
        "category_uid": 2,
        "class_name": "Detection Finding",
        "class_uid": _CLASS,
        "confidence": confidence_name,
        "confidence_id": confidence_id,
        "confidence_score": confidence,
        "disposition": disposition,
        "disposition_id": disposition_id,
        "evidences": [{"data": _evidence(one)} for one in findings],
        "finding_info": _finding_info(row, trail, data),
        "is_alert": verdict["action"] != "ALLOW",
        "message": f"{verdict['action']}: {verdict['reason']}",
        "metadata": {
            "log_name": "aimds audit",
            "product": {"name": "AIMDS", "vendor_name": "AIMDS", "version": data["made_by"]["version"]},
            "profiles": ["security_control"],
            "sequence": row.sequence,
            "uid": f"{trail}/{row.sequence}",
            "version": _VERSION,
        },
        "risk_score": verdict["score_millionths"] // _MILLIONTHS_PER_CENT,
        "severity": _SEVERITY_NAMES[severity_id],
        "severity_id": severity_id,
        "status": "New",
        "status_id": 1,
        "time": row.time_ns // _NS_PER_MS,
        "type_name": "Detection Finding: Create",
        "type_uid": _CLASS * 100 + _CREATE,
        "unmapped": {
            "event": {name: event[name] for name in ("id", "kind", "role", "tool", "trust")},
            "record_hash": row.hash,
            "text": {name: event["text"][name] for name in ("characters", "sha256")},
        },
    }
    if not findings:
        del shape["evidences"]
    if event["session_id"] is not None:
        shape["metadata"]["correlation_uid"] = event["session_id"]
    return shape


def _finding_info(row: Row, trail: str, data: Mapping[str, Any]) -> dict[str, Any]:
    findings, verdict = data["findings"], data["verdict"]
    categories = list(dict.fromkeys(one["category"] for one in findings))
    analytics = [_analytic(one) for one in findings]
    attacks = [
        {"technique": {"uid": uid}}
        for uid in dict.fromkeys(uid for name in categories for uid in entry(Category(name)).atlas)
    ]
    title = entry(Category(verdict["category"])).summary if verdict["category"] else "the text as a whole"
    shape: dict[str, Any] = {
        "created_time": row.time_ns // _NS_PER_MS,
        "desc": verdict["reason"],
        "title": title,
        "types": categories,
        "uid": f"{trail}/{row.sequence}",
    }
    if analytics:
        shape["analytic"], shape["related_analytics"] = analytics[0], analytics[1:]
    if attacks:
        shape["attacks"] = attacks
    return shape


def _analytic(finding: Mapping[str, Any]) -> dict[str, Any]:
    type_id, name = _ANALYTICS.get(finding["detector"].partition(".")[0], _OTHER_ANALYTIC)
    return {"category": finding["category"], "name": finding["rule_id"], "type": name, "type_id": type_id}


def _evidence(finding: Mapping[str, Any]) -> dict[str, Any]:
    names = ("category", "chain", "detector", "message", "rule_id", "severity_level", "span")
    return {name: finding[name] for name in names}


def _confidence(percent: int) -> tuple[int, str]:
    for bound, number, name in _CONFIDENCE_STEPS:
        if percent < bound:
            return number, name
    return 3, "High"
