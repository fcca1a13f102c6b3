"""Trains the classifier that ships, with its tables, and writes `embedding.safetensors` and `head.safetensors`.

Calibration and thresholds come from the logits of `python -m training.evaluate_loso --shipped`: run it first.

    python -m training.head [--folder DIR] [--threads 2]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from training.calibrate import Calibration, calibrate, report
from training.checksums import write_sums
from training.dataset import Dataset, load, training_rows
from training.evaluate_loso import Outcome, table
from training.export import quantise, tuned_vectors, write_embedding, write_head
from training.features import WORK
from training.model import OUTPUTS, Detector, polish, scores, train
from training.shipped import (
    ALONE_MARGIN,
    BLOCK_PROBABILITY,
    FLAG_PROBABILITY,
    MODELS,
    SEED,
    SETTINGS,
    VIEW_OFFSET,
)

SHIPPED_NAME = "shipped"


def out_of_fold() -> Calibration:
    """Calibration from the leave-one-source-out run of the shipped settings."""
    path = WORK / f"loso_{SHIPPED_NAME}.npz"
    if not path.is_file():
        raise SystemExit(f"{path} is missing: run python -m training.evaluate_loso --shipped")
    data = np.load(path)
    found = calibrate(data["logit"], data["attack"], data["hard"], data["source"], data["family"])
    print(report(found, data["logit"], data["attack"]))
    return found


def quantised(model: Detector) -> Detector:
    """The model as the run time will see it: tables rounded to int8."""
    for initial, delta in zip(model.initial, model.deltas, strict=True):
        rows, scale = quantise((initial + delta).detach().numpy())
        initial.copy_(torch.from_numpy(rows.astype(np.float32) * scale[:, None]))
        with torch.no_grad():
            delta.zero_()
    if model.hashed is not None:
        rows, scale = quantise(model.hashed.detach().numpy())
        with torch.no_grad():
            model.hashed.copy_(torch.from_numpy(rows.astype(np.float32) * scale[:, None]))
    return model


def dev_table(model: Detector, dataset: Dataset, limit: float) -> str:
    """Per source on the dev rows, at the shipped threshold (both columns show it)."""
    held = [
        i for i in range(dataset.train_count, dataset.train_count + dataset.dev_count) if not dataset.rows[i].harmful
    ]
    logits = scores(model, dataset.prepared, held)[:, 0]
    outcomes = [Outcome(dataset.rows[i], float(z), limit, limit) for i, z in zip(held, logits, strict=True)]
    attack = np.array([o.row.attack for o in outcomes])
    recall, fpr = (logits[attack] > limit).mean(), (logits[~attack] > limit).mean()
    at_two = np.quantile(logits[~attack], 0.98)
    shipped = f"dev at the shipped threshold: recall {recall:.3f}, FPR {fpr:.4f}"
    return f"{shipped}; at 2% FPR on dev: recall {(logits[attack] > at_two).mean():.3f}\n{table(outcomes)}"


def trained(dataset: Dataset, reuse: bool) -> Detector:
    """Trains on every training row, or takes the model of the last run; dev rows are never trained on."""
    path = WORK / "head.pt"
    if reuse:
        state = torch.load(path, weights_only=True)
        model = Detector(SETTINGS, dataset.initial, dataset.prepared.dense[0].shape[1])
        model.load_state_dict(state["state"])
        model.dense_mean, model.dense_factor = state["dense_mean"], state["dense_factor"]
        model.eval()
        return model
    rows, indices = training_rows(dataset, frozenset(), SETTINGS)
    model = train(SETTINGS, dataset.initial, dataset.prepared, rows, indices, SEED)
    model = polish(model, dataset.prepared, rows, indices, SEED)
    torch.save({"state": model.state_dict(), "dense_mean": model.dense_mean, "dense_factor": model.dense_factor}, path)
    return model


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=MODELS)
    parser.add_argument("--reuse", action="store_true", help="do not train again; take training/work/head.pt")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    dataset = load(SETTINGS, SEED)
    model = trained(dataset, options.reuse)
    calibration = out_of_fold()
    options.folder.mkdir(parents=True, exist_ok=True)
    note = "static tables of all-MiniLM-L6-v2 and multilingual-e5-small, fine-tuned with the head; training/README.md"
    write_embedding(
        options.folder / "embedding.safetensors",
        dataset.tables,
        tuned_vectors(model, dataset.tables, dataset.used),
        note,
    )
    others = len(OUTPUTS) - 1
    write_head(
        options.folder / "head.safetensors", model, SETTINGS, note,
        {"scale": [calibration.scale, *[1.0] * others], "offset": [calibration.offset, *[0.0] * others]},
        {"window_offset": 0.0, "window_log": 0.0, "view_offset": VIEW_OFFSET},
        {
            "finding": FLAG_PROBABILITY,
            "alone_margin": ALONE_MARGIN,
            "flag": calibration.probability(calibration.flag_logit),
            "block": BLOCK_PROBABILITY,
            "flag_logit": calibration.flag_logit,
            "block_logit": calibration.block_logit,
            "base_rate": calibration.base_rate,
        },
        (model.dense_mean.numpy(), model.dense_factor.numpy()) if SETTINGS.lexical else None,
    )  # fmt: skip
    write_sums(options.folder)
    print(dev_table(quantised(model), dataset, calibration.flag_logit))
    for path in sorted(options.folder.glob("*.safetensors")):
        print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
