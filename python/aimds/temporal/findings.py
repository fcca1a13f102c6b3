"""From the kernel's analysis of an event to findings: what each is called, how severe it is, and how it reads."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from aimds._core import TemporalAnalysis
from aimds.records import Finding
from aimds.taxonomy import Category

__all__ = ["FINDING_CONFIDENCE_MIN", "findings_of"]

FINDING_CONFIDENCE_MIN: Final = 0.8
"""Confidence from which behaviour is worth a finding. Honest repetition is held at 0.6 by the kernel; the gap between
the two is the margin."""

_Row = tuple[Category, float, str]
_Part = tuple[str, str, str, float, Mapping[str, _Row], Mapping[str, Any]]

_LOOPS: Final[Mapping[str, _Row]] = MappingProxyType(
    {
        "input-repeat": (Category.MANIPULATION_LOOP, 0.7, "the same input again and again"),
        "input-cycle": (Category.MANIPULATION_LOOP, 0.7, "a cycle of inputs"),
        "ping-pong": (Category.MANIPULATION_LOOP, 0.7, "two sides exchange the same things"),
        "tool-loop": (Category.MANIPULATION_LOOP, 0.65, "the same tool calls without new results"),
        "output-stagnation": (Category.MANIPULATION_LOOP, 0.5, "the same output again and again"),
        "self-replication": (Category.SELF_REPLICATION, 0.9, "an instruction from outside is passed on"),
    }
)
_ANOMALIES: Final[Mapping[str, _Row]] = MappingProxyType(
    {
        "burst": (Category.RESOURCE_ABUSE, 0.6, "many prompts at once"),
        "machine-cadence": (Category.BEHAVIOURAL_ANOMALY, 0.5, "prompts at the beat of a machine"),
        "slow-drip": (Category.BEHAVIOURAL_ANOMALY, 0.7, "risky prompts spread over long pauses"),
        "risk-escalation": (Category.MULTI_TURN_ESCALATION, 0.75, "the risk of the prompts adds up"),
        "length-growth": (Category.RESOURCE_ABUSE, 0.6, "prompts grow without end"),
        "length-outlier": (Category.BEHAVIOURAL_ANOMALY, 0.2, "one prompt is far longer than usual"),
    }
)
_TRAJECTORIES: Final[Mapping[str, _Row]] = MappingProxyType(
    {
        "crescendo": (Category.MULTI_TURN_ESCALATION, 0.8, "each prompt goes a little further (crescendo)"),
        "foot-in-the-door": (Category.MULTI_TURN_ESCALATION, 0.8, "small agreements are used as levers"),
        "payload-splitting": (Category.MULTI_TURN_ESCALATION, 0.8, "pieces are handed over to be put together and run"),
        "many-shot": (Category.MULTI_TURN_ESCALATION, 0.8, "staged turns set a pattern (many-shot)"),
        "persona-drift": (Category.JAILBREAK_ROLEPLAY, 0.8, "a role is built up to replace the model's own"),
    }
)


def findings_of(analysis: TemporalAnalysis, confidence_min: float = FINDING_CONFIDENCE_MIN) -> tuple[Finding, ...]:
    """The findings of an analysis: at most one loop, one anomaly, one trajectory, each at or above `confidence_min`."""
    parts: tuple[_Part, ...] = (
        (
            "temporal.loops",
            "loop",
            analysis.loop_kind,
            analysis.loop_confidence,
            _LOOPS,
            {"period": analysis.loop_period, "repeats": analysis.loop_repeats},
        ),
        ("temporal.anomaly", "anomaly", analysis.anomaly, analysis.anomaly_confidence, _ANOMALIES, {}),
        (
            "temporal.trajectory",
            "trajectory",
            analysis.trajectory,
            analysis.trajectory_confidence,
            _TRAJECTORIES,
            {"progress": analysis.trajectory_progress},
        ),
    )
    return tuple(
        _finding(detector, f"{prefix}.{name}", table[name], confidence, confidence_min, details)
        for detector, prefix, name, confidence, table, details in parts
        if name and confidence >= confidence_min
    )


def _finding(
    detector: str,
    rule_id: str,
    row: _Row,
    confidence: float,
    threshold: float,
    details: Mapping[str, Any],
) -> Finding:
    category, severity, message = row
    return Finding(
        detector=detector,
        rule_id=rule_id,
        category=category,
        severity=severity,
        confidence=confidence,
        message=message,
        threshold=threshold,
        details=MappingProxyType(dict(details)),
    )
