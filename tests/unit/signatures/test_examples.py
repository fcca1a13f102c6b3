"""Every example beside every shipped rule does what its field says."""

import pytest
from tests.unit.signatures.fakes import fillers

from aimds._core import RULE_CATEGORIES, RULE_CHECKS, fold_words
from aimds.signatures import build_engine, check_examples, shipped_packs
from aimds.signatures.stage import ATTACK_CATEGORIES
from aimds.taxonomy import Category


@pytest.mark.parametrize("pack", shipped_packs(), ids=lambda pack: pack[0])
def test_shipped_examples_hold(pack: tuple[str, str]) -> None:
    """Positive examples match, negative ones do not, mentions are lowered (with the shipped frames loaded)."""
    packs = (
        [pack] if pack[0] == "context.toml" else [pack, *(one for one in shipped_packs() if one[0] == "context.toml")]
    )
    assert check_examples(packs, fillers()) == []


def test_shipped_packs_compile_together() -> None:
    """All packs of the wheel fit into one engine, ids and names unique."""
    rule_ids = build_engine().rule_ids
    assert len(rule_ids) == len(set(rule_ids)) > 150


def test_kernel_and_taxonomy_agree() -> None:
    """Every category of the kernel is one of the taxonomy, and the attacks stand first as the stage counts them."""
    assert set(RULE_CATEGORIES) == {category.value for category in Category} - {"undecided"}
    assert {category.value for category in ATTACK_CATEGORIES} == set(RULE_CATEGORIES[:9])
    assert len(RULE_CHECKS) == len(set(RULE_CHECKS))


def test_failures_of_examples_are_reported() -> None:
    """An example that lies is named with its rule, field and reason."""
    text = """
[pack]
name = "mine"
version = 1
description = "d"
[[rule]]
id = "mine.word"
category = "tool_abuse"
severity = 0.5
confidence = 0.5
message = "m"
any = ["open sesame"]
positive = ["Open, sesame!", "close sesame", "{{word}}"]
negative = ["sesame", "now open sesame"]
mentions = ["open sesame"]
"""
    failures = check_examples([("mine.toml", text)], {"word": "OPEN SESAME"})
    assert [(one.field, one.text, one.reason) for one in failures] == [
        ("positive", "close sesame", "does not match"),
        ("negative", "now open sesame", "matches"),
        ("mentions", "open sesame", "matches, but its confidence is not lowered"),
    ]


def test_folding_is_what_the_documentation_says() -> None:
    """The example of docs/rules.md folds as it says."""
    assert fold_words("ignore - all   Previous_rules") == "ignore all previous rules"
    assert fold_words("Don't l’élève ΆΣ") == "dont l eleve ασ"
