"""The classifier in torch: token tables fine-tuned with the head, windows pooled by maximum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from training.corpus import Row
from training.features import HashShape, Prepared, WindowShape

OUTPUTS = (
    "attack", "harmful_request", "instruction_override", "indirect_injection", "jailbreak_roleplay", "prompt_leak",
    "tool_abuse", "data_exfiltration",
)  # fmt: skip
"""`attack` first; the others are categories, each a sigmoid of its own."""


@dataclass
class Settings:
    """What is trained, and how."""

    tables: tuple[str, ...] = ("minilm", "e5")
    window: WindowShape = field(default_factory=WindowShape)
    hashing: HashShape = field(default_factory=HashShape)
    hashed_dimensions: int = 8
    hidden: int = 96
    fine_tune: bool = True
    epochs: int = 6
    epoch_rows: int = 16_000
    batch_rows: int = 256
    windows_max: int = 6
    table_rate: float = 2e-3
    table_decay: float = 2e-2
    head_rate: float = 2e-3
    head_decay: float = 1e-2
    token_dropout: float = 0.15
    dropout: float = 0.3
    smoothing: float = 0.02
    balance_power: float = 0.4
    own_scale: float = 1.0
    mixed_rows: int = 4000
    lexical: bool = False
    peak: bool = False
    hashed_pooling: str = "mean"
    auxiliary: float = 0.3


PEAK_FACTOR = 1.5
"""Brings peaks to about unit deviation."""


HASHED_ROOT_FACTOR = 0.125
"""Brings sum / sqrt(n) of hashed n-grams to the size that their mean has in a window of 64."""

LEXICAL_FACTOR = 0.5
"""Deviation that lexical features enter with: below that of pooled vectors, so that no single cue rules."""


class Detector(nn.Module):
    """Mean-pooled tables, hashed n-grams and dense features into a small network."""

    def __init__(self, settings: Settings, initial: Sequence[NDArray[np.float32]], dense: int) -> None:
        super().__init__()
        self.settings = settings
        self.dense_mean = torch.zeros(dense)
        self.dense_factor = torch.ones(dense)
        self.initial = [torch.from_numpy(np.ascontiguousarray(table)) for table in initial]
        self.deltas = nn.ParameterList(
            [nn.Parameter(torch.zeros_like(table), requires_grad=settings.fine_tune) for table in self.initial]
        )
        width = sum(table.shape[1] for table in self.initial) * (1 + settings.peak) + dense
        self.hashed: nn.Parameter | None = None
        if settings.hashing.word_orders or settings.hashing.character_orders:
            self.hashed = nn.Parameter(torch.randn(settings.hashing.buckets, settings.hashed_dimensions) * 0.1)
            width += settings.hashed_dimensions
        self.factor = 4.0
        """Brings pooled means to about unit deviation; exported as `dense.factor`."""
        self.dropout = nn.Dropout(settings.dropout)
        if settings.hidden:
            self.first: nn.Linear | None = nn.Linear(width, settings.hidden)
            self.last = nn.Linear(settings.hidden, len(OUTPUTS))
        else:
            self.first = None
            self.last = nn.Linear(width, len(OUTPUTS))

    def inputs(self, bags: Sequence[tuple[torch.Tensor, torch.Tensor]], dense: torch.Tensor) -> torch.Tensor:
        """The network's input of each window."""
        parts, peaks = [], []
        for (ids, offsets), initial, delta in zip(bags, self.initial, self.deltas, strict=False):
            vectors = initial + delta if self.settings.fine_tune else initial
            parts.append(nn.functional.embedding_bag(ids, vectors, offsets, mode="mean") * self.factor)
            if self.settings.peak:
                high = nn.functional.embedding_bag(ids, vectors, offsets, mode="max")
                low = -nn.functional.embedding_bag(ids, -vectors, offsets, mode="max")
                peaks.append(torch.where(high >= -low, high, low) * PEAK_FACTOR)
        parts += [*peaks, (dense - self.dense_mean) * self.dense_factor]
        if self.hashed is not None:
            ids, offsets = bags[-1]
            pooled = nn.functional.embedding_bag(ids, self.hashed, offsets, mode="mean") * self.factor
            if self.settings.hashed_pooling == "root":
                sizes = torch.diff(offsets, append=torch.tensor([len(ids)])).clamp(min=1).float()
                pooled = pooled * sizes.sqrt()[:, None] * HASHED_ROOT_FACTOR
            parts.append(pooled)
        return torch.cat(parts, dim=1)

    def forward(self, bags: Sequence[tuple[torch.Tensor, torch.Tensor]], dense: torch.Tensor) -> torch.Tensor:
        """Logits [windows, outputs]."""
        hidden = self.dropout(self.inputs(bags, dense))
        if self.first is not None:
            hidden = self.dropout(torch.relu(self.first(hidden)))
        return self.last(hidden)


