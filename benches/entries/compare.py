"""Comparison kernels against rapidfuzz (C++) and dtaidistance (C)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from benches.harness import Baseline, Bench

from aimds.temporal import compare


def entries() -> Iterator[Bench]:
    from dtaidistance import dtw
    from rapidfuzz.distance import LCSseq, Levenshtein

    random = np.random.default_rng(5)
    left, right = random.normal(size=(2, 100)).cumsum(axis=1)
    yield Bench(
        "compare.dtw_distance", "100 points, band 10", lambda: compare.dtw_distance(left, right, 10),
        Baseline("dtaidistance (C)", lambda: dtw.distance_fast(left, right, window=11)), goal_p50_us=10,
    )  # fmt: skip
    far, away = random.normal(size=(2, 1000)).cumsum(axis=1)
    yield Bench(
        "compare.dtw_distance", "1000 points, no band", lambda: compare.dtw_distance(far, away),
        Baseline("dtaidistance (C)", lambda: dtw.distance_fast(far, away)),
    )  # fmt: skip
    walks = random.normal(size=(1000, 100)).cumsum(axis=1)
    library = compare.SeriesLibrary(1, 10, [(str(at), walk) for at, walk in enumerate(walks)])
    yield Bench(
        "compare.SeriesLibrary.nearest", "1000 series of 100 points, band 10", lambda: library.nearest(left),
        Baseline("dtaidistance, all of them", lambda: [dtw.distance_fast(left, walk, window=11) for walk in walks]),
    )  # fmt: skip
    first, second = ([int(token) for token in random.integers(0, 50, 100)] for _ in range(2))
    yield Bench(
        "compare.edit_distance", "100 tokens", lambda: compare.edit_distance(first, second),
        Baseline("rapidfuzz", lambda: Levenshtein.distance(first, second)), goal_p50_us=10,
    )  # fmt: skip
    yield Bench(
        "compare.lcs_length", "100 tokens", lambda: compare.lcs_length(first, second),
        Baseline("rapidfuzz", lambda: LCSseq.similarity(first, second)),
    )  # fmt: skip
    texts = ["".join(chr(97 + token % 26) for token in random.integers(0, 999, 1000)) for _ in range(2)]
    yield Bench(
        "compare.edit_distance", "1000 characters", lambda: compare.edit_distance(*texts),
        Baseline("rapidfuzz", lambda: Levenshtein.distance(*texts)),
    )  # fmt: skip
