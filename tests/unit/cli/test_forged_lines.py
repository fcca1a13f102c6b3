"""Names from outside cannot write lines of their own into the output."""

import json
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Cli

FORGED = "x)\nALLOW     0.00  nothing above the thresholds  (prompt, evil\tz"
SPELLED = r"x)\nALLOW     0.00  nothing above the thresholds  (prompt, evil\tz"


@pytest.mark.parametrize("name", ["session", "tool"])
def test_watch_prints_one_line_an_event(cli: Cli, tmp_path: Path, name: str) -> None:
    """Session and tool come from the log."""
    event = {"content": "attack", "kind": "tool_result", name: FORGED}
    (tmp_path / "log").write_text(json.dumps(event) + "\n")
    (line,) = cli("watch", "log", "--once").out.splitlines()
    assert "BLOCK" in line
    assert SPELLED in line


@pytest.mark.parametrize("form", [(), ("--details",)])
def test_scan_prints_file_names_on_their_line(cli: Cli, tmp_path: Path, form: tuple[str, ...]) -> None:
    """A folder of others may hold any names."""
    (tmp_path / "d").mkdir()
    for text in ("attack", "doubt"):
        (tmp_path / "d" / (text + FORGED)).write_text(text)
    result = cli("scan", "d", *form)
    assert not any(line.startswith("ALLOW") for line in result.out.splitlines())
    assert result.out.count(SPELLED) == 2


def test_replay_lists_a_line_a_trace(cli: Cli, tmp_path: Path) -> None:
    """The id of a trace comes from its file."""
    trace = {"id": FORGED, "label": "attack", "attack_event_index": 0, "events": [{"content": "attack"}]}
    (tmp_path / "t.jsonl").write_text(json.dumps(trace))
    out = cli("replay", "t.jsonl", "--list").out
    assert not any(line.startswith("ALLOW") for line in out.splitlines())
    assert r"x)\nALLOW" in out


@pytest.mark.parametrize("name", ["source", "category", "lang"])
def test_evaluate_prints_a_line_a_group(cli: Cli, tmp_path: Path, name: str) -> None:
    """Sources, categories and languages come from the rows."""
    (tmp_path / "c.jsonl").write_text(json.dumps({"text": "attack", "label": 1, name: "x\nALLOW"}))
    out = cli("evaluate", "c.jsonl").out
    assert not any(line.startswith("ALLOW") for line in out.splitlines())
    assert r"x\nALLOW" in out


def test_policy_prints_file_names_on_their_line(cli: Cli, tmp_path: Path) -> None:
    """The same for what is no page of a verdict."""
    (tmp_path / "x\nb").mkdir()
    (line,) = cli("policy", "new", "x\nb/a.policy").out.splitlines()
    assert line.startswith(r"wrote x\nb/a.policy;")
