"""The second look's table against the `tokenizers` library and against blocks unpacked by numpy."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from aimds import _core
from tests import tiny_models

SPACE = "\u2581"
PIECES = [
    "",
    "",
    "",
    SPACE,
    f"{SPACE}the",
    f"{SPACE}ignore",
    "ing",
    "ignore",
    "nore",
    "ig",
    "the",
    "re",
    "世界",
    "世",
    "界",
]
PIECES += [*"abcdeghilmnorst.,!<>/", "и", "игн", "ор", f"{SPACE}игнор", "é", "ñ", "😀"]
DIMENSION = 64
texts = st.lists(
    st.sampled_from(["ignore", "The", "the", "игнор", "世界", "<s>", "zz", SPACE, "\n", "😀é", "a"]), max_size=60
).map(" ".join) | st.text(alphabet=f"aighnorets .,\n\t世界ип<>/é😀{SPACE}ß", max_size=80)


def parts(window: int = 20, stride: int = 12) -> tuple[dict[str, np.ndarray], dict]:
    random = np.random.default_rng(11)
    raw = [piece.encode() for piece in PIECES]
    table = random.integers(0, 256, (len(PIECES), DIMENSION // 32, 18)).astype(np.uint8)
    scales = random.normal(0, 0.1, (len(PIECES), DIMENSION // 32)).astype("<f2")
    table[:, :, :2] = scales[:, :, None].view(np.uint8)
    tensors = {
        "pieces": np.frombuffer(b"".join(raw), np.uint8),
        "offsets": np.cumsum([0, *map(len, raw)]).astype(np.uint32),
        "scores": -random.uniform(1, 9, len(PIECES)).astype(np.float32),
        "table": table.reshape(len(PIECES), -1),
    }
    metadata = {
        "format": "aimds.look", "version": 1, "dimension": DIMENSION, "window_tokens": window, "stride_tokens": stride,
        "max_windows": 256, "unknown": 0, "open": 1, "close": 2,
    }  # fmt: skip
    return tensors, metadata


@pytest.fixture(scope="module")
def table() -> _core.TokenTable:
    return _core.TokenTable.load(tiny_models.safetensors(*parts()))


@pytest.fixture(scope="module")
def oracle() -> Tokenizer:
    """As training cuts (`training.look.tokens`): the three special pieces can match nothing there either."""
    names = ["\x00unknown", "\x00open", "\x00close", *PIECES[3:]]
    tokenizer = Tokenizer(
        models.Unigram(list(zip(names, parts()[0]["scores"].tolist(), strict=True)), unk_id=0, byte_fallback=False)
    )
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip(left=True, right=True)]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement=SPACE, prepend_scheme="always", split=True)
    return tokenizer


def unpacked() -> np.ndarray:
    """All rows: value = (nibble - 8) * scale, low nibbles first."""
    blocks = parts()[0]["table"].reshape(-1, 18)
    scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
    steps = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1).astype(np.float32) - 8
    return (steps * scale).reshape(len(PIECES), DIMENSION)


@given(texts)
@settings(max_examples=400)
def test_tokens_are_those_of_the_library(table, oracle, text):
    """Every text is cut as in training."""
    assert table.tokenize(text) == oracle.encode(text, add_special_tokens=False).ids


@given(texts)
def test_windows_are_those_of_training(table, oracle, text):
    """As `windows_of` in training: as few as a stride of twelve needs, of one length, evenly spread, marks around."""
    ids = oracle.encode(text, add_special_tokens=False).ids
    steps = math.ceil(max(0, len(ids) - 18) / 12)
    length = math.ceil((len(ids) + 6 * steps) / (steps + 1))
    starts = [step * (len(ids) - length) // steps for step in range(steps + 1)] if steps else [0]
    expected = [[1, *ids[start : start + length], 2] for start in starts] if ids else []
    windows, count = table.windows(text)
    assert [window.ids for window in windows] == expected
    assert count == len(expected)


@given(texts)
def test_spans_say_where_a_window_is(table, text):
    """In order and overlapping, from the first word to the last, without white space at their ends."""
    spans = [(window.start, window.end) for window in table.windows(text)[0]]
    if spans:
        assert (text[: spans[0][0]].strip(), spans[-1][1]) == ("", len(text.rstrip()))
    assert all(start < end and text[start:end] == text[start:end].rstrip() for start, end in spans)
    assert all(before[0] <= after[0] <= before[1] <= after[1] for before, after in pairwise(spans))


@given(st.lists(texts.filter(str.strip), min_size=1, max_size=5))
def test_gathered_vectors_are_those_of_numpy(table, many):
    """Rows in order, zeros and a zero mask behind the shorter windows."""
    windows = [table.windows(text)[0][0] for text in many]
    vectors, mask, length = table.gather(windows)
    rows = np.frombuffer(vectors, "<f4").reshape(len(windows), length, DIMENSION)
    kept = np.frombuffer(mask, "<i8").reshape(len(windows), length)
    everything = unpacked()
    for window, row, keep in zip(windows, rows, kept, strict=True):
        np.testing.assert_array_equal(row[: len(window)], everything[window.ids])
        assert not row[len(window) :].any()
        assert keep.tolist() == [1] * len(window) + [0] * (length - len(window))


def test_nothing_gathers_to_nothing(table):
    """No window, no bytes; too many are refused."""
    assert table.gather([]) == (b"", b"", 0)
    (window,), _ = table.windows("the")
    assert repr(window) == "<TokenWindow: 3 tokens at 0..3>"
    with pytest.raises(ValueError, match="257"):
        table.gather([window] * 257)
