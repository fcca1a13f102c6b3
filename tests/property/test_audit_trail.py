"""Whatever byte of an exported trail is changed, removed or added: it is reported, with the record it belongs to."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimds.audit import SigningKey
from aimds.audit.verify import verify_lines
from tests.audit_trails import written

KEY = SigningKey.generate()


@pytest.fixture(scope="module")
def trail(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Nine lines: two at the start, five verdicts with a signature in between and one at the end."""
    return b"".join(written(tmp_path_factory.mktemp("trail") / "t.db", 5, key=KEY, checkpoint_records=3))


def first_bad(data: bytes) -> int | None:
    """The number of the first bad record, as the line count says it too; `None` for an intact trail."""
    report = verify_lines(_lines(data), [KEY.public])
    if report.fault is None:
        return None
    assert report.fault.record in {None, report.fault.line}
    return report.fault.line


def _lines(data: bytes) -> list[bytes]:
    """Lines end with a line feed and nothing else, as in `trail_lines`."""
    return [line + b"\n" for line in data.split(b"\n")[:-1]] + ([data.split(b"\n")[-1]] if data[-1:] != b"\n" else [])


def record_at(data: bytes, offset: int) -> int:
    """The record that the byte belongs to; a line end belongs to the line it ends."""
    return data[:offset].count(b"\n") + 1


@settings(max_examples=1000, deadline=None)
@given(data=st.data())
def test_any_changed_byte_is_reported(trail: bytes, data: st.DataObject) -> None:
    """The byte at any place turned into any other."""
    offset = data.draw(st.integers(0, len(trail) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda value: value != trail[offset]))
    changed = trail[:offset] + bytes([value]) + trail[offset + 1 :]
    assert first_bad(changed) == record_at(trail, offset)


@settings(max_examples=500, deadline=None)
@given(data=st.data())
def test_any_removed_byte_is_reported(trail: bytes, data: st.DataObject) -> None:
    """The byte at any place gone."""
    offset = data.draw(st.integers(0, len(trail) - 1))
    assert first_bad(trail[:offset] + trail[offset + 1 :]) == record_at(trail, offset)


@settings(max_examples=500, deadline=None)
@given(data=st.data())
def test_any_added_byte_is_reported(trail: bytes, data: st.DataObject) -> None:
    """A byte more, at any place; one between two lines begins the second."""
    offset = data.draw(st.integers(0, len(trail)))
    value = data.draw(st.integers(0, 255))
    assert first_bad(trail[:offset] + bytes([value]) + trail[offset:]) == record_at(trail, offset)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_cut_is_reported(trail: bytes, data: st.DataObject) -> None:
    """The trail ended at any place but a signature; what follows the last whole record is the first bad one."""
    length = data.draw(st.integers(0, len(trail) - 1))
    cut = trail[:length]
    whole = cut.endswith(b"\n") and b'"type":"checkpoint"' in cut.splitlines()[-1]
    assert first_bad(cut) == (None if whole else record_at(trail, length))


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_other_order_is_reported(trail: bytes, data: st.DataObject) -> None:
    """The lines in any other order: the first line that is not in its place."""
    lines = trail.splitlines(keepends=True)
    order = data.draw(st.permutations(range(len(lines))).filter(lambda order: list(order) != sorted(order)))
    expected = next(position for position, line in enumerate(order) if position != line) + 1
    assert first_bad(b"".join(lines[position] for position in order)) == expected


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode), st.integers(0, 9))
def test_garbage_is_reported_and_never_crashes(trail: bytes, garbage: bytes, position: int) -> None:
    """Anything as a line of its own, anywhere."""
    lines = trail.splitlines(keepends=True)
    lines[position:position] = [garbage + b"\n"]
    report = verify_lines(lines, [KEY.public])
    assert report.fault is not None
    assert report.fault.line == position + 1


def test_the_untouched_trail_is_intact(trail: bytes, tmp_path: Path) -> None:
    """So that the other tests can fail."""
    assert first_bad(trail) is None
