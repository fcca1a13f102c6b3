"""What `scan` is asked to judge: texts, files, folders, globs and standard input, read within bounds."""

from __future__ import annotations

import codecs
import glob
import os
import re
import stat
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path
from typing import Final

from aimds.errors import ErrorCode, InputError
from aimds.evaluation.lines import STDIN
from aimds.limits import EVENT_CHARACTERS_MAX, FILE_BYTES_MAX, FILES_MAX
from aimds.records import EventKind

__all__ = ["FolderFilter", "Location", "ScanInput", "SourceText", "gather"]

_NAME_BYTES_MAX: Final = 4096  # longest path of common systems; a longer argument can only be a text
_SUFFIX: Final = re.compile(r"\.[A-Za-z0-9]{1,5}$")
_BINARY_SAMPLE_BYTES: Final = 8192  # as git and grep do: the start says what a file is
_BYTE_ORDER_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)  # those of UTF-32 begin or end with them
_CONTROL_BYTES: Final = bytes({*range(32), 127} - set(b"\t\n\f\r\x1b"))
_CONTROL_SHARE_OF_BINARY: Final = 0.3  # UTF-16 has a half of NUL bytes, tables of numbers have more
_CONTROL_SHARE_OF_COMPRESSED: Final = 0.05  # of random bytes a tenth; asked only of what is not UTF-8


@dataclass(frozen=True, slots=True)
class Location:
    """Line and column, both from 1, the column in characters."""

    line: int
    column: int


@dataclass(frozen=True)
class SourceText:
    """A whole text and where it came from; `path` is `None` for arguments and standard input."""

    name: str
    text: str
    path: Path | None = None

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.text))]

    def location(self, offset: int) -> Location:
        """Where the character at `offset` stands."""
        line = bisect_right(self._line_starts, offset)
        return Location(line, offset - self._line_starts[line - 1] + 1)


@dataclass(frozen=True, slots=True)
class ScanInput:
    """One piece to judge: a whole source, or a part of one that is longer than an event may be."""

    source: SourceText
    default_kind: EventKind
    start: int = 0
    length: int = field(default=EVENT_CHARACTERS_MAX)

    @property
    def text(self) -> str:
        """The characters to judge."""
        return self.source.text[self.start : self.start + self.length]

    @property
    def name(self) -> str:
        """The source's name, with the range when it is only a part."""
        total = len(self.source.text)
        if self.start == 0 and total <= self.length:
            return self.source.name
        return f"{self.source.name}[{self.start}:{min(self.start + self.length, total)}]"

    def location(self, offset: int) -> Location:
        """Line and column in the whole source of a character of this piece."""
        return self.source.location(self.start + offset)


