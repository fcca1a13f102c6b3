"""The attractor analysis; the baseline is the divergence curve alone with whole distance tables in numpy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from benches.harness import Baseline, Bench
from reference.attractor import divergence

from aimds.temporal.attractor import analyse_attractor


def entries() -> Iterator[Bench]:
    series = [0.3]
    for _ in range(999):
        series.append(4 * series[-1] * (1 - series[-1]))
    values = np.array(series)
    yield Bench(
        "attractor.analyse", "1000 points", lambda: analyse_attractor(values),
        Baseline("numpy, one curve of it", lambda: divergence(values, 1, 1, 5, 90)),
    )  # fmt: skip
