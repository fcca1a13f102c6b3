"""What callers hand in wrongly is a typed error with a stable code, and no session has changed by it."""

from collections.abc import Callable

import pytest

from aimds import AimdsError, Defense, Event, Settings
from aimds.approval import Approval
from aimds.decide import GateState
from aimds.errors import ConfigurationError, ErrorCode, InputError
from aimds.limits import EVENT_CHARACTERS_MAX
from aimds.ports import ManualClock, SequentialIds
from aimds.records import Assessment, StageName, StageOutcome, StageReport


class Nothing:
    """Finds nothing, and counts what it saw."""

    name = StageName.PATTERNS

    def __init__(self) -> None:
        self.seen: list[str] = []

    def run(self, assessment: Assessment) -> Assessment:
        self.seen.append(assessment.event.text)
        return assessment.with_report(StageReport(self.name, StageOutcome.COMPLETE))


def guard() -> tuple[Defense, Nothing]:
    room = Nothing()
    return Defense(Settings(), clock=ManualClock(), ids=SequentialIds(), rooms=[room]), room


class WholeNumber:
    """Stands for the whole numbers of other libraries."""

    def __index__(self) -> int:
        return 7


@pytest.mark.parametrize("field", ["session_id", "tool", "id"])
@pytest.mark.parametrize("value", [5, b"x", ["x"]])
def test_a_name_that_is_no_string_is_refused(field: str, value: object) -> None:
    """Session, tool and id are strings."""
    with pytest.raises(InputError, match=f"{field}: expected a string") as caught:
        Event("x", **{field: value})
    assert caught.value.code is ErrorCode.INPUT_BAD_EVENT


@pytest.mark.parametrize("value", ["abc", 1.5, True, -1, 2**63])
def test_a_time_is_whole_nanoseconds(value: object) -> None:
    """A fraction or a word is refused at once: the policies could only have been undecided about it."""
    with pytest.raises(InputError, match="timestamp_ns"):
        Event("x", timestamp_ns=value)
    with pytest.raises(InputError, match="expires_ns"):
        Approval("ann", "call-7", expires_ns=value)


def test_whole_numbers_of_other_libraries_are_times() -> None:
    """What can stand for an index is taken over as an int."""
    assert type(Event("x", timestamp_ns=WholeNumber()).timestamp_ns) is int
    assert type(Approval("ann", "call-7", expires_ns=WholeNumber()).expires_ns) is int


@pytest.mark.parametrize("event", [None, 5, b"x", ["x"]])
async def test_what_is_no_event_is_refused_everywhere(event: object) -> None:
    """Alone, in a session, with asyncio and in a batch."""
    defense, room = guard()
    for judge in (defense.evaluate, defense.session("s").evaluate, lambda one: defense.evaluate_batch([one])):
        with pytest.raises(InputError, match="expected an Event or a string") as caught:
            judge(event)
        assert caught.value.code is ErrorCode.INPUT_BAD_EVENT
    for judge_later in (defense.aevaluate, defense.session("s").aevaluate):
        with pytest.raises(InputError, match="expected an Event or a string"):
            await judge_later(event)
    assert room.seen == []


@pytest.mark.parametrize(
    ("bad", "place"),
    [(None, r"events\[2\]: expected"), ("x" * (EVENT_CHARACTERS_MAX + 1), r"events\[2\]\.event: ")],
)
def test_a_batch_with_a_bad_event_names_it_and_judges_none(bad: object, place: str) -> None:
    """As documented: the caller corrects the one and hands all in again, and no session has seen half of them."""
    defense, room = guard()
    with pytest.raises(InputError, match=place):
        defense.evaluate_batch(["a", "b", bad, "c"])
    assert room.seen == []
    assert [one.event.text for one in defense.evaluate_batch(iter(["a", Event("b")]))] == ["a", "b"]


@pytest.mark.parametrize("events", ["hi", Event("hi"), None, 5])
def test_a_batch_is_several_events(events: object) -> None:
    """A single text would be judged letter by letter."""
    defense, room = guard()
    with pytest.raises(InputError, match="one goes to `evaluate`"):
        defense.evaluate_batch(events)  # type: ignore[arg-type]
    assert room.seen == []


@pytest.mark.parametrize("session_id", [None, 5, "", "s" * 257, "s\ud800", []])
def test_a_session_has_an_id(session_id: str) -> None:
    """`session(None)` would have judged without any session."""
    defense, _ = guard()
    calls: list[Callable[[], object]] = [
        lambda: defense.session(session_id),
        lambda: defense.session_state(session_id),
        lambda: defense.release_session(session_id),
        lambda: defense.quarantine_session(session_id, 5),
    ]
    for call in calls:
        with pytest.raises(InputError, match="session_id"):
            call()


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), 10**400, 0, -1, "5", None, True])
def test_seconds_are_a_number_in_range(seconds: float) -> None:
    """For a quarantine and for an approval."""
    defense, _ = guard()
    session = defense.session("s")
    held = session.evaluate("pay")
    with pytest.raises(InputError, match="seconds"):
        defense.quarantine_session("s", seconds)
    with pytest.raises(InputError, match=r"approval\.seconds"):
        session.approve(held, by="ann", seconds=seconds)
    assert session.state is GateState.OPEN


def test_an_approval_is_about_an_event() -> None:
    """The id alone does not say with which content."""
    session = guard()[0].session("s")
    for call in (session.approve, session.revoke):
        with pytest.raises(InputError, match=r"approval\.about: .*got str"):
            call("call-7", by="ann")


def test_a_defence_takes_settings() -> None:
    """A mapping or a path is refused, with the way to make settings of it."""
    for wrong in (5, {"decide": {}}, "aimds.toml"):
        with pytest.raises(ConfigurationError, match=r"Settings\.load") as caught:
            Defense(wrong)  # type: ignore[arg-type]
        assert isinstance(caught.value, AimdsError)
        assert caught.value.help
