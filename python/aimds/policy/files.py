"""Policy files: those in the wheel, those on disk, and what they import."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Final

from aimds._core import POLICY_SOURCE_BYTES_MAX, POLICY_SOURCES_MAX
from aimds.errors import ErrorCode, InputError

__all__ = ["SUFFIX", "Source", "library_of", "read_source", "shipped_names", "shipped_source", "shipped_sources"]

SUFFIX: Final = ".policy"
_SCHEMA: Final = "schema"

Source = tuple[str, str]
"""Name of a file, as imports give it, and its text."""


def shipped_names() -> list[str]:
    """Names of the policy sets in the wheel, by name; each is a file with the set of that name."""
    return [name.removesuffix(SUFFIX) for name, _ in shipped_sources() if name != _SCHEMA + SUFFIX]


def shipped_sources() -> list[Source]:
    """All policy files of the wheel, the schema among them, by name."""
    folder = resources.files("aimds.policy") / "shipped"
    found = (entry for entry in folder.iterdir() if entry.name.endswith(SUFFIX))
    return sorted((entry.name, entry.read_text("utf-8")) for entry in found)


def shipped_source(name: str) -> Source | None:
    """The shipped file of this name, with or without suffix; `None` when there is none."""
    wanted = name.removesuffix(SUFFIX) + SUFFIX
    return next((source for source in shipped_sources() if source[0] == wanted), None)


def read_source(path: Path) -> Source:
    """A policy file.

    Raises:
        InputError: `input-not-found`, `input-too-large` or `input-not-utf8`.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(POLICY_SOURCE_BYTES_MAX + 1)
    except OSError as fault:
        reason = fault.strerror or "cannot be read"
        raise InputError(ErrorCode.INPUT_NOT_FOUND, place=str(path), reason=reason) from None
    if len(data) > POLICY_SOURCE_BYTES_MAX:
        raise InputError(
            ErrorCode.INPUT_TOO_LARGE, place=str(path), size="more", unit="bytes", limit=POLICY_SOURCE_BYTES_MAX
        )
    try:
        return path.name, data.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise InputError(ErrorCode.INPUT_NOT_UTF8, place=str(path), offset=fault.start) from None


def library_of(path: Path) -> list[Source]:
    """What a file may import: the policy files beside it, then the shipped ones that have no such name beside it.

    Raises:
        InputError: a file beside it cannot be read, or there are too many.
    """
    beside = sorted(entry for entry in path.parent.glob("*" + SUFFIX) if entry.name != path.name)
    if len(beside) > POLICY_SOURCES_MAX:
        raise InputError(
            ErrorCode.INPUT_TOO_LARGE,
            place=str(path.parent),
            size=len(beside),
            unit="policy files",
            limit=POLICY_SOURCES_MAX,
        )
    own = [read_source(entry) for entry in beside]
    taken = {path.name, *(name for name, _ in own)}
    return own + [source for source in shipped_sources() if source[0] not in taken]
