"""The generators repeat by seed, speak with both labels, and give clean twins to attacked documents."""

from __future__ import annotations

from collections import Counter

import pytest
from training.corpus import Row, balanced
from training.generators import FAMILIES, generate
from training.generators.grammar import expand, seeded, unique
from training.generators.phrase_bank import PHRASES


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return generate(7, scale=0.05)


def test_the_same_seed_gives_the_same_rows(rows: list[Row]) -> None:
    """Reproducible by seed, and different for another seed."""
    assert generate(7, scale=0.05) == rows
    assert generate(8, scale=0.05) != rows


def test_every_family_speaks(rows: list[Row]) -> None:
    """Each generator contributes, and only the hard benign one lacks attacks, only the direct one lacks honest text."""
    labels = {family: {row.attack for row in rows if row.family == family} for family in FAMILIES}
    assert labels == {
        "own_attacks": {True},
        "own_hard_benign": {False},
        "own_documents": {True, False},
        "own_languages": {True, False},
    }


def test_a_document_has_a_clean_twin(rows: list[Row]) -> None:
    """A container carries no label: as many clean documents as attacked ones."""
    count = Counter(row.attack for row in rows if row.family == "own_documents")
    assert count[True] == count[False]


def test_no_slot_is_left_open(rows: list[Row]) -> None:
    """A misspelt slot name would stay visible as `{name}`."""
    assert not [row.text for row in rows if "{object}" in row.text or "{topic}" in row.text or "{deed}" in row.text]


def test_languages_have_attacks_and_honest_text_with_the_same_words() -> None:
    """At least 12 languages; every one of them has every part."""
    assert len(PHRASES) >= 12
    parts = {"drop", "do", "leak", "mask", "order", "near", "plain", "work", "note"}
    for language, phrases in PHRASES.items():
        assert set(phrases) == parts, language
        assert all(len(set(texts)) == len(texts) >= 2 for texts in phrases.values()), language


def test_a_bank_that_names_itself_is_refused() -> None:
    """Endless expansion is an error, not a hang."""
    with pytest.raises(ValueError, match="nests deeper"):
        expand("{a}", {"a": ["x {a}"]}, seeded(1, "x"))


def test_unique_gives_up_when_the_bank_is_exhausted() -> None:
    """A bank of two texts gives two, not an endless loop."""
    rng = seeded(1, "x")
    assert sorted(unique(lambda: expand("{a}", {"a": ["x", "y"]}, rng), 10)) == ["x", "y"]


def _row(family: str, attack: bool, lang: str = "en", category: str = "benign") -> Row:
    return Row("a text of some length", attack, category, family, family, lang)


def test_balance_gives_both_labels_the_same_weight() -> None:
    """Ninety honest rows of one family and ten attacks weigh the same in total, and sum to one."""
    weighted = balanced([_row("big", attack=False)] * 90 + [_row("small", attack=True)] * 10)
    attack = sum(row.weight for row in weighted if row.attack)
    assert attack == pytest.approx(0.5)
    assert sum(row.weight for row in weighted) == pytest.approx(1.0)


def test_balance_by_family_speaks_for_the_small_one() -> None:
    """At power 0 a family of 5 weighs as much as one of 500."""
    rows = [_row("big", attack=True)] * 500 + [_row("small", attack=True)] * 5 + [_row("honest", attack=False)] * 100
    weighted = balanced(rows, power=0.0)
    totals = Counter[str]()
    for row in weighted:
        totals[row.family] += row.weight  # type: ignore[assignment]
    assert totals["big"] == pytest.approx(totals["small"])


def test_a_language_does_not_tell_the_label() -> None:
    """Where attacks prevail in one language, its honest rows are lifted."""
    rows = [_row("a", attack=True, lang="hi")] * 30 + [_row("b", attack=False, lang="hi")] * 15
    rows += [_row("c", attack=True)] * 30 + [_row("d", attack=False)] * 60
    weighted = balanced(rows, power=1.0)
    attack = sum(row.weight for row in weighted if row.lang == "hi" and row.attack)
    honest = sum(row.weight for row in weighted if row.lang == "hi" and not row.attack)
    assert attack == pytest.approx(honest, rel=0.05)


def test_harmful_questions_keep_a_small_share() -> None:
    """They teach their own output only, whatever their number."""
    rows = [_row("h", attack=True, category="harmful_request")] * 500 + [
        _row("a", attack=True),
        _row("b", attack=False),
    ]
    weighted = balanced(rows)
    assert sum(row.weight for row in weighted if row.harmful) == pytest.approx(0.06)
