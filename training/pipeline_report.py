"""The whole guard on sources that no model of it ever saw.

    python -m training.pipeline_report [--student late_student] [--teacher late_teacher]
        [--margin LOGITS] [--alone-margin LOGITS]

Takes the out-of-fold logits of both looks (`training.evaluate_loso --shipped`, `training.evaluate_look`). Each row is
judged by the rooms before `patterns`; the looks' logits are those of the models that had not seen the row's family,
joined by the numbers that ship (`training.look_fusion`), fused with them as `decide` does, at the shipped thresholds
(or at those that another margin would give).
The rules were written with training rows of every source in view, so only the models' part is truly unseen.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from aimds import Defense, Settings
from aimds.decide.fusion import noisy_or
from training.corpus import read_rows
from training.evaluate_loso import row_key
from training.look_fusion import (
    SPREAD_MARGIN,
    Floats,
    Rows,
    add_runs,
    language_table,
    load,
    probability,
    profiles,
    summary,
    table,
)
from training.shipped import ALONE_MARGIN

Columns = Mapping[str, tuple[Floats, float]]


def rule_scores(rows: Rows) -> tuple[Floats, NDArray[np.bool_], float]:
    """Scores of the rooms before `patterns` where the row's text is at hand, which rows those are, and the limit."""
    texts = {row_key(row): row.text for name in ("train", "dev") for row in read_rows(name)}
    settings = Settings.load(patterns={"enabled": False})
    defense = Defense(settings)
    known = np.array([key in texts for key in rows.key.tolist()])
    scores = [defense.evaluate(texts[key]).score for key in rows.key[known].tolist()]
    return np.array(scores), known, settings.decide.escalate_threshold


def chosen(rows: Rows, keep: NDArray[np.bool_]) -> Rows:
    """Some of the rows."""
    logits = {name: values[keep] for name, values in rows.logits.items()}
    columns = (rows.key, rows.source, rows.family, rows.lang, rows.attack, rows.hard)
    return Rows(*(column[keep] for column in columns), logits=logits)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_runs(parser)
    parser.add_argument("--margin", type=float, default=SPREAD_MARGIN, help="that of the thresholds, in logits")
    parser.add_argument("--alone-margin", type=float, default=ALONE_MARGIN, help="that of `fast`, in logits")
    options = parser.parse_args()
    rows = load(options.student, options.teacher)
    fused = profiles(rows, options.margin)
    margins = dict.fromkeys(fused, options.margin) | {"fast": options.alone_margin}
    opinions = {name: probability(one - margins[name]) for name, one in fused.items()}
    before, known, escalate = rule_scores(rows)
    rows = chosen(rows, known)
    columns: dict[str, tuple[Floats, float]] = {"rules": (before, escalate)}
    for name, opinion in opinions.items():
        both = np.array([noisy_or(pair) for pair in zip(before, opinion[known], strict=True)])
        columns[name] = (both, escalate)
    for name, (scores, limit) in columns.items():
        print(name, {key: round(value, 3) for key, value in summary(rows, scores, np.nextafter(limit, 0)).items()})
    shown: Columns = {name: (scores, float(np.nextafter(limit, 0))) for name, (scores, limit) in columns.items()}
    print(table(rows, shown))
    print(language_table(rows, shown))


if __name__ == "__main__":
    main()
