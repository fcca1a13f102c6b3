"""`aimds evaluate` and `aimds replay`: figures for people and programs, bad rows named, exit codes."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.conftest import Cli

ROWS = [
    {"id": "a", "text": "attack", "label": "attack", "category": "override", "source": "one"},
    {"id": "b", "text": "doubt", "label": "attack", "category": "override", "source": "one"},
    {"id": "c", "text": "missed", "label": "attack", "category": "harmful_request", "source": "two"},
    {"id": "d", "text": "hello", "label": "benign", "category": "benign", "source": "one"},
]
TRACES = [
    {"id": "t1", "label": "attack", "attack_event_index": 1, "events": [{"content": "hi"}, {"content": "attack"}]},
    {"id": "t2", "label": "attack", "attack_event_index": 1, "events": [{"content": "doubt"}, {"content": "x"}]},
    {"id": "t3", "label": "attack", "attack_event_index": 0, "events": [{"content": "quiet"}]},
    {"id": "t4", "label": "benign", "attack_event_index": None, "events": [{"content": "hi"}, {"content": "ho"}]},
]


def write(path: Path, rows: list[dict[str, Any]], *more: str) -> str:
    data = "\n".join([*map(json.dumps, rows), *more]).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return str(path)


def test_evaluate_json_has_the_agreed_keys(cli: Cli, tmp_path: Path) -> None:
    """Exactly the shape of the specification, with intervals and counts beside it."""
    result = cli("evaluate", write(tmp_path / "c.jsonl.gz", ROWS), "--json")
    shape = json.loads(result.out)
    assert result.code == 0
    assert shape["rows"] == 4
    assert shape["overall"]["recall"] == 0.666667
    assert (shape["overall"]["fpr"], shape["overall"]["auroc"]) == (0.0, 0.833333)
    assert shape["overall_without_harmful_request"]["recall"] == 1.0
    assert shape["by_source"]["two"]["fpr"] is None
    assert shape["by_category"]["override"]["recall"] == 1.0
    assert shape["latency_ms"] == {"p50": 1.25, "p99": 1.25}
    assert (shape["profile"], shape["looks"]) == ("balanced", {"static": 0.5, "student": 0.5})


def test_rows_that_name_a_language_are_reported_by_language(cli: Cli, tmp_path: Path) -> None:
    """Recall and false positives of each language; rows without one stand in no group."""
    rows = [{**row, "lang": lang} for row, lang in zip(ROWS, ("de", "de", "hi"), strict=False)] + ROWS[3:]
    path = write(tmp_path / "c.jsonl", rows)
    shape = json.loads(cli("evaluate", path, "--json").out)
    assert list(shape["by_language"]) == ["de", "hi"]
    assert shape["by_language"]["de"]["rows"] == 2
    assert "language de" in " ".join(cli("evaluate", path).out.split())


def test_evaluate_for_people(cli: Cli, tmp_path: Path) -> None:
    """One table: overall, without plain harmful questions, each source, each category; then the latency."""
    out = cli("evaluate", write(tmp_path / "c.jsonl", ROWS)).out
    for words in ("overall", "without harmful_request", "by source", "  one", "by category", "  override"):
        assert words in out
    assert ".667 [.21-.94]" in out
    assert "profile balanced; events that each look of the patterns stage saw: static 50.0%, student 50.0%" in out
    assert "latency per row: p50 1.250 ms, p99 1.250 ms" in out


def test_evaluate_writes_scores_and_keeps_the_limit(cli: Cli, tmp_path: Path) -> None:
    """`--scores` gets a line a row, `--limit` stops early."""
    cli("evaluate", write(tmp_path / "c.jsonl", ROWS), "--scores", "scores.jsonl", "--limit", "2")
    lines = [json.loads(line) for line in (tmp_path / "scores.jsonl").read_text().splitlines()]
    assert lines == [
        {"id": "a", "label": "attack", "score": 0.95, "action": "BLOCK"},
        {"id": "b", "label": "attack", "score": 0.7, "action": "ESCALATE"},
    ]


def test_evaluate_csv_by_column_names(cli: Cli, tmp_path: Path) -> None:
    """`--text-column` and `--label-column` name the columns of a CSV file."""
    (tmp_path / "c.csv").write_text("prompt,bad\nattack,1\nhello,0\n")
    result = cli("evaluate", "c.csv", "--text-column", "prompt", "--label-column", "bad", "--json")
    shape = json.loads(result.out)
    assert (shape["rows"], shape["overall"]["recall"], shape["overall"]["fpr"]) == (2, 1.0, 0.0)


def test_bad_rows_are_named_good_ones_judged_and_the_code_is_2(cli: Cli, tmp_path: Path) -> None:
    """The help of an error is printed once, the figures are those of the good rows."""
    path = write(
        tmp_path / "c.jsonl",
        ROWS[:1],
        "{broken",
        '{"text": "x"}',
        json.dumps(ROWS[3]),
        '{"text": "refuse", "label": 1}',
    )
    result = cli("evaluate", path, "--json")
    assert result.code == 2
    shape = json.loads(result.out)
    assert (shape["rows"], shape["errors"]) == (2, 3)
    assert f"aimds: input-bad-row: {path}:2: not valid JSON" in result.err
    assert f"aimds: input-bad-row: {path}:3: `label` is missing" in result.err
    assert f"aimds: input-bad-row: {path}:5: content: refused" in result.err
    assert result.err.count("help: ") == 1
    assert "3 rows could not be judged" in cli("evaluate", path).out


def test_a_file_of_nothing_but_bad_rows_does_not_flood(cli: Cli, tmp_path: Path) -> None:
    """After fifty errors only their number is told."""
    result = cli("evaluate", write(tmp_path / "c.jsonl", [], *["{"] * 80))
    assert result.err.count("input-bad-row") == 50
    assert "aimds: and 30 more" in result.err


@pytest.mark.parametrize("verb", ["evaluate", "replay"])
def test_a_missing_file_and_an_unwritable_score_file(cli: Cli, tmp_path: Path, verb: str) -> None:
    """Both are named with a code, exit code 2."""
    assert "aimds: input-not-found: gone.jsonl" in cli(verb, "gone.jsonl").err
    result = cli(verb, write(tmp_path / "c.jsonl", ROWS), "--scores", "no/such/folder/scores")
    assert (result.code, "aimds: store-failed: no/such/folder/scores" in result.err) == (2, True)


def test_evaluate_reads_standard_input(cli: Cli) -> None:
    """`-` takes JSONL from a pipe."""
    result = cli("evaluate", "-", "--json", stdin=json.dumps(ROWS[0]).encode())
    assert json.loads(result.out)["by_source"].keys() == {"one"}


def test_many_groups_are_cut_in_the_table(cli: Cli, tmp_path: Path) -> None:
    """A corpus with an id as its source prints a bounded table; JSON has them all."""
    path = write(tmp_path / "c.jsonl", [{**ROWS[0], "source": f"s{number}"} for number in range(250)])
    assert "and 50 more (all with --json)" in cli("evaluate", path).out
    assert len(json.loads(cli("evaluate", path, "--json").out)["by_source"]) == 250


def test_replay_json(cli: Cli, tmp_path: Path) -> None:
    """Traces instead of rows, and where each attack was stopped; an early stop counts and is told."""
    result = cli("replay", write(tmp_path / "t.jsonl.gz", TRACES), "--json", "--scores", "s.jsonl")
    shape = json.loads(result.out)
    assert (result.code, shape["traces"], shape["events"]) == (0, 4, 7)
    assert (shape["overall"]["recall"], shape["overall"]["fpr"]) == (0.666667, 0.0)
    assert (shape["mean_events_to_stop"], shape["mean_events_after_attack"], shape["early"]) == (1.5, 0.0, 1)
    assert [stop["stopped_at"] for stop in shape["attacks"]] == [1, 0, None]
    first = json.loads((tmp_path / "s.jsonl").read_text().splitlines()[0])
    assert first == {"id": "t1", "label": "attack", "score": 0.95, "action": "BLOCK", "stopped_at": 1}


def test_replay_for_people(cli: Cli, tmp_path: Path) -> None:
    """The figures, then a line for each attack with what became of it."""
    out = cli("replay", write(tmp_path / "t.jsonl", TRACES)).out
    assert "attacks: 3, stopped 2, of these 1 early (before the event that carries the attack)" in out
    assert "mean events until the stop: 1.50; after the attack's own event: 0.00" in out
    assert "events from attack to stop: at the attack: 1" in out
    for name, remark in (("t2", "early"), ("t3", "missed")):
        assert any(line.startswith(name) and line.rstrip().endswith(remark) for line in out.splitlines())


def test_replay_lists_twenty_or_all(cli: Cli, tmp_path: Path) -> None:
    """A long list is cut, --list shows it whole; without attacks there is none."""
    path = write(tmp_path / "t.jsonl", [{**TRACES[2], "id": f"n{number}"} for number in range(25)])
    assert "and 5 more (--list shows all)" in cli("replay", path).out
    assert "n24" in cli("replay", path, "--list").out
    assert "attacks:" not in cli("replay", write(tmp_path / "b.jsonl", TRACES[3:])).out


def test_a_bad_trace_is_named_and_the_code_is_2(cli: Cli, tmp_path: Path) -> None:
    """As for rows."""
    result = cli("replay", write(tmp_path / "t.jsonl", TRACES, '{"label": "attack", "events": [3]}'), "--json")
    assert (result.code, json.loads(result.out)["traces"]) == (2, 4)
    assert ":5 event 0: expected an object, got int" in result.err


def test_a_lone_surrogate_in_an_id_does_not_stop_the_run(cli: Cli, tmp_path: Path) -> None:
    """JSON can carry what UTF-8 cannot; it comes out as the same escape."""
    (tmp_path / "c.jsonl").write_text('{"id": "\\ud800", "text": "attack", "label": 1, "source": "\\udfff ü"}')
    shape = json.loads(cli("evaluate", "c.jsonl", "--json", "--scores", "s.jsonl").out)
    assert list(shape["by_source"]) == ["\udfff ü"]
    assert json.loads((tmp_path / "s.jsonl").read_text("utf-8"))["id"] == "\ud800"
    assert r"\udfff ü" in cli("evaluate", "c.jsonl").out


def test_a_progress_bar_runs_on_a_terminal_only(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a terminal on standard error the bar is drawn there, and standard output stays pure JSON."""
    path = write(tmp_path / "c.jsonl", ROWS * 20)
    assert cli("evaluate", path, "--json").err == ""
    monkeypatch.setattr("aimds.cli.corpus.sys.stderr.isatty", lambda: True, raising=False)
    result = cli("evaluate", path, "--json")
    assert json.loads(result.out)["rows"] == 80
