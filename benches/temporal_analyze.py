"""Times `SessionTable.analyze` from Python, one call at a time, and its plain twin in the same run.

    python -m benches.temporal_analyze [--events 200000]

Percentiles are of single calls and include the timer, whose own median is printed. Memory is what the process grows by
for many sessions, divided by their number; the analysis object is measured by `sys.getsizeof`, and the allocator's
blocks are counted before and after a hundred thousand analyses.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import resource
import statistics
import sys
from collections.abc import Callable, Sequence
from random import Random
from time import perf_counter_ns

from benches.behaviour_sessions import ANOMALIES, HONEST, LOOPS, Turn
from reference.temporal import Features, SessionTwin, text_features

from aimds._core import SESSION_BYTES, SESSION_BYTES_MAX, SessionTable, TurnFeatures

SESSIONS_FOR_MEMORY = 20_000
TWIN_EVENTS = 4_000
TARGET_P50_NS, TARGET_P99_NS = 1_000, 5_000


def percentile(values: Sequence[int], share: float) -> int:
    """The value below which `share` of the values lie."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def events_of(seed: int) -> list[tuple[str, Turn]]:
    """Events of generated sessions of every kind, with their session's name."""
    makers = {**LOOPS, **ANOMALIES, **HONEST}
    return [
        (f"{name} {place}", turn)
        for name, make in makers.items()
        for place in range(5)
        for turn in make(Random(f"{seed}/{name}/{place}"))
    ]


def time_calls(calls: int, call: Callable[[int], object]) -> list[int]:
    """Nanoseconds of each call."""
    durations = []
    for place in range(calls):
        before = perf_counter_ns()
        call(place)
        durations.append(perf_counter_ns() - before)
    return durations


def _resident_bytes() -> int:
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - not a path of ours
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure(events: int = 200_000, seed: int = 7) -> dict[str, float]:
    """All figures by name."""
    turns = events_of(seed)
    made = [TurnFeatures(turn.text, turn.kind, turn.role, turn.tool, turn.risk) for _, turn in turns]
    keys, times = [key for key, _ in turns], [turn.time_ns for _, turn in turns]
    table, count = SessionTable(), len(turns)
    ring = list(itertools.islice(itertools.cycle(zip(keys, made, times, strict=True)), count))
    analyze = table.analyze
    for key, features, time_ns in ring:
        analyze(key, features, time_ns)
    gc.disable()
    durations: list[int] = []
    for key, features, time_ns in itertools.islice(itertools.cycle(ring), events):
        before = perf_counter_ns()
        analyze(key, features, time_ns)
        durations.append(perf_counter_ns() - before)
    timer = time_calls(events // 10, lambda place: place)
    before = perf_counter_ns()
    for key, features, time_ns in itertools.islice(itertools.cycle(ring), events):
        analyze(key, features, time_ns)
    loop_ns = (perf_counter_ns() - before) / events
    texts = time_calls(
        min(count, 5_000), lambda place: TurnFeatures(turns[place][1].text, turns[place][1].kind, turns[place][1].role)
    )
    gc.enable()
    twin_ns = _twin(turns, made)
    per_session = _memory(made)
    blocks = sys.getallocatedblocks()
    for key, features, time_ns in itertools.islice(itertools.cycle(ring), 100_000):
        analyze(key, features, time_ns)
    return {
        "p50_ns": percentile(durations, 0.5),
        "p99_ns": percentile(durations, 0.99),
        "p999_ns": percentile(durations, 0.999),
        "timer_p50_ns": percentile(timer, 0.5),
        "mean_in_loop_ns": loop_ns,
        "features_p50_ns": percentile(texts, 0.5),
        "twin_p50_ns": percentile(twin_ns, 0.5),
        "twin_p99_ns": percentile(twin_ns, 0.99),
        "session_bytes": SESSION_BYTES,
        "session_resident_bytes": per_session,
        "analysis_bytes": sys.getsizeof(table.analyze("size", made[0], 0)) + SESSION_BYTES,
        "blocks_left_by_100k_analyses": sys.getallocatedblocks() - blocks,
        "text_characters_mean": statistics.mean(len(turn.text) for _, turn in turns),
    }


def _twin(turns: list[tuple[str, Turn]], made: list[TurnFeatures]) -> list[int]:
    sessions: dict[str, SessionTwin] = {}
    durations = []
    for (key, turn), features in zip(turns[:TWIN_EVENTS], made, strict=False):
        plain = Features(
            **text_features(turn.text),
            tool=features.tool,
            risk=features.risk,
            dialog=features.dialog,
            cues=frozenset(features.cues),
            payloads=tuple(features.payloads),
            kind=turn.kind,
            role=turn.role,
        )
        twin = sessions.setdefault(key, SessionTwin())
        before = perf_counter_ns()
        twin.analyze(plain, turn.time_ns)
        durations.append(perf_counter_ns() - before)
    return durations


def _memory(made: list[TurnFeatures]) -> float:
    names = [f"session {place}" for place in range(SESSIONS_FOR_MEMORY)]
    gc.collect()
    before = _resident_bytes()
    table = SessionTable()
    for name in names:
        table.analyze(name, made[0], 0)
    return (_resident_bytes() - before) / len(table)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table; exit code 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description="time and memory of the temporal analysis")
    parser.add_argument("--events", type=int, default=200_000)
    figures = measure(parser.parse_args(arguments).events)
    print(
        f"SessionTable.analyze     p50 {figures['p50_ns']:8.0f} ns   p99 {figures['p99_ns']:8.0f} ns"
        f"   p99.9 {figures['p999_ns']:8.0f} ns   (timer alone {figures['timer_p50_ns']:.0f} ns)"
    )
    print(f"  mean in a plain loop       {figures['mean_in_loop_ns']:8.0f} ns")
    print(
        f"pure-Python twin         p50 {figures['twin_p50_ns']:8.0f} ns   p99 {figures['twin_p99_ns']:8.0f} ns"
        f"   ({figures['twin_p50_ns'] / figures['p50_ns']:.0f} times slower)"
    )
    print(
        f"TurnFeatures of a text   p50 {figures['features_p50_ns']:8.0f} ns"
        f"   (mean {figures['text_characters_mean']:.0f} characters)"
    )
    print(
        f"session state                {figures['session_bytes']:8.0f} bytes (limit {SESSION_BYTES_MAX}),"
        f" {figures['session_resident_bytes']:.0f} resident with its table entry"
    )
    print(
        f"one analysis                 {figures['analysis_bytes']:8.0f} bytes, session included;"
        f" {figures['blocks_left_by_100k_analyses']:.0f} blocks left by 100,000"
    )
    good = figures["p50_ns"] <= TARGET_P50_NS and figures["p99_ns"] <= TARGET_P99_NS
    print("goals (p50 <= 1 us, p99 <= 5 us): " + ("met" if good else "missed"))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