class Batches:
    """Turns prepared texts into bags."""

    def __init__(self, prepared: Prepared, channels: int, seed: int) -> None:
        self.prepared = prepared
        self.channels = channels
        self.random = np.random.default_rng(seed)

    def bags(
        self, rows: Sequence[int], windows_max: int | None, token_dropout: float
    ) -> tuple[list[tuple[torch.Tensor, torch.Tensor]], torch.Tensor, torch.Tensor]:
        """Bags of every channel, dense features, and the text each window belongs to."""
        parts: list[list[NDArray[np.int32]]] = [[] for _ in range(self.channels)]
        owner: list[int] = []
        dense = []
        for place, row in enumerate(rows):
            windows = self.prepared.windows[row]
            chosen: Sequence[int] = range(len(windows))
            if windows_max is not None and len(windows) > windows_max:
                chosen = [0, *self.random.choice(np.arange(1, len(windows)), windows_max - 1, replace=False)]
            for index in chosen:
                for channel in range(self.channels):
                    parts[channel].append(windows[index][channel])
                owner.append(place)
                dense.append(self.prepared.dense[row][index])
        bags = []
        for channel in parts:
            sizes = np.array([len(ids) for ids in channel])
            flat = np.concatenate(channel) if channel else np.zeros(0, np.int32)
            if token_dropout > 0:
                keep = self.random.random(len(flat)) >= token_dropout
                bag_of = np.repeat(np.arange(len(sizes)), sizes)
                flat, sizes = flat[keep], np.bincount(bag_of[keep], minlength=len(sizes))
            offsets = np.concatenate([[0], np.cumsum(sizes)[:-1]])
            bags.append((torch.from_numpy(flat.astype(np.int64)), torch.from_numpy(offsets.astype(np.int64))))
        return bags, torch.from_numpy(np.stack(dense).astype(np.float32)), torch.tensor(owner)


def strongest(logits: torch.Tensor, owner: torch.Tensor, texts: int) -> torch.Tensor:
    """Logits of the window with the largest `attack` logit, for each text: as the run time combines them."""
    best = torch.full((texts,), -1e9).scatter_reduce(0, owner, logits[:, 0].detach(), "amax")
    is_best = logits[:, 0].detach() >= best[owner] - 1e-7
    index = torch.full((texts,), len(owner)).scatter_reduce(
        0, owner[is_best], torch.arange(len(owner))[is_best], "amin"
    )
    return logits[index]


