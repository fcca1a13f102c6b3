"""Attacks and honest text in 22 languages, put together from `phrase_bank`, alone and inside documents."""

from __future__ import annotations

import random

from training.corpus import HARD_CATEGORY, Row
from training.generators.documents import CONTAINERS
from training.generators.grammar import row, unique
from training.generators.phrase_bank import PHRASES, Phrases

FAMILY = "own_languages"

JOINTS = {"zh": ["。", ",", "。\n"], "ja": ["。", "、", "。\n"]}


def _attack(phrases: Phrases, lang: str, rng: random.Random) -> tuple[str, str]:
    joint = rng.choice(JOINTS.get(lang, [". ", ", ", ".\n", ": ", " "]))
    pick = {name: rng.choice(texts) for name, texts in phrases.items()}
    shape = rng.randrange(9)
    if shape <= 1:
        return pick["drop"] + joint + pick["do"], "instruction_override"
    if shape == 2:
        return pick["drop"], "instruction_override"
    if shape == 3:
        return pick["leak"], "prompt_leak"
    if shape == 4:
        return pick["drop"] + joint + pick["leak"], "prompt_leak"
    if shape == 5:
        return pick["mask"] + joint + pick["do"], "jailbreak_roleplay"
    if shape == 6:
        return pick["mask"], "jailbreak_roleplay"
    if shape == 7:
        return pick["plain"] + " " + pick["drop"] + joint + pick["do"], "instruction_override"
    return pick["note"] + " " + pick["order"], "indirect_injection"


def _honest(phrases: Phrases, rng: random.Random) -> tuple[str, str]:
    shape = rng.randrange(9)
    if shape >= 7:
        return rng.choice(phrases["work"]), HARD_CATEGORY
    if shape <= 2:
        return rng.choice(phrases["near"]), HARD_CATEGORY
    if shape == 3:
        return rng.choice(phrases["plain"]), "benign"
    if shape == 4:
        return rng.choice(phrases["plain"]) + " " + rng.choice(phrases["near"]), HARD_CATEGORY
    if shape == 5:
        return " ".join(rng.sample(phrases["note"], k=min(3, len(phrases["note"])))), "benign"
    return rng.choice(phrases["note"]) + " " + rng.choice(phrases["plain"]), "benign"


def rows(rng: random.Random, scale: float) -> list[Row]:
    """Rows of every language, and pairs of documents, clean and attacked."""
    out: list[Row] = []
    for lang, phrases in PHRASES.items():
        count = max(2, int(55 * scale))
        categories: dict[str, str] = {}

        def attack(phrases: Phrases = phrases, lang: str = lang, categories: dict[str, str] = categories) -> str:
            text, category = _attack(phrases, lang, rng)
            categories[text] = category
            return text

        def honest(phrases: Phrases = phrases, categories: dict[str, str] = categories) -> str:
            text, category = _honest(phrases, rng)
            categories[text] = category
            return text

        out += [row(text, True, categories[text], FAMILY, lang) for text in unique(attack, count)]
        out += [row(text, False, categories[text], FAMILY, lang) for text in unique(honest, count)]
        for _ in range(max(1, int(18 * scale))):
            container, seed = rng.choice(CONTAINERS), rng.random()
            parts = rng.sample(phrases["note"], k=rng.randint(1, len(phrases["note"]) - 1))
            clean = rng.choice([note for note in phrases["note"] if note not in parts])
            place = rng.randint(0, len(parts))
            for is_attack, inserted in ((True, rng.choice(phrases["order"])), (False, clean)):
                text = container(random.Random(seed), [*parts[:place], inserted, *parts[place:]])
                out.append(
                    row(text, is_attack, "indirect_injection" if is_attack else "benign", FAMILY, lang, "document")
                )
    return out
