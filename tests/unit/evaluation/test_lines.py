"""A file from outside cannot exhaust memory or stop the run: what cannot be read is an error in its place."""

import gzip
import io
import sys
import zlib
from pathlib import Path

import pytest

from aimds.errors import ErrorCode, InputError
from aimds.evaluation import Line, LineReader


def read(path: Path, **limits: int) -> list[Line | InputError]:
    with LineReader(path, **limits) as reader:
        return list(reader)


def codes(items: list[Line | InputError]) -> list[ErrorCode | str]:
    return [item.code if isinstance(item, InputError) else item.text for item in items]


@pytest.mark.parametrize("packed", [False, True])
def test_lines_come_with_numbers_plain_and_gzip(tmp_path: Path, packed: bool) -> None:
    """Line ends of both kinds are taken off, blank lines count, and gzip is known by content, not by name."""
    path = tmp_path / "plain-name.jsonl"
    data = "\ufeffone\r\n\nthréé".encode()
    path.write_bytes(gzip.compress(data) if packed else data)
    assert read(path) == [Line(1, "one"), Line(2, ""), Line(3, "thréé")]


def test_a_broken_byte_costs_one_line_and_is_named(tmp_path: Path) -> None:
    """The error gives the line and the byte offset in the file; the lines around are read."""
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"good\nab\xffcd\ngood again\n")
    first, broken, last = read(path)
    assert (first, last) == (Line(1, "good"), Line(3, "good again"))
    assert isinstance(broken, InputError)
    assert broken.code is ErrorCode.INPUT_NOT_UTF8
    assert broken.fields == {"place": f"{path}:2", "offset": 7}


def test_a_long_line_costs_one_line(tmp_path: Path) -> None:
    """A line above the limit is skipped with its true size, whether or not it ends."""
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"a" * 5 + b"\n" + b"b" * 3_000_000 + b"\nccc\n" + b"d" * 11)
    items = read(path, row_bytes_max=10)
    assert codes(items) == ["aaaaa", ErrorCode.INPUT_TOO_LARGE, "ccc", ErrorCode.INPUT_TOO_LARGE]
    sizes = [item.fields["size"] for item in items if isinstance(item, InputError)]
    assert sizes == [3_000_000, 11]


def test_a_gzip_bomb_stops_early(tmp_path: Path) -> None:
    """Output far beyond what honest text compresses to ends the file with one error; lines before it are kept."""
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(b"first\n" + b"0" * 20_000_000))
    items = read(path, ratio_from_bytes=1 << 20)
    assert codes(items)[-1] is ErrorCode.INPUT_TOO_LARGE
    assert codes(items)[0] == "first"


def test_a_file_above_the_whole_limit_stops(tmp_path: Path) -> None:
    """The limit on a corpus holds for plain files as well."""
    path = tmp_path / "big.jsonl"
    path.write_bytes(b"line\n" * 1_000_000)
    assert codes(read(path, data_bytes_max=2_000_000))[-1] is ErrorCode.INPUT_TOO_LARGE


@pytest.mark.parametrize("damage", ["cut", "flip"])
def test_a_damaged_gzip_stream_is_an_error_at_its_end(tmp_path: Path, damage: str) -> None:
    """Lines before the damage are read, then one error says that the stream is damaged."""
    packed = bytearray(gzip.compress(b"".join(b"line %d\n" % number for number in range(100_000))))
    if damage == "cut":
        del packed[-2000:]
    else:
        packed[-6] ^= 0xFF
    path = tmp_path / "x.gz"
    path.write_bytes(packed)
    items = read(path)
    assert items[0] == Line(1, "line 0")
    assert isinstance(items[-1], InputError)
    assert "damaged" in str(items[-1])


@pytest.mark.parametrize("missing", range(1, 9))
def test_a_gzip_stream_without_its_end_loses_no_line(tmp_path: Path, missing: int) -> None:
    """The last eight bytes hold checksum and length: cut off, as by a copy that stopped, every line is still there."""
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(b"".join(b"line %d\n" % number for number in range(103)))[:-missing])
    *good, error = read(path)
    assert good == [Line(number, f"line {number - 1}") for number in range(1, 104)]
    assert isinstance(error, InputError)
    assert error.code is ErrorCode.INPUT_BAD_ROW


def test_a_gzip_stream_that_was_cut_gives_what_can_be_unpacked(tmp_path: Path) -> None:
    """All lines before the cut, of which the last may be incomplete."""
    rows = b"".join(b"line %d %s\n" % (number, bytes([97 + number % 26]) * (number % 50)) for number in range(30_000))
    packed = gzip.compress(rows)[:20_000]
    path = tmp_path / "x.gz"
    path.write_bytes(packed)
    whole = zlib.decompressobj(wbits=31).decompress(packed).decode()
    *good, error = read(path)
    assert [line.text for line in good if isinstance(line, Line)] == [line for line in whole.split("\n") if line]
    assert isinstance(error, InputError)


@pytest.mark.parametrize("name", ["missing.jsonl", "."])
def test_what_is_not_a_file_is_named(tmp_path: Path, name: str) -> None:
    """A missing file and a directory are input errors with the path."""
    with pytest.raises(InputError) as caught:
        LineReader(tmp_path / name)
    assert caught.value.code is ErrorCode.INPUT_NOT_FOUND
    assert str(tmp_path) in str(caught.value)


def test_standard_input_is_read_and_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` means standard input, gzip or not; it stays open for others."""
    stream = io.BytesIO(gzip.compress(b"one\ntwo"))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream))
    with LineReader("-") as reader:
        assert [line.text for line in reader if isinstance(line, Line)] == ["one", "two"]
    assert reader.name == "stdin"
    assert not stream.closed
