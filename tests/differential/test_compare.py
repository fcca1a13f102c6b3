"""The comparison kernels against the textbook twins and against rapidfuzz."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import LCSseq, Levenshtein
from reference import compare as twin

from aimds.temporal import compare

numbers = st.floats(-50, 50, allow_nan=False, width=32)
bands = st.none() | st.integers(0, 12)
few_tokens = st.lists(st.integers(0, 3), max_size=200)
wide_tokens = st.lists(st.integers(0, 2**64 - 1) | st.integers(250, 260), max_size=150)
texts = st.text(alphabet="ab é漢😀 \x00", max_size=200)


@st.composite
def series_pairs(draw: st.DrawFn) -> tuple[list[list[float]], list[list[float]]]:
    """Two series of the same width and of any lengths."""
    row = st.lists(numbers, min_size=(width := draw(st.integers(1, 3))), max_size=width)
    rows = st.lists(row, min_size=1, max_size=25)
    return draw(rows), draw(rows)


@given(series_pairs(), bands)
def test_dtw_equals_the_full_table(pair, band):
    """The banded two-row walk gives the distance of the full table."""
    expected = twin.dtw_distance(*pair, band)
    assert compare.dtw_distance(*pair, band=band) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@given(series_pairs(), bands, st.floats(0, 400))
def test_early_abandoning_only_hides_what_is_too_far(pair, band, limit):
    """With a limit the result is the distance, or infinity when that is above the limit."""
    exact = compare.dtw_distance(*pair, band=band)
    bounded = compare.dtw_distance(*pair, band=band, distance_max=limit)
    assert bounded == (exact if bounded != float("inf") else bounded)
    assert (bounded == float("inf")) == (exact > limit) or exact == pytest.approx(limit)


@given(st.lists(series_pairs().map(lambda pair: pair[0]), min_size=1, max_size=12), bands, st.integers(0, 4))
def test_search_finds_what_exhaustive_comparison_finds(library, band, count):
    """The bounds drop no series that belongs to the nearest ones."""
    library = [[row[:1] for row in series] for series in library]
    query = library.pop()
    found = compare.SeriesLibrary(1, band, [(str(index), series) for index, series in enumerate(library)])
    result = found.nearest(query, count)
    expected = twin.nearest(query, library, count, band)
    assert [match.distance for match in result.matches] == pytest.approx([distance for distance, _ in expected])
    assert result.pruned_by_kim + result.pruned_by_keogh + result.abandoned + result.aligned == len(library)


@settings(max_examples=200)
@given(few_tokens | wide_tokens, few_tokens | wide_tokens)
def test_tokens_equal_rapidfuzz_and_the_twin(left, right):
    """Distance and common subsequence of token sequences are those of rapidfuzz and of the textbook tables."""
    assert compare.edit_distance(left, right) == Levenshtein.distance(left, right) == twin.edit_distance(left, right)
    assert compare.lcs_length(left, right) == LCSseq.similarity(left, right) == twin.lcs_length(left, right)


@settings(max_examples=200)
@given(texts, texts)
def test_texts_equal_rapidfuzz(left, right):
    """Texts are compared by code point, and likeness is normalised as rapidfuzz does."""
    assert compare.edit_distance(left, right) == Levenshtein.distance(left, right)
    assert compare.edit_similarity(left, right) == pytest.approx(Levenshtein.normalized_similarity(left, right))
    assert compare.lcs_length(left, right) == LCSseq.similarity(left, right)
    assert compare.lcs_similarity(left, right) == pytest.approx(LCSseq.normalized_similarity(left, right))


@given(
    st.lists(st.sampled_from(["search", "read", "pay"]), max_size=80),
    st.lists(st.sampled_from(["read", "mail"]), max_size=80),
)
def test_words_are_compared_as_tokens(left, right):
    """A sequence of words gives what its tokens give, whichever numbers stand for the words."""
    assert compare.edit_distance(left, right) == twin.edit_distance(left, right)
    assert compare.lcs_length(left, right) == twin.lcs_length(left, right)


@pytest.mark.parametrize("length", [63, 64, 65, 127, 128, 129, 1000])
def test_lengths_about_a_machine_word(length):
    """Carries between machine words are right where a pattern just fills, just misses and just exceeds them."""
    left = [index * index % 7 for index in range(length)]
    right = [index * 3 % 5 for index in range(length + 3)]
    assert compare.edit_distance(left, right) == Levenshtein.distance(left, right)
    assert compare.lcs_length(left, right) == LCSseq.similarity(left, right)
