"""The walk through the rooms: order, early exit, budget, faults, sessions, batches."""

import logging

import pytest

from aimds import Action, Defense, Event, Settings
from aimds.decide import GateState, SessionGate
from aimds.errors import ErrorCode, InputError, StageError
from aimds.ports import ManualClock, SequentialIds, SystemClock, SystemIds
from aimds.records import Assessment, MitigationKind, StageName, StageOutcome, StageReport


class FakeRoom:
    """Reports what it is told to, and remembers the events that it saw."""

    def __init__(
        self, name: str, outcome: str = "complete", score: float = 0.0, fault: Exception | None = None
    ) -> None:
        self.name = StageName(name)
        self.outcome = StageOutcome(outcome)
        self.score = score
        self.fault = fault
        self.details: dict[str, object] = {}
        self.seen: list[Event] = []

    def run(self, assessment: Assessment) -> Assessment:
        self.seen.append(assessment.event)
        if self.fault is not None:
            raise self.fault
        return assessment.with_report(StageReport(self.name, self.outcome, score=self.score, details=self.details))


class SlowRoom(FakeRoom):
    """Moves the clock while it runs."""

    def __init__(self, name: str, clock: ManualClock, takes_ms: int) -> None:
        super().__init__(name)
        self.clock, self.takes_ms = clock, takes_ms

    def run(self, assessment: Assessment) -> Assessment:
        self.clock.advance(self.takes_ms * 1_000_000)
        return super().run(assessment)


def defense(*rooms: FakeRoom, clock: ManualClock | None = None, **sections: object) -> Defense:
    return Defense(Settings(**sections), clock=clock or ManualClock(), ids=SequentialIds(), rooms=rooms)


def test_rooms_are_walked_in_order_and_timed() -> None:
    """Each room reports once, in order, with the time that the clock saw."""
    clock = ManualClock()
    verdict = defense(SlowRoom("normalise", clock, 2), SlowRoom("signatures", clock, 3), clock=clock).evaluate("x")
    assert [(one.stage, one.duration_ns) for one in verdict.reports] == [
        ("normalise", 2_000_000),
        ("signatures", 3_000_000),
    ]
    assert verdict.duration_ns == 5_000_000
    assert verdict.action is Action.ALLOW


def test_certainty_ends_the_walk() -> None:
    """Rooms after a certain one do not run, and the verdict says that they were skipped."""
    late = FakeRoom("patterns")
    verdict = defense(FakeRoom("temporal", "certain"), late).evaluate("x")
    assert verdict.action is Action.BLOCK
    assert late.seen == []
    assert verdict.reports[-1].outcome is StageOutcome.SKIPPED


