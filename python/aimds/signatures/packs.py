"""Reads rule packs and compiles them. The format is described in docs/rules.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import resources
from pathlib import Path
from typing import Final

from aimds._core import RulePackFault, SignatureEngine
from aimds.errors import ConfigurationError, ErrorCode

__all__ = ["PACK_FILE_BYTES_MAX", "RulePackError", "build_engine", "read_packs", "shipped_packs"]

PACK_FILE_BYTES_MAX: Final = 1024 * 1024
"""One pack file; the same bound as the kernel's, checked before the file is read whole."""


class RulePackError(ConfigurationError):
    """A rule pack breaks a rule of the format, or cannot be read. `fields["place"]` is `file:line (rule id)`."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(ErrorCode.RULE_PACK_INVALID, place=place, reason=reason)


def shipped_packs() -> list[tuple[str, str]]:
    """File name and TOML text of every pack in the wheel, by name."""
    folder = resources.files("aimds.signatures") / "packs"
    found = (entry for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return sorted((entry.name, entry.read_text("utf-8")) for entry in found)


def read_packs(paths: Iterable[Path]) -> list[tuple[str, str]]:
    """File name and text of packs on disk; a folder stands for the `*.toml` files in it, by name.

    Raises:
        RulePackError: a file is missing, too large or not UTF-8, or a folder has no pack: it is not the one meant.
    """
    files: list[Path] = []
    for path in paths:
        found = sorted(path.glob("*.toml")) if path.is_dir() else [path]
        if not found:
            raise RulePackError(str(path), "the folder holds no rule pack (*.toml)")
        files.extend(found)
    return [(str(file), _read(file)) for file in files]


def _read(file: Path) -> str:
    try:
        if file.stat().st_size > PACK_FILE_BYTES_MAX:
            raise RulePackError(str(file), f"has more than {PACK_FILE_BYTES_MAX} bytes")
        return file.read_text("utf-8")
    except UnicodeDecodeError as fault:
        raise RulePackError(str(file), f"byte {fault.start} is not valid UTF-8") from None
    except OSError as fault:
        raise RulePackError(str(file), fault.strerror or "cannot be read") from fault


def build_engine(packs: Sequence[tuple[str, str]] | None = None) -> SignatureEngine:
    """Compiles packs (file name and text each); `None` takes the shipped ones.

    Raises:
        RulePackError: the first fault, with its file, line and rule.
    """
    try:
        return SignatureEngine(list(shipped_packs() if packs is None else packs))
    except RulePackFault as fault:
        place, reason = fault.args
        raise RulePackError(place, reason) from None
