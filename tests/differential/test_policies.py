"""The twin of policy evaluation says what the Rust engine said on decisions of the shipped policies' tests."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from reference.policies import allows, may, must, parse_policy, parse_trace

CASES = [json.loads(line) for line in (Path(__file__).parent / "policy_cases.jsonl").read_text().splitlines()]


def test_the_twin_agrees_on_every_recorded_decision() -> None:
    assert {case["allowed"] for case in CASES} == {True, False}
    for case in CASES:
        assert allows(parse_policy(case["policy"]), parse_trace(case["trace"])) == case["allowed"], case["set"]


def test_what_must_hold_may_hold() -> None:
    for case in CASES:
        events = parse_trace(case["trace"])
        for _, form in parse_policy(case["policy"]):
            assert may(form, events) or not must(form, events)


def test_a_trace_of_which_nothing_is_known_is_not_allowed_where_known_facts_were_denied() -> None:
    for case in CASES:
        if not case["allowed"]:
            events = [replace(event, absent="unknown", facts={}) for event in parse_trace(case["trace"])]
            assert not allows(parse_policy(case["policy"]), events), case["set"]
