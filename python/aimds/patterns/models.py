"""Finds and loads the model files that come with the package, or those of another folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from aimds._core import Classifier, EmbeddingModel
from aimds.errors import ArtefactError, ErrorCode
from aimds.patterns.manifest import verify

__all__ = [
    "EMBEDDING_FILE",
    "HEAD_FILE",
    "load_file",
    "load_models",
    "MODEL_FILE_BYTES_MAX",
    "Models",
    "models_folder",
    "read_file",
    "SEED_FILE",
]

T = TypeVar("T")

EMBEDDING_FILE: Final = "embedding.safetensors"
HEAD_FILE: Final = "head.safetensors"
SEED_FILE: Final = "seed.patterns"

MODEL_FILE_BYTES_MAX: Final = 512 * 1024 * 1024
"""The kernel's own limit; looked at before a file is read."""


@dataclass(frozen=True, slots=True)
class Models:
    """What the patterns room runs on."""

    embedding: EmbeddingModel
    classifier: Classifier
    folder: Path
    thresholds: Mapping[str, Any] = field(default_factory=dict)
    """What training measured, as it stands in the head's metadata."""


def models_folder() -> Path:
    """The folder of the shipped model files."""
    return Path(__file__).parent / "models"


def load_models(folder: Path | None = None) -> Models:
    """Reads embedding and head from a folder (the shipped one by default).

    Raises:
        ArtefactError: `artefact-missing`; `artefact-checksum` when a file is not the one that `SHA256SUMS` beside it
            lists; `artefact-corrupt` with the file and the part that is wrong.
    """
    folder = models_folder() if folder is None else folder
    embedding = load_file(folder / EMBEDDING_FILE, EmbeddingModel.load)
    classifier = load_file(folder / HEAD_FILE, lambda data: Classifier.load(embedding, data))
    thresholds = json.loads(classifier.thresholds_json)
    return Models(embedding, classifier, folder, thresholds if isinstance(thresholds, dict) else {})


def load_file(path: Path, load: Callable[[bytes], T]) -> T:
    """What `load` makes of a model file; its errors name the file."""
    data = read_file(path)
    try:
        return load(data)
    except ArtefactError as error:
        raise ArtefactError(error.code, place=str(path), reason=str(error)) from error


def read_file(path: Path) -> bytes:
    """The bytes of a model file, once they are those that `SHA256SUMS` beside it lists.

    The shipped folder must have the list; one of the user's may do without.

    Raises:
        ArtefactError: `artefact-missing`, `artefact-checksum` or `artefact-corrupt`.
    """
    try:
        if path.stat().st_size > MODEL_FILE_BYTES_MAX:
            raise ArtefactError(ErrorCode.ARTEFACT_CORRUPT, place=str(path), reason="the file is too large")
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise ArtefactError(ErrorCode.ARTEFACT_MISSING, place=str(path), reason=reason) from error
    verify(path, data, required=path.parent == models_folder())
    return data
