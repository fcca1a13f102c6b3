"""Leave-one-source-family-out: each family is judged by a model that saw nothing of it; the measure of every choice.

For each fold the threshold is set on the *dev* benign rows of the families that were trained on (not trained on
themselves, but of known sources): what a builder without the held-out source would have shipped. `harmful_request` rows
are not counted. Families that share nothing are held out together to save time (`--folds single` holds out one by one).

    python -m training.evaluate_loso [--set epochs=4 hidden=64 ...] [--folds grouped|single] [--name NAME]
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from training.corpus import HARD_CATEGORY, Row
from training.dataset import Dataset, load, training_rows
from training.features import WORK
from training.metrics import Scores, above, auroc, auroc_interval, threshold_at
from training.model import Settings, scores, train
from training.shipped import SETTINGS

GROUPED = (
    ("spikee", "s_labs", "prompts_chat", "repo_code_docs"),
    ("agentdojo", "neuralchemy", "gpteacher", "banking77", "purplellama_code", "trace_bfcl_multi_turn"),
    ("injecagent", "jailbreaks", "purplellama_frr", "polyai", "p3_t0_permissive", "system_design_primer"),
    (
        "bipia_train",
        "purplellama_pi",
        "atomic_red_team",
        "prompts_chat_ui",
        "fuzzyai_benign",
        "trace_tau_bench_airline",
        "mt_bench",
    ),
    (
        "deepset",
        "purplellama_interpreter",
        "payloads_all_the_things",
        "prompt_engineering_guide",
        "purplellama_malware_qa",
        "bfcl",
        "gsm8k",
    ),
)
"""Families held out together: no two of a group share texts, templates or style."""


@dataclass
class Outcome:
    """Logit of one held-out row, and the thresholds of its fold at 2% and 1%."""

    row: Row
    logit: float
    limit_2: float
    limit_1: float
    windows: int = 1


def folds_of(dataset: Dataset, kind: str) -> list[frozenset[str]]:
    """The families to hold out, fold by fold; families that no group names ride along in the last folds."""
    families = {
        row.family
        for row in dataset.rows[: dataset.train_count + dataset.dev_count]
        if not row.family.startswith("own_")
    }
    if kind == "single":
        return [frozenset({family}) for family in sorted(families)]
    named = {family for group in GROUPED for family in group}
    rest = sorted(families - named)
    groups = [set(group) for group in GROUPED]
    for place, family in enumerate(rest):
        groups[place % len(groups)].add(family)
    return [frozenset(group) for group in groups]


def run(
    dataset: Dataset, settings: Settings, folds: Iterable[frozenset[str]], seed: int, verbose: bool = True
) -> list[Outcome]:
    """Trains a model a fold and scores what it did not see."""
    out: list[Outcome] = []
    counted = dataset.train_count + dataset.dev_count
    for fold in folds:
        started = time.monotonic()
        rows, indices = training_rows(dataset, fold, settings)
        model = train(settings, dataset.initial, dataset.prepared, rows, indices, seed)
        held = [i for i in range(counted) if rows[i].family in fold and not rows[i].harmful]
        known = [
            i for i in range(dataset.train_count, counted) if rows[i].family not in fold and not rows[i].attack
        ]  # fmt: skip
        benign = scores(model, dataset.prepared, known)[:, 0]
        limit_2, limit_1 = threshold_at(benign, 0.02), threshold_at(benign, 0.01)
        logits = scores(model, dataset.prepared, held)[:, 0]
        out += [
            Outcome(rows[i], float(z), limit_2, limit_1, len(dataset.prepared.windows[i]))
            for i, z in zip(held, logits, strict=True)
        ]
        if verbose:
            print(f"  fold {sorted(fold)[:3]}...: {len(indices)} rows, {time.monotonic() - started:.0f} s", flush=True)
    return out


def _margin(outcomes: Iterable[Outcome]) -> Scores:
    """Logits relative to their fold's 2% threshold, so that folds can be pooled."""
    return np.array([o.logit - o.limit_2 for o in outcomes])


