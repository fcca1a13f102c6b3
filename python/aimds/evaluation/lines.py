"""Lines of a file or of standard input, bounded: an endless line or a broken byte costs one row, not the run.

What cannot be read is yielded as an `InputError` in its place, so that the caller reports it and goes on with the rest.
"""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from aimds.errors import ErrorCode, InputError
from aimds.limits import DATA_BYTES_MAX, GZIP_RATIO_MAX, JSONL_ROW_BYTES_MAX

__all__ = ["Line", "LineReader", "STDIN"]

STDIN: Final = "-"
"""The name that stands for standard input."""

_CHUNK_BYTES: Final = 1 << 20
_GZIP_MAGIC: Final = b"\x1f\x8b"
_RATIO_FROM_BYTES: Final = 64 << 20  # below this a bomb does no harm, and short honest files may compress very well
_BYTE_ORDER_MARK: Final = "\ufeff"


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its line end; `number` counts from 1."""

    number: int
    text: str


class LineReader:
    """Iterates over the lines of `source` (a path, or `-` for standard input), plain or gzip by content, not by name.

    `bytes_done` and `bytes_total` (raw bytes; 0 when unknown) serve a progress bar.

    Raises:
        InputError: `input-not-found` on opening.
    """

    def __init__(
        self,
        source: str | Path,
        *,
        row_bytes_max: int = JSONL_ROW_BYTES_MAX,
        data_bytes_max: int = DATA_BYTES_MAX,
        gzip_ratio_max: int = GZIP_RATIO_MAX,
        ratio_from_bytes: int = _RATIO_FROM_BYTES,
    ) -> None:
        self.name = "stdin" if str(source) == STDIN else str(source)
        self._row_bytes_max = row_bytes_max
        self._data_bytes_max = data_bytes_max
        self._gzip_ratio_max = gzip_ratio_max
        self._ratio_from_bytes = ratio_from_bytes
        self._is_stdin = str(source) == STDIN
        self.bytes_total = 0
        try:
            if self._is_stdin:
                raw: IO[bytes] = sys.stdin.buffer
            else:
                path = Path(source)
                if path.is_dir():
                    raise IsADirectoryError("is a directory, expected a file")
                self.bytes_total = path.stat().st_size
                raw = path.open("rb")
        except OSError as error:
            raise InputError(ErrorCode.INPUT_NOT_FOUND, place=self.name, reason=error.strerror or str(error)) from error
        self._raw = _CountingReader(raw)
        buffered = io.BufferedReader(self._raw, _CHUNK_BYTES)
        self.is_gzip = buffered.peek(2)[:2] == _GZIP_MAGIC
        self._stream = gzip.GzipFile(fileobj=buffered) if self.is_gzip else buffered

    @property
    def bytes_done(self) -> int:
        """Raw bytes read so far."""
        return self._raw.count

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file; standard input stays open."""
        if not self._is_stdin:
            self._stream.close()
            self._raw.close_inner()

    def place(self, number: int) -> str:
        """How errors name a line."""
        return f"{self.name}:{number}"

    def __iter__(self) -> Iterator[Line | InputError]:
        offset = 0
        for number, (data, size) in enumerate(self._split(), start=1):
            if isinstance(data, InputError):
                yield data
                return
            if size > self._row_bytes_max:
                yield InputError(
                    ErrorCode.INPUT_TOO_LARGE,
                    place=self.place(number), size=size, unit="bytes", limit=self._row_bytes_max,
                )  # fmt: skip
            else:
                yield self._decode(number, offset, data)
            offset += size + 1

    def _decode(self, number: int, offset: int, data: bytes) -> Line | InputError:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            return InputError(ErrorCode.INPUT_NOT_UTF8, place=self.place(number), offset=offset + error.start)
        if number == 1:
            text = text.removeprefix(_BYTE_ORDER_MARK)
        return Line(number, text.removesuffix("\r"))

    def _split(self) -> Iterator[tuple[bytes | InputError, int]]:
        """Pairs of (bytes of the line, its true size). Of a line above the limit only the size is kept."""
        kept: list[bytes] = []
        size = 0
        for chunk in self._chunks():
            if isinstance(chunk, InputError):
                if size and size <= self._row_bytes_max:
                    yield b"".join(kept), size
                yield chunk, 0
                return
            *complete, rest = chunk.split(b"\n")
            for piece in complete:
                size += len(piece)
                yield (b"".join((*kept, piece)) if size <= self._row_bytes_max else b""), size
                kept.clear()
                size = 0
            size += len(rest)
            if size <= self._row_bytes_max:
                kept.append(rest)
            else:
                kept.clear()
        if size:
            yield b"".join(kept), size

    def _chunks(self) -> Iterator[bytes | InputError]:
        total = 0
        while True:
            try:
                # What was read before a damage comes out first: `read` would drop it with the error.
                chunk = self._stream.read1(_CHUNK_BYTES)
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                yield InputError(
                    ErrorCode.INPUT_BAD_ROW, place=self.name, reason=f"the gzip stream is damaged ({error})"
                )
                return
            except OSError as error:
                yield InputError(ErrorCode.INPUT_NOT_FOUND, place=self.name, reason=error.strerror or str(error))
                return
            if not chunk:
                return
            total += len(chunk)
            limit = self._data_bytes_max
            if self.is_gzip and total > self._ratio_from_bytes:
                limit = min(limit, self._gzip_ratio_max * max(self.bytes_done, 1))
            if total > limit:
                yield InputError(
                    ErrorCode.INPUT_TOO_LARGE,
                    place=f"{self.name} (decompressed)" if self.is_gzip else self.name,
                    size=f"over {total}", unit="bytes", limit=limit,
                )  # fmt: skip
                return
            yield chunk


class _CountingReader(io.RawIOBase):
    """Passes reads through and counts their bytes, so that compression ratio and progress are known."""

    def __init__(self, inner: IO[bytes]) -> None:
        self._inner = inner
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        # `read1` hands over what a pipe has now; `read` would wait until the whole buffer is full.
        read = getattr(self._inner, "read1", self._inner.read)
        data: bytes = read(len(buffer))
        buffer[: len(data)] = data
        self.count += len(data)
        return len(data)

    def close_inner(self) -> None:
        """Closes the wrapped file."""
        self._inner.close()
