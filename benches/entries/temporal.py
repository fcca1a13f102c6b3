"""One event of one session out of a thousand, against the plain twin. `benches.temporal_analyze` has the details."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from benches.harness import Baseline, Bench
from benches.temporal_analyze import TurnFeatures, _twin, events_of

from aimds._core import SessionTable


def entries() -> Iterator[Bench]:
    turns = events_of(7)
    made = [TurnFeatures(turn.text, turn.kind, turn.role, turn.tool, turn.risk) for _, turn in turns]
    table = SessionTable()
    ring = itertools.cycle([(key, features, turn.time_ns) for (key, turn), features in zip(turns, made, strict=True)])
    yield Bench(
        "temporal.analyze", f"{len(turns)} events of generated sessions", lambda: table.analyze(*next(ring)),
        Baseline("pure-Python twin", lambda: _twin(turns[:500], made), 500), goal_p50_us=1, goal_p99_us=5,
    )  # fmt: skip
