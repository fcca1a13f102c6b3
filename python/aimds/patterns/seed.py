"""The read-only index of known attacks that comes with the package: vectors and metadata, no text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from aimds._core import EmbeddingModel, PatternIndex
from aimds.errors import ArtefactError, ErrorCode
from aimds.patterns.codes import CATEGORY_CODES, STATUS_CODES, PatternStatus
from aimds.patterns.models import load_file
from aimds.taxonomy import Category

__all__ = ["build_seed", "load_seed", "notes_of"]

SOURCES_MAX: Final = 255
"""A source is one byte in the index; the corpora have some dozens."""


def notes_of(sources: Sequence[str], **more: int) -> str:
    """The text kept inside an index: what its numbers mean."""
    notes = {
        "categories": [category.value for category in CATEGORY_CODES],
        "statuses": [status.value for status in STATUS_CODES],
        "sources": list(sources),
        **more,
    }
    return json.dumps(notes, separators=(",", ":"))


def build_seed(
    embedding: EmbeddingModel,
    keys: Sequence[int],
    vectors: bytes,
    categories: Sequence[str],
    severities: Sequence[float],
    sources: Sequence[str],
) -> PatternIndex:
    """An index of active patterns; `.save(path)` writes the file to ship.

    Args:
        embedding: the model that made the vectors.
        keys: one number below 2^63 a pattern.
        vectors: f32 [n, dimension], as `embedding.embed_batch` gives them.
        categories: values of `Category`.
        severities: in [0, 1].
        sources: names of the corpora; at most 255 different ones.

    Raises:
        ValueError: lists of different lengths, an unknown category, too many sources.
    """
    names = sorted(set(sources))
    if len(names) > SOURCES_MAX:
        raise ValueError(f"{len(names)} sources are above the limit of {SOURCES_MAX}")
    place = {name: number for number, name in enumerate(names)}
    index = PatternIndex(embedding.dimension, embedding.fingerprint, notes_of(names))
    index.add_batch(
        list(keys),
        vectors,
        [CATEGORY_CODES[Category(category)] for category in categories],
        [STATUS_CODES[PatternStatus.ACTIVE]] * len(keys),
        list(severities),
        [place[source] for source in sources],
    )
    return index


def load_seed(path: Path, embedding: EmbeddingModel) -> PatternIndex:
    """Reads a seed index and checks that this embedding made it.

    Raises:
        ArtefactError: the file is missing, damaged, not the one that `SHA256SUMS` beside it lists, or belongs to
            another embedding.
    """
    index = load_file(path, PatternIndex.from_bytes)
    if index.fingerprint != embedding.fingerprint or index.dimension != embedding.dimension:
        reason = "its vectors were made by another embedding"
        raise ArtefactError(ErrorCode.ARTEFACT_CORRUPT, place=str(path), reason=reason)
    expected = [category.value for category in CATEGORY_CODES]
    try:
        notes = json.loads(index.notes)
        known = notes["categories"] == expected[: len(notes["categories"])]
        sources = notes["sources"]
    except (ValueError, KeyError, TypeError) as error:
        reason = "its notes are not readable"
        raise ArtefactError(ErrorCode.ARTEFACT_CORRUPT, place=str(path), reason=reason) from error
    if not known or not isinstance(sources, list):
        reason = "its category numbers are not those of this version"
        raise ArtefactError(ErrorCode.ARTEFACT_CORRUPT, place=str(path), reason=reason)
    return index
