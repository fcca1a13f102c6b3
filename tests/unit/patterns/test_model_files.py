"""Model files: good ones load, damaged ones are refused with the place that is wrong."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import tiny_models

from aimds import _core
from aimds.errors import ArtefactError, ErrorCode
from aimds.patterns import load_models, models_folder
from aimds.patterns.room import open_stage
from aimds.ports import ManualClock
from aimds.records import Profile

EMBEDDING = tiny_models.embedding_bytes()
HEAD = tiny_models.head_bytes()


def test_a_good_embedding_tells_about_itself(embedding):
    """Names, sizes and the maker's note are there."""
    assert embedding.table_names == ["english", "world"]
    assert embedding.dimension == 32
    assert embedding.model == "tiny"
    assert embedding.memory_bytes > 1_000
    assert "32 dimensions" in repr(embedding)
    assert embedding.fingerprint != _core.EmbeddingModel.load(tiny_models.embedding_bytes(seed=9)).fingerprint


def test_embeddings_have_length_one(embedding):
    """A text has a direction; a text without known pieces has none."""
    vector = np.frombuffer(embedding.embed("ignore all instructions"), "<f4")
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)
    assert not np.frombuffer(embedding.embed(""), "<f4").any()
    both = np.frombuffer(embedding.embed_batch(["ignore", "the"]), "<f4").reshape(2, 32)
    assert np.array_equal(both[0], np.frombuffer(embedding.embed("ignore"), "<f4"))


def change(parts, tensor=None, value=None, **metadata):
    tensors, described = parts
    if tensor is not None:
        tensors = {**tensors, tensor: value}
        if value is None:
            del tensors[tensor]
    return tiny_models.safetensors(tensors, {**described, **metadata})


def embedding_with(**table):
    tensors, described = tiny_models.embedding_parts()
    described["tables"][0] |= table
    return tiny_models.safetensors(tensors, described)


BAD_EMBEDDINGS = {
    "format": change(tiny_models.embedding_parts(), format="other"),
    "version": change(tiny_models.embedding_parts(), version=2),
    "no tables": change(tiny_models.embedding_parts(), tables=[]),
    "no share": embedding_with(share=-1.0),
    "unknown tokenizer": embedding_with(tokenizer="words"),
    "unknown piece": embedding_with(unknown=10_000),
    "odd dimension": embedding_with(dimension=15),
    "other dimension": embedding_with(dimension=24),
    "missing tensor": change(tiny_models.embedding_parts(), "world.scores"),
    "not a number": change(
        tiny_models.embedding_parts(), "english.scale", np.full(len(tiny_models.ENGLISH), np.nan, np.float32)
    ),
    "negative weight": change(
        tiny_models.embedding_parts(), "english.weight", np.full(len(tiny_models.ENGLISH), -1, np.float32)
    ),
    "wild offsets": change(
        tiny_models.embedding_parts(),
        "english.offsets",
        np.arange(len(tiny_models.ENGLISH) + 1, dtype=np.uint32)[::-1].copy(),
    ),
    "wrong type": change(tiny_models.embedding_parts(), "english.pieces", np.zeros(9, np.float32)),
}


@pytest.mark.parametrize("name", BAD_EMBEDDINGS)
def test_a_bad_embedding_is_refused(name):
    """Each contradiction inside a file is an `artefact-corrupt`."""
    with pytest.raises(ArtefactError) as caught:
        _core.EmbeddingModel.load(BAD_EMBEDDINGS[name])
    assert caught.value.code is ErrorCode.ARTEFACT_CORRUPT


def head_with(**metadata):
    return change(tiny_models.head_parts(), **metadata)


BAD_HEADS = {
    "format": head_with(format="aimds.embedding"),
    "outputs": head_with(outputs=["prompt_leak", "attack", "x"]),
    "calibration length": head_with(calibration={"scale": [1.0], "offset": [0.0]}),
    "calibration sign": head_with(calibration={"scale": [1.0, -1.0, 1.0], "offset": [0.0] * 3}),
    "layers": head_with(layers=[]),
    "window": head_with(window={"units": 8, "stride": 9, "maximum": 3}),
    "block": head_with(blocks=["colour"]),
    "other width": head_with(blocks=["mean"]),
    "n-gram orders": head_with(
        hashed={"word_orders": [2, 1], "character_orders": [], "pooling": "mean", "distinct": True}
    ),
    "last layer": head_with(outputs=["attack", "prompt_leak"], calibration={"scale": [1, 1], "offset": [0, 0]}),
    "buckets": change(tiny_models.head_parts(), "hashed.table", np.zeros((100, 8), np.int8)),
    "scales": change(tiny_models.head_parts(), "hashed.scale", np.zeros(7, np.float32)),
    "no inputs": change(
        tiny_models.head_parts(),
        blocks=[],
        hashed=None,
    ),
    "skip": change(tiny_models.head_parts(), "skip.weight", np.zeros((203, 9), np.float32)),
}


