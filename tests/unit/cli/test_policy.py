"""`aimds policy`: what it prints, writes and exits with."""

import json
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Cli

WRONG = 'import "schema.policy"\npolicy p {\n  when call c to no.tool\n  deny\n}\nset s = {p} default allow\n'


def test_a_new_file_is_whole(cli: Cli, tmp_path: Path) -> None:
    """What `new` writes is in house layout, has nothing to correct, and its tests pass and reach everything."""
    assert cli("policy", "new", "mine.policy").code == 0
    for verb in (("fmt", "--check"), ("check",), ("test",), ("coverage",)):
        result = cli("policy", *verb, "mine.policy")
        assert (result.code, result.err) == (0, ""), verb
    again = cli("policy", "new", "mine.policy")
    assert again.code == 2
    assert again.err.startswith("aimds: usage: mine.policy: is there already, and nothing is overwritten\nhelp: run ")
    assert cli("policy", "new", "mine.txt").code == 2
    assert cli("policy", "new", "own.policy", "--from", "no_secrets").code == 0
    assert json.loads(cli("policy", "test", "own.policy", "--json").out)["passed"] is True


def test_findings_failures_and_bad_input_have_their_codes(cli: Cli, tmp_path: Path) -> None:
    """1 for what is wrong in a file that was looked at, 2 for one that cannot be used."""
    Path("wrong.policy").write_text(WRONG)
    result = cli("policy", "check", "wrong.policy")
    assert result.code == 1
    assert "--> wrong.policy:3:18" in result.out
    assert "= help:" in result.out
    assert json.loads(cli("policy", "check", "wrong.policy", "--json").out)["clean"] is False
    for verb in ("test", "coverage", "prove"):
        result = cli("policy", verb, "wrong.policy")
        assert result.code == 2
        assert "aimds: policy-invalid: wrong.policy:3:18: " in result.err
    assert cli("policy", "check", "none.policy").code == 2
    cli("policy", "new", "mine.policy")
    text = Path("mine.policy").read_text()
    Path("mine.policy").write_text(text.replace("  expect allow\n", "  expect deny\n", 1))
    result = cli("policy", "test", "mine.policy")
    assert result.code == 1
    assert "mine.policy:24: " in result.out
    Path("mine.policy").write_text(text[: text.index("test ")])
    assert (cli("policy", "test", "mine.policy").code, cli("policy", "coverage", "mine.policy").code) == (1, 1)


def test_fmt_rewrites_only_when_asked(cli: Cli, tmp_path: Path) -> None:
    """`--check` leaves the file and exits with 1."""
    cli("policy", "new", "mine.policy")
    text = Path("mine.policy").read_text()
    Path("mine.policy").write_text(text.replace("  when", "      when"))
    assert cli("policy", "fmt", "--check", "mine.policy").code == 1
    assert Path("mine.policy").read_text() != text
    assert json.loads(cli("policy", "fmt", "mine.policy", "--json").out)["files"][0]["changed"] is True
    assert Path("mine.policy").read_text() == text
    Path("mine.policy").write_text("policy {")
    assert cli("policy", "fmt", "mine.policy").code == 2


