"""The scheduler from Python, with a hundred thousand timers pending, against a heap (its twin in `reference/`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from benches.harness import Baseline, Bench
from reference.scheduler import HeapScheduler, ListRateWindow

from aimds.temporal.scheduler import RateWindow, Scheduler

PENDING, TURNS, SECOND_NS = 100_000, 1_000, 1_000_000_000


def turning(scheduler: Scheduler | HeapScheduler, seed: int) -> Callable[[], None]:
    """A call that advances, 10 us at a time, until a thousand timers have fired, and sets each of them again."""
    random = Random(seed)
    for _ in range(PENDING):
        scheduler.schedule(random.randrange(SECOND_NS), None)
    delays = [random.randrange(1, SECOND_NS) for _ in range(TURNS)]

    def turn() -> None:
        now_ns, fired = scheduler.now_ns, 0
        while fired < TURNS:
            now_ns += 10_000
            for _ in scheduler.advance(now_ns):
                scheduler.schedule(now_ns + delays[fired % TURNS], None)
                fired += 1

    return turn


def cancelling(scheduler: Scheduler | HeapScheduler, seed: int) -> Callable[[], None]:
    """A call that sets and takes back a thousand timers beside those pending."""
    random = Random(seed)
    deadlines = [random.randrange(SECOND_NS) for _ in range(TURNS)]

    def turn() -> None:
        handles = [scheduler.schedule(deadline, None) for deadline in deadlines]
        for handle in handles:
            scheduler.cancel(handle)

    return turn


def entries() -> Iterator[Bench]:
    size = f"{PENDING:,} pending"
    heap = Baseline("heapq twin", turning(HeapScheduler(), 3), TURNS)
    yield Bench(
        "scheduler.fire and schedule", f"{size}, advanced by 10 us", turning(Scheduler(0, 2 * PENDING), 3), heap, TURNS
    )
    heap = Baseline("heapq twin", cancelling(HeapScheduler(), 4), TURNS)
    yield Bench("scheduler.schedule and cancel", "none else pending", cancelling(Scheduler(), 4), heap, TURNS)
    window, plain = RateWindow(1_000, 100), ListRateWindow(1_000, 100)
    times, plain_times = iter(range(0, 1 << 60, 7)), iter(range(0, 14_000, 7))
    yield Bench(
        "rate_window.admit", "100 events", lambda: window.admit(next(times)),
        Baseline("list twin", lambda: plain.admit(next(plain_times, 14_000))),
    )  # fmt: skip
