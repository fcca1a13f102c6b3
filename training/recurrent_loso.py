"""Leave-one-source-out for the recurrent network: sources it never saw, by itself and in the whole guard."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from training.guard import EventScores, Guard, Logits, stop_of
from training.metrics import Share, auroc
from training.recurrent_network import Network, NetworkSettings, logits_of, train
from training.turns import WEAK, Reader, SessionRow, Singles, own_sessions, single_turns, trace_sessions


@dataclass(frozen=True)
class Outcome:
    """A session and its logits, from a network that saw nothing of its family."""

    row: SessionRow
    logits: Logits
    rest: float
    """The logit of an empty session."""

    @property
    def peak(self) -> float:
        """The highest logit of the session."""
        return float(self.logits.max())


def rest_of(network: Network) -> float:
    """The logit before the first turn, when every cell is zero."""
    return float(network.output.bias.detach()[0])


def training_sessions(reader: Reader) -> tuple[list[SessionRow], Singles]:
    """The sessions to train on, and the single turns for joined chats."""
    rows = [reader.session(row) for row in [*trace_sessions("train"), *own_sessions()]]
    return rows, single_turns(reader, random.Random(7))


FOLDS: tuple[frozenset[str], ...] = (
    frozenset({"agentdyn", "own_crescendo", WEAK}),
    frozenset({"injecagent", "own_drift", "own_fatigue", "toolbench_examples"}),
    frozenset({"tau_bench_airline", "own_foot"}),
    frozenset({"bfcl_multi_turn", "own_split", "own_shot"}),
    frozenset({"taskmaster4", "own_memory", "own_policy"}),
    frozenset({"own_agent", "own_secret"}),
)
"""Families held out together: each with families that are unlike it, so that a network a fold loses little else."""


CONVERSATION_FOLDS = 3


def source_folds(rows: Sequence[SessionRow]) -> list[frozenset[str]]:
    """The ids held out in each fold: whole families."""
    missed = {row.family for row in rows} - frozenset().union(*FOLDS)
    if missed:
        raise SystemExit(f"families in no fold: {sorted(missed)}")
    return [frozenset(key_of(row) for row in rows if row.family in fold) for fold in FOLDS]


def conversation_folds(rows: Sequence[SessionRow]) -> list[frozenset[str]]:
    """Every third own conversation: unseen ones of kinds that were seen. The corpora are all trained on."""
    own = [row for row in rows if row.source.startswith("own")]
    return [frozenset(key_of(row) for row in own[place::CONVERSATION_FOLDS]) for place in range(CONVERSATION_FOLDS)]


def key_of(row: SessionRow) -> str:
    """The name of a session among all sources."""
    return f"{row.source}/{row.id}"


def leave_out(
    rows: Sequence[SessionRow], singles: Singles, settings: NetworkSettings, seed: int, folds: Sequence[frozenset[str]]
) -> list[Outcome]:
    """A network a fold, each scored on the sessions that it did not see."""
    out = []
    for place, fold in enumerate(folds):
        started = time.monotonic()
        network = train([row for row in rows if key_of(row) not in fold], singles, settings, seed)
        held = [row for row in rows if key_of(row) in fold]
        out += [Outcome(row, logits_of(network, row), rest_of(network)) for row in held]
        print(f"  fold {place}: {len(held)} held out, {time.monotonic() - started:.0f} s", flush=True)
    return out


def calibration_of(outcomes: Sequence[Outcome]) -> tuple[float, float]:
    """Scale and offset of Platt's scaling on the highest logits of unseen sessions.

    Each source and both labels weigh alike; the weakly labelled source takes no part.
    """
    strong = [one for one in outcomes if one.row.source != WEAK]
    sizes: dict[tuple[str, bool], int] = defaultdict(int)
    for one in strong:
        sizes[one.row.family, one.row.attack] += 1
    groups = {label: sum(1 for _, attack in sizes if attack is label) for label in (True, False)}
    weight = [len(strong) / sizes[one.row.family, one.row.attack] / groups[one.row.attack] for one in strong]
    fit = LogisticRegression(C=1e4)
    fit.fit(np.array([[one.peak] for one in strong]), [one.row.attack for one in strong], np.array(weight))
    return float(max(fit.coef_[0, 0], 0.05)), float(fit.intercept_[0])


@dataclass(frozen=True)
class Calibration:
    """Calibrated logit = scale * logit + offset."""

    scale: float
    offset: float

    def of(self, logits: Logits) -> Logits:
        """Calibrated logits."""
        return self.scale * logits + self.offset


@dataclass
class Tally:
    """A group of sessions: how many the guard stops without and with the network, and after how many events."""

    total: int = 0
    before: int = 0
    after: int = 0
    events: int = 0
    events_before: int = 0


def tally(
    outcomes: Iterable[Outcome],
    guard: Guard,
    calibration: Calibration,
    flag: float,
    cache: dict[str, list[EventScores]],
) -> dict[tuple[bool, str], Tally]:
    """Stops by label and source."""
    groups: dict[tuple[bool, str], Tally] = defaultdict(Tally)
    for one in outcomes:
        key = key_of(one.row)
        if key not in cache:
            cache[key] = guard.scores(one.row)
        scores, logits = cache[key], calibration.of(one.logits)
        rest = calibration.scale * one.rest + calibration.offset
        before = stop_of(scores, None, rest, flag, guard.escalate)
        after = stop_of(scores, logits, rest, flag, guard.escalate)
        group = groups[one.row.attack, one.row.source]
        group.total += 1
        group.before += before is not None
        group.after += after is not None
        group.events_before += 0 if before is None else before + 1
        group.events += 0 if after is None else after + 1
    return groups


def summed(groups: dict[tuple[bool, str], Tally], attack: bool, own: bool, weak: bool = False) -> Tally:
    """All groups of one label, of the corpora or of our own text; the weak source only if asked for."""
    total = Tally()
    for (label, source), group in groups.items():
        if label is not attack or source.startswith("own") is not own or (source == WEAK and not weak):
            continue
        for name in ("total", "before", "after", "events", "events_before"):
            setattr(total, name, getattr(total, name) + getattr(group, name))
    return total


def choose_flag(
    outcomes: Sequence[Outcome], guard: Guard, calibration: Calibration, cache: dict[str, list[EventScores]]
) -> float:
    """The lowest threshold at which the network costs nothing on sources that it did not see.

    No honest session of a recorded corpus, and at most one in a hundred of our own hard ones, is stopped that the guard
    without the network passes.
    """
    honest = [one for one in outcomes if not one.row.attack]
    for flag in np.arange(0.30, 1.0, 0.01):
        groups = tally(honest, guard, calibration, float(flag), cache)
        recorded, own = summed(groups, False, False), summed(groups, False, True)
        if recorded.after <= recorded.before and own.after - own.before <= 0.01 * own.total:
            return float(flag)
    return 1.0


def table(groups: dict[tuple[bool, str], Tally], outcomes: Sequence[Outcome]) -> str:
    """One line a source, attacks first."""
    honest = np.array([one.peak for one in outcomes if not one.row.attack])
    lines = [
        "| source | sessions | stopped without | stopped with | mean events to stop, without and with | AUROC alone |",
        "|---|---|---|---|---|---|",
    ]
    for (attack, source), group in sorted(groups.items(), key=lambda item: (not item[0][0], item[0][1])):
        area = "-"
        if attack:
            mine = [one.peak for one in outcomes if one.row.attack and one.row.source == source]
            area = f"{auroc(np.array(mine), honest):.2f}"
        lines.append(line_of(f"{source}, {'attack' if attack else 'honest'}", group, area))
    for name, attack, own in (
        ("recorded attacks", True, False), ("own attacks", True, True),
        ("recorded honest", False, False), ("own honest", False, True),
    ):  # fmt: skip
        lines.append(line_of(f"**{name}**", summed(groups, attack, own), "-"))
    return "\n".join(lines)


def line_of(name: str, group: Tally, area: str) -> str:
    """A line of the table."""
    mean = [f"{events / count:.1f}" if count else "-" for events, count in
            ((group.events_before, group.before), (group.events, group.after))]  # fmt: skip
    before, after = Share(group.before, group.total), Share(group.after, group.total)
    return f"| {name} | {group.total} | {before} | {after} | {mean[0]}, {mean[1]} | {area} |"