def test_a_spent_budget_leaves_the_event_undecided() -> None:
    """A room that would start after the budget is not entered; the event is escalated, not allowed."""
    clock, late = ManualClock(), FakeRoom("patterns")
    guard = defense(SlowRoom("signatures", clock, 20), late, clock=clock, budget={"total_ms": 10})
    verdict = guard.evaluate("x")
    assert verdict.action is Action.ESCALATE
    assert "budget" in verdict.reason
    assert late.seen == []


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (ZeroDivisionError("secret text"), "ZeroDivisionError"),
        (StageError(ErrorCode.STAGE_FAILED, place="x", reason="y"), "stage-failed"),
    ],
)
def test_a_fault_in_a_room_fails_closed_and_leaks_nothing(
    fault: Exception, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever a room raises becomes UNDECIDED; other rooms still run; the log has no text of the event."""
    after = FakeRoom("patterns")
    with caplog.at_level(logging.ERROR, "aimds"):
        verdict = defense(FakeRoom("signatures", fault=fault), after).evaluate("secret text")
    assert verdict.action is Action.ESCALATE
    assert reason in verdict.reason
    assert len(after.seen) == 1
    assert "secret text" not in caplog.text


def test_a_text_that_cannot_be_normalised_is_not_judged_further() -> None:
    """Later rooms need the normalised text: without it they are not entered."""
    late = FakeRoom("signatures")
    assert defense(FakeRoom("normalise", "undecided"), late).evaluate("x").action is Action.ESCALATE
    assert late.seen == []


def test_fail_open_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The operator who fails open reads so in the log, and gets ALLOW."""
    with caplog.at_level(logging.WARNING, "aimds"):
        guard = defense(FakeRoom("patterns", "undecided"), decide={"on_undecided": "allow"})
    assert "fail-open" in caplog.text
    assert guard.evaluate("x").action is Action.ALLOW


def test_events_get_time_and_identity_from_the_ports() -> None:
    """What the caller gave stays; what is missing comes from clock and ids."""
    room = FakeRoom("patterns")
    guard = defense(room, clock=ManualClock(77))
    guard.evaluate("x")
    guard.evaluate(Event("x", timestamp_ns=5, id="mine"))
    guard.evaluate(Event("x"), kind="document")
    assert [(one.timestamp_ns, one.id, str(one.kind)) for one in room.seen] == [
        (77, "event-1", "prompt"), (5, "mine", "prompt"), (77, "event-2", "document"),
    ]  # fmt: skip


def test_bad_fields_raise_before_any_room() -> None:
    """A malformed event is the caller's error, not a verdict."""
    with pytest.raises(InputError):
        defense().evaluate("x", kind="letter")


async def test_asyncio_gives_the_same_verdict_for_short_and_long_texts() -> None:
    """Both ways through asyncio (inline and worker thread) reach the rooms."""
    room = FakeRoom("patterns", score=0.95)
    guard = defense(room)
    assert (await guard.aevaluate("x")).action is Action.BLOCK
    assert (await guard.aevaluate(Event("x" * 20_000))).action is Action.BLOCK
    assert len(room.seen) == 2


@pytest.mark.parametrize("count", [3, 200])
def test_batches_keep_order_and_sessions(count: int) -> None:
    """Verdicts come in the order given, and each session's events are seen in order, threads or not."""
    room = FakeRoom("temporal")
    events = [Event(str(i), session_id=f"s{i % 3}") if i % 2 else str(i) for i in range(count)]
    verdicts = defense(room).evaluate_batch(events)
    assert [one.event.text for one in verdicts] == [str(i) for i in range(count)]
    for name in ("s0", "s1", "s2"):
        seen = [int(one.text) for one in room.seen if one.session_id == name]
        assert seen == sorted(seen)


def test_repeated_blocks_quarantine_the_session_until_released() -> None:
    """After the set number of blocks the session is held without analysis; time or `release` lifts it."""
    clock, room = ManualClock(), FakeRoom("patterns", score=0.99)
    guard = defense(room, clock=clock, decide={"quarantine_after_blocks": 2, "quarantine_s": 60})
    session = guard.session("s")
    session.evaluate("x")
    second = session.evaluate("x")
    assert MitigationKind.QUARANTINE_SESSION in [one.kind for one in second.mitigations]
    assert session.state is GateState.QUARANTINED
    held = session.evaluate("harmless")
    assert held.action is Action.BLOCK
    assert "quarantined" in held.reason
    assert len(room.seen) == 2
    assert guard.evaluate("x", session_id="other").reports
    clock.advance(61 * 1_000_000_000)
    assert session.state is GateState.OPEN
    session.quarantine(5)
    assert session.release()
    assert not session.release()
    assert session.state is GateState.OPEN


def test_a_looping_session_is_throttled() -> None:
    """With a gap configured, the event after a loop must wait, and the wait ends by itself."""
    clock, room = ManualClock(), FakeRoom("temporal", score=0.99)
    room.details = {"loop": "exact"}
    guard = defense(room, clock=clock, decide={"throttle_gap_ms": 500})
    session = guard.session("s")
    assert session.evaluate("x").mitigations[-1].kind is MitigationKind.THROTTLE_SESSION
    assert "throttled" in session.evaluate("x").reason
    clock.advance(501 * 1_000_000)
    assert session.evaluate("x").reports


async def test_session_handle_works_in_asyncio() -> None:
    """The session id is filled in on the asynchronous way too."""
    room = FakeRoom("temporal")
    await defense(room).session("s").aevaluate("x")
    assert room.seen[0].session_id == "s"


def test_gate_is_bounded_and_forgets_old_windows() -> None:
    """The table never holds more than its bound; blocks older than ten minutes do not count."""
    gate = SessionGate(2)
    for name in ("a", "b", "c"):
        gate.quarantine(name, 100)
    assert gate.state("a", 0) is GateState.OPEN
    assert gate.state("c", 0) is GateState.QUARANTINED
    assert gate.count_block("d", 0) == 1
    assert gate.count_block("d", 700_000_000_000) == 1


def test_describe_names_rooms_and_settings() -> None:
    """Doctor's source shows each room, with its own description where it has one."""
    room = FakeRoom("patterns")
    room.describe = lambda: {"model": "m"}  # type: ignore[attr-defined]
    described = defense(FakeRoom("temporal"), room).describe()
    assert described["rooms"] == [{"room": "temporal"}, {"room": "patterns", "model": "m"}]
    assert described["settings"]["decide"]["on_undecided"] == "escalate"


def test_ports_of_the_system_move_forward() -> None:
    """System time is after 2020, monotonic time does not go back, ids differ; manual time refuses to go back."""
    clock = SystemClock()
    assert clock.now_ns() > 1_577_836_800_000_000_000
    assert clock.monotonic_ns() <= clock.monotonic_ns()
    assert SystemIds.next_id() != SystemIds.next_id()
    with pytest.raises(ValueError, match="go back"):
        ManualClock().advance(-1)
