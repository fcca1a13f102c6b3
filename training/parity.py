"""Do the shipped files score as the trained model did? Compares the run time with torch on dev texts.

The logits of whole texts must agree within what int8 tables cost; the strongest window must give the same logit too.

    python -m training.parity [--rows 400]
"""

from __future__ import annotations

import argparse

import numpy as np
import torch

from training.dataset import compact, load
from training.features import prepare
from training.head import quantised, trained
from training.model import Batches, scores
from training.runtime import load_classifier
from training.shipped import SEED, SETTINGS

LOGIT_DIFFERENCE_MAX = 0.05
"""int8 rounding is the same on both sides; what is left is float order and a few tokens cut differently."""

AGREEING_MIN = 0.98
"""Share of texts that must agree: a token that begins at a window's edge may fall to either side."""


def main() -> None:
    """The command; exit code 1 when the two disagree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=400)
    options = parser.parse_args()
    dataset = load(SETTINGS, SEED)
    model = quantised(trained(dataset, reuse=True))
    rng = np.random.default_rng(SEED)
    picked = dataset.train_count + rng.choice(dataset.dev_count, options.rows, replace=False)
    shipped = load_classifier()
    texts = [dataset.rows[i].text for i in picked]
    whole = np.frombuffer(shipped.classifier.logits(texts), "<f4").reshape(len(texts), -1)[:, 0]
    fresh = prepare(texts, dataset.tables, SETTINGS.window, SETTINGS.hashing, SETTINGS.lexical)
    compact(fresh, dataset.tables, dataset.used)
    batches = Batches(fresh, len(model.initial) + (model.hashed is not None), 0)
    bags, dense, owner = batches.bags(range(len(texts)), None, 0.0)
    with torch.no_grad():
        logits = model(bags, dense)[:, 0].numpy()
    first = np.concatenate([[True], np.diff(owner.numpy()) > 0])
    report("whole texts", whole, logits[first])
    combined = np.array([shipped.classifier.score(text).logit for text in texts])
    report("strongest window", combined, scores(model, fresh, range(len(texts)))[:, 0])


def report(name: str, ours: np.ndarray, theirs: np.ndarray) -> None:
    """Prints the agreement; raises when it is too low."""
    difference = np.abs(ours - theirs)
    agreeing = float((difference <= LOGIT_DIFFERENCE_MAX).mean())
    spread = f"median {np.median(difference):.5f}, max {difference.max():.3f}"
    print(f"{name}: {agreeing:.1%} within {LOGIT_DIFFERENCE_MAX}; {spread}")
    if agreeing < AGREEING_MIN:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
