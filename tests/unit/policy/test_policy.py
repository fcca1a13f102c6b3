"""Policies from Python: load, check, test, sessions, explanations, certificates."""

import hashlib
import os
import sys
import threading
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from aimds import policy
from aimds._core import POLICY_CODES, POLICY_SOURCE_BYTES_MAX, POLICY_SOURCES_MAX, compile_policy, format_policy
from aimds.errors import ConfigurationError, ErrorCode, InputError, StageError
from aimds.policy.certificates import check as check_certificate
from aimds.policy.exact import exact_json

DENY_MAIL = """import "schema.policy"
policy no_mail severity high {
  when call c to email.send
  deny
  message "No mail."
}
policy large severity low {
  when call c to payments.transfer
  deny if c.args.amount > 100
}
set mine = {no_mail, large} default allow
test "mail" for mine {
  given call c to email.send(to: ["a@b.example"]) at 0s
  expect deny by no_mail
}
"""


def write(folder: Path, text: str, name: str = "mine.policy") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def call(tool: str, arguments: Any, time_ms: int = 0, **more: Any) -> dict[str, Any]:
    known = {"role": "assistant", "trust": "user", "covered": True}
    return {"kind": "tool_call", "time_ms": time_ms, "tool": tool, "arguments": arguments, **known, **more}


@pytest.fixture
def session(tmp_path: Path) -> policy.Session:
    return policy.Session(policy.Engine(policy.load(write(tmp_path, DENY_MAIL))))


@pytest.mark.parametrize("name", policy.shipped_names())
def test_shipped_policies_pass_their_tests_and_reach_everything(name: str) -> None:
    """From the package data alone: no warning, all tests pass, and they reach every rule and window end."""
    report = policy.test(name)
    assert report.has_passed
    assert report.is_covered
    assert policy.check(name).is_clean


def test_a_wrong_file_says_where_and_what_to_do(tmp_path: Path) -> None:
    """The error carries code, place and help; the diagnostics hold the place in characters."""
    path = write(tmp_path, DENY_MAIL.replace("email.send\n", 'email.sent\n  // "ä"\n'))
    report = policy.check(path)
    assert not report.is_clean
    (found,) = report.diagnostics
    assert (found.level, found.file, found.line, found.column) == ("error", "mine.policy", 3, 18)
    assert (found.end_line, found.end_column) == (3, 18 + len("email.sent"))
    assert found.code in dict(POLICY_CODES)
    assert "email.send" in found.help
    with pytest.raises(policy.PolicyError) as caught:
        policy.load(path)
    assert isinstance(caught.value, ConfigurationError)
    assert caught.value.code is ErrorCode.POLICY_INVALID
    assert str(caught.value).startswith("mine.policy:3:18: ")
    assert caught.value.diagnostics == (found,)


def test_what_cannot_be_read_is_an_input_error(tmp_path: Path) -> None:
    """Missing, too large, not UTF-8, and a name that nobody ships: each with its own code."""
    large = write(tmp_path, "/" * (POLICY_SOURCE_BYTES_MAX + 1), "large.policy")
    bad = tmp_path / "folder" / "bad.policy"
    bad.parent.mkdir()
    bad.write_bytes(b"// \xff")
    for source, code in (
        (tmp_path / "none.policy", ErrorCode.INPUT_NOT_FOUND),
        ("no_such_set", ErrorCode.INPUT_NOT_FOUND),
        (large, ErrorCode.INPUT_TOO_LARGE),
        (bad, ErrorCode.INPUT_NOT_UTF8),
    ):
        with pytest.raises(InputError) as caught:
            policy.load(source)
        assert caught.value.code is code


def test_imports_are_found_beside_the_file_before_the_shipped_ones(tmp_path: Path) -> None:
    """A schema of one's own takes the place of the shipped one."""
    write(tmp_path, "schema own v1\nevent prompt\nrole user\nlabel trust: low < user\n", "schema.policy")
    found = policy.check(write(tmp_path, DENY_MAIL)).diagnostics
    assert {one.code for one in found} >= {"policy-unknown-name"}