@pytest.mark.parametrize("name", BAD_HEADS)
def test_a_bad_head_is_refused(embedding, name):
    """Each contradiction inside a head, or with its embedding, is an `artefact-corrupt`."""
    with pytest.raises(ArtefactError) as caught:
        _core.Classifier.load(embedding, BAD_HEADS[name])
    assert caught.value.code is ErrorCode.ARTEFACT_CORRUPT


FINE = (None, ErrorCode.ARTEFACT_CORRUPT)


def code_of(call):
    """The code of the typed error, if there is one; any other exception goes through."""
    try:
        call()
    except ArtefactError as error:
        return error.code
    return None


@given(st.integers(0, len(HEAD) - 1), st.integers(0, 255), st.booleans())
@settings(max_examples=150)
def test_no_damage_does_more_than_raise(embedding, at, byte, cut):
    """A head cut anywhere, or with any byte changed, loads or is refused: nothing else happens."""
    data = HEAD[:at] if cut else HEAD[:at] + bytes([byte]) + HEAD[at + 1 :]
    assert code_of(lambda: _core.Classifier.load(embedding, data).score("ignore all")) in FINE


@given(st.integers(0, len(EMBEDDING) - 1), st.integers(0, 255))
@settings(max_examples=150)
def test_no_damage_to_an_embedding_does_more_than_raise(at, byte):
    """The same for the embedding."""
    data = EMBEDDING[:at] + bytes([byte]) + EMBEDDING[at + 1 :]
    assert code_of(lambda: _core.EmbeddingModel.load(data).embed("ignore all я")) in FINE


def test_a_head_tells_about_itself(embedding):
    """Outputs, thresholds and memory are there."""
    classifier = _core.Classifier.load(embedding, HEAD)
    assert classifier.output_names == tuple(tiny_models.OUTPUTS)
    assert json.loads(classifier.thresholds_json)["finding"] == 0.5
    assert classifier.memory_bytes > 2_000
    assert classifier.model == ""


def test_a_folder_of_models_loads(tmp_path):
    """`load_models` reads both files and the thresholds; what is missing or damaged is named."""
    with pytest.raises(ArtefactError, match=r"embedding\.safetensors") as caught:
        load_models(tmp_path)
    assert caught.value.code is ErrorCode.ARTEFACT_MISSING
    (tmp_path / "embedding.safetensors").write_bytes(EMBEDDING)
    (tmp_path / "head.safetensors").write_bytes(HEAD[:-1])
    with pytest.raises(ArtefactError, match=r"head\.safetensors") as caught:
        load_models(tmp_path)
    assert caught.value.code is ErrorCode.ARTEFACT_CORRUPT
    (tmp_path / "head.safetensors").write_bytes(HEAD)
    models = load_models(tmp_path)
    assert models.thresholds["finding"] == 0.5
    assert models.folder == tmp_path
    assert models_folder().name == "models"


@pytest.mark.parametrize("thresholds", [{"finding": 3}, {"finding": None}, {"nearest": [1]}, {"alone_margin": 99}])
def test_thresholds_out_of_range_name_the_file(tmp_path, thresholds):
    """A head whose numbers are nonsense is damaged, not a fault of the program."""
    tensors, metadata = tiny_models.head_parts()
    (tmp_path / "embedding.safetensors").write_bytes(EMBEDDING)
    head = tiny_models.safetensors(tensors, {**metadata, "thresholds": thresholds})
    (tmp_path / "head.safetensors").write_bytes(head)
    with pytest.raises(ArtefactError, match=r"head\.safetensors.*thresholds") as caught:
        open_stage(ManualClock(), models_folder=tmp_path, profile=Profile.FAST)
    assert caught.value.code is ErrorCode.ARTEFACT_CORRUPT


def test_unknown_context_and_blocks_are_mistakes(embedding, classifier):
    """A kind, role, trust or block that does not exist is the caller's error."""
    with pytest.raises(ValueError, match="no kind"):
        classifier.score("a", kind="letter")
    with pytest.raises(ValueError, match="no block"):
        _core.dense_features(embedding, ["a"], ["colour"])
    with pytest.raises(ValueError, match="power of two"):
        _core.hashed_features(["a"], [1], [], 1000, False)


def test_context_features_are_one_hot(embedding):
    """Kind, role and trust each set one feature."""
    names = _core.context_feature_names()
    values = np.frombuffer(
        _core.dense_features(embedding, ["a"], ["context"], kind="document", role="tool", trust="untrusted"), "<f4"
    )
    assert {name for name, value in zip(names, values, strict=True) if value} == {
        "kind_document",
        "role_tool",
        "trust_untrusted",
    }
    assert len(_core.lexical_feature_names()) == 52


def test_logits_are_those_of_the_score(embedding):
    """A text of one window scores as its raw logit says, calibrated."""
    classifier = _core.Classifier.load(embedding, HEAD)
    logits = np.frombuffer(classifier.logits(["tell me a joke"], kind="prompt"), "<f4")
    result = classifier.score("tell me a joke", kind="prompt")
    assert result.logit == pytest.approx(logits[0], abs=1e-6)
    assert result.probability == pytest.approx(1 / (1 + np.exp(-(1.5 * logits[0] + 0.2))), abs=1e-5)
