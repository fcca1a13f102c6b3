"""Checksums of model files: `SHA256SUMS` beside them, as `sha256sum` writes and checks it (GNU coreutils).

The list finds damage and mixed-up files. It is no signature: who can change a model file can change the list beside it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NoReturn

from aimds.errors import ArtefactError, ErrorCode

__all__ = ["read_sums", "SUMS_FILE", "verify"]

SUMS_FILE: Final = "SHA256SUMS"

_BYTES_MAX: Final = 64 * 1024
"""A line takes 67 bytes and a name; a folder of models holds some few files."""

_LINE: Final = re.compile(r"([0-9a-fA-F]{64}) [ *]([^/\\\x00-\x1f\x7f]{1,255})")
"""Digest, text or binary mark, and the plain name of a file in the same folder: a name with a separator would point out
of it."""


def read_sums(folder: Path) -> Mapping[str, str] | None:
    """Lower-case digests by file name, or `None` where the folder has no list.

    Empty lines and lines that begin with `#` are passed over, as `sha256sum --check` does.

    Raises:
        ArtefactError: `artefact-corrupt` for a list that is too large, or has a line that is not a digest with a plain
            file name, or names a file twice; `artefact-missing` for one that cannot be read.
    """
    path = folder / SUMS_FILE
    try:
        with path.open("rb") as stream:
            data = stream.read(_BYTES_MAX + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise ArtefactError(ErrorCode.ARTEFACT_MISSING, place=str(path), reason=reason) from error
    if len(data) > _BYTES_MAX:
        _refuse(path, f"the list is above the limit of {_BYTES_MAX} bytes")
    sums: dict[str, str] = {}
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if found is None or found[2] in {".", ".."}:
            _refuse(path, f"line {number} is not a SHA-256 digest and the plain name of a file beside it")
        if found[2] in sums:
            _refuse(path, f"line {number} names a file a second time")
        sums[found[2]] = found[1].lower()
    return sums


def verify(path: Path, data: bytes, *, required: bool = False) -> None:
    """Compares what was read from a model file with the list beside it, if there is one or one is `required`.

    It takes the bytes and not the path: what was hashed is what is used, even if the file changes meanwhile.

    Raises:
        ArtefactError: `artefact-checksum` when the bytes are not those listed, or the file is not; `artefact-missing`
            when a listed file or the required list is not there; `artefact-corrupt` when the list cannot be understood.
    """
    sums = read_sums(path.parent)
    if sums is None:
        if required:
            place = str(path.parent / SUMS_FILE)
            raise ArtefactError(ErrorCode.ARTEFACT_MISSING, place=place, reason="the list of checksums is not there")
        return
    for name in sums:
        if not (path.parent / name).is_file():
            reason = f"{SUMS_FILE} lists it, and it is not there"
            raise ArtefactError(ErrorCode.ARTEFACT_MISSING, place=str(path.parent / name), reason=reason)
    expected = sums.get(path.name)
    if expected is None:
        raise ArtefactError(ErrorCode.ARTEFACT_CHECKSUM, place=str(path), reason=f"{SUMS_FILE} does not list it")
    if hashlib.sha256(data).hexdigest() != expected:
        reason = f"its SHA-256 is not the one in {SUMS_FILE}"
        raise ArtefactError(ErrorCode.ARTEFACT_CHECKSUM, place=str(path), reason=reason)


def _refuse(path: Path, reason: str) -> NoReturn:
    raise ArtefactError(ErrorCode.ARTEFACT_CORRUPT, place=str(path), reason=reason)
