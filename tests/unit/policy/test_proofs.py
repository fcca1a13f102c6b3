"""Claims: proved, for all traces or short ones; witnessed and refuted by replayed traces; and what a solver says."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest

from aimds import policy
from aimds.errors import AimdsError, ErrorCode, InputError
from aimds.policy import solver
from aimds.policy.notation import parse_policy
from aimds.policy.proofs import UntrustedPath, prove, readable_trace

MAIL = """import "schema.policy"
policy approved_mail {
  when call c to sink(external)
  deny if once[0s, 10m] (read r where r.trust <= untrusted and flows(r, c.args))
  unless (not revoked(c)) since[0s, 5m] approved(c) by user
}
"""
# The path takes any approval for one, so that the claim hangs on how two operators over the same events go together.
PATH = """
policy path {
  when call c to sink(external)
  deny if once[0s, 10m] (read r where r.trust <= untrusted and flows(r, c.args))
  unless once[0s, 5m] approved(c) by user
}
set paths = {path} default allow
set mail = {approved_mail} default allow
claim no_path(mail, paths)
"""


def only(folder: Path, text: str, **options: Any) -> policy.ClaimResult:
    """The one claim of a text."""
    file = folder / "mail.policy"
    file.write_text(text)
    (result,) = prove(file, **options)
    return result


def test_a_path_is_proved_for_short_traces_and_says_so(tmp_path: Path) -> None:
    """One theorem for each length up to the bound, which the kernel accepted; the bound is part of the answer."""
    found = only(tmp_path, MAIL + PATH, events=3)
    assert (found.how, found.events, found.is_shown) == ("proved_up_to", 3, True)
    assert len(found.streams) == len(found.lean_texts) == 3
    assert all("theorem Aimds.verdict" in text for text in found.lean_texts)


def test_a_path_that_a_rule_forbids_is_proved_for_all_traces() -> None:
    """The shipped policy against exfiltration closes the built-in path, whatever the trace."""
    results = prove("no_exfiltration", path=UntrustedPath())
    (path,) = [one for one in results if one.kind == "no_path"]
    assert (path.how, path.events, path.file) == ("proved", None, "path.policy")
    assert all(one.is_shown for one in results)


def test_an_open_path_is_refuted_by_a_trace_that_was_replayed() -> None:
    """The starter set lets content flow that no detector complains of, and the trace says so in words."""
    (path,) = [one for one in prove("starter", path=UntrustedPath()) if one.kind == "no_path"]
    assert (path.how, path.is_shown, len(path.streams)) == ("refuted", False, 2)
    assert any("flows into pending args" in line for line in readable_trace(path))


@pytest.mark.parametrize("within", ["25d", "10", "0m", "m", '10m) "', "10 m"])
def test_only_durations_get_into_the_claim(within: str) -> None:
    """What is pasted into a policy text has one form."""
    with pytest.raises(AimdsError) as caught:
        prove("no_exfiltration", path=UntrustedPath(within=within))
    assert caught.value.code is ErrorCode.INPUT_BAD_VALUE
    for events in (0, solver.EVENTS_MAX + 1):
        with pytest.raises(AimdsError):
            prove("no_exfiltration", events=events)


def test_a_schema_that_cannot_say_the_claim_is_told(tmp_path: Path) -> None:
    """Without a file that nobody has: the claim was made up for the question."""
    path = tmp_path / "own.policy"
    path.write_text(
        "schema own v1\nevent prompt\nlabel trust: low < user\npolicy p { when prompt q deny }\n"
        "set own = {p} default allow\n"
    )
    with pytest.raises(InputError, match=r"path: the claim cannot be made of own\.policy: ") as caught:
        prove(path, path=UntrustedPath())
    assert caught.value.code is ErrorCode.INPUT_BAD_VALUE
    assert "path.policy" not in str(caught.value)


def test_without_the_library_the_solver_is_a_typed_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Z3 is no part of the default installation; the message names the extra."""
    real = builtins.__import__

    def absent(name: str, *rest: Any, **named: Any) -> Any:
        if name == "z3":
            raise ImportError(name)
        return real(name, *rest, **named)

    def import_module(name: str) -> Any:
        return absent(name)

    monkeypatch.setattr("importlib.import_module", import_module)
    with pytest.raises(AimdsError) as caught:
        prove("no_exfiltration", solver=True)
    assert caught.value.code is ErrorCode.EXTRA_MISSING
    assert "aimds[prove]" in caught.value.help


