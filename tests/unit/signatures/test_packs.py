"""The attack packs that ship: each loads, each rule keeps its examples, and the set covers what it must."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path
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

PACKS = {name.removesuffix(".toml"): text for name, text in shipped_packs()}
CONTEXT = ("context.toml", PACKS["context"])
RULES: list[tuple[str, dict[str, Any]]] = [
    (pack, rule) for pack in ATTACK_PACKS for rule in tomllib.loads(PACKS[pack]).get("rule", ())
]

HONEST = Path(__file__).with_name("honest_trigger_words.txt").read_text("utf-8").splitlines()
"""Honest sentences, of our own writing, with the words that the rules look for."""
PARAPHRASED = Path(__file__).with_name("paraphrased_attacks.txt").read_text("utf-8").splitlines()
"""Attacks in words that no corpus gave us, written before the rules were widened to them."""
PARAPHRASED_FOUND_MIN = 0.9
BLOCKS = 0.8
"""The confidence from which one finding blocks on its own in the default profile."""


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


@pytest.mark.parametrize("text", HONEST)
def test_honest_text_with_trigger_words_is_not_blocked(text: str) -> None:
    """The words alone are ordinary language: no rule is sure enough to block by itself."""
    matches, _, _ = build_all().scan(normalise(text), "prompt")
    attack = [match for match in matches if match.rule_id.split(".")[0] in ATTACK_PACKS]
    assert [(match.rule_id, match.text) for match in attack if match.confidence >= BLOCKS] == []


def test_paraphrased_attacks_are_found() -> None:
    """The rules hold ideas, not sentences: nine in ten paraphrases are found, as a prompt or as a document."""
    engine = build_all()

    def strongest(text: str) -> float:
        scans = (engine.scan(normalise(text), kind)[0] for kind in ("prompt", "document"))
        return max((match.confidence for matches in scans for match in matches), default=0.0)

    missed = [text for text in PARAPHRASED if strongest(text) < BLOCKS]
    assert len(missed) <= (1 - PARAPHRASED_FOUND_MIN) * len(PARAPHRASED), missed


def test_a_long_page_with_many_comments_is_read_to_its_end() -> None:
    # Comments open one rule, words about instructions and keepers continue it: this used up the work of one text.
    words = [
        "the gate",
        "instructions for",
        "the keeper",
        "assistant",
        "forgets",
        "its mark",
        "override",
        "of",
        "signal",
        "and",
    ]
    words += ["the boat", "forget", "harbour", "user", "state"]
    parts = []
    for part in range(150):
        body = " ".join(words[(part * 7 + word * (3 + part % 5)) % len(words)] for word in range(40 + part % 23))
        parts.append(f"<!-- since: v{part} -->\n\n## Part {part}\n\n{body}.\n")
    _, _, overflow = build_all().scan(normalise("\n".join(parts)), "document")
    assert not overflow


def build_all() -> Any:
    """The engine of all shipped packs, compiled once."""
    if not _ENGINE:
        _ENGINE.append(build_engine())
    return _ENGINE[0]


_ENGINE: list[Any] = []
