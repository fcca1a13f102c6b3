"""`python -m benches.memory`: bytes that one decision and one temporal analysis allocate, counted by the allocator.

memray (Bloomberg) intercepts malloc, mmap and the allocator of Python. All is loaded and warmed up before counting
starts, so the peak is what a decision needs beyond loaded models, tables and packs. A session is part of the temporal
figure: each counted analysis opens a new one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import memray

from aimds import Defense
from aimds._core import SessionTable, TurnFeatures

WORDS = "Could you compare the two offers that came in this morning and tell me which one is the better deal for us? "
PROMPT = WORDS * 5  # about 100 tokens
DOCUMENT = WORDS * 900  # about 100 KB
GOALS = {"temporal analysis": 20 * 1024, "decision, 100 tokens": 1024 * 1024, "decision, 100 KB": None}
REPEATS = 20


def peak_bytes(call: Callable[[], object]) -> int:
    """The most bytes held at once during `call` that were not held before."""
    with tempfile.TemporaryDirectory() as folder:
        capture = Path(folder) / "capture"
        with memray.Tracker(capture, native_traces=False, trace_python_allocators=True):
            call()
        return memray.FileReader(capture).metadata.peak_memory


def main() -> None:
    """Prints one line a subject: the largest peak of 20 calls, and its goal."""
    defense, table = Defense(), SessionTable(1000, 10**12)
    features = TurnFeatures(PROMPT, "prompt", "user", None, 0.1)
    clock = iter(range(10**9, 10**18, 10**9))

    def analyze() -> None:
        table.analyze(f"session-{next(clock)}", features, next(clock))

    def decide(text: str) -> Callable[[], object]:
        return lambda: defense.evaluate(f"{next(clock)} {text}", session_id="memory", timestamp_ns=next(clock))

    calls = {"temporal analysis": analyze, "decision, 100 tokens": decide(PROMPT), "decision, 100 KB": decide(DOCUMENT)}
    for name, call in calls.items():
        for _ in range(REPEATS):
            call()
        peak, goal = max(peak_bytes(call) for _ in range(REPEATS)), GOALS[name]
        verdict = "" if goal is None else f"  goal < {goal / 1024:.0f} KiB: {'met' if peak < goal else 'missed'}"
        print(f"{name:24} {peak / 1024:10.1f} KiB{verdict}")


if __name__ == "__main__":
    main()
