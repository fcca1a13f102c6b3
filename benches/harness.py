"""Times calls in this process, one entry a line of the table, each with a baseline measured in the same run.

An entry file in `benches/entries/` has a function `entries()` that yields `Bench` objects:

    def entries() -> Iterator[Bench]:
        yield Bench("room.verb", "100 tokens", call, Baseline("other library", other_call), goal_p50_us=3)

A call that does many operations says how many in `operations`; one that reads bytes says how many in `input_bytes`.
"""

from __future__ import annotations

import gc
import os
import resource
from collections.abc import Callable
from dataclasses import asdict, dataclass
from time import perf_counter_ns, thread_time_ns
from typing import Any

__all__ = ["Baseline", "Bench", "Row", "measure", "resident_kib"]

WARM_UP_NS = 50_000_000
SAMPLES_MIN, SAMPLES_MAX = 20, 5_000
MEASURE_NS = 600_000_000


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the same work costs otherwise; `operations` as in `Bench`."""

    name: str
    call: Callable[[], object]
    operations: int = 1


@dataclass(frozen=True, slots=True)
class Bench:
    """One line: a call, its size, its baseline, its goals for a single operation."""

    name: str
    size: str
    call: Callable[[], object]
    baseline: Baseline | None = None
    operations: int = 1
    input_bytes: int = 0
    goal_p50_us: float | None = None
    goal_p99_us: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One measured line; times in microseconds an operation."""

    name: str
    size: str
    p50_us: float | None
    p99_us: float | None = None
    processor_us: float | None = None
    """Mean processor time, which other work on the machine disturbs least; a call's own threads are not in it."""
    memory_kib: float | None = None
    megabytes_per_second: float | None = None
    baseline: str = ""
    baseline_p50_us: float | None = None
    goal: str = ""
    goal_met: bool | None = None
    skipped: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times faster than the baseline."""
        return self.baseline_p50_us / self.p50_us if self.p50_us and self.baseline_p50_us else None

    def as_dict(self) -> dict[str, Any]:
        """The line for the record."""
        return asdict(self) | {"ratio": self.ratio}


def resident_kib() -> float:
    """Resident memory of this process; its peak where the system tells no more."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - not a path of ours
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024
    except OSError:
        return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def _times_us(call: Callable[[], object], operations: int) -> tuple[list[float], float]:
    """Sorted times an operation after warming up, and this thread's mean processor time; the collector rests."""
    start = perf_counter_ns()
    while perf_counter_ns() - start < WARM_UP_NS:
        call()
    times: list[float] = []
    gc.collect()
    gc.disable()
    try:
        start, own = perf_counter_ns(), thread_time_ns()
        while len(times) < SAMPLES_MAX and (len(times) < SAMPLES_MIN or perf_counter_ns() - start < MEASURE_NS):
            before = perf_counter_ns()
            call()
            times.append((perf_counter_ns() - before) / operations / 1_000)
        own_us = (thread_time_ns() - own) / len(times) / operations / 1_000
    finally:
        gc.enable()
    return sorted(times), own_us


def _share(times: list[float], share: float) -> float:
    return times[min(len(times) - 1, int(len(times) * share))]


def measure(bench: Bench) -> Row:
    """Runs one entry. Its results are dropped, so the memory is what stays: caches, state, or a leak."""
    before_kib = resident_kib()
    times, processor_us = _times_us(bench.call, bench.operations)
    grown_kib = max(0.0, resident_kib() - before_kib)
    p50, p99 = _share(times, 0.5), _share(times, 0.99)
    baseline_us = None
    if bench.baseline is not None:
        baseline_us = _share(_times_us(bench.baseline.call, bench.baseline.operations)[0], 0.5)
    goals = [("p50", p50, bench.goal_p50_us), ("p99", p99, bench.goal_p99_us)]
    stated = [(name, value, goal) for name, value, goal in goals if goal is not None]
    return Row(
        name=bench.name,
        size=bench.size,
        p50_us=p50,
        p99_us=p99,
        processor_us=processor_us,
        memory_kib=grown_kib,
        megabytes_per_second=bench.input_bytes / bench.operations / p50 if bench.input_bytes else None,
        baseline=bench.baseline.name if bench.baseline else "",
        baseline_p50_us=baseline_us,
        goal=", ".join(f"{name} <= {goal:g} us" for name, _, goal in stated),
        goal_met=all(value <= goal for _, value, goal in stated) if stated else None,
    )
