"""Makes `crates/aimds-text/src/normalise/letter_pairs.rs`: how likely one Latin letter follows another in honest text.

    python training/letter_pairs.py TRAIN.jsonl.gz > crates/aimds-text/src/normalise/letter_pairs.rs

The source is the `text` of the corpus' benign rows without encoded ones, letters a-z only; any other character is a
word boundary. Only these 27 x 27 numbers leave the corpus. Values are log2 P(next | letter) in eighths of a bit, with
one count added to every pair.
"""

from __future__ import annotations

import gzip
import itertools
import json
import math
import sys
from collections import Counter

BOUNDARY = 26
SCALE = 8
ROW_CHARACTERS_MAX = 2000  # no single long document may dominate


def classes(text: str) -> list[int]:
    """Letter numbers 0-25, `BOUNDARY` for everything else."""
    return [ord(c) - 97 if "a" <= c <= "z" else BOUNDARY for c in text.lower()[:ROW_CHARACTERS_MAX]]


def counts(path: str) -> Counter[tuple[int, int]]:
    """Pair counts over the benign rows; two boundaries in a row do not count."""
    pairs: Counter[tuple[int, int]] = Counter()
    with gzip.open(path, "rt", encoding="utf-8") as rows:
        for line in rows:
            row = json.loads(line)
            if row["label"] != "benign" or row["source"] == "derived_encodings":
                continue
            sequence = [BOUNDARY, *classes(row["text"]), BOUNDARY]
            pairs.update(pair for pair in itertools.pairwise(sequence) if pair != (BOUNDARY, BOUNDARY))
    return pairs


def main() -> None:
    """Prints the Rust file."""
    pairs = counts(sys.argv[1])
    print("//! Made by `training/letter_pairs.py`; do not edit.")
    print("//!")
    print("//! log2 P(next | letter) in eighths of a bit; rows and columns are a-z, then the word boundary.")
    print()
    print("/// Letters, and the boundary as the last.")
    print("pub(crate) const PAIR_CLASSES: usize = 27;")
    print()
    print("#[rustfmt::skip]")
    print("pub(crate) static LETTER_PAIRS: [[i8; PAIR_CLASSES]; PAIR_CLASSES] = [")
    for first in range(27):
        total = sum(pairs[first, second] + 1 for second in range(27))
        row = [max(-127, round(SCALE * math.log2((pairs[first, second] + 1) / total))) for second in range(27)]
        if first == BOUNDARY:
            row[BOUNDARY] = 0
        print("    [" + ", ".join(map(str, row)) + "],")
    print("];")


if __name__ == "__main__":
    main()
