"""The recurrent network in torch, and its training on sessions. The run time's kernel computes the same numbers."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from training.turns import (
    EVENTS_MAX,
    WEAK,
    SessionRow,
    Singles,
    TurnRow,
    joined_chat,
    numbers_of,
    planted_chat,
    replay_times,
    times_of,
)

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class NetworkSettings:
    """What can be tried; the defaults ship."""

    projected: int = 16
    hidden: int = 24
    epochs: int = 8
    batch: int = 32
    rate: float = 4e-3
    decay: float = 1e-2
    dropout: float = 0.3
    """Of the vector's entries: 512 of them would know each of the few hundred attacks by heart."""
    weak: float = 0.0
    """Weight of the weakly labelled source against any other."""
    joined: float = 0.5
    """Honest chats joined anew in each epoch, as a share of the sessions."""
    planted: float = 0.5
    """Honest chats with an attack of the text corpora in them, likewise."""
    power: float = 0.5
    """A source counts as its sessions to this power."""
    early: float = 0.2
    """Weight of a gradual attack's turns before the one that carries it; they are taught as honest."""
    peak: float = 1.0
    """Weight of the session's highest logit against the mean of its turns."""


class Network(nn.Module):
    """Projection, gated recurrent unit, output cell."""

    def __init__(self, dimension: int, numbers: int, settings: NetworkSettings) -> None:
        super().__init__()
        self.project = nn.Linear(dimension, settings.projected, bias=False)
        self.dropout = nn.Dropout(settings.dropout)
        self.cell = nn.GRU(settings.projected + numbers, settings.hidden, batch_first=True)
        self.output = nn.Linear(settings.hidden, 1)
        nn.init.normal_(self.project.weight, std=1.0)

    def forward(self, vectors: Tensor, numbers: Tensor) -> Tensor:
        """Logits after each turn, [sessions, turns]."""
        seen = torch.cat([self.project(self.dropout(vectors)), numbers], -1)
        return self.output(self.cell(seen)[0])[..., 0]


@dataclass(frozen=True)
class Example:
    """A session as training sees it in one epoch."""

    turns: tuple[TurnRow, ...]
    numbers: Floats
    target: Floats
    """1 from the carrier on in an attack, else 0; [turns]."""
    weight: Floats
    attack: bool
    share: float


def example_of(row: SessionRow, share: float, settings: NetworkSettings, rng: random.Random) -> Example:
    """The session's targets, its numbers under times drawn anew."""
    count = len(row.turns)
    target, weight = np.zeros(count, np.float32), np.ones(count, np.float32)
    if row.attack:
        carrier = count - 1 if row.carrier is None else min(row.carrier, count - 1)
        target[carrier:] = 1.0
        weight[carrier] = 2.0
        if row.gradual:
            weight[row.start : carrier] = settings.early
    return Example(row.turns, numbers_of(row.turns, times_of(row.turns, rng)), target, weight, row.attack, share)


def shares_of(rows: Sequence[SessionRow], settings: NetworkSettings) -> list[float]:
    """Weight of each session: sources by their size to a power, and both labels alike."""
    sizes = Counter((row.source, row.attack) for row in rows)
    raw = [sizes[row.source, row.attack] ** (settings.power - 1.0) for row in rows]
    trust = [settings.weak if row.source == WEAK else 1.0 for row in rows]
    raw = [value * factor for value, factor in zip(raw, trust, strict=True)]
    totals = {label: sum(v for v, row in zip(raw, rows, strict=True) if row.attack is label) for label in (True, False)}
    return [value / max(totals[row.attack], 1e-9) * len(rows) / 2 for value, row in zip(raw, rows, strict=True)]


