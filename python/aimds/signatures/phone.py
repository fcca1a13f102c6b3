"""Telephone numbers: candidates of the engine, confirmed by the numbering plans of the `phonenumbers` library."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from types import ModuleType
from typing import Final

__all__ = ["is_phone_number", "unknown_regions"]

_KNOWN_REGIONS: Final = frozenset({"US"})
"""The default, known without the library: whoever did not choose a region does not wait for it at the start."""


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


def unknown_regions(regions: Sequence[str]) -> list[str]:
    """Those that have no numbering plan here; they are upper-case ISO 3166 codes."""
    return [region for region in regions if region not in _KNOWN_REGIONS and region not in _library().SUPPORTED_REGIONS]
