"""Runs the examples that stand beside each rule: what must match, what must not, what counts as a mention."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aimds._core import SignatureEngine, normalise
from aimds.records import EventKind
from aimds.signatures.packs import build_engine

__all__ = ["ExampleFailure", "check_examples"]

_FILLER: Final = re.compile(r"\{\{(\w+)\}\}")


@dataclass(frozen=True, slots=True)
class ExampleFailure:
    """An example that does not do what its field says."""

    file: str
    rule_id: str
    field: str
    """`positive`, `negative` or `mentions`."""
    text: str
    reason: str


def check_examples(packs: Sequence[tuple[str, str]], fillers: Mapping[str, str] | None = None) -> list[ExampleFailure]:
    """Runs every example of the packs through an engine of exactly these packs.

    Args:
        packs: file name and TOML text each.
        fillers: what `{{name}}` in an example stands for.

    Raises:
        RulePackError: a pack is wrong in itself.
    """
    engine = build_engine(packs)
    failures: list[ExampleFailure] = []
    for file, text in packs:
        for rule in tomllib.loads(text).get("rule", ()):
            for field in ("positive", "negative", "mentions"):
                for example in rule.get(field, ()):
                    reason = _judge(engine, rule, field, _fill(example, fillers or {}))
                    if reason:
                        failures.append(ExampleFailure(file, rule["id"], field, example, reason))
    return failures


def _fill(example: str, fillers: Mapping[str, str]) -> str:
    return _FILLER.sub(lambda found: fillers.get(found[1], found[0]), example)


def _judge(engine: SignatureEngine, rule: Mapping[str, Any], field: str, example: str) -> str:
    """Why the example fails; empty when it does not."""
    kinds = rule.get("kinds") or [EventKind.PROMPT.value]
    matches, _, _ = engine.scan(normalise(example), kinds[0])
    own = [match for match in matches if match.rule_id == rule["id"]]
    if field == "negative":
        return "matches" if own else ""
    if not own:
        return "does not match"
    if field == "mentions" and all(match.context is None for match in own):
        return "matches, but its confidence is not lowered"
    return ""
