"""`aimds scan`: what is read, what is printed, what the exit code says."""

import json
import os
import re
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Cli

from aimds.limits import EVENT_CHARACTERS_MAX, FILE_BYTES_MAX


def lines(out: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize(
    ("text", "code", "action"), [("hello", 0, "ALLOW"), ("an attack", 1, "BLOCK"), ("a doubt", 3, "ESCALATE")]
)
def test_the_exit_code_is_the_verdict(cli: Cli, text: str, code: int, action: str) -> None:
    """0 allowed, 1 blocked, 3 escalated; the page begins with the action."""
    result = cli("scan", text)
    assert result.code == code
    assert result.out.split()[0] == action
    assert result.err == ""


def test_the_page_shows_reason_marks_chain_and_times(cli: Cli) -> None:
    """Without colour, spans stand between [n> and <n], and each finding says where, how and under which ids."""
    result = cli("scan", "an attack\nand a doubt")
    page = result.out
    assert "\x1b[" not in page
    assert "an [1>attack<1]" in page
    assert "and a [2>doubt<2]" in page
    assert "because  a word" in page
    assert "[1] CRITICAL  instruction_override  test.attack  confidence 0.90" in page
    assert "line 2, column 7 (characters 16 to 21)" in page
    assert "base64 > rot13" in page
    assert 'reads    "doubt"' in page
    assert "LLM01:2025" in page
    assert "do       block: because (1 spans)" in page
    assert "learn    new pattern" in page
    assert "stages   normalise 0.01 ms, signatures 0.02 ms certain (rule), patterns skipped" in page


def test_terminal_sequences_in_the_text_are_spelled_out(cli: Cli) -> None:
    """A text cannot steer the terminal of who looks at it, nor use the markup of the printer."""
    result = cli("scan", "attack \x1b[2J\x07 [bold]x[/bold] \u202eabc \u200b")
    assert "\x1b" not in result.out
    assert "\x07" not in result.out
    assert r"\x1b[2J\x07 [bold]x[/bold] \u202eabc \u200b" in result.out


def test_redact_prints_no_text(cli: Cli) -> None:
    """With --redact neither the page nor JSON holds the text or the evidence."""
    for form in ((), ("--json",)):
        result = cli("scan", "--redact", "my attack on doubtful things", *form)
        assert "on doubtful things" not in result.out
        assert '"evidence": "' not in result.out
        assert "characters 3 to 9" in result.out or '"span": [3, 9]' in result.out


def test_json_is_one_object_an_input(cli: Cli) -> None:
    """Each line holds the verdict with findings, stages and times; secrets are never repeated."""
    result = cli("scan", "--json", "an attack", "the keycard", "x")
    first, second, third = lines(result.out)
    assert (first["input"], first["action"], first["score"], first["learn"]) == ("argument 1", "BLOCK", 0.95, True)
    assert first["duration_ms"] == 1.25
    (finding,) = first["findings"]  # type: ignore[misc]
    assert (finding["rule_id"], finding["span"], finding["evidence"]) == ("test.attack", [3, 9], "attack")
    assert finding["details"]["many"][1]["deep"].startswith("<text: 6 characters")
    assert first["event"]["kind"] == "prompt"  # type: ignore[index]
    assert second["findings"][0]["evidence"] is None  # type: ignore[index]
    assert third["findings"] == []
    assert result.code == 1


def test_several_inputs_make_one_table(cli: Cli) -> None:
    """One line an input, a summary, and the worst verdict as exit code."""
    result = cli("scan", "hello", "a doubt", "world")
    assert result.code == 3
    rows = [line for line in result.out.splitlines() if re.match("ALLOW|ESCALATE", line)]
    assert [row.split()[0] for row in rows] == ["ALLOW", "ESCALATE", "ALLOW"]
    assert "3 inputs: 2 allowed, 1 escalated" in result.out
    assert "ESCALATE  score" in cli("scan", "--details", "hello", "a doubt").out


def test_quiet_prints_nothing(cli: Cli) -> None:
    """With --quiet only the exit code speaks; errors still do."""
    result = cli("scan", "-q", "attack")
    assert (result.code, result.out, result.err) == (1, "", "")
    assert cli("scan", "-q", "--json", "missing.txt").err.startswith("aimds: input-not-found: missing.txt")


def test_standard_input(cli: Cli) -> None:
    """`-`, or no argument with a pipe, reads standard input as a prompt."""
    for arguments in ((), ("-",)):
        result = cli("scan", "--json", *arguments, stdin="ein attäck? attack".encode())
        (row,) = lines(result.out)
        assert (row["input"], row["action"], row["event"]["kind"]) == ("stdin", "BLOCK", "prompt")  # type: ignore[index]


def test_files_are_documents_unless_told(cli: Cli, tmp_path: Path) -> None:
    """A file is a document from nobody trusted; --kind, --role, --trust and --tool say otherwise."""
    (tmp_path / "a.txt").write_text("hello")
    (row,) = lines(cli("scan", "--json", "a.txt").out)
    assert (row["event"]["kind"], row["event"]["trust"]) == ("document", "untrusted")  # type: ignore[index]
    told = cli("scan", "--json", "a.txt", "--kind", "tool_call", "--role", "agent", "--trust", "user", "--tool", "mail")
    event = lines(told.out)[0]["event"]
    assert [event[key] for key in ("kind", "role", "trust", "tool")] == ["tool_call", "agent", "user", "mail"]  # type: ignore[index]


def test_folders_are_walked(cli: Cli, tmp_path: Path) -> None:
    """Sorted, without hidden names, binary files and links skipped and told; --glob and --exclude choose."""
    for name, data in {
        "d/b.md": b"attack", "d/a.txt": b"hello", "d/x/c.md": b"doubt", "d/x/raw.bin": b"PK\0\1", "d/.git/h": b"attack",
    }.items():  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    (tmp_path / "d/link.txt").symlink_to(tmp_path / "d/a.txt")
    result = cli("scan", "d", "--json")
    assert [row["input"] for row in lines(result.out) if "action" in row] == ["d/a.txt", "d/b.md", "d/x/c.md"]
    assert [(row["input"], row["skipped"]) for row in lines(result.out) if "action" not in row] == [
        ("d/link.txt", "symbolic link"), ("d/x/raw.bin", "binary file"),
    ]  # fmt: skip
    table = cli("scan", "d")
    assert "note: skipped d/x/raw.bin: binary file" in table.err
    assert "3 inputs: 1 allowed, 1 blocked, 1 escalated, 2 skipped" in table.out
    assert [row["input"] for row in lines(cli("scan", "d", "--json", "--glob", "*.md").out)] == ["d/b.md", "d/x/c.md"]
    chosen = cli("scan", "d", "--json", "--glob", "*.md", "--exclude", "x/*").out
    assert [row["input"] for row in lines(chosen)] == ["d/b.md"]
    assert len([row for row in lines(cli("scan", "d", "--json", "--hidden").out) if "action" in row]) == 4
    assert [row["input"] for row in lines(cli("scan", "--json", "d/**/*.md").out)] == ["d/b.md", "d/x/c.md"]


@pytest.mark.parametrize("argument", ["missing.txt", "./missing", "/no/such", "folder/", "d/missing", "~/no-such-file"])
def test_a_mistyped_path_is_an_error_and_not_a_text(cli: Cli, tmp_path: Path, argument: str) -> None:
    """What looks like a path but is none must not be judged as a harmless text."""
    (tmp_path / "d").mkdir()
    result = cli("scan", argument)
    assert result.code == 2
    assert f"aimds: input-not-found: {argument}: no such file or folder; use --text" in result.err
    assert cli("scan", "--text", argument).code == 0


@pytest.mark.parametrize("argument", ["https://example.com/a.txt", "Is it 2*3?", "aGVs/bG8=", "", "what?", "-n"])
def test_texts_that_look_a_little_like_paths_are_texts(cli: Cli, argument: str) -> None:
    """URLs, encoded words and questions are judged as they are; `--` guards a leading dash."""
    assert cli("scan", "--", argument).code == 0


def test_bad_input_is_named_and_the_rest_judged(cli: Cli, tmp_path: Path) -> None:
    """Not UTF-8, too large, missing, refused: each gets its code and place, the good ones are judged, exit code 2."""
    (tmp_path / "good.txt").write_text("an attack")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    with (tmp_path / "huge.txt").open("wb") as stream:
        stream.truncate(FILE_BYTES_MAX + 1)
    (tmp_path / "refused.txt").write_text("refuse")
    result = cli("scan", "latin.txt", "huge.txt", "gone.txt", "refused.txt", "good.txt", "--json")
    assert result.code == 2
    assert "aimds: input-not-utf8: latin.txt: byte 3 is not valid UTF-8" in result.err
    assert (
        f"aimds: input-too-large: huge.txt: {FILE_BYTES_MAX + 1} bytes is above the limit of {FILE_BYTES_MAX}"
        in result.err
    )
    assert "aimds: input-not-found: gone.txt: no such file" in result.err
    assert "aimds: input-bad-event: content: refused" in result.err
    assert "Traceback" not in result.err
    rows = lines(result.out)
    assert [row.get("action") or row["error"]["code"] for row in rows] == [  # type: ignore[index]
        "input-not-utf8", "input-too-large", "input-not-found", "input-bad-event", "BLOCK",
    ]  # fmt: skip


def test_a_gigabyte_is_refused_without_reading_it(cli: Cli, tmp_path: Path) -> None:
    """The size is looked at first; a sparse gigabyte costs nothing."""
    with (tmp_path / "gigabyte.txt").open("wb") as stream:
        stream.truncate(1 << 30)
    assert "aimds: input-too-large: gigabyte.txt" in cli("scan", "gigabyte.txt").err


def test_an_endless_file_is_cut_off(cli: Cli) -> None:
    """A device without a size is read up to the limit and refused."""
    result = cli("scan", "/dev/zero")
    assert result.code == 2
    assert "aimds: input-too-large: /dev/zero: over" in result.err


def test_bytes_in_an_argument_that_are_not_utf8_are_named(cli: Cli) -> None:
    """A shell can pass any bytes; the offset of the first wrong one is told."""
    result = cli("scan", os.fsdecode("ä ".encode() + b"\xff\xfe x"))
    assert result.code == 2
    assert "aimds: input-not-utf8: argument 1: byte 3 is not valid UTF-8" in result.err


def test_a_long_file_is_judged_in_overlapping_parts(cli: Cli, tmp_path: Path) -> None:
    """More characters than an event may have become several, and a passage at a seam is whole in one of them."""
    text = "x" * (EVENT_CHARACTERS_MAX - 3) + "attack" + "y" * 20_000
    (tmp_path / "long.txt").write_text(text)
    first, second = lines(cli("scan", "long.txt", "--json").out)
    assert (first["action"], second["action"]) == ("ALLOW", "BLOCK")
    assert second["input"] == f"long.txt[990000:{len(text)}]"
    assert second["offset"] + second["findings"][0]["span"][0] == EVENT_CHARACTERS_MAX - 3  # type: ignore[index,operator]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("scan", "--json", "--sarif", "x"), "--json and --sarif exclude each other"),
        (("scan", "--kind", "letter", "x"), "letter"),
        (("scan", "--kind", "approval", "x"), "approval"),
        (("scan", "--nonsense"), "--nonsense"),
        (("nonsense",), "nonsense"),
        (("evaluate",), "DATA"),
    ],
)
def test_wrong_usage_is_one_line_and_a_way_out(cli: Cli, arguments: tuple[str, ...], words: str) -> None:
    """Unknown options and verbs exit with 2, name what was wrong and where help is."""
    result = cli(*arguments)
    assert result.code == 2
    assert result.err.startswith("aimds: usage: ")
    assert words in result.err
    assert "help: run `aimds" in result.err
    assert result.out == ""


