"""Policy files: those in the wheel, those on disk, and what they import."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import Final

from aimds._core import POLICY_SOURCE_BYTES_MAX, POLICY_SOURCES_MAX
from aimds.errors import ErrorCode, InputError

__all__ = [
    "SUFFIX",
    "Source",
    "imports_of",
    "library_of",
    "read_source",
    "shipped_names",
    "shipped_source",
    "shipped_sources",
]

SUFFIX: Final = ".policy"
_SCHEMA: Final = "schema"

_TOKEN: Final = re.compile(r'(?:#|//)[^\n]*|"((?:[^"\\\n]|\\.)*)"?|[A-Za-z_][A-Za-z0-9_]*')
"""Comments, strings and words of the language, as far as imports need them; the compiler reads the rest."""

_UNREAD: Final = "this file was not read"
"""Stands for the text of files that nobody imports: the compiler needs their names, for "did you mean". It is no
policy: should the compiler see an import that was not seen here, it refuses the file."""

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


def library_of(root: Source, folder: Path) -> list[Source]:
    """What a file may import: the policy files beside it, then the shipped ones that have no such name beside it.

    Only what is imported is read, by the file or by what it imports: a broken file beside it is nobody's concern.

    Args:
        root: the file.
        folder: where it stands.

    Raises:
        InputError: an imported file cannot be read, there are too many, or the folder cannot be listed.
    """
    beside = _names_beside(folder) - {root[0]}
    shipped = {name: text for name, text in shipped_sources() if name != root[0] and name not in beside}
    own: dict[str, str] = {}
    wanted = imports_of(root[1])
    seen = {root[0]}
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in beside:
            if len(own) >= POLICY_SOURCES_MAX:
                raise InputError(
                    ErrorCode.INPUT_TOO_LARGE,
                    place=str(folder),
                    size=f"over {POLICY_SOURCES_MAX}",
                    unit="imported policy files",
                    limit=POLICY_SOURCES_MAX,
                )
            own[name] = read_source(folder / name)[1]
        wanted += imports_of(own.get(name) or shipped.get(name) or "")
    unread = sorted(beside - own.keys())[:POLICY_SOURCES_MAX]
    return [*sorted(own.items()), *((name, _UNREAD) for name in unread), *shipped.items()]


def imports_of(text: str) -> list[str]:
    """Names that a policy text imports: the strings behind the word `import`, also where the text has faults."""
    names, before = [], ""
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token.startswith(("#", "//")):
            continue
        if before == "import" and token.startswith('"'):
            names.append(match[1])
        before = token
    return names


def _names_beside(folder: Path) -> set[str]:
    """Names of the policy files of a folder. One that is not UTF-8 cannot be imported: no policy text can hold it."""
    try:
        names = (entry.name for entry in folder.iterdir() if entry.name.endswith(SUFFIX))
        return {name for name in names if name == name.encode("utf-8", "ignore").decode("utf-8")}
    except OSError as fault:
        reason = fault.strerror or "cannot be read"
        raise InputError(ErrorCode.INPUT_NOT_FOUND, place=str(folder), reason=reason) from None
