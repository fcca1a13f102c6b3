"""The behaviour of a session over time."""

from aimds.temporal.analyzer import TemporalAnalyzer, TemporalResult
from aimds.temporal.findings import FINDING_CONFIDENCE_MIN
from aimds.temporal.recurrent import RECURRENT_FILE, Recurrent, turn_text
from aimds.temporal.stage import TemporalStage

__all__ = [
    "FINDING_CONFIDENCE_MIN",
    "RECURRENT_FILE",
    "Recurrent",
    "TemporalAnalyzer",
    "TemporalResult",
    "TemporalStage",
    "turn_text",
]
