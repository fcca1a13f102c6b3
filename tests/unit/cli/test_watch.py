"""`aimds watch` and the follower beneath it: growth, rotation, truncation, broken lines, Ctrl-C."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Cli

from aimds.cli.follow import Follower
from aimds.errors import ErrorCode, InputError

Step = Callable[[], object]


def followed(path: Path, *steps: Step, from_start: bool = False, row_bytes_max: int = 1000) -> list[object]:
    """The lines seen while `steps` happen, one each time the follower finds nothing to read."""
    waiting = list(steps)

    def wait() -> bool:
        if not waiting:
            return False
        waiting.pop(0)()
        return True

    follower = Follower(path, from_start=from_start, wait=wait, row_bytes_max=row_bytes_max)
    return [item.code if isinstance(item, InputError) else item.text for item in follower]


def appending(path: Path, data: bytes) -> Step:
    def step() -> None:
        with path.open("ab") as stream:
            stream.write(data)

    return step


def test_only_what_is_new_is_read(tmp_path: Path) -> None:
    """Lines there before are skipped, a line written in two pieces comes once, the last needs no line end."""
    path = tmp_path / "log"
    path.write_bytes(b"old\n")
    steps = [appending(path, b"on"), appending(path, b"e\r\ntwo\n"), appending(path, b"three")]
    assert followed(path, *steps) == ["one", "two", "three"]
    assert followed(path, from_start=True) == ["old", "one", "two", "three"]


def test_a_file_that_comes_later_is_read_from_its_start(tmp_path: Path) -> None:
    """The log need not exist yet."""
    path = tmp_path / "log"
    assert followed(path, lambda: None, appending(path, b"first\n")) == ["first"]


def test_rotation_loses_nothing(tmp_path: Path) -> None:
    """What was still written to the old file is read before the new one from its start."""
    path = tmp_path / "log"
    path.write_bytes(b"")

    def rotate() -> None:
        appending(path, b"end of old")()
        path.rename(tmp_path / "log.1")

    steps = [appending(path, b"one\n"), rotate, lambda: None, appending(path, b"two\n")]
    assert followed(path, *steps) == ["one", "end of old", "two"]


def test_truncation_starts_again(tmp_path: Path) -> None:
    """A file that became shorter is read from its start."""
    path = tmp_path / "log"
    path.write_bytes(b"some old lines\n")
    steps = [appending(path, b"one\n"), lambda: path.write_bytes(b""), appending(path, b"two\n")]
    assert followed(path, *steps) == ["one", "two"]


def test_lines_that_cannot_be_read_are_errors(tmp_path: Path) -> None:
    """A line above the limit and a broken byte cost one line each; memory stays bounded while the line grows."""
    path = tmp_path / "log"
    path.write_bytes(b"")
    steps = [appending(path, b"x" * 900), appending(path, b"x" * 900), appending(path, b"\n\xff\nok\n")]
    assert followed(path, *steps) == [ErrorCode.INPUT_TOO_LARGE, ErrorCode.INPUT_NOT_UTF8, "ok"]


def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    """A folder is no log."""
    with pytest.raises(InputError):
        followed(tmp_path)


EVENTS = [
    {"content": "hello", "session": "s1", "ts": 1},
    {"text": "attack", "kind": "tool_result", "tool": "web", "session": "s\x1b1", "ts": 2},
]


def test_watch_once_prints_a_line_an_event(cli: Cli, tmp_path: Path) -> None:
    """Time, action, score, reason, origin; a summary on standard error; exit code of the worst."""
    (tmp_path / "log").write_text("\n".join(map(json.dumps, EVENTS)) + "\n\n")
    result = cli("watch", "log", "--once")
    first, second = result.out.splitlines()
    assert "ALLOW     0.05  nothing  (prompt, s1)" in first
    assert r"BLOCK     0.95  a word  (tool_result, s\x1b1, web)" in second
    assert "2 events: 1 ALLOW, 1 BLOCK" in result.err
    assert result.code == 1
    assert cli("watch", "log", "--once", "--flagged").out.count("\n") == 1


def test_watch_json_and_bad_lines(cli: Cli, tmp_path: Path) -> None:
    """JSON lines without the text; a broken line is named, the others judged, exit code 2."""
    (tmp_path / "log").write_text(json.dumps(EVENTS[1]) + '\nnonsense\n{"role": "user"}\n')
    result = cli("watch", "log", "--once", "--json")
    (row,) = map(json.loads, result.out.splitlines())
    assert (row["action"], row["event"]["tool"], row["findings"][0]["evidence"]) == ("BLOCK", "web", None)
    assert "log:2: not valid JSON" in result.err
    assert "log:3: `content` is missing" in result.err
    assert result.code == 2


def test_control_c_ends_watch_with_a_summary(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C is how watch ends: a summary, no traceback, the code of what was seen."""
    (tmp_path / "log").write_text(json.dumps(EVENTS[0]) + "\n")

    def interrupted(seconds: float) -> None:
        assert seconds == 0.25
        raise KeyboardInterrupt

    monkeypatch.setattr("aimds.cli.watch.time.sleep", interrupted)
    result = cli("watch", "log", "--from-start")
    assert (result.code, "1 events: 1 ALLOW" in result.err) == (0, True)
