"""Everything a training run reads, prepared once: corpora, generated rows, mixed rows, and their features."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.banks import bank_rows
from training.corpus import Row, balanced, read_rows, texts_of
from training.domains import with_ordinary_domains
from training.features import WORK, Prepared, Table, load_table, prepare
from training.generators import generate
from training.mixing import mixed
from training.model import Settings
from training.traces import clean_event_rows

MIXED_FAMILY = "mixed"


@dataclass
class Dataset:
    """Rows in three parts, in this order: train (corpora and generated), dev, mixed (made of train rows)."""

    rows: list[Row]
    train_count: int
    dev_count: int
    prepared: Prepared
    tables: list[Table]
    used: list[NDArray[np.int64]]
    """Ids of each table that occur; `prepared` counts in positions of this array."""

    @property
    def initial(self) -> list[NDArray[np.float32]]:
        """The vectors of the used ids."""
        return [table.vectors[ids] for table, ids in zip(self.tables, self.used, strict=True)]


def _mixed_rows(train: Sequence[Row], settings: Settings, seed: int) -> list[Row]:
    """Mixed rows remember the families they were made of in `source`, so that a fold can leave them out."""
    return mixed(train, settings.mixed_rows, seed)


def _prepare_cached(texts: Sequence[str], tables: Sequence[Table], settings: Settings) -> Prepared:
    key = hashlib.sha256()
    for text in texts:
        key.update(text.encode("utf-8", "replace") + b"\0")
    key.update(repr((settings.tables, settings.window, settings.hashing, settings.lexical)).encode())
    path = WORK / f"prepared_{key.hexdigest()[:16]}.pickle"
    if path.is_file():
        with path.open("rb") as file:
            found = pickle.load(file)
        if isinstance(found, Prepared):
            return found
    out = prepare(texts, tables, settings.window, settings.hashing, settings.lexical)
    with path.open("wb") as file:
        pickle.dump(out, file, protocol=pickle.HIGHEST_PROTOCOL)
    return out


def compact(prepared: Prepared, tables: Sequence[Table], used: Sequence[NDArray[np.int64]]) -> None:
    """Replaces token ids by their positions among the used ones, in place; other tokens are dropped."""
    for channel, (table, ids) in enumerate(zip(tables, used, strict=True)):
        place = np.full(len(table.vectors), -1, np.int32)
        place[ids] = np.arange(len(ids), dtype=np.int32)
        for windows in prepared.windows:
            for window in windows:
                found = place[window[channel]]
                window[channel] = found[found >= 0]


def load(settings: Settings, seed: int) -> Dataset:
    """Reads, generates, mixes and prepares."""
    tables = [load_table(name) for name in settings.tables]
    own = with_ordinary_domains(generate(seed, settings.own_scale) + bank_rows(), seed)
    train = read_rows("train") + clean_event_rows("train") + own
    dev = read_rows("dev")
    extra = _mixed_rows(train, settings, seed)
    rows = [*train, *dev, *extra]
    prepared = _prepare_cached(texts_of(rows), tables, settings)
    used = [
        np.unique(np.concatenate([windows[0][channel] for windows in prepared.windows])).astype(np.int64)
        for channel in range(len(tables))
    ]
    compact(prepared, tables, used)
    return Dataset(rows, len(train), len(dev), prepared, tables, used)


def training_rows(
    dataset: Dataset, held_out: frozenset[str], settings: Settings, with_dev: bool = False
) -> tuple[list[Row], NDArray[np.int64]]:
    """All rows with fresh weights, and the indices to train on: nothing of a held-out family, nor a mixture of one."""

    def allowed(index: int) -> bool:
        row = dataset.rows[index]
        in_dev = dataset.train_count <= index < dataset.train_count + dataset.dev_count
        return (with_dev or not in_dev) and row.family not in held_out and not (held_out & row.parents)

    indices = np.array([index for index in range(len(dataset.rows)) if allowed(index)])
    weighted = balanced([dataset.rows[i] for i in indices], settings.balance_power)
    rows = list(dataset.rows)
    for index, row in zip(indices.tolist(), weighted, strict=True):
        rows[index] = row
    return rows, indices