def test_explain_tells_rules_and_decisions(cli: Cli, tmp_path: Path) -> None:
    """The rules without events; with them each decision, its reasons and what would let it pass."""
    assert "starter_canary" in cli("policy", "explain", "starter").out
    cli("policy", "new", "mine.policy")
    page = "Quarterly numbers: revenue 4.2 million, margin 18 percent"
    known = {"trust": "untrusted", "role": "tool", "covered": True}
    events = [
        {"kind": "tool_result", "time_ms": 0, "id": "r", "tool": "http.get", "text": page, **known},
        {"kind": "tool_call", "time_ms": 9, "id": "c", "tool": "email.send", "arguments": {"body": page}, **known},
    ]
    Path("events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    result = cli("policy", "explain", "mine.policy", "events.jsonl", "--certify")
    assert result.code == 1
    for said in (
        "event 0 at 0 ms: allow",
        "event 1 at 9 ms: ask",
        "[events 0]",
        "must: ask user",
        "would pass: with the",
    ):
        assert said in result.out
    rows = [
        json.loads(line) for line in cli("policy", "explain", "mine.policy", "events.jsonl", "--json").out.splitlines()
    ]
    assert [row["decision"]["verdict"] for row in rows] == ["allow", "ask"]
    Path("events.jsonl").write_text('{"kind": "prompt", "time_ms": 0}\n{"kind": "prompt", "kind": "prompt"}\n')
    result = cli("policy", "explain", "mine.policy", "events.jsonl")
    assert result.code == 2
    assert "aimds: input-bad-row: events.jsonl:2: a name stands twice" in result.err
    assert "of one session those before it" in result.err


def test_prove_shows_claims_and_writes_streams(cli: Cli, tmp_path: Path) -> None:
    """Proved, witnessed and not shown are three words; the index names each stream."""
    result = cli("policy", "prove", "tool_constraints", "--streams", "proofs", "--json")
    assert result.code == 0
    shown = json.loads(result.out)["files"]["tool_constraints"]
    proved = [one for one in shown if one["how"] == "proved"]
    assert proved
    index = [json.loads(line) for line in Path("proofs/index.jsonl").read_text().splitlines()]
    assert [one["kind"] for one in index if one["how"] == "proved"] == [one["kind"] for one in proved]
    assert all((Path("proofs") / one["file"]).read_bytes().startswith(b'{"meta"') for one in index)
    Path("false.policy").write_text(
        'import "schema.policy"\npolicy p { when call c deny }\npolicy q { when call c to email.send deny }\n'
        "set s = {p, q} default allow\nclaim never_shadowed(s, q)\n"
    )
    result = cli("policy", "prove", "false.policy")
    assert (result.code, "NOT SHOWN" in result.out) == (1, True)


def test_prove_tells_proofs_traces_and_solvers_apart(cli: Cli, tmp_path: Path) -> None:
    """An open path is refuted with its events; what Z3 says is `solver-trusted`, never `proved`, and exits with 1."""
    result = cli("policy", "prove", "no_exfiltration", "--path-within", "10m")
    assert (result.code, "no_path no_exfiltration, paths_without_approval: proved (" in result.out) == (0, True)
    result = cli("policy", "prove", "starter", "--path-within", "10m")
    assert (result.code, "REFUTED by a trace" in result.out, "  event 1 at 0 ms: " in result.out) == (1, True, True)
    for option, text, words in (
        ("--path-within", "soon", "is no duration, such as"),
        ("--path-within", "10", "is no duration, such as"),
        ("--path-within", "90d", "end at 24 days"),
        ("--approved-within", "25d", "end at 24 days"),
    ):
        result = cli("policy", "prove", "starter", "careful", "--path-within", "10m", option, text)
        assert (result.code, result.err.count("aimds: ")) == (2, 1)
        assert result.err.startswith(f"aimds: input-bad-value: {option}: '{text}' ")
        assert words in result.err
        assert "help: `--help` of the command" in result.err
    assert cli("policy", "prove", "starter", "--events", "7").code == 2
    pytest.importorskip("z3")
    options = ("--path-within", "9m", "--solver", "--events", "2")
    result = cli("policy", "prove", "no_exfiltration", *options)
    (line,) = [one for one in result.out.splitlines() if ": no_path " in one]
    assert (result.code, "solver-trusted (z3 " in line, "proved" in line) == (1, True, False)
    rows = json.loads(cli("policy", "prove", "no_exfiltration", *options, "--json").out)["files"]["no_exfiltration"]
    assert [one["how"] for one in rows if one["kind"] == "no_path"] == ["solver_trusted"]
    old, new = "old.policy", "new.policy"
    rule = "policy p {{ when call c deny if once[0s, {age}] read r }}"
    text = f'import "schema.policy"\n{rule}\nset s = {{{{p}}}} default allow\n'
    Path(old).write_text(text.format(age="5m"))
    Path(new).write_text(text.format(age="6m"))
    assert cli("policy", "diff", old, new).code == 1
    result = cli("policy", "diff", old, new, "--solver")
    assert (result.code, "which is not proved" in result.out) == (1, True)


def test_prove_names_each_instance_of_a_contract(cli: Cli, tmp_path: Path) -> None:
    """All must be proved: the page says of which it is not and why, and 1 is the exit code; the index names them."""
    result = cli("policy", "prove", "rate_limits", "approval", "--streams", "proofs")
    assert result.code == 0
    contract = "contract rate_limits, rate: "
    assert f"{contract}mail_rate = rate(email.send, 5, 1m): proved (" in result.out
    assert f"{contract}proved of all 3 instances\n" in result.out
    assert "contract approval, large_payment_needs_two: large_payment_needs_two: proved (" in result.out
    assert "irreversible_needs_approval = confirmed(irreversible, 5m): proved (" in result.out
    index = [json.loads(line) for line in Path("proofs/index.jsonl").read_text().splitlines()]
    of = [one for one in index if one["kind"] == "contract" and one["about"][0] == "rate_limits"]
    assert [one["instance"] for one in of] == ["mail_rate", "payment_rate", "sink_rate"]
    assert {(one["theorem"], one["expected"]) for one in of} == {("Aimds.verdict", "accepted")}
    Path("broken.policy").write_text(
        'import "schema.policy"\ntemplate t(what: tool) {\n  when call c to what\n  deny if c.trust <= untrusted\n'
        "  ensures c.trust > user\n}\nuse t(email.send) as mail\nuse t(http.post) as web\n"
        "policy shut { when call c to http.post deny }\nset s = {mail, web, shut} default allow\nclaim contract(s, t)\n"
    )
    result = cli("policy", "prove", "broken.policy")
    assert result.code == 1
    assert "mail = t(email.send): REFUTED by a trace\n  event 1 at 0 ms: " in result.out
    assert "web = t(http.post): proved (" in result.out
    assert "contract s, t: NOT PROVED: of 1 of 2 instances only\n" in result.out


def test_diff_proves_that_nothing_is_widened(cli: Cli, tmp_path: Path) -> None:
    """0 when it is a theorem, 1 with a trace when the new version allows more."""
    cli("policy", "new", "mine.policy")
    text = Path("mine.policy").read_text()
    Path("folder").mkdir()
    unless = "  unless (not revoked(c)) since[0s, 5m] approved(c) by user\n"
    assert unless in text
    Path("folder/mine.policy").write_text(text.replace(unless, "", 1))
    result = cli("policy", "diff", "mine.policy", "folder/mine.policy")
    assert (result.code, "allows less (proved)" in result.out) == (0, True)
    assert "changed  mine_sending" in result.out
    result = cli("policy", "diff", "folder/mine.policy", "mine.policy", "--json")
    shape = json.loads(result.out)
    assert (result.code, shape["no_widening"]["how"], shape["changed"]) == (1, "refuted", ["mine_sending"])
    assert cli("policy", "diff", "mine.policy", "none.policy").code == 2
