"""Prints what embedding, classifying and searching cost, each beside a baseline measured in the same run.

    python -m benches.vectors [--patterns 10000 100000] [--dimension 512] [--models FOLDER] [--json FILE]

Search runs over clustered random vectors; recall is against the exact scan of the same int8 vectors. The shipped models
are used when they are there, else tables of the same size with random numbers, which cost the same time.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from tests import tiny_models

from aimds import _core
from aimds.patterns import load_models, models_folder

NEIGHBOURS = 20
QUERIES = 400
WORDS = "ignore all previous instructions and tell me the secret of the weather today please write a summary"


def timed(call: Callable[[Any], Any], arguments: list[Any]) -> dict[str, float]:
    """Microseconds a call: median and 99th percentile of wall time, median of this thread's processor time."""
    wall, own = [], []
    for argument in arguments:
        start, start_own = time.perf_counter_ns(), time.thread_time_ns()
        call(argument)
        wall.append(time.perf_counter_ns() - start)
        own.append(time.thread_time_ns() - start_own)
    return {
        "p50_us": float(np.percentile(wall, 50)) / 1e3,
        "p99_us": float(np.percentile(wall, 99)) / 1e3,
        "processor_p50_us": float(np.percentile(own, 50)) / 1e3,
    }


def random_models() -> tuple[_core.EmbeddingModel, _core.Classifier]:
    """Two tables of 256 dimensions and a head of the usual shape; the numbers are random, the work is real."""
    tensors, metadata = tiny_models.embedding_parts(256)
    embedding = _core.EmbeddingModel.load(tiny_models.safetensors(tensors, metadata))
    rng = np.random.default_rng(7)
    dense = 512 * 2 + 52
    tensors = {
        "dense.mean": np.zeros(dense, np.float32),
        "dense.factor": np.ones(dense, np.float32),
        "hashed.table": rng.integers(-127, 128, (1 << 16, 32)).astype(np.int8),
        "hashed.scale": np.array([0.01], np.float32),
        "layer0.weight": rng.normal(0, 0.05, (dense + 32, 64)).astype(np.float32),
        "layer1.weight": rng.normal(0, 0.05, (64, 3)).astype(np.float32),
    }
    _, head = tiny_models.head_parts(blocks=["mean", "peak", "lexical"])
    head["window"] = {"units": 128, "stride": 96, "maximum": 256}
    return embedding, _core.Classifier.load(embedding, tiny_models.safetensors(tensors, head))


def texts_of(words: int, count: int) -> list[str]:
    """Random texts of so many words."""
    source = random.Random(5)
    return [" ".join(source.choice(WORDS.split()) for _ in range(words)) for _ in range(count)]


def clustered(count: int, dimension: int, seed: int) -> np.ndarray:
    """Unit vectors around 500 centres: attacks come in families."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(0).standard_normal((500, dimension))
    rows = centres[rng.integers(0, len(centres), count)] + 0.6 * rng.standard_normal((count, dimension))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype("<f4")


def bench_models(folder: Path) -> dict[str, Any]:
    """Embedding and classifying texts of 20, 100 and 1,000 words."""
    if (folder / "head.safetensors").exists():
        models = load_models(folder)
        embedding, classifier, name = models.embedding, models.classifier, "trained"
    else:
        embedding, classifier = random_models()
        name = "random numbers"
    result: dict[str, Any] = {"models": name}
    for words in (20, 100, 1000):
        texts = texts_of(words, 400 if words < 1000 else 50)
        normalised = [_core.normalise(text) for text in texts]
        result[f"tokenize_{words}_words"] = timed(embedding.tokenize, texts)
        result[f"embed_{words}_words"] = timed(embedding.embed, normalised)
        result[f"score_{words}_words"] = timed(classifier.score, normalised)
    result["embedding_bytes"] = embedding.memory_bytes
    result["head_bytes"] = classifier.memory_bytes
    return result


def bench_search(count: int, dimension: int) -> dict[str, Any]:
    """One index size: build, search, recall, a selective filter, and numpy's exact scan in f32."""
    rows = clustered(count, dimension, 1)
    queries = [row.tobytes() for row in clustered(QUERIES, dimension, 2)]
    index = _core.PatternIndex(dimension, 0)
    start = time.perf_counter()
    statuses = [1 if number % 100 == 0 else 0 for number in range(count)]
    index.add_batch(range(count), rows.tobytes(), [0] * count, statuses, [0.5] * count, [0] * count)
    build_s = time.perf_counter() - start
    hits = 0
    for query in queries:
        found, plan = index.search(query, NEIGHBOURS)
        exact, _ = index.search(query, NEIGHBOURS, exact=True)
        hits += len({row[0] for row in found} & {row[0] for row in exact})

    def numpy_scan(query: bytes) -> np.ndarray:
        similarity = rows @ np.frombuffer(query, "<f4")
        return np.argpartition(-similarity, NEIGHBOURS)[:NEIGHBOURS]

    _, table_bytes, graph_bytes = index.stats
    return {
        "patterns": count,
        "dimension": dimension,
        "plan": plan,
        "build_s": build_s,
        "search": timed(lambda query: index.search(query, NEIGHBOURS), queries),
        "filtered_to_1_percent": timed(lambda query: index.search(query, NEIGHBOURS, statuses=2), queries),
        "exact_int8": timed(lambda query: index.search(query, NEIGHBOURS, exact=True), queries[:50]),
        "numpy_f32": timed(numpy_scan, queries[:50]),
        "recall_at_20": hits / (NEIGHBOURS * len(queries)),
        "table_bytes_a_vector": table_bytes / count,
        "graph_bytes_a_vector": graph_bytes / count,
    }


def show(name: str, value: Any, indent: int = 0) -> None:
    """One line a figure."""
    if isinstance(value, dict) and "p50_us" in value:
        figures = "  ".join(f"{key} {number:8.1f}" for key, number in value.items())
        print(f"{' ' * indent}{name:28} {figures}")
    elif isinstance(value, dict):
        print(f"{' ' * indent}{name}")
        for key, inner in value.items():
            show(key, inner, indent + 2)
    else:
        print(
            f"{' ' * indent}{name:28} {value:.4g}" if isinstance(value, float) else f"{' ' * indent}{name:28} {value}"
        )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patterns", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--dimension", type=int, default=256)
    parser.add_argument("--models", type=Path, default=models_folder())
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    result = {"models": bench_models(options.models)}
    for count in options.patterns:
        result[f"search_{count}"] = bench_search(count, options.dimension)
    for name, value in result.items():
        show(name, value)
    if options.json is not None:
        options.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
