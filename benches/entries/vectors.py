"""Embedding against model2vec, scoring, and search against numpy's exact scan (`benches.vectors` has more).

model2vec gets a table of the same width with random numbers and a word-piece tokenizer over the words of the texts: the
same work, without a model from elsewhere.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from benches.harness import Baseline, Bench
from benches.vectors import NEIGHBOURS, WORDS, clustered, random_models, texts_of

from aimds import _core
from aimds.patterns import load_models, models_folder

PATTERNS, DIMENSION = 100_000, 256


def _model2vec() -> object:
    from model2vec import StaticModel
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.pre_tokenizers import BertPreTokenizer

    vocabulary = {word: at for at, word in enumerate(["[UNK]", "[PAD]", *dict.fromkeys(WORDS.split())])}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = BertPreTokenizer()
    table = np.random.default_rng(3).normal(size=(len(vocabulary), DIMENSION)).astype(np.float32)
    return StaticModel(table, tokenizer)


def _index_of(rows: np.ndarray) -> _core.PatternIndex:
    count, dimension = rows.shape
    index = _core.PatternIndex(dimension, 0)
    zeros = [0] * count
    index.add_batch(range(count), rows.tobytes(), zeros, zeros, [0.5] * count, zeros)
    return index


def entries() -> Iterator[Bench]:
    if (models_folder() / "head.safetensors").exists():
        models = load_models()
        embedding, classifier, kind = models.embedding, models.classifier, "shipped tables"
    else:
        (embedding, classifier), kind = random_models(), "random tables"
    texts = itertools.cycle(texts_of(100, 200))
    normalised = itertools.cycle([_core.normalise(text) for text in texts_of(100, 200)])
    try:
        other = _model2vec()
        baseline = Baseline("model2vec", lambda: other.encode([next(texts)]))  # type: ignore[attr-defined]
    except ImportError:
        baseline = None
    yield Bench("embed", f"100 words, {kind}", lambda: embedding.embed(next(normalised)), baseline)
    yield Bench("classifier.score", f"100 words, {kind}", lambda: classifier.score(next(normalised)))

    rows = clustered(PATTERNS, DIMENSION, 1)
    index = _index_of(rows)
    queries = itertools.cycle([row.tobytes() for row in clustered(400, DIMENSION, 2)])

    def exact_scan() -> np.ndarray:
        similarity = rows @ np.frombuffer(next(queries), "<f4")
        return np.argpartition(-similarity, NEIGHBOURS)[:NEIGHBOURS]

    yield Bench(
        "patterns.search", f"{PATTERNS:,} int8 patterns of {DIMENSION}, 20 nearest",
        lambda: index.search(next(queries), NEIGHBOURS), Baseline("numpy exact scan, f32", exact_scan),
        goal_p99_us=1_000,
    )  # fmt: skip
    yield _together(embedding.dimension, classifier, kind)


def _together(dimension: int, classifier: _core.Classifier, kind: str) -> Bench:
    """What the patterns room does for a suspected text: embed and score it, look up the vectors that scored."""
    index = _index_of(clustered(PATTERNS, dimension, 1))
    normalised = itertools.cycle([_core.normalise(text) for text in texts_of(100, 200)])

    def call() -> None:
        for vector in classifier.score(next(normalised)).embeddings:
            index.search(vector, NEIGHBOURS)

    size = f"100 words, {kind}, {PATTERNS:,} int8 patterns of {dimension}"
    return Bench("embed, score and search", size, call, goal_p99_us=1_000)
