"""Timers with nanosecond deadlines that ask no clock: the caller advances time and gets what is due.

    >>> scheduler = Scheduler(now_ns=0, capacity=1_000)
    >>> handle = scheduler.schedule(5_000, "session 7 expires")
    >>> scheduler.schedule_after(2_000, "budget of signatures is spent", priority=1)  # doctest: +ELLIPSIS
    <TimerHandle ...>
    >>> [timer.payload for timer in scheduler.advance(2_000)]
    ['budget of signatures is spent']
    >>> scheduler.cancel(handle), scheduler.cancel(handle)
    (True, False)

Timers fire by deadline, then by priority (0 goes first), then in the order in which they were set; never early, never
twice. A handle that is no longer pending matches nothing. `schedule` raises `InputError` with `capacity-reached` when
`capacity` timers are pending; `advance` raises `input-bad-value` when time goes back.

Method: hierarchical timing wheels, Varghese and Lauck 1987.
"""

from __future__ import annotations

from collections.abc import Iterable

from aimds._core import FiredTimer, RateWindow, Scheduler, TimerHandle

__all__ = ["FiredTimer", "RateWindow", "Scheduler", "TimerHandle", "restore_scheduler"]


def restore_scheduler(
    now_ns: int, capacity: int, pending: Iterable[tuple[int, int, object]]
) -> tuple[Scheduler, list[TimerHandle]]:
    """A scheduler with the timers that `Scheduler.pending()` gave, which keep their order; and their new handles.

    Raises:
        InputError: `capacity-reached` when there are more timers than `capacity`.
    """
    scheduler = Scheduler(now_ns, capacity)
    handles = [scheduler.schedule(deadline_ns, payload, priority) for deadline_ns, priority, payload in pending]
    return scheduler, handles