def test_an_interrupt_is_130(cli: Cli) -> None:
    """Ctrl-C leaves without a traceback."""
    result = cli("scan", "interrupt")
    assert result.code == 130
    assert "Traceback" not in result.err


def test_debug_shows_the_traceback(cli: Cli, tmp_path: Path) -> None:
    """--debug lets a typed error through for whoever looks for its cause."""
    from aimds.errors import InputError

    with pytest.raises(InputError):
        cli("scan", "--debug", "--json", "--sarif", "x")


def test_many_inputs_list_only_what_is_not_allowed(cli: Cli, tmp_path: Path) -> None:
    """Of more than a hundred inputs the allowed ones are only counted; --all lists them."""
    for number in range(120):
        (tmp_path / f"{number:03}.txt").write_text("attack" if number == 7 else "hello")
    out = cli("scan", str(tmp_path)).out
    assert "007.txt" in out
    assert "008.txt" not in out
    assert "(119 allowed inputs are not listed; --all lists them)" in out
    assert "008.txt" in cli("scan", "--all", str(tmp_path)).out


def test_credentials_are_starred_out(cli: Cli) -> None:
    """A page may end up in a log: of what a secret finding covers only the first characters are shown."""
    page = cli("scan", "the keycard of mine").out
    assert "[1>keyc***<1] of mine" in page
    assert "the keycard of" not in page
