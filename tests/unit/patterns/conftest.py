"""Small models whose answers can be foretold."""

from __future__ import annotations

import pytest
from tests import tiny_models

from aimds import _core
from aimds.patterns import PatternStore
from aimds.ports import ManualClock


@pytest.fixture(scope="session")
def embedding() -> _core.EmbeddingModel:
    return _core.EmbeddingModel.load(tiny_models.embedding_bytes())


@pytest.fixture(scope="session")
def classifier(embedding) -> _core.Classifier:
    """Says attack when `ignore` or `reveal` is there: 0.98 for one of them in a short text."""
    return _core.Classifier.load(embedding, tiny_models.keyword_head_bytes({"ignore": 12.0, "reveal": 12.0}))


@pytest.fixture
def store(embedding):
    with PatternStore(embedding, ManualClock()) as store:
        yield store
