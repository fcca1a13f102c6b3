"""Policies in canonical notation, as `crates/aimds-proof/src/notation.rs` writes them, for solvers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

__all__ = ["Form", "parse_policy"]

Form = tuple[Any, ...]
"""The word of an operator, then its numbers, then its operands."""

_SHAPES: Final = {
    "true": (0, 0),
    "false": (0, 0),
    "atom": (1, 0),
    "atmost": (2, 0),
    "not": (0, 1),
    "and": (0, 2),
    "or": (0, 2),
    "previous": (0, 1),
    "once": (2, 1),
    "since": (2, 2),
    "count": (3, 1),
}
"""How many numbers and how many operands follow each word."""


def parse_policy(text: str) -> tuple[tuple[str, Form], ...]:
    """The rules, each `deny` or `permit` with its form. The text comes from the core, which bounds it.

    Raises:
        ValueError: the text is no policy.
    """
    return tuple(_rule(line) for line in text.splitlines())


def _rule(line: str) -> tuple[str, Form]:
    words = iter(line.split(" "))
    kind = next(words)
    form = _form(words)
    if next(words, None) is not None or kind not in ("deny", "permit"):
        raise ValueError(f"no rule: {line!r}")
    return kind, form


def _form(words: Iterator[str]) -> Form:
    word = next(words, "")
    if word not in _SHAPES:
        raise ValueError(f"unknown form {word!r}")
    numbers, operands = _SHAPES[word]
    return (word, *(int(next(words, "")) for _ in range(numbers)), *(_form(words) for _ in range(operands)))
