"""Room `patterns`: the trained classifier, and the nearest known attack in the pattern store."""

from aimds.patterns.codes import PatternStatus
from aimds.patterns.models import Models, load_models, models_folder
from aimds.patterns.pattern import PatternMatch, PatternRecord, StoreStats
from aimds.patterns.room import open_stage, open_store
from aimds.patterns.seed import build_seed, load_seed
from aimds.patterns.stage import PatternsStage, StageThresholds
from aimds.patterns.store import PatternStore

__all__ = [
    "Models",
    "PatternMatch",
    "PatternRecord",
    "PatternStatus",
    "PatternStore",
    "PatternsStage",
    "StageThresholds",
    "StoreStats",
    "build_seed",
    "load_models",
    "load_seed",
    "models_folder",
    "open_stage",
    "open_store",
]