def targets(rows: Sequence[Row]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Labels and their masks [rows, outputs]. A harmful question is neither attack nor benign."""
    label = np.zeros((len(rows), len(OUTPUTS)), np.float32)
    mask = np.ones_like(label)
    for place, row in enumerate(rows):
        if row.harmful:
            label[place, 1] = 1.0
            mask[place, 0] = 0.0
        elif row.attack:
            label[place, 0] = 1.0
            mask[place, 1] = 0.0
            if row.category in OUTPUTS:
                label[place, OUTPUTS.index(row.category)] = 1.0
    return label, mask


def train(
    settings: Settings,
    initial: Sequence[NDArray[np.float32]],
    prepared: Prepared,
    rows: Sequence[Row],
    indices: NDArray[np.int64],
    seed: int,
) -> Detector:
    """Trains on the rows at `indices`, drawn each epoch in proportion to their weights."""
    torch.manual_seed(seed)
    dense = prepared.dense[0].shape[1]
    model = Detector(settings, initial, dense)
    channels = len(initial) + (model.hashed is not None)
    if dense:
        every = np.concatenate([prepared.dense[i][:4] for i in indices])
        model.dense_mean = torch.from_numpy(every.mean(0))
        model.dense_factor = torch.from_numpy(LEXICAL_FACTOR / np.maximum(every.std(0), 1e-3))
    batches = Batches(prepared, channels, seed)
    label, mask = targets(rows)
    weights = np.array([rows[i].weight for i in indices])
    chance = weights / weights.sum()
    tables = [*model.deltas, *([model.hashed] if model.hashed is not None else [])]
    known = {id(parameter) for parameter in tables}
    head = [parameter for parameter in model.parameters() if id(parameter) not in known]
    decay = settings.table_decay / settings.table_rate / 100
    optimiser = torch.optim.AdamW([
        {"params": [t for t in tables if t.requires_grad], "lr": settings.table_rate, "weight_decay": decay},
        {"params": head, "lr": settings.head_rate, "weight_decay": settings.head_decay},
    ], fused=True)  # fmt: skip
    steps = settings.epochs * (settings.epoch_rows // settings.batch_rows)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, [settings.table_rate, settings.head_rate], total_steps=steps, pct_start=0.15
    )
    share = torch.tensor([1.0] + [settings.auxiliary / (len(OUTPUTS) - 1)] * (len(OUTPUTS) - 1))
    model.train()
    for _ in range(steps):
        picked = batches.random.choice(indices, settings.batch_rows, p=chance)
        bags, features, owner = batches.bags(picked, settings.windows_max, settings.token_dropout)
        logits = strongest(model(bags, features), owner, len(picked))
        wanted = torch.from_numpy(label[picked]) * (1 - 2 * settings.smoothing) + settings.smoothing
        loss = nn.functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
        loss = (loss * torch.from_numpy(mask[picked]) * share).sum(1).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    model.eval()
    return model


POLISH_STEPS, POLISH_SHORT_SHARE, SHORT_WORDS_MAX = 80, 0.15, 3
"""A last pass over the network alone: 15% of each batch are honest texts of one to three words.

Without it a lone word that opens many attacks ("Next", "stop") is scored like the attacks that it opens.
"""


def polish(
    model: Detector, prepared: Prepared, rows: Sequence[Row], indices: NDArray[np.int64], seed: int
) -> Detector:  # fmt: skip
    """Trains the network on, tables as they are, with honest short texts over-represented."""
    settings = model.settings
    torch.manual_seed(seed + 1)
    batches = Batches(prepared, len(model.initial) + (model.hashed is not None), seed + 1)
    label, mask = targets(rows)
    weights = np.array([rows[i].weight for i in indices])
    short = np.array([i for i in indices if not rows[i].attack and len(rows[i].text.split()) <= SHORT_WORDS_MAX])
    count = int(settings.batch_rows * POLISH_SHORT_SHARE)
    layers = [layer for layer in (model.first, model.last) if layer is not None]
    optimiser = torch.optim.AdamW([p for layer in layers for p in layer.parameters()], lr=settings.head_rate / 2)
    model.train()
    for _ in range(POLISH_STEPS):
        picked = np.concatenate([
            batches.random.choice(indices, settings.batch_rows - count, p=weights / weights.sum()),
            batches.random.choice(short, count),
        ])  # fmt: skip
        bags, features, owner = batches.bags(picked, settings.windows_max, settings.token_dropout)
        logits = strongest(model(bags, features), owner, len(picked))
        wanted = torch.from_numpy(label[picked]) * (1 - 2 * settings.smoothing) + settings.smoothing
        loss = nn.functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
        loss = (loss * torch.from_numpy(mask[picked]))[:, 0].mean() + 0.3 * loss[:, 1:].mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    model.eval()
    return model


def scores(
    model: Detector, prepared: Prepared, indices: Sequence[int] | NDArray[np.int64], batch_rows: int = 512
) -> NDArray[np.float64]:
    """Logits [rows, outputs] of the strongest window of each text."""
    channels = len(model.initial) + (model.hashed is not None)
    batches = Batches(prepared, channels, 0)
    out = []
    with torch.no_grad():
        for start in range(0, len(indices), batch_rows):
            part = list(indices[start : start + batch_rows])
            bags, features, owner = batches.bags(part, None, 0.0)
            out.append(strongest(model(bags, features), owner, len(part)).numpy())
    return np.concatenate(out).astype(np.float64) if out else np.zeros((0, len(OUTPUTS)))