def test_a_broken_file_that_nobody_imports_does_no_harm(tmp_path: Path) -> None:
    """Drafts, an editor's lock and folders beside a policy are not read; many files beside it are no fault either."""
    (tmp_path / "old_draft.policy").write_bytes(b"\xff")
    (tmp_path / "huge.policy").write_bytes(b"/" * (POLICY_SOURCE_BYTES_MAX + 1))
    (tmp_path / ".#draft.policy").symlink_to("ann@host.4711")
    (tmp_path / "dir.policy").mkdir()
    Path(os.fsdecode(bytes(tmp_path) + b"/\xff.policy")).write_text("x")
    for number in range(POLICY_SOURCES_MAX + 1):
        write(tmp_path, "no policy", f"n{number}.policy")
    unimported = '# import "dir.policy"\n// import "old_draft.policy"\nlet x = "import"\n'
    path = write(tmp_path, unimported + DENY_MAIL)
    assert policy.load(path).bundle.files == ["mine.policy", "schema.policy"]
    assert policy.test(path).has_passed


@pytest.mark.parametrize("through", ["middle.policy", "starter.policy"])
def test_imports_of_imports_are_read_and_named_when_they_are_broken(tmp_path: Path, through: str) -> None:
    """Also behind a shipped file: what is beside the root goes before what is shipped."""
    path = write(tmp_path, f'import # and so on\n  "{through}"\n{DENY_MAIL}')
    write(tmp_path, 'import "schema.policy"', "middle.policy")
    assert policy.load(path).bundle.files == ["mine.policy", through, "schema.policy"]
    (tmp_path / "schema.policy").write_bytes(b"// \xff")
    with pytest.raises(InputError, match=r"schema\.policy: byte 3 is not valid UTF-8"):
        policy.load(path)


def test_imports_are_bounded_and_a_wrong_name_is_told(tmp_path: Path) -> None:
    """One file too many is refused; a file that nobody imports is still proposed for a name that nobody has."""
    (tmp_path / "firm_rules.policy").write_bytes(b"\xff")
    (found,) = policy.check(write(tmp_path, 'import "firm_rule.policy"\n' + DENY_MAIL)).diagnostics
    assert (found.code, "firm_rules.policy" in found.help) == ("policy-bad-import", True)
    for number in range(POLICY_SOURCES_MAX + 1):
        write(tmp_path, f'import "n{number + 1}.policy"\n', f"n{number}.policy")
    with pytest.raises(InputError) as caught:
        policy.check(write(tmp_path, 'import "n0.policy"\n' + DENY_MAIL))
    assert caught.value.code is ErrorCode.INPUT_TOO_LARGE


def test_a_failing_test_and_a_gap_are_reported(tmp_path: Path) -> None:
    """The line of the expectation that was not met, and the rule that no test reached."""
    report = policy.test(write(tmp_path, DENY_MAIL.replace("expect deny by no_mail", "expect allow")))
    assert not report.has_passed
    (outcome,) = report.outcomes
    assert [failure.line for failure in outcome.failures] == [14]
    missing = {(one.rule, one.goal) for one in report.coverage["mine"].missing}
    assert ("large", "never fires") in missing
    assert not report.is_covered


def test_a_file_without_tests_has_not_passed(tmp_path: Path) -> None:
    """Nothing tested is nothing passed, and nothing covered."""
    report = policy.test(write(tmp_path, DENY_MAIL[: DENY_MAIL.index("test ")]))
    assert not report.has_passed
    assert not report.is_covered