def summary(outcomes: list[Outcome]) -> dict[str, float]:
    """The numbers that choices are made by: macro averages over families, and pooled AUROC."""
    attack: dict[str, list[Outcome]] = defaultdict(list)
    benign: dict[str, list[Outcome]] = defaultdict(list)
    hard: dict[str, list[Outcome]] = defaultdict(list)
    for o in outcomes:
        (attack if o.row.attack else benign)[o.row.family].append(o)
        if o.row.category == HARD_CATEGORY:
            hard[o.row.source].append(o)
    attack = {k: v for k, v in attack.items() if len(v) >= 20}
    all_benign = _margin([o for o in outcomes if not o.row.attack])
    pooled = threshold_at(all_benign, 0.02)
    macro = [above(_margin(v), 0.0).value for v in attack.values()]
    return {
        "recall_macro": float(np.mean(macro)),
        "recall_macro_at_pooled_2pct": float(np.mean([above(_margin(v), pooled).value for v in attack.values()])),
        "fpr_pooled": above(all_benign, 0.0).value,
        "fpr_hard_macro": float(np.mean([above(_margin(v), 0.0).value for v in hard.values()])),
        "fpr_hard_worst": float(np.max([above(_margin(v), 0.0).value for v in hard.values() if len(v) >= 30])),
        "auroc_macro": float(np.mean([auroc(_margin(v), all_benign) for v in attack.values()])),
        "shift": pooled,
    }


def table(outcomes: list[Outcome]) -> str:
    """Per source: recall or FPR at the fold's 2% and 1% thresholds, AUROC against all held-out benign rows."""
    all_benign = _margin([o for o in outcomes if not o.row.attack])
    lines = ["| source | label | rows | above 2% threshold | above 1% threshold | AUROC |", "|---|---|---|---|---|---|"]
    groups: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for o in outcomes:
        label = "attack" if o.row.attack else ("benign_hard" if o.row.category == HARD_CATEGORY else "benign")
        groups[label, o.row.source].append(o)
    for (label, source), members in sorted(groups.items()):
        two = above(_margin(members), 0.0)
        one = above(np.array([o.logit - o.limit_1 for o in members]), 0.0)
        area = "-"
        if label == "attack":
            low, high = auroc_interval(_margin(members), all_benign)
            area = f"{auroc(_margin(members), all_benign):.3f} [{low:.2f}, {high:.2f}]"
        lines.append(f"| {source} | {label} | {len(members)} | {two} | {one} | {area} |")
    return "\n".join(lines)


def with_options(settings: Settings, options: list[str]) -> Settings:
    """`name=value` or `hashing.buckets=1024` on top of the defaults."""
    for option in options:
        name, _, text = option.partition("=")
        try:
            value: Any = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            value = text
        head, _, tail = name.partition(".")
        if head not in {f.name for f in fields(settings)}:
            raise SystemExit(f"unknown setting {head}")
        if tail:
            inner = getattr(settings, head)
            assert is_dataclass(inner)
            value = replace(inner, **{tail: value})  # type: ignore[type-var]
        settings = replace(settings, **{head: value})
    return settings


def row_key(row: Row) -> str:
    """Names a row across runs: its source and the whole of its text."""
    return hashlib.sha256(f"{row.source}\0{row.text}".encode("utf-8", "surrogatepass")).hexdigest()[:24]


def save_outcomes(outcomes: list[Outcome], name: str) -> None:
    """Logits for calibration and for a later look; `training/work` is not committed."""
    arrays: dict[str, NDArray[Any]] = {
        "logit": np.array([o.logit for o in outcomes]),
        "limit_2": np.array([o.limit_2 for o in outcomes]),
        "windows": np.array([o.windows for o in outcomes]),
        "attack": np.array([o.row.attack for o in outcomes]),
        "hard": np.array([o.row.category == HARD_CATEGORY for o in outcomes]),
        "source": np.array([o.row.source for o in outcomes]),
        "family": np.array([o.row.family for o in outcomes]),
        "lang": np.array([o.row.lang for o in outcomes]),
        "text": np.array([o.row.text[:300] for o in outcomes]),
        "key": np.array([row_key(o.row) for o in outcomes]),
    }
    np.savez_compressed(WORK / f"loso_{name}.npz", **arrays)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", nargs="*", default=[], help="settings, name=value")
    parser.add_argument("--folds", choices=["grouped", "single"], default="grouped")
    parser.add_argument("--only", type=int, nargs="*", help="only these folds, by number")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--name", default="default")
    parser.add_argument("--table", action="store_true", help="print the row of every source")
    parser.add_argument("--shipped", action="store_true", help="the settings that ship; calibration reads this run")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    settings = with_options(SETTINGS if options.shipped else Settings(), options.set)
    plain = options.shipped and not options.set and options.only is None
    name = "shipped" if plain else options.name
    dataset = load(settings, options.seed)
    folds = folds_of(dataset, options.folds)
    if options.only is not None:
        folds = [folds[place] for place in options.only]
    print(f"{name}: {len(dataset.rows)} rows, {len(folds)} folds, {options.set}", flush=True)
    outcomes = run(dataset, settings, folds, options.seed)
    save_outcomes(outcomes, name)
    print(name, json.dumps({k: round(v, 4) for k, v in summary(outcomes).items()}), flush=True)
    if options.table:
        print(table(outcomes))


if __name__ == "__main__":
    main()
