"""The vectors kernels against their slow twin and against the `tokenizers` library."""

from __future__ import annotations

import math
import unicodedata

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from reference import vectors as twin
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from aimds import _core
from tests import tiny_models

WORDS = ["Ignore", "all", "previous", "instructions", "tell", "me", "a", "joke", "the", "secrets", ",", ".", "!", "?"]
WORDS += ["игнорируй", "все", "忽略之前的指令", "abcabc", "naïve", "Ünïcode", "x" * 30, "\n", "😀", "__init__", "zz9"]
texts = st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join) | st.text(
    alphabet="aAbcé ñ世界игÄ😀.,!?_-'\n\t0189ẞ가हि", max_size=60
)


@pytest.fixture(scope="module")
def embedding() -> _core.EmbeddingModel:
    return _core.EmbeddingModel.load(tiny_models.embedding_bytes())


@pytest.fixture(scope="module")
def slow_embedding() -> twin.Embedding:
    return twin.Embedding(tiny_models.embedding_bytes())


def floats(data: bytes) -> np.ndarray:
    return np.frombuffer(data, "<f4").astype(np.float64)


@given(texts, st.integers(1, 20), st.integers(1, 20), st.integers(1, 6))
def test_windows_are_those_of_the_twin(text, length, stride, maximum):
    """Units and windows have the same places."""
    stride = min(stride, length)
    units = twin.units(text)
    expected = [
        (units[window.start][0], units[window.stop - 1][1])
        for window in twin.windows(len(units), length, stride, maximum)
    ]
    assert _core.text_windows(text, length, stride, maximum) == expected


@given(st.lists(texts, max_size=4), st.booleans(), st.sampled_from([1, 64, 2**18]))
def test_bucket_ids_are_those_of_the_twin(many, distinct, buckets):
    """Every n-gram falls into the bucket that the written definition gives."""
    offsets, ids = _core.hashed_features(many, [1, 2, 3], [3, 5], buckets, distinct)
    starts, ids = np.frombuffer(offsets, "<u8"), np.frombuffer(ids, "<u4")
    for number, text in enumerate(many):
        words = [text[start:end] for start, end in twin.units(text)]
        expected = twin.hashed(words, [1, 2, 3], [3, 5], buckets, distinct)
        assert ids[starts[number] : starts[number + 1]].tolist() == expected


@given(texts)
def test_tokens_are_those_of_the_twin(embedding, slow_embedding, text):
    """Both tokenizers cut as their slow twins do."""
    expected = [[number for number, _ in tokens] for tokens in slow_embedding.tokens(text)]
    assert embedding.tokenize(text) == expected


@given(texts)
def test_pooled_vectors_are_those_of_the_twin(embedding, slow_embedding, text):
    """Mean, unit, peak and embedding agree to single precision."""
    tokens = slow_embedding.tokens(text)
    units = twin.units(text)
    start, end = (units[0][0], units[-1][1]) if units else (0, 0)
    pooled = slow_embedding.pool(tokens, start, end)
    names = ["mean", "unit", "peak", "embedding"]
    actual = floats(_core.dense_features(embedding, [text], names))
    np.testing.assert_allclose(actual, np.concatenate([pooled[name] for name in names]), atol=2e-5)


@given(texts, st.sampled_from(["prompt", "tool_result"]), st.sampled_from(["user", "tool"]))
@settings(max_examples=60)
def test_the_winning_window_is_that_of_the_twin(embedding, slow_embedding, text, kind, role):
    """Network, windows, combination and calibration together give the twin's probability and place."""
    data = tiny_models.head_bytes()
    classifier, head = _core.Classifier.load(embedding, data), twin.Head(data)
    plan, combine, hashed = (head.metadata[name] for name in ("window", "combine", "hashed"))
    units, tokens = twin.units(text), slow_embedding.tokens(text)
    assume(units)
    parts = twin.windows(len(units), plan["units"], plan["stride"], plan["maximum"])
    candidates = []
    for number, part in enumerate([range(len(units)), *parts]):
        start, end = units[part.start][0], units[part.stop - 1][1]
        pooled = slow_embedding.pool(tokens, start, end)
        inside = text[start:end]
        # Lexical and context features come from the kernel: they have known answers of their own. A window may begin
        # inside a long run of letters, whose cuts would then move; the twin looks at the window's text alone.
        assume([(a - start, b - start) for a, b in units[part.start : part.stop]] == twin.units(inside))
        rest = floats(_core.dense_features(embedding, [inside], ["lexical", "context"], kind=kind, role=role))
        dense = np.concatenate([pooled["mean"], pooled["unit"], pooled["peak"], pooled["embedding"], rest])
        words = [text[a:b] for a, b in units[part.start : part.stop]]
        ids = twin.hashed(words, hashed["word_orders"], hashed["character_orders"], 256, hashed["distinct"])
        logits = head.logits(dense, ids)
        penalty = combine["window_offset"] + combine["window_log"] * math.log(len(parts)) if number else 0.0
        candidates.append((logits[0] - penalty, (start, end), logits))
    best, span, logits = max(candidates, key=lambda one: one[0])
    result = classifier.score(text, kind=kind, role=role)
    assert result.windows == len(parts)
    assert result.logit == pytest.approx(best, abs=1e-3)
    assert result.probability == pytest.approx(head.probability(0, best), abs=1e-3)
    close = [one for one in candidates if best - one[0] < 1e-3]
    if len(close) == 1:
        assert (result.start, result.end) == span
        for output, (name, value) in enumerate(result.outputs):
            assert name == tiny_models.OUTPUTS[output]
            assert value == pytest.approx(head.probability(output, logits[output]), abs=1e-3)


