"""Trains one transformer of the second look, resumable, and scores texts with it.

A text of several windows is learnt by the window that the model finds worst so far (multiple-instance learning:
Dietterich et al. 1997), as the run time takes the largest logit. The weights that are kept are the running average of
those along the way (Polyak and Juditsky 1992), which holds better on sources not trained on.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from training.corpus import Row
from training.encoder import Encoder, learning_groups, one_cycle
from training.look_data import Sampler, labels_of, pad
from training.model import OUTPUTS
from training.teachers import Teacher
from training.words import Words, windows_of

SCORED_WINDOWS_MAX = 20
"""Covers every text of the corpora, which are cut at 8,000 characters, in all but the densest scripts."""

TEACHER_WINDOWS = 4
"""Windows of a text that the teacher reads, those that the student finds worst: as at run time."""

STUDENT_LOSS, DISTILLED_SHARE = 1.0, 0.5
"""Weight of the student's loss beside the teacher's, and how much of the student's target is the teacher's own
opinion instead of the label (self-distillation: Zhang et al. 2019)."""

WINDOWS_MAX = 3
"""Windows of one text that compete in training; of a longer text some are drawn."""


@dataclass(frozen=True)
class Plan:
    """How a transformer is trained."""

    layers: int = 4
    early_layers: int = 0
    """Depth of the student's own head; 0 when the whole network is one model."""
    rows: int = 48_000
    batch_rows: int = 32
    rate: float = 2.5e-4
    decay: float = 0.01
    layer_decay: float = 0.9
    dropout: float = 0.1
    smoothing: float = 0.03
    auxiliary: float = 0.25
    average: float = 0.985
    guide_share: float = 0.5
    """How much of the target is the guide's opinion instead of the label, where there is a guide."""
    chunk_batches: int = 32
    """Rows of so many batches are sorted by length together, so that little is padding."""


def _forward(
    model: Encoder, windows: Sequence[Sequence[int]], vectors: torch.Tensor, early: bool = False
) -> list[torch.Tensor]:
    """Logits of each head, or of the first alone."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return model.depths(*pad(windows, vectors), early)


def _worst(
    model: Encoder, texts: Sequence[list[list[int]]], vectors: torch.Tensor, rng: np.random.Generator
) -> list[list[int]]:
    """One window a text: the worst in the model's present opinion."""
    some = [
        windows if len(windows) <= WINDOWS_MAX else [windows[i] for i in rng.choice(len(windows), WINDOWS_MAX, False)]
        for windows in texts
    ]
    flat = [(place, window) for place, windows in enumerate(some) if len(windows) > 1 for window in windows]
    chosen = [windows[0] for windows in some]
    if flat:
        with torch.no_grad():
            logits = _forward(model, [window for _, window in flat], vectors, early=True)[0][:, 0].tolist()
        best: dict[int, float] = {}
        for (place, window), logit in zip(flat, logits, strict=True):
            if logit > best.get(place, -1e9):
                best[place], chosen[place] = logit, window
    return chosen


