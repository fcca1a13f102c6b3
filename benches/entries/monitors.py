"""The incremental monitor against evaluating its past anew (its twin in `reference/`)."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from benches.harness import Baseline, Bench
from reference.monitors import evaluate, text_of

from aimds.temporal.monitors import Monitor

P, Q, X = ("atom", "p"), ("atom", "q"), ("compare", "x", "<", 0.99)
PART: tuple[Any, ...] = (
    "implies",
    ("or", ("and", ("once", (10, 1000), P), ("since", (0, 5), Q, P)), ("count", 100, ("and", P, ("not", Q)), ">=", 3)),
    ("historically", (0, 1000), X),
)
FORMULA = ("and", PART, ("and", PART, ("since", (0, None), ("not", P), Q)))


def entries() -> Iterator[Bench]:
    random = Random(2)
    events = [{"p": random.random() < 0.3, "q": random.random() < 0.8, "x": random.random()} for _ in range(1_000)]
    trace = list(enumerate(events[:50]))
    monitor, clock = Monitor(text_of(FORMULA)), iter(range(1 << 60))

    def update() -> None:
        for values in events:
            monitor.update(next(clock), values)

    yield Bench(
        "monitor.update", "32 operators", update,
        Baseline("twin, past of 50 events", lambda: evaluate(FORMULA, trace, 49)), len(events), goal_p50_us=1,
    )  # fmt: skip
