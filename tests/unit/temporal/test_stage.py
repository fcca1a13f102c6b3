"""The temporal room in the walk: risk from earlier rooms, sessions, certainty, export and restore."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from aimds import Event, EventKind
from aimds._core import SESSION_BYTES, SESSION_BYTES_MAX, SessionTable, TurnFeatures, analyze_alone
from aimds.errors import ArtefactError, ErrorCode, InputError
from aimds.records import Assessment, StageName, StageOutcome, StageReport
from aimds.taxonomy import Category
from aimds.temporal import TemporalStage
from aimds.temporal.findings import _ANOMALIES, _LOOPS, _TRAJECTORIES

MS_NS = 1_000_000


def run(
    stage: TemporalStage, text: str, at_ms: int | None = None, session: str | None = "s", score: float = 0.0, **fields
):
    event = Event(text, session_id=session, timestamp_ns=None if at_ms is None else at_ms * MS_NS, **fields)
    earlier = (StageReport(StageName.SIGNATURES, StageOutcome.COMPLETE, score=score),)
    return stage.run(Assessment(event, reports=earlier)).report(StageName.TEMPORAL)


def test_a_loop_is_reported_with_its_details():
    """The third equal prompt at machine pace carries the finding, its severity as score and the loop in the details."""
    stage = TemporalStage()
    reports = [run(stage, "test", at_ms) for at_ms in (1000, 1100, 1200)]
    assert [len(report.findings) for report in reports] == [0, 0, 1]
    assert reports[0].score == 0.0
    assert reports[0].details["loop"] == ""
    finding = reports[2].findings[0]
    assert (finding.rule_id, finding.details["period"], finding.details["repeats"]) == ("loop.input-repeat", 1, 3)
    assert reports[2].score == pytest.approx(finding.severity * finding.confidence)
    assert reports[2].details["loop"] == "input-repeat"


def test_certainty_ends_the_walk_only_above_the_bound():
    """A loop that goes on becomes CERTAIN with a reason; honest repetition never does."""
    stage = TemporalStage()
    loop = [run(stage, "describe the old river once more", 1000 + 100 * place) for place in range(8)]
    assert loop[-1].outcome is StageOutcome.CERTAIN
    assert loop[-1].reason == "the same input again and again"
    honest = [run(stage, "continue", 10_000 * place + 700 * (place % 7) ** 2, session="h") for place in range(50)]
    assert {report.outcome for report in honest} == {StageOutcome.COMPLETE}
    assert {report.score for report in honest} == {0.0}


def test_sessions_do_not_mix():
    """Three equal prompts of three sessions are no loop."""
    stage = TemporalStage()
    assert all(not run(stage, "test", 1000 + place, session=f"s{place}").findings for place in range(3))


def test_an_event_without_session_is_judged_alone():
    """Nothing is remembered of it; a many-shot prompt that earlier rooms find risky is still found."""
    stage = TemporalStage()
    for place in range(9):
        report = run(stage, "test", 1000 + place, session=None)
        assert report.findings == ()
        assert report.reason == "no session: judged alone"
    assert len(stage.table) == 0
    shots = "\n".join("User: how do I open it?\nAssistant: Sure, first take the tool." for _ in range(30))
    report = run(stage, shots, session=None, score=0.8)
    assert report.findings[0].rule_id == "trajectory.many-shot"
    assert run(stage, shots, session=None, score=0.0).findings == ()


def test_the_highest_earlier_score_is_the_risk():
    """Risk comes from the earlier rooms: the same prompts escalate only when those see risk."""
    texts = [f"tell me about the {word} in the cellar" for word in ("pump", "lamp", "rope", "stone", "glass", "wheel")]
    risky, calm = TemporalStage(), TemporalStage()
    last = [run(risky, text, score=0.6) for text in texts][-1]
    assert any(finding.category is Category.MULTI_TURN_ESCALATION for finding in last.findings)
    assert [run(calm, text, score=0.05) for text in texts][-1].findings == ()


def test_the_threshold_is_the_callers():
    """A lower `confidence_min` reports earlier; the finding names it."""
    stage = TemporalStage(confidence_min=0.3)
    found = [finding for at_ms in (1000, 1100) for finding in run(stage, "test", at_ms).findings]
    assert found[0].threshold == 0.3


def test_a_session_moves_between_stages():
    """An exported session goes on elsewhere as if nothing had happened; unknown sessions have no state."""
    here, there = TemporalStage(), TemporalStage()
    for at_ms in (1000, 1100):
        run(here, "test", at_ms)
    state = here.export_session("s")
    assert state is not None
    assert here.export_session("unknown") is None
    there.restore_session("s", state)
    assert there.export_session("s") == state
    assert run(there, "test", 1200).findings == run(here, "test", 1200).findings != ()


@pytest.mark.parametrize(
    "damage", [lambda state: state[:-1], lambda state: b"", lambda state: state[:40] + b"!" + state[41:]]
)
def test_damaged_states_get_a_typed_error(damage):
    """Cut, empty or changed bytes raise `artefact-corrupt`, for a session and for a table; nothing is changed."""
    stage = TemporalStage()
    run(stage, "test", 1000)
    state, table = stage.export_session("s"), stage.table.export_all()
    for restore in (lambda: stage.restore_session("s", damage(state)), lambda: stage.table.restore_all(damage(table))):
        with pytest.raises(ArtefactError) as caught:
            restore()
        assert caught.value.code is ErrorCode.ARTEFACT_CORRUPT
    assert stage.export_session("s") == state


def test_a_whole_table_moves():
    """`export_all` and `restore_all` carry every session."""
    table, copy = SessionTable(10), SessionTable(10)
    for place in range(5):
        table.analyze(f"s{place}", TurnFeatures(f"text {place}"), place)
    assert copy.restore_all(table.export_all()) == 5
    assert sorted(copy.sessions()) == sorted(table.sessions())
    assert copy.export("s3") == table.export("s3")
    assert table.remove("s3")
    assert "s3" not in table
    assert len(table) == 4


def test_the_table_is_bounded_and_says_so():
    """The least recently used session goes first; `describe` shows counters and the size of a session."""
    stage = TemporalStage(sessions_max=3)
    for session in ("a", "b", "c", "a", "d"):
        run(stage, "hello", session=session)
    assert sorted(stage.table.sessions()) == ["a", "c", "d"]
    described = stage.describe()
    assert described == {
        "session_bytes": SESSION_BYTES,
        "recurrent": "off",
        "sessions": 3,
        "events": 5,
        "created": 4,
        "evicted": 1,
        "expired": 0,
    }
    assert SESSION_BYTES <= SESSION_BYTES_MAX == 8192


def test_sessions_expire_by_the_events_times():
    """A session idle for longer than its time to live begins afresh."""
    stage = TemporalStage(session_ttl_s=1.0)
    run(stage, "test", 1000)
    assert run(stage, "test", 1500).details["events"] == 2
    assert run(stage, "test", 9000).details["events"] == 1


def test_threads_may_share_a_table():
    """Eight threads on shared and own sessions lose no event, and each session is as if alone."""
    table = SessionTable(5000)
    features = [TurnFeatures(f"prompt number {place} about gardens") for place in range(50)]

    def work(thread: int) -> None:
        for place in range(2000):
            table.analyze(f"own {thread}", features[place % 50], place)
            table.analyze("shared", features[place % 50], None)
            if place % 100 == 0:
                state = table.export("shared")
                assert state is not None
                table.restore(f"copy {thread}", state)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert table.stats()["events"] == 8 * 2 * 2000
    assert len({table.export(f"own {thread}") for thread in range(8)}) == 1
    assert table.analyze("shared", features[0]).events == 8 * 2000 + 1


def test_features_are_the_canonical_texts_and_can_come_from_a_handle():
    """Features of a handle equal those of its canonical text; case and spacing do not matter; bytes are refused."""
    from aimds._core import normalise

    handle = normalise("Hello  wor\u200bld, page 12")
    of_handle, of_text = TurnFeatures(handle), TurnFeatures(handle.canonical)
    assert (of_handle.exact, of_handle.simhash) == (of_text.exact, of_text.simhash)
    assert TurnFeatures("A  b").exact == TurnFeatures("a b").exact
    assert TurnFeatures("page 12 of 3").number == 15
    assert TurnFeatures("page 1").masked == TurnFeatures("page 2").masked
    assert TurnFeatures("x", risk=7.0).risk == 1.0
    assert TurnFeatures("Q: a\nA: b").dialog == 2
    assert "routine" in TurnFeatures("Yes please").cues
    assert repr(of_text).startswith("<TurnFeatures")
    with pytest.raises(TypeError):
        TurnFeatures(b"bytes")
    with pytest.raises(InputError):
        TurnFeatures("x", kind="telegram")


def test_analyses_read_well():
    """The representation names what was found and holds no text."""
    analysis = analyze_alone(TurnFeatures("secret text"))
    assert "secret" not in repr(analysis)
    assert (analysis.loop_kind, analysis.loop_repeats, analysis.anomaly, analysis.certain) == ("", 0, "", False)
    assert analysis.length_z == 0.0


def test_tool_calls_of_different_tools_differ():
    """The same arguments for another tool are another call."""
    stage = TemporalStage()
    for place in range(12):
        report = run(stage, "{}", kind=EventKind.TOOL_CALL, tool=f"tool {place}")
    assert report.findings == ()


def test_every_name_of_the_kernel_has_a_row():
    """Rows of findings are complete, lower case and distinct."""
    names = [*_LOOPS, *_ANOMALIES, *_TRAJECTORIES]
    assert len(names) == len(set(names)) == 6 + 6 + 5
