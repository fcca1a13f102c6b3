"""A folder that `aimds scan` calls harmless was read: what was not is an error or is told, in every form of output."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.conftest import Cli

from aimds.cli import inputs


def rows(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def forbid(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """The folder may not be listed: for root as well, whom no permission stops."""
    listed = os.scandir

    def scandir(path: Any = ".") -> Any:
        if Path(path) == folder:
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)


def test_a_folder_that_may_not_be_listed_is_an_error(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named, the files around it are judged, exit code 2."""
    write(tmp_path / "d/a.txt", b"hello")
    write(tmp_path / "d/closed/b.txt", b"attack")
    write(tmp_path / "d/open/c.txt", b"doubt")
    forbid(monkeypatch, Path("d/closed"))
    result = cli("scan", "d", "--json")
    assert result.code == 2
    assert [row.get("action") or row["error"]["code"] for row in rows(result.out)] == [
        "ALLOW", "input-not-found", "ESCALATE",
    ]  # fmt: skip
    assert "aimds: input-not-found: d/closed: Permission denied" in result.err


def test_a_whole_folder_that_may_not_be_listed_is_one_error(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not harmless, and not called empty either."""
    write(tmp_path / "d/a.txt", b"hello")
    forbid(monkeypatch, Path("d"))
    result = cli("scan", "d")
    assert (result.code, result.err.count("aimds: ")) == (2, 1)
    assert "aimds: input-not-found: d: Permission denied" in result.err


def test_a_file_that_may_not_be_looked_at_is_an_error(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names can be listed in a folder that may not be searched; the files then cannot even be looked at."""
    for name in ("a.txt", "b.txt"):
        write(tmp_path / "d" / name, b"hello")
    looked_at = Path.lstat

    def lstat(path: Path) -> os.stat_result:
        if path.name == "a.txt":
            raise PermissionError(13, "Permission denied", str(path))
        return looked_at(path)

    monkeypatch.setattr(Path, "lstat", lstat)
    result = cli("scan", "d", "--json")
    assert (result.code, "aimds: input-not-found: d/a.txt: Permission denied" in result.err) == (2, True)
    assert [row["input"] for row in rows(result.out)] == ["d/a.txt", "d/b.txt"]


@pytest.mark.skipif(os.geteuid() == 0, reason="no permission stops root")
def test_permissions_of_the_system(cli: Cli, tmp_path: Path) -> None:
    """The same with the permissions themselves: of a folder to list, of one to search, of a file."""
    write(tmp_path / "d/good.txt", b"hello")
    for closed, mode in ((write(tmp_path / "d/x/a.txt", b"hello").parent, 0), (write(tmp_path / "d/f", b"hello"), 0)):
        closed.chmod(mode)
    searched = write(tmp_path / "d/y/b.txt", b"hello").parent
    searched.chmod(0o400)
    try:
        result = cli("scan", "d", "--json")
    finally:
        for closed in (tmp_path / "d/x", searched):
            closed.chmod(0o700)
    assert result.code == 2
    wrong = {row["input"] for row in rows(result.out) if "error" in row}
    assert wrong == {"d/f", "d/x", "d/y/b.txt"}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"attack\0", "BLOCK"),
        (b"an att\0ack that is an attack and goes on for a while", "BLOCK"),
        (b"attack " + b"x" * 9000 + b"\0\1\2", "BLOCK"),
        ("ä".encode() * 4095 + b"\0 " + "ä".encode() * 9 + b"attack", "BLOCK"),
        (b"\0attack\xff and more words than bytes that are none", "input-not-utf8"),
        ("attack".encode("utf-16"), "input-not-utf8"),
        (b"\xfe\xff" + "attack".encode("utf-16-be"), "input-not-utf8"),
        ("attack".encode("utf-32"), "input-not-utf8"),
        ("attack".encode("utf-16-le"), "binary file"),
        (b"\x7fELF\2\1\1" + b"\0" * 9 + b"attack", "binary file"),
        (bytes(range(256)) * 8, "binary file"),
    ],
)
def test_a_nul_byte_does_not_hide_a_text(cli: Cli, tmp_path: Path, data: bytes, told: str) -> None:
    """Of a folder only what is binary by and large is skipped; text of another encoding is an error, as by its name."""
    write(tmp_path / "d/one", data)
    write(tmp_path / "d/two", b"hello")
    result = cli("scan", "d", "--json")
    one, two = rows(result.out)
    assert (one.get("action") or one.get("skipped") or one["error"]["code"]) == told
    assert two["action"] == "ALLOW"
    assert result.code == {"BLOCK": 1, "input-not-utf8": 2, "binary file": 0}[told]


