"""Puts the room together from files: the shipped models and seed, and the user's own store."""

from __future__ import annotations

from pathlib import Path

from aimds.patterns.models import SEED_FILE, Models, load_models
from aimds.patterns.seed import load_seed
from aimds.patterns.stage import PatternsStage, StageThresholds
from aimds.patterns.store import PatternStore
from aimds.ports import Clock

__all__ = ["open_stage", "open_store"]


def open_store(models: Models, clock: Clock, path: Path | None = None) -> PatternStore:
    """The store of own patterns in `path` (in memory without one), beside the seed in the models' folder.

    Raises:
        ArtefactError: the seed or the store is missing, damaged or of another embedding.
    """
    return PatternStore(models.embedding, clock, path, load_seed(models.folder / SEED_FILE, models.embedding))


def open_stage(
    clock: Clock, *, store_path: Path | None = None, cache_entries: int = 4096, models_folder: Path | None = None
) -> PatternsStage:
    """The room on the shipped models (or those of another folder), with thresholds as training measured them.

    Raises:
        ArtefactError: a model, seed or store file is missing or damaged.
    """
    models = load_models(models_folder)
    thresholds = StageThresholds.from_training(models.thresholds)
    return PatternsStage(models.classifier, open_store(models, clock, store_path), thresholds, cache_entries)
