"""Rows and batches of the transformers: corpora, generated text, our banks, and attacks placed inside honest texts."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from training.banks import bank_rows
from training.corpus import Row, balanced, read_rows
from training.domains import with_ordinary_domains
from training.generators import generate
from training.mixing import mixed
from training.traces import clean_event_rows
from training.words import Words, windows_of

MIXED_ROWS = 5000
BALANCE_POWER = 0.4
"""A family counts as its rows to this power: between by family (0) and by row (1)."""

JOIN_SHARE, JOIN_CHARACTERS_MAX = 0.2, 400
"""Share of short rows that get an honest neighbour, before or behind: position and length must not tell the label."""

LOWER_SHARE, DROP_SHARE = 0.12, 0.05
"""Share of rows read in lower case, and of pieces left out: no single spelling may carry the label."""


@dataclass(frozen=True)
class LookRows:
    """All rows: those of training (corpora, generated, banks, mixed) and those of dev behind them."""

    rows: list[Row]
    train_count: int

    def training(self, held_out: frozenset[str], with_dev: bool = False) -> list[Row]:
        """Rows to train on, weighted: nothing of a held-out family, nor a mixture of one."""
        part = self.rows if with_dev else self.rows[: self.train_count]
        kept = [row for row in part if row.family not in held_out and not (held_out & row.parents)]
        return balanced(kept, BALANCE_POWER)


def load_rows(seed: int, banks: bool = True) -> LookRows:
    """Reads, generates and mixes. `banks` false leaves our written rows out, to measure what they bring."""
    own = generate(seed) + (bank_rows() if banks else [])
    train = read_rows("train") + clean_event_rows("train") + with_ordinary_domains(own, seed)
    train += with_ordinary_domains(mixed(train, MIXED_ROWS, seed), seed)
    return LookRows(train + read_rows("dev"), len(train))


@dataclass
class Batch:
    """Windows of some rows, padded: `owner` says whose window it is."""

    vectors: torch.Tensor
    mask: torch.Tensor
    owner: torch.Tensor


def pad(windows: Sequence[Sequence[int]], vectors: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Vectors [windows, tokens, width] and mask [windows, tokens] of id lists."""
    longest = max(len(window) for window in windows)
    ids = torch.zeros((len(windows), longest), dtype=torch.long)
    mask = torch.zeros((len(windows), longest))
    for place, window in enumerate(windows):
        ids[place, : len(window)] = torch.tensor(window)
        mask[place, : len(window)] = 1.0
    return vectors[ids] * mask[:, :, None], mask


class Sampler:
    """Draws rows by weight and varies their spelling and surroundings."""

    def __init__(self, rows: Sequence[Row], words: Words, seed: int) -> None:
        self.rows = rows
        self.words = words
        self.random = random.Random(seed)
        self.numbers = np.random.default_rng(seed)
        weights = np.array([row.weight for row in rows])
        self.chance = weights / weights.sum()
        self.neighbours = [
            row.text for row in rows if not row.attack and not row.harmful and 20 < len(row.text) < JOIN_CHARACTERS_MAX
        ]

    def draw(self, count: int) -> list[Row]:
        """Rows by weight, with replacement."""
        return [self.rows[i] for i in self.numbers.choice(len(self.rows), count, p=self.chance)]

    def varied(self, row: Row) -> str:
        """The row's text, sometimes with an honest neighbour or in lower case."""
        text = row.text
        if not row.harmful and len(text) < JOIN_CHARACTERS_MAX and self.random.random() < JOIN_SHARE:
            other, gap = self.random.choice(self.neighbours), self.random.choice([" ", "\n", "\n\n"])
            text = other + gap + text if self.random.random() < 0.5 else text + gap + other
        return text.lower() if self.random.random() < LOWER_SHARE else text

    def windows(self, rows: Sequence[Row]) -> list[list[list[int]]]:
        """The windows of each row, with pieces left out at random."""
        out = []
        for ids in self.words.encode([self.varied(row) for row in rows]):
            keep = self.numbers.random(len(ids)) >= DROP_SHARE
            out.append(windows_of([one for one, kept in zip(ids, keep, strict=True) if kept]))
        return out


def labels_of(rows: Sequence[Row], outputs: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Labels and masks [rows, outputs]. A harmful question is neither attack nor honest; an attack may be both."""
    label = np.zeros((len(rows), len(outputs)), np.float32)
    mask = np.ones_like(label)
    for place, row in enumerate(rows):
        if row.harmful:
            label[place, 1], mask[place, 0] = 1.0, 0.0
        elif row.attack:
            label[place, 0], mask[place, 1] = 1.0, 0.0
            if row.category in outputs:
                label[place, outputs.index(row.category)] = 1.0
    return label, mask