def test_a_solver_is_never_called_a_proof(tmp_path: Path) -> None:
    """A longer window covers a shorter one: no skeleton knows that, Z3 does, and the answer is not `proved`."""
    pytest.importorskip("z3")
    text = MAIL + PATH.replace("once[0s, 10m] (read", "once[0s, 9m] (read")
    assert only(tmp_path, text).how == "not_shown"
    found = only(tmp_path, text, solver=True, events=3)
    assert (found.how, found.events, found.is_shown, found.streams) == ("solver_trusted", 3, False, ())
    assert (found.solver or "").startswith("z3 ")


def test_what_a_solver_finds_is_replayed(tmp_path: Path) -> None:
    """Longer than the rule's window by a millisecond: Z3 finds the moment, and semantics, monitor and kernel agree."""
    pytest.importorskip("z3")
    text = MAIL + PATH.replace("once[0s, 10m] (read", "once[0s, 600001ms] (read")
    found = only(tmp_path, text, solver=True, events=3)
    assert (found.how, found.is_shown) == ("refuted", False)
    assert found.witness is not None
    times = [int(line.split(" ")[0]) for line in found.witness.splitlines()]
    assert times[-1] - times[0] == 600001


def test_a_false_model_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trace that does not do what the solver says proves nothing, and then neither does its silence."""
    pytest.importorskip("z3")
    text = MAIL + PATH.replace("once[0s, 10m] (read", "once[0s, 9m] (read")
    monkeypatch.setattr(solver._Unrolled, "solve", lambda self, may_be_unknown: "0 no\n")
    assert only(tmp_path, text, solver=True).how == "not_shown"


def test_a_shadowed_rule_is_not_shown_and_one_that_matters_has_a_witness(tmp_path: Path) -> None:
    """`never_shadowed` is shown by a trace on which the verdict hangs on the rule, replayed with and without it."""
    text = (
        'import "schema.policy"\npolicy p { when call c deny if c.tool == "x" }\n'
        "policy q { when call c to email.send deny }\nset s = {p, q} default allow\nclaim never_shadowed(s, q)\n"
    )
    shown = only(tmp_path, text)
    assert (shown.how, len(shown.streams)) == ("witnessed", 2)
    shadowed = text.replace('deny if c.tool == "x"', "deny")
    assert only(tmp_path, shadowed).how == "not_shown"
    pytest.importorskip("z3")
    assert only(tmp_path, shadowed, solver=True, events=2).how == "not_shown"


def test_the_notation_is_read_as_it_is_written() -> None:
    """Words, numbers and operands in prefix order; anything else is refused."""
    assert parse_policy("deny and atom 1 not atmost 2 30\npermit true") == (
        ("deny", ("and", ("atom", 1), ("not", ("atmost", 2, 30)))),
        ("permit", ("true",)),
    )
    for wrong in ("deny", "grant true", "deny true true", "deny atom x", "deny maybe"):
        with pytest.raises(ValueError, match=r"rule|form|literal"):
            parse_policy(wrong)


@pytest.mark.parametrize(
    "condition", ["c.trust < untrusted", "c.trust > trusted", "score(c, secret) > 1", "score(c, secret) < 0"]
)
def test_the_solver_knows_the_ends_of_an_order(condition: str, tmp_path: Path) -> None:
    """No event is below the lowest label or above the highest, and no trace shows one."""
    pytest.importorskip("z3")
    rule = f"policy p {{ when call c permit if {condition} }}\nset s = {{p}} default deny\nclaim fires(s, p)\n"
    found = only(tmp_path, f'import "schema.policy"\n{rule}', solver=True, events=2)
    assert found.how == "not_shown"