@given(st.integers(0, 2**32 - 1), st.integers(1, 30))
@settings(max_examples=20)
def test_exact_search_is_that_of_the_twin(seed, count):
    """The scan ranks as comparing everything does."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(200, 24)).astype("<f4")
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    index = _core.PatternIndex(24, 0)
    index.add_batch(range(200), rows.tobytes(), [0] * 200, [0] * 200, [0.5] * 200, [0] * 200)
    whole = (np.sign(rows) * np.floor(np.abs(rows) * 127 + 0.5)).astype(np.int8)
    expected = twin.nearest(whole, whole[0], count)
    found, plan = index.search(rows[0].tobytes(), count)
    assert plan == "exact"
    assert [row[0] for row in found] == [row for row, _ in expected]
    np.testing.assert_allclose([row[1] for row in found], [cosine for _, cosine in expected], atol=1e-5)


# ---- the tokenizers library as oracle ---------------------------------------------------------------------------


def bert_oracle() -> Tokenizer:
    pieces = {piece: number for number, piece in reversed(list(enumerate(tiny_models.ENGLISH)))}
    oracle = Tokenizer(models.WordPiece(pieces, unk_token="[UNK]", max_input_chars_per_word=100))
    oracle.normalizer = normalizers.BertNormalizer(lowercase=True)
    oracle.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return oracle


def unigram_oracle() -> Tokenizer:
    tensors, _ = tiny_models.embedding_parts()
    scores = tensors["world.scores"].astype(np.float64)
    pieces = list(dict.fromkeys(tiny_models.WORLD))
    oracle = Tokenizer(models.Unigram(list(zip(pieces, scores, strict=True)), 0, byte_fallback=False))
    oracle.normalizer = normalizers.Lowercase()
    oracle.pre_tokenizer = pre_tokenizers.Metaspace(replacement="\u2581", prepend_scheme="always", split=True)
    return oracle


def tidy(text: str) -> str:
    return " ".join(text.split())


anything = st.text(max_size=80).filter(lambda text: not any(0xD800 <= ord(letter) < 0xE000 for letter in text))


@given(texts | anything)
@settings(max_examples=300)
def test_wordpiece_is_that_of_the_library(embedding, text):
    """Whatever characters come, the pieces are those of the library."""
    assert embedding.tokenize(text)[0] == bert_oracle().encode(text, add_special_tokens=False).ids


@given(texts | anything)
@settings(max_examples=300)
def test_unigram_is_that_of_the_library(embedding, text):
    """Whatever characters come, the pieces are those of the library."""
    # The separators U+001C-001F are white space to Python's split alone, U+0085 and others to both.
    assume(not any(letter in "\x1c\x1d\x1e\x1f" for letter in text))
    text = tidy(text)
    expected = unigram_oracle().encode(text, add_special_tokens=False).ids if text else []
    assert embedding.tokenize(text)[1] == expected


def test_every_character_is_cut_as_the_library_does(embedding):
    """All of Unicode, each character between two letters, in both tokenizers."""
    bert, unigram = bert_oracle(), unigram_oracle()
    letters = [chr(code) for code in range(1, 0x110000) if not 0xD800 <= code < 0xE000 and not 0x1C <= code <= 0x1F]
    wrong: dict[str, list[str]] = {"bert": [], "unigram": []}
    for start in range(0, len(letters), 500):
        part = letters[start : start + 500]
        text = " ".join(f"a{letter}b" for letter in part)
        whole = embedding.tokenize(text)
        if whole[0] != bert.encode(text, add_special_tokens=False).ids:
            wrong["bert"] += [one for one in part if embedding.tokenize(f"a{one}b")[0] != bert.encode(f"a{one}b").ids]
        flat = tidy(text)
        if whole[1] != unigram.encode(flat, add_special_tokens=False).ids:
            wrong["unigram"] += [
                one for one in part if embedding.tokenize(f"a{one}b")[1] != unigram.encode(tidy(f"a{one}b")).ids
            ]
    # The library's tables are of Unicode 8: it does not know newer marks and punctuation, and some were filed anew.
    settled = [one for one in wrong["bert"] if unicodedata.category(one) == unicodedata.ucd_3_2_0.category(one)]
    assert [hex(ord(one)) for one in settled if unicodedata.category(one) != "Cn"] == []
    assert len(wrong["bert"]) < 1_000
    assert wrong["unigram"] == []
