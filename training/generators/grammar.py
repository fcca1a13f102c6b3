"""A tiny text grammar: `{name}` becomes one of the entries of `name`, recursively; `[a|b]` picks one of the parts."""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Callable, Mapping, Sequence

from training.corpus import Row

Bank = Mapping[str, Sequence[str]]

_SLOT = re.compile(r"\{([a-z_]+)\}")
_CHOICE = re.compile(r"\[([^\[\]{}]*\|[^\[\]{}]*)\]")
DEPTH_MAX = 8
"""Deeper nesting is a mistake in a bank (a slot that names itself)."""


def seeded(seed: int, name: str) -> random.Random:
    """A generator of its own for each name, so that adding one family does not move the others."""
    return random.Random(zlib.crc32(f"{seed}/{name}".encode()))


def expand(template: str, bank: Bank, rng: random.Random, depth: int = 0) -> str:
    """One random text of a template."""
    if depth > DEPTH_MAX:
        raise ValueError(f"bank nests deeper than {DEPTH_MAX}: {template[:60]}")
    text = _SLOT.sub(lambda m: expand(rng.choice(bank[m.group(1)]), bank, rng, depth + 1), template)
    return _CHOICE.sub(lambda m: rng.choice(m.group(1).split("|")), text)


def unique(make: Callable[[], str], count: int) -> list[str]:
    """Up to `count` different texts; gives up when a bank has no more."""
    texts: dict[str, None] = {}
    for _ in range(count * 4):
        texts.setdefault(make())
        if len(texts) >= count:
            break
    return list(texts)


def surface(text: str, rng: random.Random) -> str:
    """Everyday variation that says nothing about intent: case, final stop, a greeting, a missing capital."""
    draw = rng.random()
    if draw < 0.10:
        text = text.lower()
    elif draw < 0.13:
        text = text.upper()
    elif draw < 0.22:
        text = text.rstrip(".!?")
    elif draw < 0.27:
        text = rng.choice(["Hi, ", "Hello. ", "Hey, ", "Good morning! ", "ok, ", "So, "]) + text
    elif draw < 0.31:
        text = text + rng.choice([" Thanks.", " Thank you!", " thx", " Please be quick.", " It is urgent."])
    return text


def row(text: str, attack: bool, category: str, family: str, lang: str = "en", kind: str = "prompt") -> Row:
    """A generated row: the family is its source."""
    return Row(text, attack, category, family, family, lang, kind)
