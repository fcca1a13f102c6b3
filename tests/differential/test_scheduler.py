"""The timing wheel against a binary heap, over random histories."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from reference.scheduler import HeapScheduler, ListRateWindow

from aimds.temporal.scheduler import RateWindow, Scheduler, restore_scheduler

# Near and far: inside a slot, across slots, across levels, and the last nanosecond of 64 bits.
delays = st.integers(0, 5) | st.integers(0, 5_000) | st.integers(0, 10**7) | st.integers(0, 2**50)


class SchedulerHistory(RuleBasedStateMachine):
    """Whatever is scheduled, cancelled and advanced, both fire the same timers in the same order."""

    def __init__(self) -> None:
        super().__init__()
        self.wheel = Scheduler(now_ns=0, capacity=10_000)
        self.heap = HeapScheduler()
        self.handles = []
        self.now_ns = 0

    @rule(delay_ns=delays, priority=st.integers(0, 3))
    def schedule(self, delay_ns, priority):
        deadline_ns = self.now_ns + delay_ns
        name = len(self.handles)
        self.handles.append(
            (self.wheel.schedule(deadline_ns, name, priority), self.heap.schedule(deadline_ns, name, priority))
        )

    @rule()
    def schedule_at_the_end_of_time(self):
        self.handles.append((self.wheel.schedule(2**64 - 1, None), self.heap.schedule(2**64 - 1, None)))

    @rule(which=st.integers(0, 1 << 16))
    def cancel_any_timer_that_ever_was(self, which):
        if self.handles:
            wheel, heap = self.handles[which % len(self.handles)]
            assert self.wheel.cancel(wheel) == self.heap.cancel(heap)

    @rule(delay_ns=delays)
    def advance(self, delay_ns):
        self.now_ns += delay_ns
        fired = self.wheel.advance(self.now_ns)
        assert [(timer.deadline_ns, timer.priority, timer.payload) for timer in fired] == self.heap.advance(self.now_ns)
        assert all(timer.deadline_ns <= self.now_ns for timer in fired)

    @rule()
    def restore(self):
        restored, _ = restore_scheduler(self.now_ns, 10_000, self.wheel.pending())
        assert restored.pending() == self.wheel.pending()

    @invariant()
    def nothing_is_lost(self):
        assert len(self.wheel) == len(self.heap)
        assert self.wheel.next_deadline_ns() == self.heap.next_deadline_ns()


SchedulerHistory.TestCase.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
TestSchedulerHistory = SchedulerHistory.TestCase


class RateHistory(RuleBasedStateMachine):
    """The sliding window admits exactly what counting all admitted events would."""

    def __init__(self) -> None:
        super().__init__()
        self.ring = RateWindow(window_ns=10, events_max=3)
        self.plain = ListRateWindow(window_ns=10, events_max=3)
        self.now_ns = 0

    @rule(delay_ns=st.integers(0, 12))
    def admit(self, delay_ns):
        self.now_ns += delay_ns
        assert self.ring.admit(self.now_ns) == self.plain.admit(self.now_ns)

    @rule()
    def wait_until_admitted(self):
        from_ns = self.ring.admits_from_ns()
        if from_ns is not None:
            assert not self.plain.admit(from_ns - 1)
            self.now_ns = from_ns
            assert self.plain.admit(from_ns)
            assert self.ring.admit(from_ns)


TestRateHistory = RateHistory.TestCase
