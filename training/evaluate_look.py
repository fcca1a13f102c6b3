"""Leave-one-source-family-out for the transformers, with the folds and the measure of `training.evaluate_loso`.

    python -m training.evaluate_look --name NAME [--only 0 1 ...] [--set layers=4 early_layers=0 ...] [--no-banks]
    python -m training.evaluate_look --name teacher --start deep --seed 8 --set layers=8 early_layers=0 rows=40000 ...
    python -m training.evaluate_look --name mean --average deep teacher --set layers=8 early_layers=0

Each fold's logits and model are kept in `training/work/` as soon as it is done; `--only` goes on with missing ones.
The second line goes on with the lower layers of the models of the run `deep`; the third judges the mean of both, as the
shipped teacher is made.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np
import torch

from training.corpus import Row, texts_of
from training.encoder import Encoder
from training.evaluate_loso import GROUPED, Outcome, row_key, save_outcomes, summary, table
from training.features import WORK
from training.look_data import LookRows, load_rows
from training.look_train import Plan, Training, averaged, scores
from training.metrics import threshold_at
from training.shipped import SEED, TEACHER_PLAN
from training.teachers import load_e5
from training.words import Words, build

FOLD_ROWS = 24_000
"""Drawn in training a fold: a third to a quarter of what the shipped models see, for want of time."""

JUDGED_ROWS_MAX = 800
"""Of one source and label: a share is known to 3.5 points then, and scoring takes less time than training."""


def with_options(plan: Plan, options: Sequence[str]) -> Plan:
    """`layers=6 rows=24000` on top of the defaults."""
    kinds = {one.name: type(getattr(plan, one.name)) for one in fields(plan)}
    for option in options:
        name, _, text = option.partition("=")
        if name not in kinds:
            raise SystemExit(f"unknown setting {name}; there are {sorted(kinds)}")
        plan = replace(plan, **{name: kinds[name](text)})
    return plan


def folds_of(data: LookRows) -> list[frozenset[str]]:
    """The same folds as for the first look: see `training.evaluate_loso.folds_of`."""
    families = {row.family for row in data.rows if not row.family.startswith("own_") and row.family != "mixed"}
    named = {family for group in GROUPED for family in group}
    groups = [set(group) for group in GROUPED]
    for place, family in enumerate(sorted(families - named)):
        groups[place % len(groups)].add(family)
    return [frozenset(group) for group in groups]


def sampled(rows: Sequence[Row], seed: int) -> list[Row]:
    """At most `JUDGED_ROWS_MAX` rows of each source and label, drawn by seed, in their order."""
    by_source: dict[tuple[str, bool], list[int]] = {}
    for place, row in enumerate(rows):
        by_source.setdefault((row.source, row.attack), []).append(place)
    numbers = random.Random(seed)
    kept = [
        place for places in by_source.values() for place in numbers.sample(places, min(len(places), JUDGED_ROWS_MAX))
    ]
    return [rows[place] for place in sorted(kept)]


def heads_of(plan: Plan, name: str) -> list[str]:
    """Names of the runs' files, by head: the whole network is `NAME`, its early head `NAME_early`."""
    return [f"{name}_early", name] if plan.early_layers else [name]


def fold_models(runs: Sequence[str], place: int) -> list[Path]:
    """The models that some runs kept of one fold."""
    return [WORK / f"look_{run}_{place}.pt" for run in runs]


def train_fold(training: Training, run: str, place: int) -> Encoder:
    """Trains the model of a fold and keeps it."""
    file = f"look_{run}_{place}"
    model = training.run(WORK / f"{file}.ckpt", file)
    keep(model, training.plan, run, place)
    (WORK / f"{file}.ckpt").unlink(missing_ok=True)
    return model


def keep(model: Encoder, plan: Plan, run: str, place: int) -> None:
    """Writes the model of a fold, so that another run can go on from it."""
    torch.save({"plan": asdict(plan), "state": model.state_dict()}, WORK / f"look_{run}_{place}.pt")


def judge_fold(
    data: LookRows, held: frozenset[str], model: Encoder, heads: Sequence[str], place: int, words: Words
) -> dict[str, list[Outcome]]:
    """Scores the rows of the fold's families, which the model has not seen, for each head."""
    corpus = [row for row in data.rows if not row.family.startswith("own_") and row.family != "mixed"]
    judged = sampled([row for row in corpus if row.family in held], SEED)
    known = [row for row in data.rows[data.train_count :] if row.family not in held and not row.attack]
    keys = np.array([row_key(row) for row in judged])
    found = {}
    parts = (scores(model, words, texts_of(some)) for some in (known, judged))
    for head, benign, logits in zip(heads, *parts, strict=True):
        limit_2, limit_1 = threshold_at(benign[:, 0], 0.02), threshold_at(benign[:, 0], 0.01)
        np.savez_compressed(WORK / f"look_{head}_{place}_logits.npz", logits=logits.astype(np.float32), key=keys)
        outcomes = [Outcome(row, float(z), limit_2, limit_1) for row, z in zip(judged, logits[:, 0], strict=True)]
        found[head] = [one for one in outcomes if not one.row.harmful]
    return found


def figures(outcomes: list[Outcome]) -> str:
    """The summary as one line of JSON."""
    return json.dumps({name: round(value, 4) for name, value in summary(outcomes).items()})


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", required=True)
    parser.add_argument("--set", nargs="*", default=[], help="settings of the plan, name=value")
    parser.add_argument("--only", type=int, nargs="*", help="only these folds, by number")
    parser.add_argument("--no-banks", action="store_true", help="without training/banks")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--start", help="go on from the fold models of this run")
    parser.add_argument("--average", nargs="+", help="no training: the mean of the fold models of these runs")
    parser.add_argument("--guide", nargs="+", help="learn from the mean of the fold models of these runs as well")
    parser.add_argument("--guide-layers", type=int, default=8, help="depth of the guide")
    parser.add_argument("--seed", type=int, default=SEED, help="of the draws; another one when going on")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    plan = with_options(replace(TEACHER_PLAN, rows=FOLD_ROWS), options.set)
    teacher = load_e5()
    data = load_rows(SEED, not options.no_banks)
    words = build(teacher, texts_of(data.rows))
    folds = folds_of(data)
    print(f"{options.name}: {len(data.rows)} rows, {len(words.pieces)} pieces, {plan}", flush=True)
    outcomes: dict[str, list[Outcome]] = {head: [] for head in heads_of(plan, options.name)}
    for place in options.only if options.only is not None else range(len(folds)):
        begun = time.monotonic()
        if options.average:
            model = averaged(fold_models(options.average, place), teacher, plan.layers)
            keep(model, plan, options.name, place)
        else:
            guide = (
                averaged(fold_models(options.guide, place), teacher, options.guide_layers) if options.guide else None
            )
            training = Training(plan, teacher, words, data.training(folds[place]), options.seed, guide)
            if options.start:
                training.start_from(*fold_models([options.start], place))
            model = train_fold(training, options.name, place)
        found = judge_fold(data, folds[place], model, heads_of(plan, options.name), place, words)
        minutes = (time.monotonic() - begun) / 60
        for head, fold in found.items():
            save_outcomes(fold, f"look_{head}_{place}")
            outcomes[head] += fold
            print(f"{head}, fold {place}: {minutes:.1f} min {figures(fold)}", flush=True)
    for head, judged in outcomes.items():
        print(f"{head} {figures(judged)}", flush=True)
        if options.table:
            print(table(judged))


if __name__ == "__main__":
    main()
