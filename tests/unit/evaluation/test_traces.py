"""Traces: events take over role, type, tool and time, and a bad one is named down to the event."""

import json
from pathlib import Path
from typing import Any

import pytest

from aimds.errors import InputError
from aimds.evaluation import LabelledTrace, LineReader, SyntheticClock, event_from_object, read_traces
from aimds.evaluation.traces import timestamp_ns_of
from aimds.records import EventKind, Role, Trust

SECOND_NS = 1_000_000_000


def traces(path: Path, *rows: object) -> list[LabelledTrace | InputError]:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), "utf-8")
    with LineReader(path) as reader:
        return list(read_traces(reader))


def trace(*events: Any, **fields: Any) -> dict[str, Any]:
    return {"id": "t", "label": "attack", "events": list(events), **fields}


def test_events_of_a_trace(tmp_path: Path) -> None:
    """Role, type, tool and content arrive; arguments given as an object become JSON; a call may have none."""
    (item,) = traces(
        tmp_path / "runs.jsonl",
        trace(
            {"role": "user", "type": "prompt", "content": "hi", "tool": None, "ts": None},
            {"role": "assistant", "type": "tool_call", "content": {"a": "ü"}, "tool": "mail", "ts": None},
            {"role": "tool", "type": "tool_result", "content": None, "tool": "mail", "ts": None},
            attack_event_index=2,
        ),
        "",
    )
    assert isinstance(item, LabelledTrace)
    prompt, call, result = item.events
    assert (prompt.kind, prompt.role, prompt.trust) == (EventKind.PROMPT, Role.USER, Trust.USER)
    assert (call.text, call.tool, call.kind) == ('{"a": "ü"}', "mail", EventKind.TOOL_CALL)
    assert (result.text, result.trust) == ("", Trust.UNTRUSTED)
    assert (item.attack_event_index, item.source, item.category) == (2, "runs", "attack")


def test_time_is_known_or_goes_on_by_a_second(tmp_path: Path) -> None:
    """Seconds and ISO times are read; a missing time is one second after the event before."""
    times = [None, 100, None, 100.25, "1970-01-01T00:02:00Z", "1970-01-01T00:02:01"]
    (item,) = traces(tmp_path / "t.jsonl", trace(*({"content": "x", "ts": ts} for ts in times)))
    assert isinstance(item, LabelledTrace)
    first, *others = [event.timestamp_ns for event in item.events]
    assert first == SyntheticClock().stamp(None)
    assert others == [100 * SECOND_NS, 101 * SECOND_NS, 100_250_000_000, 120 * SECOND_NS, 121 * SECOND_NS]


def test_whole_seconds_keep_their_nanoseconds() -> None:
    """Seconds of today as a float are exact to the microsecond, whole ones exactly."""
    assert timestamp_ns_of(1_763_000_000, "p") == 1_763_000_000 * SECOND_NS
    assert abs((timestamp_ns_of(1_763_000_000.5, "p") or 0) - 1_763_000_000_500_000_000) < 1000


@pytest.mark.parametrize("ts", ["yesterday", -1, 1e300, float("nan"), True, [1]])
def test_a_time_that_is_none_is_refused(ts: object) -> None:
    """What is neither seconds nor an ISO time is a bad row."""
    with pytest.raises(InputError, match="p: `ts` must be seconds"):
        timestamp_ns_of(ts, "p")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"label": "attack"}, "`events` must be a list"),
        ({"label": "attack", "events": []}, "`events` must be a list"),
        ({"events": [{"content": "x"}]}, "`label` is missing"),
        (trace("x"), "event 0: expected an object, got str"),
        (trace({"content": "x"}, {"content": 3}), "event 1: `content` must be a string"),
        (trace({"content": "x", "role": "king"}), "event 0: role: expected one of"),
        (trace({"content": "x"}, attack_event_index=1), "`attack_event_index` must be 0 to 0 or null"),
        (trace({"content": "x"}, attack_event_index="0"), "`attack_event_index`"),
        ("nonsense", "not valid JSON"),
    ],
)
def test_a_bad_trace_is_named_and_the_good_ones_stay(tmp_path: Path, row: object, words: str) -> None:
    """The error names file, line and event; the traces around are read."""
    before, error, after = traces(tmp_path / "t.jsonl", trace({"content": "x"}), row, trace({"content": "x"}))
    assert isinstance(before, LabelledTrace)
    assert isinstance(after, LabelledTrace)
    assert isinstance(error, InputError)
    assert f"{tmp_path / 't.jsonl'}:2" in str(error)
    assert words in str(error)


def test_a_broken_line_is_passed_on(tmp_path: Path) -> None:
    """What the reader of lines could not read is among the traces as an error."""
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"\xff\n")
    with LineReader(path) as reader:
        assert [type(item) for item in read_traces(reader)] == [InputError]


def test_events_of_a_log_take_both_spellings() -> None:
    """`text`/`content`, `kind`/`type`, `session`/`session_id`, `ts`/`timestamp`."""
    one = event_from_object({"text": "x", "kind": "response", "session": 7, "timestamp": 1, "id": 3}, "p")
    two = event_from_object({"content": "x", "type": "response", "session_id": "7", "ts": 1, "id": "3"}, "p")
    assert one == two
    assert (one.session_id, one.timestamp_ns, one.id) == ("7", SECOND_NS, "3")


def test_an_event_without_content_is_refused() -> None:
    """A log line without text is no event."""
    with pytest.raises(InputError, match="p: `content` is missing"):
        event_from_object({"role": "user"}, "p")
