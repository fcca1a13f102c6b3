"""Our own training text is well formed, varied and two-sided: a bank of one label would teach its container."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from training.overlap import runs

from aimds.taxonomy import Category

FOLDER = Path(__file__).resolve().parents[3] / "training" / "banks"
HONEST = {"benign", "benign_hard"}
BANKS = sorted(path for path in FOLDER.glob("*.jsonl") if path.stem != "conversations")


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_there_are_banks() -> None:
    assert len(BANKS) >= 6


@pytest.mark.parametrize("path", BANKS, ids=lambda path: path.stem)
def test_every_row_is_well_formed(path: Path) -> None:
    for place, row in enumerate(rows(path), 1):
        assert set(row) == {"text", "attack", "category", "kind", "lang"}, place
        assert isinstance(row["text"], str), place
        assert row["text"].strip(), place
        assert row["kind"] in {"prompt", "document"}, place
        assert isinstance(row["lang"], str), place
        assert len(row["lang"]) in {2, 3}, place
        wanted = {category.value for category in Category} if row["attack"] else HONEST
        assert row["category"] in wanted, place


@pytest.mark.parametrize("path", BANKS, ids=lambda path: path.stem)
def test_both_labels_are_there_in_every_language_and_kind(path: Path) -> None:
    found = Counter((row["lang"], row["attack"]) for row in rows(path))
    for lang, count in Counter(row["lang"] for row in rows(path)).items():
        if count >= 20:
            assert min(found[lang, True], found[lang, False]) >= count * 0.2, lang
    kinds = Counter((row["kind"], row["attack"]) for row in rows(path))
    for kind, count in Counter(row["kind"] for row in rows(path)).items():
        assert min(kinds[kind, True], kinds[kind, False]) >= count * 0.2, kind


def test_no_text_stands_twice() -> None:
    texts = Counter(str(row["text"]) for path in BANKS for row in rows(path))
    assert not [text[:40] for text, count in texts.items() if count > 1]


def test_at_least_fifteen_languages_have_attacks_and_honest_text() -> None:
    found = Counter((str(row["lang"]), bool(row["attack"])) for path in BANKS for row in rows(path))
    both = {lang for lang, _ in found if min(found[lang, True], found[lang, False]) >= 10}
    assert len(both) >= 15


PHRASES = (
    "permission is hereby granted, free of charge, to any person",
    "the above copyright notice and this permission notice",
    "licensed under the apache license",
    "redistribute it and/or modify it under the terms",
)
"""Openings of licences that code carries everywhere."""


def test_no_row_repeats_a_licence() -> None:
    """Rows in the style of licences are our own words: neither this licence nor the common ones stand in them."""
    licence = runs((FOLDER.parents[1] / "LICENSE").read_text(encoding="utf-8"))
    assert licence
    for path in BANKS:
        for row in rows(path):
            text = str(row["text"])
            assert not licence & runs(text), text[:60]
            plain = " ".join(text.lower().replace("*", " ").replace("#", " ").replace("//", " ").split())
            assert not [phrase for phrase in PHRASES if phrase in plain], text[:60]
