"""Contracts: what a template `ensures` is a theorem for each instance, and decides nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aimds import policy
from aimds.policy.proofs import ClaimResult, prove, readable_trace

ROOT = Path(__file__).parents[3]
LIMIT = """import "schema.policy"
template limit(most: amount) {
  when call c to payments.transfer
  deny if c.args.amount > most
  ensures c.args.amount <= 10
}
use limit(10) as strict
use limit(20) as loose
"""


def shown(folder: Path, text: str, **options: int | bool) -> list[ClaimResult]:
    """What came of the claims of a text."""
    file = folder / "mine.policy"
    file.write_text(text)
    return list(prove(file, **options))  # type: ignore[arg-type]


def contracts(results: list[ClaimResult]) -> list[ClaimResult]:
    return [one for one in results if one.kind == "contract"]


def test_each_instance_has_its_theorem() -> None:
    """Rule, arguments and stream of each; over all traces."""
    found = contracts(list(prove("rate_limits")))
    assert [(one.instance, one.filled_in, one.how, one.events) for one in found] == [
        ("mail_rate", "rate(email.send, 5, 1m)", "proved", None),
        ("payment_rate", "rate(payments.transfer, 3, 1h)", "proved", None),
        ("sink_rate", "rate(sink(external), 8, 10m)", "proved", None),
    ]
    assert all(one.about == ("rate_limits", "rate") and len(one.streams) == len(one.lean_texts) == 1 for one in found)
    assert len({one.streams for one in found}) == 3


def test_policies_of_their_own_have_contracts_too() -> None:
    """A rule without a template has no arguments to show; each is proved over all traces."""
    found = {one.instance: one for one in contracts(list(prove("approval")))}
    confirmed, paid = found["irreversible_needs_approval"], found["large_payment_needs_two"]
    assert (confirmed.how, confirmed.events, confirmed.filled_in) == ("proved", None, "confirmed(irreversible, 5m)")
    assert (paid.how, paid.events, paid.filled_in) == ("proved", None, None)


def test_what_only_short_traces_keep_is_no_contract(tmp_path: Path) -> None:
    """Six events break it, two cannot: a promise is about all traces, so nothing is called proved, nor shown."""
    text = """import "schema.policy"