def test_rules_at_fault_are_found(tmp_path: Path) -> None:
    """A rule that a wider one shadows is proved to change nothing; a conflict is told and is no fault."""
    shadow = DENY_MAIL.replace("set mine", "policy all { when call c deny }\nset mine").replace("large}", "large, all}")
    found = {(one.kind, one.rule, one.certainty) for one in policy.check(write(tmp_path, shadow)).findings}
    assert ("shadowed", "no_mail", "proved") in found
    assert not policy.check(tmp_path / "mine.policy").is_clean


def test_formatting_is_stable_and_keeps_comments() -> None:
    """House layout of house layout is itself."""
    text = policy.format_source("x.policy", "// why\n" + DENY_MAIL.replace("  when", " when"))
    assert text.startswith("// why\n")
    assert policy.format_source("x.policy", text) == text
    with pytest.raises(policy.PolicyError):
        policy.format_source("x.policy", "policy {")


def test_sets_are_chosen_by_name(tmp_path: Path) -> None:
    """A set that is not there is an error that lists those that are."""
    file = policy.load(write(tmp_path, DENY_MAIL))
    assert (file.choose_set(), file.choose_set("mine")) == ("mine", "mine")
    with pytest.raises(ConfigurationError) as caught:
        file.choose_set("other")
    assert caught.value.code is ErrorCode.POLICY_UNKNOWN_SET
    assert "mine" in caught.value.help


def test_a_session_decides_explains_and_proves(session: policy.Session) -> None:
    """The denial names its rule and message, the trail the place in the text, and the kernel accepts its theorem."""
    decision = session.judge(call("email.send", {"to": ["a@b.example"]}, id="c"))
    assert (decision.verdict, decision.severity) == ("deny", "high")
    assert [(fired.rule, fired.certain, fired.message) for fired in decision.fired] == [("no_mail", True, "No mail.")]
    explanation = session.explain()
    assert explanation is not None
    assert [(one["rule"], one["deciding"]["line"]) for one in explanation["trails"]] == [("no_mail", 3)]
    certificate = session.certify()
    assert (certificate["verdict"], certificate["rule"], certificate["axioms"]) == ("deny", "no_mail", [])
    assert session.judge(call("http.get", {"url": "a.example"}, 1)).verdict == "allow"
    assert session.certify()["verdict"] == "allow"


@pytest.mark.parametrize(
    ("amount", "verdict"),
    [("99.5", "allow"), ("100", "allow"), ("100.01", "deny"), ("null", "deny"), ('"a lot"', "deny"), ("1e400", "deny")],
)
def test_amounts_are_exact_and_what_cannot_be_read_never_grants(
    session: policy.Session, amount: str, verdict: str
) -> None:
    """No float rounds an amount; an amount that is missing or of another form is unknown, and so denied."""
    arguments = exact_json(f'{{"amount": {amount}}}')
    assert session.judge(call("payments.transfer", arguments)).verdict == verdict


def test_a_name_given_twice_has_no_value(session: policy.Session) -> None:
    """Two amounts in one object: nobody can say which one the tool will take, so it is unknown."""
    assert session.judge(call("payments.transfer", exact_json('{"amount": 1, "amount": 1000}'))).verdict == "deny"
    assert exact_json("[1.10]") == [Decimal("1.10")]
    with pytest.raises(ValueError, match="NaN"):
        exact_json("[NaN]")


def test_wrong_fields_are_refused(session: policy.Session) -> None:
    """An unknown field, a wrong type, a score out of range: an error that names the field, and no decision."""
    wrong: list[dict[str, Any]] = [
        {"kind": "prompt", "time_ms": 0, "tools": "x"},
        {"kind": 1, "time_ms": 0},
        {"kind": "prompt", "time_ms": -1},
        {"kind": "prompt", "time_ms": 0, "scores": [("secret", 70_000)]},
        {"kind": "prompt", "time_ms": 0, "scores": [["secret"]]},
        {"kind": "prompt", "time_ms": 0, "scores": [("secret", 1)] * 2_000},
        {"kind": "tool_call", "time_ms": 0, "arguments": [1]},
    ]
    for event in wrong:
        with pytest.raises(InputError):
            session.judge(event)
    with pytest.raises(StageError):
        session.certify()


