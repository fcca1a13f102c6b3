"""Makes small recurrent models with random weights from a seed; the format is section 10 of `docs/model-formats.md`."""

from __future__ import annotations

from typing import Any

import numpy as np

from aimds._core import turn_number_names
from tests.tiny_models import safetensors


def recurrent_parts(
    dimension: int = 8, projected: int = 3, hidden: int = 5, size: float = 0.8, seed: int = 3, embedding: int = 0
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Tensors and metadata."""
    rng, gated = np.random.default_rng(seed), 3 * hidden
    shapes = {
        "project.weight": (dimension, projected),
        "input.weight": (projected + len(turn_number_names()), gated),
        "input.bias": (gated,),
        "recurrent.weight": (hidden, gated),
        "recurrent.bias": (gated,),
        "output.weight": (hidden,),
        "output.bias": (1,),
    }
    tensors = {name: rng.uniform(-size, size, shape).astype(np.float32) for name, shape in shapes.items()}
    metadata = {
        "format": "aimds.recurrent",
        "version": 1,
        "model": "tiny",
        "embedding": embedding,
        "numbers": list(turn_number_names()),
        "calibration": {"scale": 1.5, "offset": -0.25},
        "thresholds": {"flag": 0.5},
    }
    return tensors, metadata


def recurrent_file(**options: Any) -> bytes:
    """The file."""
    return safetensors(*recurrent_parts(**options))