policy both {
  when call c
  deny if not (count[0s, 10m] (prompt _) == 3 and count[0s, 10m] (document _) == 3)
  ensures not once[0s, 10m] (document _)
}
set s = {both} default allow
claim contract(s, both)
"""
    for events in (2, 6):
        (one,) = shown(tmp_path, text, events=events)
        assert (one.how, one.is_shown, one.streams) == ("not_shown", False, ())


def test_a_broken_contract_names_its_instance_and_shows_the_trace(tmp_path: Path) -> None:
    """One instance keeps the promise, the other does not: of the claim both are told."""
    text = LIMIT + "set s = {strict} default allow\nset t = {loose} default allow\n"
    found = shown(tmp_path, text + "claim contract(s, limit)\nclaim contract(t, limit)\n")
    assert [(one.instance, one.how) for one in found] == [("strict", "proved"), ("loose", "refuted")]
    assert len(found[1].streams) == 2
    assert any("args.amount in hundredths: 1001" in line for line in readable_trace(found[1]))


@pytest.mark.parametrize(
    ("claim", "code", "column"),
    [
        ("contract(s, nowhere)", "policy-unknown-name", 19),
        ("contract(s, bare)", "policy-bad-clause", 19),
        ("contract(empty, limit)", "policy-unknown-name", 1),
    ],
)
def test_a_contract_over_nothing_is_an_error(tmp_path: Path, claim: str, code: str, column: int) -> None:
    """Unknown, without `ensures`, without an instance: each has code, place and help, and nothing is shown."""
    file = tmp_path / "mine.policy"
    file.write_text(
        LIMIT + "policy bare { when call c to email.send deny }\npolicy all { when event e permit }\n"
        f"set s = {{strict, bare}} default allow\nset empty = {{all}} default allow\nclaim {claim}\n"
    )
    with pytest.raises(policy.PolicyError) as caught:
        prove(file)
    (error,) = [one for one in caught.value.diagnostics if one.level == "error"]
    assert (error.code, error.line, error.column) == (code, 13, column)
    assert error.help


def test_a_promise_that_nobody_claims_is_a_warning(tmp_path: Path) -> None:
    """`check` says so at the template, and is silent once a set with all instances is claimed."""
    file = tmp_path / "mine.policy"
    sets = "set s = {strict, loose} default allow\n"
    file.write_text(LIMIT + sets)
    report = policy.check(file)
    assert [(one.code, one.level, one.line) for one in report.diagnostics] == [("policy-unused", "warning", 2)]
    assert not report.is_clean
    file.write_text(LIMIT + sets + "claim contract(s, limit)\n")
    assert not policy.check(file).diagnostics


def test_a_contract_decides_nothing(tmp_path: Path) -> None:
    """Hash, certificate, state and coverage are the same without it, and `diff` proves that both allow the same."""
    rule = "policy p severity high {{ when call c to payments.transfer deny if c.args.amount > 10 {ensures}}}\n"
    test = 'test "t" for s { given call c to payments.transfer(amount: 3) at 0s expect allow }'
    rest = f"set s = {{p}} default allow\n{test}\n"
    ensures = "ensures score(c, secret) < 0.5 and once[0s, 1h] (read r where r.trust > untrusted) "
    seen = []
    for number, clause in enumerate(("", ensures)):
        file = tmp_path / f"{number}.policy"
        file.write_text('import "schema.policy"\n' + rule.format(ensures=clause) + rest)
        engine = policy.Engine(policy.load(file), "s")
        session = policy.Session(engine)
        decision = session.judge(
            {"kind": "tool_call", "time_ms": 0, "tool": "payments.transfer", "arguments": {"amount": 20}}
        )
        certificate = session.certify()
        assert certificate is not None
        reached = {name: (one.reached, one.goals) for name, one in policy.test(file).coverage.items()}
        seen.append((decision, certificate["policy_sha256"], certificate["stream_sha256"], session.export(), reached))
    assert seen[0] == seen[1]
    compared = policy.diff(tmp_path / "0.policy", tmp_path / "1.policy", "s", "s")
    assert (compared.no_widening.how, compared.no_narrowing.how, compared.changed) == ("proved", "proved", ("p",))


def test_a_solver_serves_contracts_too(tmp_path: Path) -> None:
    """A longer window covers a shorter one: Z3 says so, which is no proof; what it finds instead is replayed."""
    pytest.importorskip("z3")
    text = """import "schema.policy"
template clean(age: duration) {{
  when call c
  deny if once[0s, 10m] (read r where r.trust <= untrusted)
  ensures not once[0s, age] (read r where r.trust <= untrusted)
}}
use clean({age}) as quiet
set s = {{quiet}} default allow
claim contract(s, clean)
"""
    assert [one.how for one in shown(tmp_path, text.format(age="9m"))] == ["not_shown"]
    (one,) = shown(tmp_path, text.format(age="9m"), solver=True, events=3)
    assert (one.instance, one.how, one.events, one.is_shown) == ("quiet", "solver_trusted", 3, False)
    (one,) = shown(tmp_path, text.format(age="600001ms"), solver=True, events=3)
    assert (one.instance, one.how) == ("quiet", "refuted")
    assert (one.solver or "z3 ").startswith("z3 ")


def test_the_example_of_the_reference_is_true(tmp_path: Path) -> None:
    """It compiles without a warning, is in house layout, and is shown as the page says."""
    page = (ROOT / "docs/policy-language.md").read_text()
    (block,) = [
        one for one in re.findall(r"^```\n(.*?)^```", page, re.M | re.S) if one.startswith("template confirmed")
    ]
    text = 'import "schema.policy"\n' + block
    found = [(one.instance, one.how, one.events) for one in shown(tmp_path, text)]
    assert found == [("my_payments", "proved", None), ("my_amounts", "proved", None)]
    assert not policy.check(tmp_path / "mine.policy").diagnostics
    assert policy.format_source("mine.policy", text) == text


def test_an_instance_is_shown_without_the_comments_in_its_arguments(tmp_path: Path) -> None:
    """Two slashes between quotation marks begin no comment."""
    text = """import "schema.policy"
template inside(places: set) {
  when call c to email.send
  deny unless every c.args.to within places
  ensures every c.args.to within places
}
use inside({"corp.example", // and not "evil.example"}) ever
  "b.example"}) as mail
set s = {mail} default allow
claim contract(s, inside)
"""
    (one,) = shown(tmp_path, text)
    assert (one.how, one.filled_in) == ("proved", 'inside({"corp.example", "b.example"})')