def test_scores_are_pairs_as_python_or_json_has_them(tmp_path: Path) -> None:
    """Tuples and lists of two mean the same: a high score stops, a low one does not."""
    text = (
        'import "schema.policy"\npolicy secrets { when prompt p deny if score(p, secret) >= 0.5 }\n'
        "set s = { secrets } default allow\n"
    )
    session = policy.Session(policy.Engine(policy.load(write(tmp_path, text))))
    for pair, verdict in ((("secret", 990), "deny"), (["secret", 990], "deny"), (["secret", 10], "allow")):
        event = {"kind": "prompt", "time_ms": 0, "covered": True, "scores": [pair]}
        assert session.judge(event).verdict == verdict


def test_a_state_goes_on_and_only_under_its_own_set(session: policy.Session, tmp_path: Path) -> None:
    """Exported bytes restore; damaged ones are refused."""
    session.judge(call("http.get", {"url": "a.example"}, 5))
    engine = policy.Engine(policy.load(tmp_path / "mine.policy"))
    again = policy.Session(engine, session.export())
    assert again.judge(call("http.get", {"url": "a.example"}, 1)).time_ms == 5
    with pytest.raises(InputError):
        policy.Session(engine, b"\x00" + session.export())


def test_a_certificate_is_checked_anew(session: policy.Session) -> None:
    """The original is accepted; each changed part is refused, and so is a record that says something else."""
    session.judge(call("email.send", {}))
    good = session.certify()
    blocked = {"verdict": {"action": "BLOCK"}}
    assert check_certificate(good, blocked) is None
    assert check_certificate(good, {"verdict": {"action": "ALLOW"}}) is not None
    changes: dict[str, list[Any]] = {
        "version": [2, None],
        "policy": ["", good["policy"].replace("deny", "permit"), 1],
        "trace": ["", good["trace"].replace("yes", "no"), None],
        "verdict": ["allow", "perhaps"],
        "reason": [1, 10**30, -1, True, "0"],
        "prelude_sha256": ["0" * 64],
        "policy_sha256": ["0" * 64, None],
        "trace_sha256": ["0" * 64],
        "stream_sha256": ["0" * 64, ""],
        "axioms": [["propext"], None],
        "outcome": ["inconclusive", None],
    }
    for name, values in changes.items():
        for value in values:
            assert check_certificate({**good, name: value}, blocked) is not None, (name, value)
    for name in ("policy", "trace"):  # also with a hash that fits: then the theorem is another
        text = good[name].replace("yes", "no") if name == "trace" else good[name].replace("deny", "permit", 1)
        assert text != good[name]
        fitting = {name: text, f"{name}_sha256": hashlib.sha256(text.encode()).hexdigest()}
        assert check_certificate({**good, **fitting}, blocked) is not None
    for other in (None, [], "accepted", {}):
        assert check_certificate(other, blocked) is not None


def test_long_calls_let_other_threads_run() -> None:
    """While the compiler reads a large file, another thread goes on: the interpreter lock is released."""
    rules = "\n".join(f"policy p{number} {{ when call c deny }}" for number in range(900))
    ticks: list[float] = []
    done = threading.Event()

    def tick() -> None:
        while not done.is_set():
            ticks.append(time.monotonic())
            time.sleep(0)  # gives the lock back, and waits for it

    ticking = threading.Thread(target=tick)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)  # so that only a released lock lets the other thread run
    try:
        ticking.start()
        before = len(ticks)
        for _ in range(20):
            format_policy("x.policy", rules)
            compile_policy("x.policy", rules, [])
        assert len(ticks) > before
    finally:
        done.set()
        sys.setswitchinterval(interval)
        ticking.join()