class Training:
    """One run: model, optimiser, average; saved whole, so that it resumes where it stopped.

    With a guide, a deeper model that was trained before, the target is partly its opinion on the same window (knowledge
    distillation: Hinton et al. 2015).
    """

    def __init__(
        self,
        plan: Plan,
        teacher: Teacher,
        words: Words,
        rows: Sequence[Row],
        seed: int,
        guide: Encoder | None = None,
    ) -> None:
        torch.manual_seed(seed)
        self.plan = plan
        self.guide = guide
        self.model = Encoder(teacher, plan.layers, len(OUTPUTS), plan.dropout, plan.early_layers)
        self.average = copy.deepcopy(self.model)
        self.vectors = torch.from_numpy(words.vectors())
        self.sampler = Sampler(rows, words, seed)
        groups = learning_groups(self.model, plan.rate, plan.decay, plan.layer_decay)
        self.optimiser = torch.optim.AdamW(groups, betas=(0.9, 0.98))
        self.rates = [group["lr"] for group in self.optimiser.param_groups]
        self.steps = plan.rows // plan.batch_rows
        self.step = 0

    def start_from(self, model: Path) -> None:
        """Goes on from a model that was trained before, or from its lower layers (`started`)."""
        state = started(torch.load(model, weights_only=True)["state"], self.plan.layers)
        for part in (self.model, self.average):
            part.load_state_dict(state)

    def run(self, checkpoint: Path | None = None, verbose: str = "") -> Encoder:
        """Trains to the end; the average is the result. With a checkpoint file it resumes and saves every 200 steps."""
        if checkpoint is not None and checkpoint.is_file():
            self._load(torch.load(checkpoint, weights_only=False))
        started, losses = time.monotonic(), []
        while self.step < self.steps:
            rows = self.sampler.draw(self.plan.batch_rows * self.plan.chunk_batches)
            texts = self.sampler.windows(rows)
            order = sorted(range(len(rows)), key=lambda i: len(texts[i][0]))
            batches = [order[i : i + self.plan.batch_rows] for i in range(0, len(order), self.plan.batch_rows)]
            self.sampler.random.shuffle(batches)
            for batch in batches[: self.steps - self.step]:
                losses += [self._learn([rows[i] for i in batch], [texts[i] for i in batch])]
            if verbose:
                pace, loss = (time.monotonic() - started) / 60, np.mean(losses[-200:])
                print(f"  {verbose} step {self.step}/{self.steps} loss {loss:.4f} {pace:.1f} min", flush=True)
            if checkpoint is not None:
                torch.save(self._state(), checkpoint)
        self.average.eval()
        return self.average

    def _learn(self, rows: Sequence[Row], texts: Sequence[list[list[int]]]) -> float:
        share = one_cycle(self.step, self.steps)
        for group, rate in zip(self.optimiser.param_groups, self.rates, strict=True):
            group["lr"] = rate * share
        self.model.eval()
        windows = _worst(self.model, texts, self.vectors, self.sampler.numbers)
        self.model.train()
        label, mask = (torch.from_numpy(part) for part in labels_of(rows, OUTPUTS))
        wanted = label * (1 - 2 * self.plan.smoothing) + self.plan.smoothing
        if self.guide is not None:
            with torch.no_grad():
                opinion = torch.sigmoid(_forward(self.guide, windows, self.vectors)[-1])
            wanted = (1 - self.plan.guide_share) * wanted + self.plan.guide_share * opinion
        weight = torch.full((len(OUTPUTS),), self.plan.auxiliary / (len(OUTPUTS) - 2))
        weight[0], weight[1] = 1.0, self.plan.auxiliary
        *students, last = _forward(self.model, windows, self.vectors)
        total = _loss(last, wanted, mask * weight)
        for student in students:
            opinion = torch.sigmoid(last.detach())
            target = (1 - DISTILLED_SHARE) * wanted + DISTILLED_SHARE * opinion
            total = total + STUDENT_LOSS * _loss(student, target, mask * weight)
        self.optimiser.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        pace = min(self.plan.average, self.step / (self.step + 10))
        with torch.no_grad():
            for mine, new in zip(self.average.parameters(), self.model.parameters(), strict=True):
                mine.lerp_(new, 1 - pace)
        return float(total.detach())

    def _state(self) -> dict[str, Any]:
        return {
            "step": self.step, "model": self.model.state_dict(), "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(), "numbers": self.sampler.numbers.bit_generator.state,
            "random": self.sampler.random.getstate(), "torch": torch.get_rng_state(),
        }  # fmt: skip

    def _load(self, state: dict[str, Any]) -> None:
        self.step = state["step"]
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.sampler.numbers.bit_generator.state = state["numbers"]
        self.sampler.random.setstate(state["random"])
        torch.set_rng_state(state["torch"])


def averaged(models: Sequence[Path], teacher: Teacher, layers: int) -> Encoder:
    """The mean of the weights of several models that have a start in common (model soups: Wortsman et al. 2022).

    It holds better on sources not trained on than any of them, and costs no more than one.
    """
    states = [started(torch.load(path, weights_only=True)["state"], layers) for path in models]
    mean = {name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]}
    model = Encoder(teacher, layers, len(OUTPUTS), 0.0)
    model.load_state_dict(mean)
    model.eval()
    return model


def started(state: Mapping[str, torch.Tensor], layers: int) -> dict[str, torch.Tensor]:
    """The parameters to go on from: of a deeper network its lower layers, of one with an early head under that head."""
    early = any(name.startswith("early_last.") for name in state)
    kept = {}
    for name, value in state.items():
        part, _, rest = name.partition(".")
        if part == "layers" and int(rest.partition(".")[0]) >= layers:
            continue
        if not early or part != "last":
            kept[name.replace("early_last.", "last.")] = value
    return kept


def _loss(logits: torch.Tensor, wanted: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    return (loss * weight).sum(1).mean()


def scores(model: Encoder, words: Words, texts: Sequence[str], batch_tokens: int = 8192) -> NDArray[np.float64]:
    """Logits [heads, texts, outputs] of each text's worst window; the teacher judges those that the student names."""
    vectors = torch.from_numpy(words.vectors())
    flat = [
        (place, window)
        for place, one in enumerate(words.encode(texts))
        for window in windows_of(one)[:SCORED_WINDOWS_MAX]
    ]
    flat.sort(key=lambda one: len(one[1]))
    found: list[list[NDArray[np.float64]]] = [[] for _ in texts]
    model.eval()
    start = 0
    with torch.no_grad():
        while start < len(flat):
            count = max(1, min(batch_tokens // len(flat[start][1]), len(flat) - start))
            while count > 1 and len(flat[start + count - 1][1]) * count > batch_tokens:
                count -= 1
            part = flat[start : start + count]
            logits = np.stack([head.numpy() for head in _forward(model, [window for _, window in part], vectors)], 1)
            for (place, _), row in zip(part, logits.astype(np.float64), strict=True):
                found[place].append(row)
            start += count
    return np.stack([_worst_window(np.stack(one)) for one in found], 1)


def _worst_window(windows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logits [heads, outputs] of one text, from those of its windows [windows, heads, outputs]."""
    order = np.argsort(-windows[:, 0, 0], kind="stable")[:TEACHER_WINDOWS]
    read = windows[order]
    rows = [windows[order[0], 0]] + [read[read[:, head, 0].argmax(), head] for head in range(1, windows.shape[1])]
    return np.stack(rows)
