"""Follows a growing file as `tail -F` does: through rotation (another file under the name) and truncation."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import IO, Final

from aimds.errors import ErrorCode, InputError
from aimds.evaluation.lines import Line
from aimds.limits import JSONL_ROW_BYTES_MAX

__all__ = ["Follower"]

_CHUNK_BYTES: Final = 1 << 16


class Follower:
    """Yields the lines of `path` as they are completed.

    Args:
        path: the file; it need not exist yet.
        from_start: also the lines that are there already.
        wait: called when there is nothing to read; returns whether to go on. Sleeping is its business.
    """

    def __init__(
        self, path: Path, *, from_start: bool, wait: Callable[[], bool], row_bytes_max: int = JSONL_ROW_BYTES_MAX
    ) -> None:
        self._path = path
        self._from_start = from_start
        self._wait = wait
        self._row_bytes_max = row_bytes_max
        self._stream: IO[bytes] | None = None
        self._rest = b""
        self._too_long = 0
        self._number = 0
        self._offset = 0

    def __iter__(self) -> Iterator[Line | InputError]:
        try:
            self._open(at_end=not self._from_start)
            while True:
                read = yield from self._read_available()
                if read:
                    continue
                if self._replaced():
                    yield from self._read_available()
                    yield from self._last_line()
                    self._open(at_end=False)
                elif self._open_late():
                    continue
                elif not self._wait():
                    yield from self._read_available()
                    yield from self._last_line()
                    return
        finally:
            if self._stream is not None:
                self._stream.close()

    def _open(self, *, at_end: bool) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        self._rest, self._too_long, self._number, self._offset = b"", 0, 0, 0
        try:
            self._stream = self._path.open("rb")
        except FileNotFoundError:
            return
        except OSError as error:
            raise InputError(
                ErrorCode.INPUT_NOT_FOUND, place=str(self._path), reason=error.strerror or str(error)
            ) from error
        if at_end:
            self._offset = self._stream.seek(0, os.SEEK_END)

    def _open_late(self) -> bool:
        """Opens a file that was not there before; whether there is one now."""
        if self._stream is None:
            self._open(at_end=False)
            return self._stream is not None
        return False

    def _replaced(self) -> bool:
        """Whether the name now means another file, or the file has become shorter than what was read."""
        if self._stream is None:
            return False
        opened = os.fstat(self._stream.fileno())
        try:
            named = self._path.stat()
        except OSError:
            return False  # between the two steps of a rotation: the new file is about to come
        return (named.st_ino, named.st_dev) != (opened.st_ino, opened.st_dev) or opened.st_size < self._stream.tell()

    def _read_available(self) -> Generator[Line | InputError, None, bool]:
        read = False
        while self._stream is not None and (chunk := self._stream.read(_CHUNK_BYTES)):
            read = True
            *complete, rest = chunk.split(b"\n")
            for piece in complete:
                yield self._line(piece)
            self._keep(rest)
        return read

    def _last_line(self) -> Iterator[Line | InputError]:
        """What stands at the end without a line end, once nothing can follow."""
        if self._rest or self._too_long:
            yield self._line(b"")

    def _keep(self, piece: bytes) -> None:
        if self._too_long or len(self._rest) + len(piece) > self._row_bytes_max:
            self._too_long = (self._too_long or len(self._rest)) + len(piece)
            self._rest = b""
        else:
            self._rest += piece

    def _line(self, piece: bytes) -> Line | InputError:
        self._keep(piece)
        self._number += 1
        place = f"{self._path}:{self._number}"
        data, size, offset = self._rest, self._too_long or len(self._rest), self._offset
        self._offset += size + 1
        self._rest, too_long, self._too_long = b"", self._too_long, 0
        if too_long:
            return InputError(
                ErrorCode.INPUT_TOO_LARGE, place=place, size=size, unit="bytes", limit=self._row_bytes_max
            )
        try:
            return Line(self._number, data.decode("utf-8").removesuffix("\r"))
        except UnicodeDecodeError as error:
            return InputError(ErrorCode.INPUT_NOT_UTF8, place=place, offset=offset + error.start)
