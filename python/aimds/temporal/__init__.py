"""The behaviour of a session over time."""

from aimds.temporal.analyzer import TemporalAnalyzer, TemporalResult
from aimds.temporal.findings import FINDING_CONFIDENCE_MIN
from aimds.temporal.stage import TemporalStage

__all__ = [
    "FINDING_CONFIDENCE_MIN",
    "TemporalAnalyzer",
    "TemporalResult",
    "TemporalStage",
]
