"""What a writer adds to the format in `verify`: values that two programs could spell differently are refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aimds.audit.verify import canonical, digest

__all__ = ["line_of", "strict"]


def strict(value: object) -> bytes:
    """The canonical JSON of a value of mappings, lists, strings, whole numbers, truth values and nothing.

    Raises:
        ValueError: something in it is of another kind, such as a fraction.
    """
    _check(value)
    return canonical(value)


def _check(value: object) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise ValueError("a key is not a string")
            _check(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            _check(inner)
    elif value is not None and not isinstance(value, (bool, int, str)):
        raise ValueError(f"a value of type {type(value).__name__} has no canonical spelling")


def line_of(entry: Mapping[str, Any]) -> tuple[bytes, str]:
    """The line of an entry, without the line end, and the entry's hash.

    Raises:
        ValueError: the entry holds what has no canonical spelling.
    """
    body = strict(entry)
    value = digest(body)
    return b'{"entry":%b,"hash":"%b"}' % (body, value.encode("ascii")), value
