"""Telephone numbers: candidates of the engine, confirmed by the numbering plans of the `phonenumbers` library."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from types import ModuleType

__all__ = ["is_phone_number"]


@lru_cache(maxsize=1)
def _library() -> ModuleType:
    """Imported on the first candidate: its metadata take tens of milliseconds, most texts never need them."""
    import phonenumbers

    return phonenumbers


def is_phone_number(text: str, regions: Sequence[str]) -> bool:
    """Whether `text` is a valid number: international with `+` or `00`, or national in one of `regions` (ISO 3166)."""
    library = _library()
    compact = text.strip()
    if compact.startswith("00"):
        compact = "+" + compact[2:]
    for region in (None,) if compact.startswith("+") else regions:
        try:
            number = library.parse(compact, region)
        except library.NumberParseException:
            continue
        if library.is_valid_number(number):
            return True
    return False
