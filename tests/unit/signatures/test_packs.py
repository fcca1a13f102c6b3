"""The attack packs that ship: each loads, each rule keeps its examples, and the set covers what it must."""

from __future__ import annotations

import tomllib
from collections import Counter
from typing import Any

import pytest

from aimds._core import normalise
from aimds.signatures import build_engine, check_examples, shipped_packs
from aimds.taxonomy import Category

ATTACK_PACKS = (
    "encoded",
    "exfiltration",
    "indirect",
    "jailbreak",
    "jailbreak_languages",
    "override",
    "override_languages",
    "prompt_leak",
    "prompt_leak_languages",
    "self_replication",
    "social_authority",
    "tool_abuse",
)
LANGUAGES_MIN = 12
LANGUAGES_PROMISED = frozenset(
    [
        "en",
        "de",
        "fr",
        "es",
        "it",
        "pt",
        "nl",
        "pl",
        "ru",
        "uk",
        "tr",
        "ar",
        "fa",
        "hi",
        "bn",
        "zh",
        "ja",
        "ko",
        "vi",
        "id",
        "th",
        "he",
        "el",
    ]
)
KINDS = ("prompt", "document", "tool_result")

PACKS = {name.removesuffix(".toml"): text for name, text in shipped_packs()}
CONTEXT = ("context.toml", PACKS["context"])
RULES: list[tuple[str, dict[str, Any]]] = [
    (pack, rule) for pack in ATTACK_PACKS for rule in tomllib.loads(PACKS[pack]).get("rule", ())
]

HONEST = (
    "Please ignore the noise in the previous chart.",
    "What is a system prompt?",
    "Disregard my last email, the meeting is on Thursday.",
    "How do I override the default settings of a button in CSS?",
    "Act as a travel guide for Lisbon.",
    "Forget about dinner, let us plan breakfast.",
    "Is it legal to jailbreak my iPhone?",
    "Follow the instructions above to assemble the shelf.",
    "My toddler ignores all my instructions at bedtime.",
    "Delete the previous version of the file after the backup.",
    "You are now the narrator of a fairy tale about a fox.",
    "Decode this base64 string for me: aGVsbG8gd29ybGQ=",
    "The administrator of the building sends the bill by mail.",
    "Please send the minutes to everybody who was there.",
)
"""Honest sentences with the words that the rules look for."""


@pytest.mark.parametrize("pack", ATTACK_PACKS)
def test_a_pack_loads_and_its_examples_hold(pack: str) -> None:
    """Positive examples match their rule, negative ones do not, mentions match with lowered confidence."""
    failures = check_examples([(f"{pack}.toml", PACKS[pack]), CONTEXT])
    assert failures == []


def test_rule_ids_are_unique_over_all_packs_and_begin_with_their_pack() -> None:
    """An id names one rule, in the audit trail and in metrics."""
    counts = Counter(rule["id"] for _, rule in RULES)
    assert [identity for identity, count in counts.items() if count > 1] == []
    assert [rule["id"] for pack, rule in RULES if not rule["id"].startswith(f"{pack}.")] == []


def test_all_packs_compile_into_one_engine_with_all_rules() -> None:
    """The packs agree with each other and with the bounds of the engine."""
    engine = build_engine()
    assert {rule["id"] for _, rule in RULES} <= set(engine.rule_ids)


def test_every_category_is_in_the_taxonomy() -> None:
    """A finding can always be filed under OWASP and ATLAS ids."""
    known = {category.value for category in Category}
    assert {rule["category"] for _, rule in RULES} <= known


def test_every_rule_has_examples_of_both_sorts() -> None:
    """Two of each at the least, all different, so that each alternative of a rule is not held by one sentence alone."""
    for _, rule in RULES:
        assert len(set(rule["positive"])) >= 2, rule["id"]
        assert len(set(rule["negative"])) >= 2, rule["id"]
        assert not set(rule["positive"]) & set(rule["negative"]), rule["id"]


@pytest.mark.parametrize("family", ["override", "prompt_leak", "jailbreak"])
def test_the_three_commonest_attacks_are_known_in_the_promised_languages(family: str) -> None:
    """Attacks come in every language; the list is the one that the documentation promises."""
    languages = {language for pack, rule in RULES if pack.startswith(family) for language in rule.get("languages", ())}
    assert len(languages) >= LANGUAGES_MIN
    assert languages >= LANGUAGES_PROMISED


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", HONEST)
def test_honest_text_with_trigger_words_has_no_strong_finding(text: str, kind: str) -> None:
    """The words alone are ordinary language: nothing at or above the confidence that blocks."""
    matches, _, _ = build_all().scan(normalise(text), kind)
    assert [(match.rule_id, match.text) for match in matches if match.confidence >= 0.5] == []


def build_all() -> Any:
    """The engine of all shipped packs, compiled once."""
    if not _ENGINE:
        _ENGINE.append(build_engine())
    return _ENGINE[0]


_ENGINE: list[Any] = []