@dataclass(frozen=True, slots=True)
class FolderFilter:
    """Which files of a folder count. Patterns match the path inside the folder, or the name alone."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    hidden: bool = False

    def takes(self, relative: str) -> bool:
        """Whether the file at this path inside the folder is to be judged."""
        name = relative.rpartition("/")[2]

        def matches(pattern: str) -> bool:
            return fnmatch(relative, pattern) or fnmatch(name, pattern)

        return (not self.include or any(map(matches, self.include))) and not any(map(matches, self.exclude))


_TEXT_ADVICE: Final = "use --text to judge the argument itself"
_OVERLAP_CHARACTERS: Final = 10_000  # a passage at the seam of two parts is whole in one of them


def gather(
    arguments: Sequence[str],
    *,
    as_text: bool = False,
    folder_filter: FolderFilter | None = None,
    on_skip: Callable[[str, str], None] = lambda name, reason: None,
    text_advice: str = _TEXT_ADVICE,
) -> Iterator[ScanInput | InputError]:
    """The pieces to judge, in order; what cannot be read is an error in its place.

    An argument is `-` (standard input), an existing file or folder, a glob that matches, or else a text. One that looks
    like a path but is none is an error, so that a typing mistake is never judged as a harmless text; one that has
    nothing to judge is an error too, so that a wrong folder is never taken for a harmless one.

    Args:
        arguments: as given on the command line.
        as_text: every argument is a text.
        folder_filter: which files of folders count.
        text_advice: what to do if a path that is none was meant as a text.
        on_skip: told name and reason of what a folder or glob holds and is not judged: links, devices, binary files.
    """
    folder_filter = folder_filter or FolderFilter()
    for position, argument in enumerate(arguments, start=1):
        found = False
        try:
            for source, kind in _sources(argument, position, as_text, folder_filter, on_skip, text_advice):
                found = found or source is not None
                if isinstance(source, InputError):
                    yield source
                elif source is not None:
                    yield from _parts(source, kind)
            if not found:
                yield InputError(ErrorCode.INPUT_EMPTY, place=argument, reason="no file in it was taken")
        except InputError as error:
            yield error


_Found = Iterator[tuple[SourceText | InputError | None, EventKind]]  # None: a binary file, which is only skipped


def _sources(
    argument: str,
    position: int,
    as_text: bool,
    folder_filter: FolderFilter,
    on_skip: Callable[[str, str], None],
    text_advice: str,
) -> _Found:
    if argument == STDIN and not as_text:
        data = sys.stdin.buffer.read(FILE_BYTES_MAX + 1)
        yield SourceText("stdin", _decoded(data, "stdin")), EventKind.PROMPT
        return
    path = None if as_text else _existing(argument)
    if path is not None and path.is_dir():
        yield from _folder(path, folder_filter, on_skip)
    elif path is not None:
        yield _read(path), EventKind.DOCUMENT
    elif not as_text and (matched := _matches(argument)):
        yield from _matched_files(argument, matched, on_skip)
    elif not as_text and _looks_like_path(argument):
        reason = f"no such file or folder; {text_advice}"
        raise InputError(ErrorCode.INPUT_NOT_FOUND, place=argument, reason=reason)
    else:
        yield SourceText(f"argument {position}", _text_argument(argument, position)), EventKind.PROMPT


def _text_argument(argument: str, position: int) -> str:
    """The argument, unless the shell passed bytes that are not UTF-8 (Python keeps those as lone surrogates)."""
    try:
        argument.encode("utf-8")
    except UnicodeEncodeError as error:
        offset = len(argument[: error.start].encode("utf-8"))
        raise InputError(ErrorCode.INPUT_NOT_UTF8, place=f"argument {position}", offset=offset) from None
    return argument


def _existing(argument: str) -> Path | None:
    if not argument or len(argument) > _NAME_BYTES_MAX or "\0" in argument:
        return None
    path = Path(argument).expanduser() if argument.startswith("~/") else Path(argument)
    try:
        return path if path.exists() else None
    except OSError:
        return None


def _matches(argument: str) -> list[str]:
    if len(argument) > _NAME_BYTES_MAX or "\0" in argument or not glob.has_magic(argument) or "\n" in argument:
        return []
    return sorted(glob.glob(argument, recursive=True))  # noqa: PTH207 - absolute patterns too


def _looks_like_path(argument: str) -> bool:
    if len(argument) > _NAME_BYTES_MAX or re.search(r"\s", argument) or "://" in argument:
        return False
    if argument.startswith(("/", "./", "../", "~/")) or argument.endswith("/") or _SUFFIX.search(argument):
        return True
    parent = os.path.dirname(argument)  # noqa: PTH120 - Path.parent turns "" into "."
    return bool(parent) and _existing(parent) is not None


def _matched_files(pattern: str, matched: Sequence[str], on_skip: Callable[[str, str], None]) -> _Found:
    taken = 0
    for name in matched:
        path = Path(name)
        if path.is_dir():
            below = name.rstrip("/") + "/"
            following = bisect_left(matched, below)
            if not any(one.startswith(below) and one != below for one in matched[following : following + 2]):
                on_skip(name, "a folder of which the glob takes nothing")
            continue
        taken += 1
        _check_count(taken, pattern)
        yield _tried(path), EventKind.DOCUMENT


def _folder(folder: Path, folder_filter: FolderFilter, on_skip: Callable[[str, str], None]) -> _Found:
    taken = 0
    for path in _walk(folder, folder_filter.hidden, on_skip):
        if isinstance(path, InputError):
            yield path, EventKind.DOCUMENT
            continue
        if not folder_filter.takes(path.relative_to(folder).as_posix()):
            continue
        try:
            mode = path.lstat().st_mode
        except OSError as error:
            yield _unreadable(path, error), EventKind.DOCUMENT
            continue
        if not stat.S_ISREG(mode):
            on_skip(str(path), "symbolic link" if stat.S_ISLNK(mode) else "not a regular file")
            continue
        taken += 1
        _check_count(taken, str(folder))
        source = _tried(path, skip_binary=True)
        if source is None:
            on_skip(str(path), "binary file")
        yield source, EventKind.DOCUMENT


def _walk(folder: Path, hidden: bool, on_skip: Callable[[str, str], None]) -> Iterator[Path | InputError]:
    """What lies in a folder and below, without the folders; a folder that cannot be listed is an error."""
    failed: list[OSError] = []

    def failures() -> Iterator[InputError]:
        while failed:
            error = failed.pop(0)
            yield _unreadable(Path(error.filename or folder), error)

    for directory, folders, names in os.walk(folder, onerror=failed.append):
        yield from failures()
        folders[:] = sorted(name for name in folders if hidden or not name.startswith("."))
        for name in folders:
            if os.path.islink(os.path.join(directory, name)):  # noqa: PTH114, PTH118 - Path raises where none may search
                on_skip(str(Path(directory, name)), "symbolic link")
        yield from (Path(directory, name) for name in sorted(names) if hidden or not name.startswith("."))
    yield from failures()


def _check_count(taken: int, place: str) -> None:
    if taken > FILES_MAX:
        raise InputError(
            ErrorCode.INPUT_TOO_LARGE, place=place, size=f"over {FILES_MAX}", unit="files", limit=FILES_MAX
        )


def _tried(path: Path, *, skip_binary: bool = False) -> SourceText | InputError | None:
    try:
        return _read(path, skip_binary=skip_binary)
    except InputError as error:
        return error


def _read(path: Path, *, skip_binary: bool = False) -> SourceText | None:
    """Reads a file whole; `None` when it is binary and may be skipped."""
    try:
        with path.open("rb") as stream:
            sample = stream.read(_BINARY_SAMPLE_BYTES)
            if skip_binary and _is_binary(sample):
                return None
            size = os.fstat(stream.fileno()).st_size
            if size > FILE_BYTES_MAX:
                raise _too_large(str(path), size)
            data = sample + stream.read(FILE_BYTES_MAX + 1 - len(sample))
    except OSError as error:
        raise _unreadable(path, error) from error
    return SourceText(str(path), _decoded(data, str(path)), path)


def _is_binary(sample: bytes) -> bool:
    """Whether a file that begins so is no text. A NUL byte alone says nothing: it would hide a text from the scan.

    What begins with the mark of UTF-16 is text of another encoding, and an error to whoever decodes it.
    """
    if b"\0" not in sample or sample.startswith(_BYTE_ORDER_MARKS):
        return False
    share = 1 - len(sample.translate(None, _CONTROL_BYTES)) / len(sample)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)  # incremental: the sample may end within a character
    except UnicodeDecodeError:
        return share >= _CONTROL_SHARE_OF_COMPRESSED
    return share >= _CONTROL_SHARE_OF_BINARY


def _unreadable(path: Path, error: OSError) -> InputError:
    return InputError(ErrorCode.INPUT_NOT_FOUND, place=str(path), reason=error.strerror or type(error).__name__)


def _decoded(data: bytes, place: str) -> str:
    if len(data) > FILE_BYTES_MAX:
        raise _too_large(place, f"over {FILE_BYTES_MAX}")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(ErrorCode.INPUT_NOT_UTF8, place=place, offset=error.start) from None


def _too_large(place: str, size: int | str) -> InputError:
    return InputError(ErrorCode.INPUT_TOO_LARGE, place=place, size=size, unit="bytes", limit=FILE_BYTES_MAX)


def _parts(source: SourceText, kind: EventKind) -> Iterator[ScanInput]:
    step = EVENT_CHARACTERS_MAX - _OVERLAP_CHARACTERS
    yield ScanInput(source, kind)
    start = step
    while start + _OVERLAP_CHARACTERS < len(source.text):
        yield ScanInput(source, kind, start)
        start += step
