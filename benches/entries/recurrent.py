"""One turn of the recurrent network: in the kernel alone, and with its text's features and vector as in the room."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from benches.harness import Baseline, Bench
from benches.temporal_analyze import TurnFeatures, events_of
from reference.recurrent import NetworkTwin, numbers

from aimds._core import RecurrentModel, SessionTable
from aimds.patterns import load_models, models_folder
from aimds.temporal import RECURRENT_FILE, Recurrent


def _twin(embedding_dimension: int) -> NetworkTwin:
    rng, projected, hidden = np.random.default_rng(5), 16, 24
    shapes = {
        "project.weight": (embedding_dimension, projected), "input.weight": (projected + 34, 3 * hidden),
        "input.bias": (3 * hidden,), "recurrent.weight": (hidden, 3 * hidden), "recurrent.bias": (3 * hidden,),
        "output.weight": (hidden,), "output.bias": (1,),
    }  # fmt: skip
    return NetworkTwin({name: rng.normal(size=shape).tolist() for name, shape in shapes.items()})


def entries() -> Iterator[Bench]:
    embedding = load_models().embedding
    recurrent = Recurrent(RecurrentModel.load((models_folder() / RECURRENT_FILE).read_bytes()), embedding.embed)
    turns = events_of(7)[:4000]
    made = [TurnFeatures(turn.text, turn.kind, turn.role, turn.tool, turn.risk) for _, turn in turns]
    vectors = [embedding.embed(turn.text) for _, turn in turns]
    table = SessionTable()
    rows = [
        (key, features, turn.time_ns, recurrent.model, vector)
        for (key, turn), features, vector in zip(turns, made, vectors, strict=True)
    ]
    ring, texts = itertools.cycle(rows), itertools.cycle(turns)
    twin, vector = _twin(embedding.dimension), np.frombuffer(vectors[0], "<f4").tolist()
    row = numbers("prompt", "user", made[0], table.analyze(*rows[0]), None)
    yield Bench(
        "temporal.recurrent", "the kernel's turn, vector given", lambda: table.analyze(*next(ring)),
        Baseline("pure-Python twin", lambda: twin.step(vector, row)), goal_p50_us=50, goal_p99_us=1000,
    )  # fmt: skip

    def whole_turn() -> None:
        key, turn = next(texts)
        features = TurnFeatures(turn.text, turn.kind, turn.role, turn.tool, turn.risk)
        vector = recurrent.vector(turn.text, features.length)
        recurrent.finding(table.analyze(key, features, turn.time_ns, recurrent.model, vector))

    yield Bench("temporal.recurrent", "a turn with features, vector, finding", whole_turn, goal_p99_us=1000)
    long = "The committee met on Tuesday and agreed on the plan for the new library. " * 14_000

    def long_turn() -> None:
        recurrent.vector(long, len(long))

    yield Bench("temporal.recurrent", f"vector of {len(long)} characters, cut", long_turn, goal_p99_us=1000)
