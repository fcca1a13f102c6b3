"""Judging a corpus and replaying traces: what is flagged, what is counted, what goes on after an error."""

import pytest
from tests.unit.evaluation.fakes import FakeJudge

from aimds.errors import ErrorCode, InputError
from aimds.evaluation import LabelledRow, LabelledTrace, ScoreRecord, evaluate_rows, replay_traces
from aimds.ports import SequentialIds
from aimds.records import Action, Event


def row(text: str, attack: bool, category: str = "c") -> LabelledRow:
    return LabelledRow(f"f:{text}", text, Event(text), attack, category, "s")


def trace(identity: str, attack: bool, index: int | None, *texts: str) -> LabelledTrace:
    return LabelledTrace(f"f:{identity}", identity, tuple(map(Event, texts)), attack, index, "c", "s")


BAD_ROW = InputError(ErrorCode.INPUT_BAD_ROW, place="f:9", reason="broken")


def test_block_and_escalate_are_flagged() -> None:
    """Recall and false positive rate count both actions; the others pass."""
    report = evaluate_rows(
        FakeJudge(),
        [row("0.9 block", True), row("0.6 escalate", True), row("0.5 allow", True), row("0.7 escalate", False)],
    )
    assert (report.overall.recall, report.overall.fpr) == (pytest.approx(2 / 3), 1.0)
    assert report.latencies.to_json() == {"p50": 1.0, "p99": 1.0}


def test_bad_rows_and_refused_events_are_reported_and_the_rest_judged() -> None:
    """An unreadable row and an event the judge refuses are counted as errors and handed on with their place."""
    errors: list[InputError] = []
    records: list[ScoreRecord] = []
    report = evaluate_rows(
        FakeJudge(),
        [BAD_ROW, row("fault", True), row("0.2", False)],
        on_error=errors.append,
        on_score=records.append,
    )
    assert (report.errors, len(report.scores)) == (2, 1)
    assert [str(error) for error in errors] == ["f:9: broken", "f:fault: content: as asked"]
    assert [record.to_json() for record in records] == [
        {"id": "0.2", "label": "benign", "score": 0.2, "action": "ALLOW"}
    ]


def test_json_of_a_report_has_the_agreed_shape() -> None:
    """The keys the specification names, and the figures without plain harmful questions when there are such rows."""
    rows = [row("0.9 block", True), row("0.1", False, "benign"), row("0.2", True, "harmful_request")]
    shape = evaluate_rows(FakeJudge(), rows).to_json()
    assert (shape["rows"], shape["errors"]) == (3, 0)
    assert {"recall", "fpr", "recall_at_1pct_fpr", "auroc"} <= shape["overall"].keys()
    assert (shape["overall"]["recall"], shape["overall_without_harmful_request"]["recall"]) == (0.5, 1.0)
    assert list(shape["by_source"]) == ["s"]
    assert list(shape["by_category"]) == ["benign", "c", "harmful_request"]
    assert shape["latency_ms"] == {"p50": 1.0, "p99": 1.0}
    assert "overall_without_harmful_request" not in evaluate_rows(FakeJudge(), rows[:2]).to_json()


def test_nothing_to_judge_is_a_report_without_figures() -> None:
    """An empty corpus gives missing metrics, not an arithmetic error."""
    shape = evaluate_rows(FakeJudge(), []).to_json()
    assert (shape["rows"], shape["overall"]["recall"], shape["overall"]["auroc"]) == (0, None, None)


def test_replay_finds_the_event_that_stopped_each_attack() -> None:
    """First flagged event, early when it stands before the attack's own; the trace's score is its largest."""
    records: list[ScoreRecord] = []
    report = replay_traces(
        FakeJudge(),
        [
            trace("on time", True, 1, "0.1", "0.8 block", "0.95 block"),
            trace("late", True, 0, "0.1", "0.1", "0.6 escalate"),
            trace("early", True, 2, "0.7 block", "0.1", "0.1"),
            trace("missed", True, 0, "0.3"),
            trace("unknown place", True, None, "0.9 block"),
            trace("honest", False, None, "0.2", "0.1"),
            trace("false alarm", False, None, "0.2", "0.66 escalate"),
        ],
        on_score=records.append,
    )
    shape = report.to_json()
    assert (shape["traces"], shape["events"], "rows" in shape) == (7, 15, False)
    assert (shape["overall"]["recall"], shape["overall"]["fpr"]) == (0.8, 0.5)
    assert (shape["early"], shape["mean_events_to_stop"], shape["mean_events_after_attack"]) == (1, 1.75, 1.0)
    assert [(stop["id"], stop["stopped_at"], stop["early"]) for stop in shape["attacks"]] == [
        ("on time", 1, False), ("late", 2, False), ("early", 0, True), ("missed", None, False),
        ("unknown place", 0, False),
    ]  # fmt: skip
    assert records[0].to_json() == {
        "id": "on time", "label": "attack", "score": 0.95, "action": "BLOCK", "stopped_at": 1,
    }  # fmt: skip
    assert records[-2].action is Action.ALLOW


def test_each_trace_has_a_session_of_its_own() -> None:
    """Two traces of one name, or two replays, share no memory; a long id is cut to what a session id may have."""
    judge = FakeJudge()
    replay_traces(judge, [trace("a", True, None, "0.1"), trace("a" * 500, True, None, "0.1")], ids=SequentialIds("run"))
    assert judge.sessions[0] == "run-1:a"
    assert len(judge.sessions[1]) == 256
    replay_traces(judge, [trace("a", True, None, "0.1"), trace("a", True, None, "0.1")])
    assert len(set(judge.sessions)) == 4


def test_a_trace_that_cannot_be_judged_is_reported() -> None:
    """A fault in one event costs that trace only."""
    errors: list[InputError] = []
    traces = [trace("bad", True, None, "0.1", "fault"), BAD_ROW, trace("good", True, None, "0.9 block")]
    report = replay_traces(FakeJudge(), traces, on_error=errors.append)
    assert (len(report.scores), report.errors, len(errors)) == (1, 2, 2)
    assert report.mean_events_after_attack is None
    assert replay_traces(FakeJudge(), []).mean_events_to_stop is None
