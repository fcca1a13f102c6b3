"""Twin of `aimds.temporal.scheduler`: a binary heap with lazy cancellation; also the baseline of its benchmark."""

from __future__ import annotations

import heapq
from typing import Any

__all__ = ["HeapScheduler", "ListRateWindow"]


class HeapScheduler:
    """Timers on a heap ordered by deadline, priority and insertion. A handle is the insertion's number."""

    def __init__(self, now_ns: int = 0) -> None:
        self.now_ns = now_ns
        self._heap: list[tuple[int, int, int]] = []
        self._payloads: dict[int, Any] = {}
        self._inserted = 0

    def __len__(self) -> int:
        return len(self._payloads)

    def schedule(self, deadline_ns: int, payload: Any, priority: int = 0) -> int:
        """Sets a timer and returns its handle."""
        handle = self._inserted
        self._inserted += 1
        self._payloads[handle] = payload
        heapq.heappush(self._heap, (deadline_ns, priority, handle))
        return handle

    def cancel(self, handle: int) -> bool:
        """Takes a timer back; whether it was pending."""
        return self._payloads.pop(handle, self) is not self

    def advance(self, now_ns: int) -> list[tuple[int, int, Any]]:
        """Everything due as (deadline, priority, payload)."""
        self.now_ns = now_ns
        fired = []
        while self._heap and self._heap[0][0] <= now_ns:
            deadline_ns, priority, handle = heapq.heappop(self._heap)
            if handle in self._payloads:
                fired.append((deadline_ns, priority, self._payloads.pop(handle)))
        return fired

    def next_deadline_ns(self) -> int | None:
        """The earliest deadline of those that were not cancelled."""
        return min((deadline for deadline, _, handle in self._heap if handle in self._payloads), default=None)


class ListRateWindow:
    """All admitted times in a list, counted anew at every question."""

    def __init__(self, window_ns: int, events_max: int) -> None:
        self._window_ns = window_ns
        self._events_max = events_max
        self._admitted: list[int] = []

    def admit(self, now_ns: int) -> bool:
        """Whether fewer than `events_max` admitted events lie in the window that ends now."""
        if sum(now_ns - self._window_ns < time <= now_ns for time in self._admitted) >= self._events_max:
            return False
        self._admitted.append(now_ns)
        return True
