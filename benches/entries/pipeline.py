"""One verdict from end to end. The baseline judges by one regular expression: what a first attempt would do."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from benches.harness import Baseline, Bench

from aimds import Defense

HONEST = (
    "I am writing a short speech for my sister's wedding in June. She is a nurse, loves hiking and once got lost on a "
    "mountain with her future husband, which is how they met. Please suggest three ways to open the speech, one funny, "
    "one warm and one formal, and keep each of them below sixty words. The guests are between five and ninety years "
    "old, and some of them speak little English, so simple words would be best. Do not use quotations. Draft {number}."
)


def entries() -> Iterator[Bench]:
    defense, numbers = Defense(), itertools.count()
    first_try = re.compile(r"ignore (all )?previous instructions", re.IGNORECASE)
    yield Bench(
        "pipeline: one prompt", "100 tokens, never seen before",
        lambda: defense.evaluate(HONEST.format(number=next(numbers))),
        Baseline("one regex", lambda: first_try.search(HONEST)), goal_p50_us=400, goal_p99_us=2_000,
    )  # fmt: skip
