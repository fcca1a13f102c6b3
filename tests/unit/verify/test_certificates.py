"""Certificates: found again with the same bytes, in bounded memory, and the gravest first."""

import json
from typing import Any

import pytest

from aimds import Defense, Event, Settings
from aimds.limits import CERTIFICATES_MS_MAX
from aimds.policy import Engine, Session, load
from aimds.ports import ManualClock, SequentialIds
from aimds.records import StageName, StageReport, Verdict
from aimds.verify import VerifyStage

CERTIFICATES_HELD_MAX = 256


def denied(engine: Engine, gap_ms: int = 1) -> Session:
    """A session whose last call is held; another gap is another trace."""
    session = Session(engine)
    page = "Quarterly numbers: revenue 4.2 million, margin 18 percent"
    read = {"kind": "tool_result", "trust": "untrusted", "role": "tool", "time_ms": 0, "text": page, "covered": True}
    call = {"kind": "tool_call", "role": "assistant", "tool": "email.send", "time_ms": gap_ms, "covered": True}
    session.judge(read)
    assert session.judge({**call, "arguments": {"to": ["x@y.example"], "body": page}}).verdict == "deny"
    return session


def test_the_same_facts_give_the_same_bytes_from_the_cache() -> None:
    """Sessions share what their set has proved; made anew it is the same to the last byte."""
    engine = Engine(load("no_exfiltration"))
    first = denied(engine).certify()
    assert engine.core.certificates == (0, 1, 1)
    again = denied(engine).certify()
    assert engine.core.certificates == (1, 1, 1)
    assert again == first == denied(engine).certify(fresh=True)
    assert list(again) == list(first)
    assert engine.core.certificates == (1, 1, 1), "who asks for a fresh one does not touch the cache"


def test_other_facts_are_another_certificate() -> None:
    engine = Engine(load("no_exfiltration"))
    assert denied(engine, 1).certify()["trace_sha256"] != denied(engine, 2).certify()["trace_sha256"]
    assert engine.core.certificates == (0, 2, 2)
    other = Engine(load("no_exfiltration"))
    denied(other).certify()
    assert other.core.certificates == (0, 1, 1), "each set has its own"


def test_the_cache_is_bounded_and_the_oldest_goes() -> None:
    engine = Engine(load("no_exfiltration"))
    for gap_ms in range(CERTIFICATES_HELD_MAX + 3):
        denied(engine, gap_ms).certify()
    assert engine.core.certificates == (0, CERTIFICATES_HELD_MAX + 3, CERTIFICATES_HELD_MAX)
    denied(engine, CERTIFICATES_HELD_MAX + 2).certify()
    denied(engine, 0).certify()
    assert engine.core.certificates[:2] == (1, CERTIFICATES_HELD_MAX + 4)


def test_the_gravest_is_certified_first_and_time_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two sets the critical one comes first, though it is named second; what is left without time says so."""
    clock = ManualClock()
    order: list[str] = []
    original = Session.certify

    def slow(session: Session, **options: Any) -> dict[str, Any]:
        certificate = original(session, **options)
        order.append(certificate["set"])
        clock.advance((CERTIFICATES_MS_MAX + 1) * 1_000_000)
        return certificate

    monkeypatch.setattr(Session, "certify", slow)
    stage = VerifyStage([Engine(load("careful")), Engine(load("no_exfiltration"))], clock=clock)
    defense = Defense(Settings(), clock=clock, ids=SequentialIds(), rooms=[stage])
    page = "Quarterly numbers: revenue 4.2 million, margin 18 percent"
    defense.evaluate(Event(page, kind="tool_result", tool="http.get", session_id="s"))
    call = json.dumps({"to": ["x@y.example"], "body": page})
    verdict = defense.evaluate(Event(call, kind="tool_call", tool="email.send", session_id="s"))
    assert order == ["no_exfiltration"]
    report = report_of(verdict)
    assert report.details["certificate"]["set"] == "no_exfiltration"
    assert "no time" in report.details["unproved"]
    assert verdict.action.value == "BLOCK"
    assert stage.describe()["certificates"][1] == {"found": 0, "made": 1, "held": 1}


def report_of(verdict: Verdict) -> StageReport:
    return next(report for report in verdict.reports if report.stage is StageName.VERIFY)
