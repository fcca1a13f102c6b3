"""Puts the room together from files: the shipped models and seed, and the user's own store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aimds.errors import ArtefactError, ErrorCode
from aimds.patterns.look_files import load_second_look
from aimds.patterns.looks import Looks
from aimds.patterns.models import HEAD_FILE, SEED_FILE, Models, load_models
from aimds.patterns.own_classifier import load_own_classifier
from aimds.patterns.seed import load_seed
from aimds.patterns.stage import PatternsStage, StageThresholds
from aimds.patterns.store import PatternStore
from aimds.ports import Clock
from aimds.records import Profile

__all__ = ["open_stage", "open_store"]


def open_store(models: Models, clock: Clock, path: Path | None = None, *, read_only: bool = False) -> PatternStore:
    """The store of own patterns in `path` (in memory without one), beside the seed in the models' folder.

    Raises:
        ArtefactError: the seed is missing; it or the store is damaged, of another embedding or of another program.
        InputError: `input-not-found` for a store to read that is not there.
    """
    seed = load_seed(models.folder / SEED_FILE, models.embedding)
    return PatternStore(models.embedding, clock, path, seed, read_only=read_only)


def open_stage(
    clock: Clock,
    *,
    store_path: Path | None = None,
    cache_entries: int = 4096,
    models_folder: Path | None = None,
    profile: Profile = Profile.BALANCED,
    second_look_ms: float = 1000.0,
    second_look_threads: int = 0,
    classifier_model: str | None = None,
    classifier_labels: Sequence[str] = (),
    classifier_weight: float = 1.0,
) -> PatternsStage:
    """The room on the shipped models (or those of another folder), with thresholds as training measured them.

    Raises:
        ArtefactError: a model, seed or store file is missing or damaged.
        ConfigurationError: the labels are not those of the own classifier; `extra-missing` for its library.
    """
    models = load_models(models_folder)
    second_look = load_second_look(models.folder, profile, second_look_threads)
    own = None
    if classifier_model is not None:
        own = load_own_classifier(classifier_model, classifier_labels, second_look_threads)
    thresholds = _thresholds(models)
    return PatternsStage(
        models.classifier,
        open_store(models, clock, store_path),
        thresholds,
        cache_entries,
        looks=Looks(profile, second_look, own, classifier_weight, clock, second_look_ms, thresholds.alone_margin),
    )


def _thresholds(models: Models) -> StageThresholds:
    try:
        return StageThresholds.from_training(models.thresholds)
    except (AttributeError, TypeError, ValueError) as error:  # of another shape, or out of range
        reason = f"metadata: thresholds: {error}"
        raise ArtefactError(ErrorCode.ARTEFACT_CORRUPT, place=str(models.folder / HEAD_FILE), reason=reason) from error
