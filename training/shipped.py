"""The settings of the model that ships, chosen by `training.evaluate_loso` (see docs/detection-quality.md)."""

from __future__ import annotations

from pathlib import Path

from training.features import HashShape, WindowShape
from training.look_train import Plan
from training.model import Settings

SEED = 7

SETTINGS = Settings(
    window=WindowShape(24, 16, 256),
    hashing=HashShape(word_orders=(1, 2, 3), buckets=1 << 16),
    peak=True,
    lexical=True,
    epochs=4,
    windows_max=9,
)

STUDENT_PLAN = Plan(rows=72_000)
"""Four layers."""

TEACHER_PLAN = Plan(layers=12, early_layers=8, rows=48_000, rate=1e-4)
"""Of twelve layers with a second head at the eighth; the lower eight are trained on alone, and ship."""

MODELS = Path(__file__).resolve().parents[1] / "python" / "aimds" / "patterns" / "models"

FLAG_PROBABILITY = 0.65
"""The default of `decide.escalate_threshold`, the shipped threshold lies there.

The classifier alone escalates; it blocks where it is surer still, or where the rules agree with it.
"""

BLOCK_PROBABILITY = 0.80
"""The default of `decide.block_threshold`."""

FPR_POOLED_MAX = 0.02
FPR_HARD_MAX = 0.05
"""What the shipped threshold may cost on sources not trained on: pooled, and on each hard benign source."""

ALONE_MARGIN = 0.5
"""Logits that the static tables' threshold lies above that of the folds where no transformer follows (`fast`): alone
they flag Hindi, Dutch and Thai rows and code of unseen sources too often (`training.pipeline_report`)."""

VIEW_OFFSET = 1.0
"""A decoded reading must be one logit stronger than the text itself: each is one more chance of a false alarm."""
