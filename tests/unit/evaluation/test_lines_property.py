"""The bounded reader says what a plain split would say, for any bytes and any limits, packed or not."""

import gzip
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from aimds.errors import ErrorCode, InputError
from aimds.evaluation import LineReader

PIECES = st.lists(st.sampled_from([b"\n", b"\r\n", b"a", b"bcd" * 5, "é€😀".encode(), b"\xff", b"\xc3", b"\0", b" "]))


def expected(data: bytes, row_bytes_max: int) -> list[str | ErrorCode]:
    """The slow and obvious way: the whole file, split, each line looked at."""
    pieces = data.split(b"\n")
    if not pieces[-1]:
        pieces.pop()
    lines: list[str | ErrorCode] = []
    for number, piece in enumerate(pieces):
        if len(piece) > row_bytes_max:
            lines.append(ErrorCode.INPUT_TOO_LARGE)
            continue
        try:
            text = piece.decode()
        except UnicodeDecodeError:
            lines.append(ErrorCode.INPUT_NOT_UTF8)
        else:
            text = text.removeprefix("\ufeff") if number == 0 else text
            lines.append(text.removesuffix("\r"))
    return lines


@given(PIECES.map(b"".join), st.integers(1, 40), st.booleans())
def test_lines_are_those_of_a_plain_split(data: bytes, row_bytes_max: int, packed: bool) -> None:
    """Same lines, same errors, in the same places; the byte offset of an error points at the byte."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x")
        path.write_bytes(gzip.compress(data) if packed else data)
        with LineReader(path, row_bytes_max=row_bytes_max) as reader:
            items = list(reader)
    if not packed and data[:2] == b"\x1f\x8b":
        return
    assert [one.code if isinstance(one, InputError) else one.text for one in items] == expected(data, row_bytes_max)
    for item in items:
        if isinstance(item, InputError) and item.code is ErrorCode.INPUT_NOT_UTF8:
            assert data[item.fields["offset"]] >= 0x80