def test_what_is_skipped_is_told_in_every_form(cli: Cli, tmp_path: Path) -> None:
    """On standard error always, as a row with --json, as a notification with --sarif; it fails nothing."""
    write(tmp_path / "d/a.txt", b"hello")
    write(tmp_path / "d/b.bin", b"PK\0\1")
    (tmp_path / "d/link").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "d/pipe")
    skipped = {"d/link": "symbolic link", "d/b.bin": "binary file", "d/pipe": "not a regular file"}
    for form in ((), ("--json",), ("--sarif",), ("-q",), ("-q", "--json")):
        result = cli("scan", "d", *form)
        assert result.code == 0
        assert result.err == "".join(f"note: skipped {name}: {reason}\n" for name, reason in skipped.items())
        if "-q" in form:
            assert result.out == ""
    told = rows(cli("scan", "d", "--json").out)
    assert {row["input"]: row["skipped"] for row in told if "skipped" in row} == skipped
    (invocation,) = json.loads(cli("scan", "d", "--sarif").out)["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is True
    assert [(one["level"], one["message"]["text"]) for one in invocation["toolExecutionNotifications"]] == [
        ("note", f"skipped {name}: {reason}") for name, reason in skipped.items()
    ]


def test_many_notes_do_not_flood(cli: Cli, tmp_path: Path) -> None:
    """After fifty only their number is told; --json has them all."""
    write(tmp_path / "d/a.txt", b"hello")
    for number in range(60):
        write(tmp_path / f"d/{number}.png", b"\0")
    result = cli("scan", "d", "--json")
    assert result.err.count("note: ") == 51
    assert "note: skipped 10 more" in result.err
    assert len(rows(result.out)) == 61


@pytest.mark.parametrize("more", [(), ("--glob", "*.md"), ("--exclude", "*"), ("--json",), ("-q",)])
def test_a_folder_without_a_file_to_judge_is_an_error(cli: Cli, tmp_path: Path, more: tuple[str, ...]) -> None:
    """A wrong folder or pattern must not pass for a harmless one."""
    (tmp_path / "d").mkdir()
    if more and more[0].startswith("--") and len(more) == 2:
        write(tmp_path / "d/a.txt", b"hello")
    result = cli("scan", "d", *more)
    assert result.code == 2
    assert "aimds: input-empty: d: nothing to judge" in result.err


def test_a_glob_tells_of_folders_and_of_too_many_files(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that a glob names is told unless what lies within is named too; nothing is cut off silently."""
    write(tmp_path / "d/x/a.txt", b"hello")
    write(tmp_path / "d/b.txt", b"hello")
    result = cli("scan", "--json", "d/*")
    assert [row["input"] for row in rows(result.out)] == ["d/b.txt", "d/x"]
    assert "note: skipped d/x: a folder" in result.err
    assert cli("scan", "d/**").err == ""
    only = cli("scan", "d/x*")
    assert (only.code, "aimds: input-empty: d/x*" in only.err) == (2, True)
    monkeypatch.setattr(inputs, "FILES_MAX", 1)
    result = cli("scan", "--json", "d/**")
    assert (result.code, len(rows(result.out))) == (2, 2)
    assert "aimds: input-too-large: d/**: over 1 files" in result.err


@pytest.mark.parametrize(("verb", "unit"), [("evaluate", "rows"), ("replay", "traces")])
@pytest.mark.parametrize("data", [b"", b"\n\n"])
def test_an_empty_corpus_is_an_error(cli: Cli, tmp_path: Path, verb: str, unit: str, data: bytes) -> None:
    """No figures about nothing."""
    write(tmp_path / "c.jsonl", data)
    for form in ((), ("--json",)):
        result = cli(verb, "c.jsonl", *form)
        assert (result.code, result.out) == (2, "")
        assert f"aimds: input-empty: c.jsonl: nothing to judge: it holds no {unit}" in result.err
