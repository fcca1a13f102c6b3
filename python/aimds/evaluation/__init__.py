"""Judges labelled corpora and traces and reports quality with intervals.

`read_rows` and `read_traces` stream a file; `evaluate_rows` and `replay_traces` judge it with any `Judge` (such as
`aimds.Defense`) and return a report whose `to_json()` is what `aimds evaluate --json` and `aimds replay --json` print.
"""

from aimds.evaluation.lines import Line, LineReader
from aimds.evaluation.looks import LookShares
from aimds.evaluation.metrics import Quality
from aimds.evaluation.rows import EventDefaults, LabelledRow, read_rows
from aimds.evaluation.runner import (
    Judge,
    ReplayReport,
    Report,
    ScoreRecord,
    SessionJudge,
    TraceStop,
    evaluate_rows,
    replay_traces,
)
from aimds.evaluation.traces import LabelledTrace, SyntheticClock, event_from_object, read_traces

__all__ = [
    "EventDefaults",
    "Judge",
    "LabelledRow",
    "LabelledTrace",
    "Line",
    "LineReader",
    "LookShares",
    "Quality",
    "ReplayReport",
    "Report",
    "ScoreRecord",
    "SessionJudge",
    "SyntheticClock",
    "TraceStop",
    "evaluate_rows",
    "event_from_object",
    "read_rows",
    "read_traces",
    "replay_traces",
]
