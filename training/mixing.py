"""Attacks placed inside real honest texts of the training families, so that a container never tells the label."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from training.corpus import Row
from training.generators.documents import injection
from training.generators.grammar import seeded

FAMILY = "mixed"
CONTAINER_CHARACTERS_MIN = 120
PAYLOAD_CHARACTERS_MAX = 260
_BREAK = re.compile(r"\n+|(?<=[.!?])\s+")


def insert(container: str, payload: str, rng: random.Random) -> str:
    """Puts the payload at a line or sentence break, or at either end."""
    places = [match.end() for match in _BREAK.finditer(container)] or [len(container)]
    place = rng.choice([0, len(container), len(container), rng.choice(places), rng.choice(places)])
    gap = rng.choice([" ", "\n", "\n\n"])
    return (container[:place].rstrip() + gap + payload + gap + container[place:].lstrip()).strip()


def mixed(rows: Sequence[Row], count: int, seed: int) -> list[Row]:
    """`count` attacked copies of honest rows; the payloads are ours, or short attacks of the same training rows."""
    rng = seeded(seed, FAMILY)
    containers = [
        row
        for row in rows
        if not row.attack and len(row.text) >= CONTAINER_CHARACTERS_MIN and not row.family.startswith("own_")
    ]
    sources: dict[str, list[Row]] = {}
    for row in rows:
        if (
            row.attack
            and not row.harmful
            and len(row.text) <= PAYLOAD_CHARACTERS_MAX
            and row.category in {"instruction_override", "prompt_leak", "jailbreak_roleplay"}
        ):
            sources.setdefault(row.family, []).append(row)
    by_family: dict[str, list[Row]] = {}
    for row in containers:
        by_family.setdefault(row.family, []).append(row)
    if not by_family:
        return []
    families, payload_families = sorted(by_family), sorted(sources)
    out = []
    for _ in range(count):
        container = rng.choice(by_family[rng.choice(families)])
        if rng.random() < 0.6 or not payload_families:
            payload, category, origin = injection(rng), "indirect_injection", container.family
        else:
            picked = rng.choice(sources[rng.choice(payload_families)])
            payload, category, origin = picked.text, picked.category, picked.family
        text = insert(container.text[:3000], payload, rng)
        out.append(
            Row(
                text,
                True,
                category,
                FAMILY,
                FAMILY,
                container.lang,
                "document",
                parents=frozenset({container.family, origin}),
            )
        )
    return out
