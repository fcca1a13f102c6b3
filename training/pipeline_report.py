"""`python -m training.pipeline_report FOLDER`: rules and classifier together on sources that the classifier never saw.

Takes the out-of-fold logits that `python -m training.evaluate_loso --shipped` leaves in `training/work/`, and the
corpora in FOLDER. Each row is judged by the rooms before `patterns`; the classifier's probability is that of the model
that had not seen the row's family. Scores are fused as `decide` does, and the shipped thresholds apply. The rules were
written with training rows of every source in view, so only the classifier's part is truly unseen.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import numpy as np

from aimds import Defense, Settings
from aimds._core import Classifier, EmbeddingModel
from aimds.decide.fusion import noisy_or
from aimds.evaluation.intervals import wilson
from aimds.patterns import models_folder

WORK = Path(__file__).parent / "work" / "loso_shipped.npz"
KEY_CHARACTERS = 300  # what evaluate_loso keeps of each text to recognise it by


def rows_of(folder: Path) -> dict[tuple[str, bool, str], dict[str, str]]:
    """The corpus rows by source, label and beginning: attacked documents begin as their clean twins do."""
    rows = {}
    for name in ("train.jsonl.gz", "dev.jsonl.gz"):
        with gzip.open(folder / name, "rt", encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                rows[row["source"], row["label"] == "attack", row["text"][:KEY_CHARACTERS]] = row
    return rows


def probability_of(logits: np.ndarray) -> np.ndarray:
    """Calibrated probabilities by the shipped head's own parameters."""
    folder = models_folder()
    embedding = EmbeddingModel.load((folder / "embedding.safetensors").read_bytes())
    head = Classifier.load(embedding, (folder / "head.safetensors").read_bytes())
    known = json.loads(head.thresholds_json)
    flag, block = (float(np.log(share / (1.0 - share))) for share in (known["flag"], known["block"]))
    scale = (block - flag) / (known["block_logit"] - known["flag_logit"])  # two points fix the line of Platt's scaling
    return 1.0 / (1.0 + np.exp(-(flag + scale * (logits - known["flag_logit"]))))


def _share(flags: np.ndarray) -> str:
    if not len(flags):
        return "-"
    low, high = wilson(int(flags.sum()), len(flags))
    return f"{flags.mean():.3f} [{low:.2f}, {high:.2f}]"


def main() -> int:
    """Prints one line a source, and the averages."""
    data, rows = np.load(WORK), rows_of(Path(sys.argv[1]))
    settings = Settings.load(patterns={"enabled": False})
    defense, escalate = Defense(settings), settings.decide.escalate_threshold
    keys = zip(data["source"], data["attack"].tolist(), data["text"], strict=True)
    known = [(at, rows[key]) for at, key in enumerate(keys) if key in rows]
    places = np.array([at for at, _ in known])
    before = np.array([defense.evaluate(row["text"]).score for _, row in known])
    probability = probability_of(data["logit"][places])
    fused = np.array([noisy_or(pair) for pair in zip(before, probability, strict=True)])
    source, attack, hard = data["source"][places], data["attack"][places], data["hard"][places]
    flags = {"rules": before >= escalate, "classifier": probability >= escalate, "both": fused >= escalate}
    print("| source | rows | " + " | ".join(flags) + " |\n|---|---|" + "---|" * len(flags))
    for label, wanted in (("attack", attack), ("honest", ~attack & ~hard), ("hard honest", hard)):
        for name in np.unique(source[wanted]):
            member = wanted & (source == name)
            cells = " | ".join(_share(flag[member]) for flag in flags.values())
            print(f"| {name}, {label} | {member.sum()} | {cells} |")
    for label, wanted in (("attacks", attack), ("honest", ~attack), ("hard honest", hard)):
        cells = " | ".join(_share(flag[wanted]) for flag in flags.values())
        print(f"| **all {label}** | {wanted.sum()} | {cells} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
