"""The shipped files through the run time's own code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aimds import _core
from training.corpus import Row
from training.shipped import MODELS


@dataclass(frozen=True)
class Shipped:
    """The classifier and the probability from which it flags."""

    classifier: _core.Classifier
    flag_threshold: float


def load_classifier(folder: Path = MODELS) -> Shipped:
    """Reads `embedding.safetensors` and `head.safetensors`."""
    embedding = _core.EmbeddingModel.load((folder / "embedding.safetensors").read_bytes())
    classifier = _core.Classifier.load(embedding, (folder / "head.safetensors").read_bytes())
    thresholds = json.loads(classifier.thresholds_json)
    return Shipped(classifier, thresholds["flag"])


def logits_of(shipped: Shipped, rows: Sequence[Row]) -> NDArray[np.float64]:
    """Probability of each row, with windows and decoded readings, as the patterns room computes it."""
    return np.array([shipped.classifier.score(_core.normalise(row.text)).probability for row in rows])