def epoch_of(
    rows: Sequence[SessionRow], singles: Singles, settings: NetworkSettings, rng: random.Random
) -> list[Example]:
    """The sessions of one epoch: attacks often follow an honest chat, and honest chats are joined anew."""
    honest = [row for row in rows if not row.attack]
    out = []
    for row, share in zip(rows, shares_of(rows, settings), strict=True):
        if share <= 0:
            continue
        if rng.random() < 0.4:
            before = joined_chat(honest, singles.honest, rng, max(0, EVENTS_MAX // 2 - len(row.turns)))
            carrier = None if row.carrier is None else row.carrier + len(before)
            row = SessionRow(  # noqa: PLW2901 - the same session, later in a chat
                row.id, row.source, row.family, row.attack, carrier, (), before + row.turns, row.gradual, len(before)
            )
        out.append(example_of(row, share, settings, rng))
    mean_share = 0.5
    for _ in range(int(settings.joined * len(rows))):
        turns = joined_chat(honest, singles.honest, rng, EVENTS_MAX)
        row = SessionRow("joined", "joined", "joined", False, None, (), turns)
        out.append(example_of(row, mean_share, settings, rng))
    for _ in range(int(settings.planted * len(rows))):
        turns, place = planted_chat(honest, singles, rng)
        row = SessionRow("planted", "planted", "planted", True, place, (), turns)
        out.append(example_of(row, mean_share, settings, rng))
    rng.shuffle(out)
    return out


def padded(examples: Sequence[Example]) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Vectors, numbers, targets, weights (0 where there is no turn), shares of a batch."""
    longest = max(len(one.turns) for one in examples)
    count, dimension = len(examples), len(examples[0].turns[0].vector)
    vectors = np.zeros((count, longest, dimension), np.float32)
    numbers = np.zeros((count, longest, examples[0].numbers.shape[1]), np.float32)
    target, weight = np.zeros((count, longest), np.float32), np.zeros((count, longest), np.float32)
    for place, one in enumerate(examples):
        length = len(one.turns)
        vectors[place, :length] = [turn.vector for turn in one.turns]
        numbers[place, :length] = one.numbers
        target[place, :length] = one.target
        weight[place, :length] = one.weight
    share = np.array([one.share for one in examples], np.float32)
    return (
        torch.from_numpy(vectors), torch.from_numpy(numbers), torch.from_numpy(target), torch.from_numpy(weight),
        torch.from_numpy(share),
    )  # fmt: skip


def loss_of(logits: Tensor, target: Tensor, weight: Tensor, share: Tensor, peak: float) -> Tensor:
    """Cross-entropy of the turns, averaged within a session, and of its highest logit."""
    entropy = nn.functional.binary_cross_entropy_with_logits
    turns = (entropy(logits, target, reduction="none") * weight).sum(1) / weight.sum(1).clamp(min=1e-6)
    highest = logits.masked_fill(weight == 0, -30.0).max(1).values
    session = entropy(highest, target.max(1).values, reduction="none")
    return ((turns + peak * session) * share).mean()


def train(
    rows: Sequence[SessionRow],
    singles: Singles,
    settings: NetworkSettings,
    seed: int,
    say: Callable[[str], None] = lambda line: None,
) -> Network:
    """Trains a network on the sessions given; the same seed gives the same network on the same machine."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    sample = rows[0].turns[0]
    network = Network(len(sample.vector), numbers_of([sample], [None]).shape[1], settings)
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.rate, weight_decay=settings.decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, settings.epochs)
    for epoch in range(settings.epochs):
        network.train()
        examples = epoch_of(rows, singles, settings, rng)
        total = 0.0
        # Near lengths share a batch: padding would be most of the work otherwise.
        examples.sort(key=lambda one: len(one.turns) + rng.random() * 8)
        batches = [examples[at : at + settings.batch] for at in range(0, len(examples), settings.batch)]
        rng.shuffle(batches)
        for batch in batches:
            vectors, numbers, target, weight, share = padded(batch)
            loss = loss_of(network(vectors, numbers), target, weight, share, settings.peak)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            total += float(loss.detach()) * len(batch)
        schedule.step()
        say(f"    epoch {epoch + 1}: loss {total / len(examples):.4f}")
    return network.eval()


def logits_of(network: Network, row: SessionRow) -> NDArray[np.float64]:
    """Logits after each turn of a session, with the times a replay gives."""
    with torch.no_grad():
        vectors = torch.from_numpy(np.array([turn.vector for turn in row.turns])[None])
        numbers = torch.from_numpy(numbers_of(row.turns, replay_times(row.turns))[None])
        return network(vectors, numbers)[0].double().numpy()
