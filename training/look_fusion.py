"""How the looks are joined: weights and thresholds from logits of rows that no look had seen (stacking: Wolpert 1992).

Reads the out-of-fold logits of `training.evaluate_loso --shipped` (static) and `training.evaluate_look` (student, and
the teacher where there is one), and prints recall and false positives by source for each profile.

    python -m training.look_fusion [--student late_student] [--teacher late_teacher] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from training.calibrate import calibrate, family_weights, flag_threshold
from training.features import WORK
from training.look_train import TEACHER_WINDOWS
from training.metrics import above, auroc, threshold_at
from training.shipped import FLAG_PROBABILITY

Floats = NDArray[np.float64]
LOGIT_MAX = 20.7
"""As at run time: beyond it one opinion would drown the others."""

SKIP_LOSS_MAX, SPARED_MAX = 0.005, 0.6
"""Share of the attacks found that may be lost where the student is not asked, and share of the honest rows that it
may be spared: of kinds of attack that it has learnt it finds more than these rows show."""

STUDENT_VIEW_OFFSET = 2.0
"""By so many logits must a decoded reading be worse for the student than the text itself: chosen among 1, 2 and 3 by
`training.view_offset`; a third step loses recall on encoded attacks and spares no code."""

SPREAD_MARGIN = 0.3
"""Logits that the shipped threshold lies above that of the folds. Half of it is for the longer training of the shipped
models, whose logits are spread wider, on the honest side too; the other half is for the worst hard source and language:
`training.pipeline_report --margin` shows what each size costs and spares."""

GREY: dict[str, dict[str, float]] = {
    "balanced": {"low": 0.2, "high": 0.8, "windows": 1},
    "thorough": {"low": 0.02, "high": 1.0, "windows": TEACHER_WINDOWS},
}
"""By profile, the probabilities of the student's fusion between which the teacher is asked, and how many windows it
reads: in `balanced` only where its word may change an action, and never so long that ten milliseconds pass."""

SHARE_STEP = 0.1
"""Finer shares would be fitted to the noise of the folds."""

EVEN_LOSS_MAX = 0.005
"""Of the shares that find as much as the best but for this much, which is noise, the most even ones are taken: several
opinions err less together than one, and the student learns six times as long as those of the folds. With 0.01 the
student weighs as much as the teacher: dev rows gain two points, but two honest examples of our own are flagged."""

ATTACK_ROWS_MIN = 20
"""Families with fewer attacks are left out of the average, as in `training.evaluate_loso`."""


LANGUAGE_ROWS_MIN = 20


@dataclass(frozen=True)
class Rows:
    """Rows that all looks have judged, with a column of logits for each look."""

    key: NDArray[np.str_]
    source: NDArray[np.str_]
    family: NDArray[np.str_]
    lang: NDArray[np.str_]
    attack: NDArray[np.bool_]
    hard: NDArray[np.bool_]
    logits: Mapping[str, Floats]


def _look_logits(name: str) -> dict[str, float]:
    """Logit by row key, over the folds that are there."""
    found: dict[str, float] = {}
    for path in sorted(WORK.glob(f"look_{name}_[0-9]_logits.npz")):
        data = np.load(path)
        found |= dict(zip(data["key"].tolist(), data["logits"][:, 0].astype(float).tolist(), strict=True))
    if not found:
        raise SystemExit(f"no out-of-fold logits of {name}: run python -m training.evaluate_look --name {name}")
    return found


def load(student: str, teacher: str) -> Rows:
    """Joins the static run with those of student and teacher by row."""
    data = np.load(WORK / "loso_shipped.npz")
    static = calibrate(data["logit"], data["attack"], data["hard"], data["source"], data["family"])
    found = {"student": _look_logits(student), "teacher": _look_logits(teacher)}
    keep = np.array([all(key in logits for logits in found.values()) for key in data["key"].tolist()])
    logits = {"static": _clipped(static.scale * data["logit"][keep] + static.offset)}
    for look, by_key in found.items():
        logits[look] = _clipped(np.array([by_key[key] for key in data["key"][keep].tolist()]))
    columns = (data[name][keep] for name in ("key", "source", "family", "lang", "attack", "hard"))
    return Rows(*columns, logits=logits)


def _clipped(logits: Floats) -> Floats:
    return np.clip(logits, -LOGIT_MAX, LOGIT_MAX)


def mixtures(count: int) -> list[tuple[float, ...]]:
    """Shares of `count` looks that sum to one, in steps of `SHARE_STEP`."""
    steps = round(1 / SHARE_STEP)
    if count == 1:
        return [(1.0,)]
    return [
        (first / steps, *(part * (1 - first / steps) for part in rest))
        for first in range(steps + 1)
        for rest in mixtures(count - 1)
    ]


def fuse(rows: Rows, looks: Sequence[str]) -> tuple[dict[str, float], float, Floats]:
    """Weights of the looks, the offset that puts the shipped threshold at `FLAG_PROBABILITY`, and the fused logits.

    The looks' shares are the most even ones of those that find most at the threshold that ships, each family weighing
    the same (logistic regression, the usual way of stacking, fits the whole curve and finds less there); the slope is
    Platt's.
    """
    columns = np.stack([rows.logits[look] for look in looks], axis=1)

    def recall(shares: tuple[float, ...]) -> float:
        mixed = columns @ np.array(shares)
        return summary(rows, mixed, flag_threshold(mixed, rows.attack, rows.hard, rows.source))["recall_by_family"]

    found = {shares: recall(shares) for shares in mixtures(len(looks))}
    good = [shares for shares, value in found.items() if value >= max(found.values()) - EVEN_LOSS_MAX]
    shares = np.array(min(good, key=lambda shares: (sum(share * share for share in shares), -found[shares])))
    weights = family_weights(rows.family, rows.attack) * len(columns)
    slope = float(
        LogisticRegression(C=1e3).fit((columns @ shares)[:, None], rows.attack, sample_weight=weights).coef_[0, 0]
    )
    factors = shares * slope
    fused = columns @ factors
    flag = flag_threshold(fused, rows.attack, rows.hard, rows.source)
    offset = float(np.log(FLAG_PROBABILITY / (1 - FLAG_PROBABILITY)) - flag)
    return dict(zip(looks, factors.tolist(), strict=True)), offset, fused + offset


def probability(logits: Floats) -> Floats:
    """The logistic function."""
    return np.asarray(1.0 / (1.0 + np.exp(-logits)))


def profiles(rows: Rows, margin: float = SPREAD_MARGIN) -> dict[str, Floats]:
    """Fused logits of the three profiles, without the margin; the teacher is heard in the grey zones alone."""
    out = {"fast": fuse(rows, ["static"])[2]}
    student, teacher = fuse(rows, ["static", "student"])[2], fuse(rows, ["static", "student", "teacher"])[2]
    doubt = probability(student - margin)
    for name, zone in GREY.items():
        out[name] = np.where((doubt >= zone["low"]) & (doubt <= zone["high"]), teacher, student)
    return out


def skip_below(rows: Rows, fused: Floats) -> tuple[float, float]:
    """Static logit below which the student need not be asked, and the share of honest rows that it spares."""
    flag = float(np.log(FLAG_PROBABILITY / (1 - FLAG_PROBABILITY)))
    weights = family_weights(rows.family, rows.attack)
    found = rows.attack & (fused > flag)
    order = np.argsort(rows.logits["static"][found])
    share = np.cumsum(weights[found][order]) / weights[rows.attack].sum()
    place = int(np.searchsorted(share, SKIP_LOSS_MAX))
    limit = float(np.sort(rows.logits["static"][found])[place])
    limit = min(limit, float(np.quantile(rows.logits["static"][~rows.attack], SPARED_MAX)))
    return limit, float((rows.logits["static"][~rows.attack] < limit).mean())


def summary(rows: Rows, fused: Floats, flag: float) -> dict[str, float]:
    """The figures that looks and profiles are compared by, at a threshold."""
    sizes = {name: (rows.attack & (rows.family == name)).sum() for name in np.unique(rows.family[rows.attack])}
    families = [name for name, size in sizes.items() if size >= ATTACK_ROWS_MIN]
    recall = [above(fused[rows.attack & (rows.family == name)], flag).value for name in families]
    hard = [above(fused[rows.hard & (rows.source == name)], flag).value for name in np.unique(rows.source[rows.hard])]
    large = [
        above(fused[rows.hard & (rows.source == name)], flag).value
        for name in np.unique(rows.source[rows.hard]) if (rows.hard & (rows.source == name)).sum() >= 50
    ]  # fmt: skip
    areas = [auroc(fused[rows.attack & (rows.family == name)], fused[~rows.attack]) for name in families]
    return {
        "recall_by_family": float(np.mean(recall)), "recall_by_row": above(fused[rows.attack], flag).value,
        "fpr": above(fused[~rows.attack], flag).value, "hard_mean": float(np.mean(hard)), "hard_worst": max(large),
        "auroc": float(np.mean(areas)),
    }  # fmt: skip


def table(rows: Rows, columns: Mapping[str, tuple[Floats, float]]) -> str:
    """One line a source and label; a column a profile, flagged share with its interval."""
    lines = ["| source | label | rows | " + " | ".join(columns) + " |", "|---|---|---|" + "---|" * len(columns)]
    for label, wanted in (("attack", rows.attack), ("honest", ~rows.attack & ~rows.hard), ("hard honest", rows.hard)):
        for name in np.unique(rows.source[wanted]):
            member = wanted & (rows.source == name)
            cells = " | ".join(str(above(fused[member], flag)) for fused, flag in columns.values())
            lines.append(f"| {name} | {label} | {member.sum()} | {cells} |")
    return "\n".join(lines)


def language_table(rows: Rows, columns: Mapping[str, tuple[Floats, float]]) -> str:
    """Recall and false positives of each language that has at least `LANGUAGE_ROWS_MIN` rows of a label."""
    heads = [f"{name}: {what}" for name in columns for what in ("recall", "FPR")]
    lines = ["| language | attacks | honest | " + " | ".join(heads) + " |", "|---|---|---|" + "---|" * len(heads)]
    for name in np.unique(rows.lang):
        attack, honest = rows.attack & (rows.lang == name), ~rows.attack & (rows.lang == name)
        if max(attack.sum(), honest.sum()) < LANGUAGE_ROWS_MIN:
            continue
        cells = [str(above(fused[part], flag)) for fused, flag in columns.values() for part in (attack, honest)]
        lines.append(f"| {name} | {attack.sum()} | {honest.sum()} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def add_runs(parser: argparse.ArgumentParser) -> None:
    """The options that name the runs of `training.evaluate_look`."""
    parser.add_argument("--student", default="late_student", help="the student's run of training.evaluate_look")
    parser.add_argument("--teacher", default="late_teacher", help="the teacher's (training/README.md)")


def numbers_of(rows: Rows) -> dict[str, Any]:
    """What goes into the metadata of `look.safetensors`."""
    weights, offset, fused = fuse(rows, ["static", "student"])
    limit, _ = skip_below(rows, fused)
    late_weights, late_offset, _ = fuse(rows, ["static", "student", "teacher"])
    return {
        "student": {
            "skip_below": round(limit, 3),
            "window_skip_below": round(limit, 3),  # a window alone is one more text that the first look may be sure of
            "view_offset": STUDENT_VIEW_OFFSET,
        },
        "fusion": {
            "student": {"weights": weights, "offset": offset - SPREAD_MARGIN},
            "teacher": {"weights": late_weights, "offset": late_offset - SPREAD_MARGIN},
        },
        "grey": GREY,
    }


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_runs(parser)
    parser.add_argument("--json", type=Path, help="write the numbers for look.safetensors")
    options = parser.parse_args()
    rows = load(options.student, options.teacher)
    flag = float(np.log(FLAG_PROBABILITY / (1 - FLAG_PROBABILITY)))
    for look in (["static"], ["student"], ["teacher"], ["static", "student"], ["static", "student", "teacher"]):
        weights, offset, fused = fuse(rows, look)
        pooled = threshold_at(fused[~rows.attack], 0.02)
        figures = {key: round(value, 3) for key, value in summary(rows, fused, flag).items()}
        shares = {key: round(value, 3) for key, value in weights.items()}
        print(" + ".join(look), shares, f"offset {offset:.3f}", figures)
        print("   at 2% of all honest rows:", {k: round(v, 3) for k, v in summary(rows, fused, pooled).items()})
    columns = {name: (fused, flag) for name, fused in profiles(rows).items()}
    limit, spared = skip_below(rows, columns["balanced"][0])
    print(f"student not asked below {limit:.2f}: spares {spared:.1%} of the honest rows")
    print(table(rows, columns))
    print(language_table(rows, columns))
    if options.json:
        options.json.write_text(json.dumps(numbers_of(rows), indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
