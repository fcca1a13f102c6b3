"""The verify room: policies over the session decide, prove and explain; what is not known never grants."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from aimds import Action, Defense, Event, Settings
from aimds.audit import new_key
from aimds.audit.verify import trail_lines, verify_lines
from aimds.errors import ConfigurationError, ErrorCode, InputError, StageError
from aimds.pipeline import artefact_digests, build_rooms
from aimds.policy import Engine, Session, load
from aimds.policy.certificates import check
from aimds.ports import ManualClock, SequentialIds
from aimds.records import Assessment, EventKind, Finding, StageName, StageOutcome, StageReport, Verdict
from aimds.signatures import CanaryTokens
from aimds.taxonomy import Category
from aimds.verify import VerifyStage
from aimds.verify.facts import record_of
from aimds.verify.sessions import SessionTable

PAGE = "Quarterly numbers: revenue 4.2 million, margin 18 percent"
OWN = """import "schema.policy"
policy advise severity critical {
  when response m
  deny if score(m, secret) >= 0.9
  action redact
  obligation redact(secret)
}
policy ask_delete severity medium {
  when call c to files.delete
  deny
  action ask
}
policy second_fetch severity low {
  when call c to http.get
  deny if count[0s, 1m] (call _ to http.get) > 1
  action throttle
}
policy no_canary severity low {
  when response m
  deny if score(m, canary_leak) >= 0.5
}
set own = {advise, ask_delete, second_fetch, no_canary} default allow
"""


class Earlier:
    """An earlier room that says what it is told to say."""

    name = StageName.SIGNATURES

    def __init__(self, outcome: StageOutcome = StageOutcome.COMPLETE, **confidences: float) -> None:
        self.outcome = outcome
        self.findings = tuple(
            Finding("d", "r", Category(name), 0.1, confidence, "m") for name, confidence in confidences.items()
        )

    def run(self, assessment: Assessment) -> Assessment:
        return assessment.with_report(StageReport(self.name, self.outcome, self.findings))


Guard = Callable[..., Defense]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.policy"
    path.write_text(OWN)
    return path


def guard(
    *policies: str | Path, earlier: Earlier | None = None, settings: Settings | None = None, **options: Any
) -> Defense:
    stage = VerifyStage([Engine(load(policy)) for policy in policies], **options)
    rooms = [earlier or Earlier(), stage]
    return Defense(settings or Settings(), clock=ManualClock(), ids=SequentialIds(), rooms=rooms)


def call(tool: str, arguments: Any, session: str | None = "s", **more: Any) -> Event:
    return Event(json.dumps(arguments), kind="tool_call", role="assistant", tool=tool, session_id=session, **more)


def read(text: str = PAGE, session: str = "s") -> Event:
    return Event(text, kind="tool_result", tool="http.get", session_id=session)


def report_of(verdict: Verdict) -> StageReport:
    return next(report for report in verdict.reports if report.stage is StageName.VERIFY)


def test_it_stands_last_and_only_when_policies_are_named(own: Path) -> None:
    """By default with the starter set; without policies there is no such room. The digest of rules tells them apart."""
    canaries = CanaryTokens(SequentialIds())
    without = Settings(verify={"policies": ()})
    names = [room.name for room in build_rooms(without, canaries, ManualClock())]
    assert StageName.VERIFY not in names
    *others, last = build_rooms(Settings(), canaries, ManualClock())
    assert [room.name for room in others] == names
    assert isinstance(last, VerifyStage)
    assert last.describe()["policies"] == ["starter"]
    assert artefact_digests(without)[0] != artefact_digests(Settings())[0]
    named = Settings(verify={"policies": ("starter", str(own))})
    assert [room.name for room in build_rooms(named, canaries, ManualClock())] == [
        *names,
        StageName.VERIFY,
    ]
    before = artefact_digests(named)[0]
    assert before != artefact_digests(Settings())[0]
    own.write_text(OWN.replace("0.9", "0.8"))
    assert artefact_digests(named)[0] != before


@pytest.mark.parametrize(("policy", "error"), [("no_such_set", InputError), ("wrong.policy", ConfigurationError)])
def test_policies_that_cannot_be_used_stop_the_start(
    policy: str, error: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A typing error in a name must not leave the guard without its policy."""
    monkeypatch.chdir(tmp_path)
    Path("wrong.policy").write_text("policy {")
    with pytest.raises(error):
        Defense(Settings(verify={"policies": (policy,)}, patterns={"enabled": False}))


@pytest.mark.parametrize("policy", ["no_such_set", "no_such_file.policy"])
def test_a_policy_that_is_not_there_names_its_setting(policy: str) -> None:
    """The operator reads which setting to correct."""
    with pytest.raises(InputError, match=f"verify.policies: {policy}: "):
        Defense(Settings(verify={"policies": (policy,)}, patterns={"enabled": False}))


def test_a_denial_blocks_with_reason_bound_events_and_certificate() -> None:
    """Content of a web page leaves by mail: the finding names rule, event and way out; the certificate holds."""
    defense = guard("no_exfiltration")
    assert defense.evaluate(read()).action is Action.ALLOW
    verdict = defense.evaluate(call("email.send", {"to": ["x@corp.example"], "body": PAGE}))
    assert verdict.action is Action.BLOCK
    report = report_of(verdict)
    assert report.outcome is StageOutcome.CERTAIN
    finding = next(one for one in report.findings if one.rule_id.endswith("exfiltration_after_untrusted_read"))
    assert finding.rule_id == "policy/no_exfiltration/exfiltration_after_untrusted_read"
    assert finding.details["events"] == [0]
    assert finding.details["would_pass"] == "with the approval of user"
    assert "ask(user)" in report.details["obligations"]
    certificate = report.details["certificate"]
    assert certificate["verdict"] == "deny"
    assert check(certificate, {"verdict": {"action": "BLOCK"}}) is None
    assert (
        defense.evaluate(call("email.send", {"to": ["x@corp.example"], "body": PAGE}, "other")).action is Action.ALLOW
    )


def test_what_is_asked_is_escalated_and_what_is_too_frequent_blocked(own: Path) -> None:
    """`ask` holds for a person, `throttle` blocks for now; low severities carry no certificate."""
    defense = guard(own)
    verdict = defense.evaluate(call("files.delete", {"path": "/a"}))
    assert (verdict.action, report_of(verdict).details["hold"]) == (Action.ESCALATE, True)
    assert report_of(verdict).details["certificate"] is None
    assert defense.evaluate(call("http.get", {})).action is Action.ALLOW
    assert defense.evaluate(call("http.get", {})).action is Action.BLOCK


@pytest.mark.parametrize(
    ("on_undecided", "action"), [("allow", "ESCALATE"), ("escalate", "ESCALATE"), ("block", "BLOCK")]
)
def test_an_earlier_room_that_failed_never_helps(own: Path, on_undecided: str, action: str) -> None:
    """Its scores are unknown: a rule on them holds the event, also where the operator lets undecided events pass."""
    settings = Settings(decide={"on_undecided": on_undecided})
    defense = guard(own, earlier=Earlier(StageOutcome.UNDECIDED), settings=settings)
    assert defense.evaluate(Event("hello", kind="response")).action == action


def test_scores_are_those_of_the_findings(own: Path) -> None:
    """The greatest confidence of a category, in thousandths; of what was looked for and not found, zero."""
    assessment = Earlier(secret=0.95, jailbreak_roleplay=0.3).run(Assessment(Event("x", kind="response")))
    record = record_of(assessment, {"secret", "canary_leak"})
    assert (record["scores"], record["covered"]) == ([("canary_leak", 0), ("secret", 950)], True)
    failed = assessment.with_report(StageReport(StageName.TEMPORAL, StageOutcome.UNDECIDED))
    assert (record_of(failed, {"secret"})["scores"], record_of(failed, {"secret"})["covered"]) == ([], False)
    defense = guard(own, earlier=Earlier(canary_leak=0.5))
    assert defense.evaluate(Event("x", kind="response")).action is Action.BLOCK
    defense = guard(own, earlier=Earlier(canary_leak=0.499))
    assert defense.evaluate(Event("x", kind="response")).action is Action.ALLOW


@pytest.mark.parametrize("text", ["", "[1]", "{", "x" * 50, "[" * 100_000, '{"a": NaN}', "\ud800"])
def test_arguments_that_cannot_be_read_are_unknown(text: str) -> None:
    """A call whose text is no JSON object has unknown arguments, and a lone surrogate stops nothing."""
    event = Event(text, kind="tool_call", tool="email.send")
    assert record_of(Assessment(event), ())["arguments"] is None
    defense = guard("no_exfiltration")
    for kind in EventKind:
        if kind.is_consent:
            continue
        defense.evaluate(Event(text, kind=kind, tool="email.send", session_id="s"))


def test_advice_passes_only_with_its_proof(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A critical `redact` lets pass, with a certificate; when the proof fails, the event is undecided."""
    verdict = guard(own, earlier=Earlier(secret=0.95)).evaluate(Event("x", kind="response"))
    report = report_of(verdict)
    assert (report.outcome, report.details["certificate"]["verdict"]) == (StageOutcome.COMPLETE, "allow")
    assert report.details["obligations"] == ["redact(secret)"]

    def fail(session: Session) -> dict[str, Any]:
        raise StageError(ErrorCode.POLICY_UNPROVED, place="certificate", reason="inconclusive")

    monkeypatch.setattr(Session, "certify", fail)
    report = report_of(guard(own, earlier=Earlier(secret=0.95)).evaluate(Event("x", kind="response")))
    assert report.outcome is StageOutcome.UNDECIDED
    defense = guard("no_exfiltration")
    defense.evaluate(read())
    verdict = defense.evaluate(call("email.send", {"to": ["x@corp.example"], "body": PAGE}))
    assert verdict.action is Action.BLOCK
    assert report_of(verdict).details["unproved"] is not None


def test_several_sets_each_have_a_say(own: Path) -> None:
    """The strictest answer counts; the report has each of them."""
    verdict = guard("no_exfiltration", own).evaluate(call("files.delete", {"path": "/a"}))
    assert report_of(verdict).details["policies"] == {"no_exfiltration": "allow", "own": "ask"}
    assert verdict.action is Action.ESCALATE


def test_the_table_is_bounded_and_forgetting_never_grants() -> None:
    """A session at rest keeps its windows; what its call has to do with the page is unknown, so it is denied."""
    engine = Engine(load("no_exfiltration"))
    table = SessionTable([engine], sessions_max=1, resting_max=2)
    known = {"role": "tool", "trust": "untrusted", "covered": True}
    with table.hold("a") as held:
        (session,) = held.sessions
        session.judge({"kind": "tool_result", "time_ms": 0, "id": "r", "tool": "http.get", "text": PAGE, **known})
    for other in "bc":
        with table.hold(other):
            pass
    assert table.sizes() == (1, 2)
    mail = {"to": ["x@corp.example"], "body": "nothing of the page"}
    event = {"kind": "tool_call", "time_ms": 9, "tool": "email.send", "arguments": mail, **known, "trust": "user"}
    with table.hold("a") as held:
        (session,) = held.sessions
        decision = session.judge(event)
    assert decision.verdict == "deny"
    assert not any(fired.certain for fired in decision.fired)
    with table.hold("new") as held:
        (session,) = held.sessions
        assert session.judge(event).verdict == "allow"
    for number in range(10):
        with table.hold(str(number)):
            assert table.sizes()[0] <= 2
    assert table.sizes() == (1, 2)
    with table.hold(None) as held:
        (alone,) = held.sessions
        assert alone.judge(event).verdict == "allow"
    assert table.sizes() == (1, 2)


def test_the_trail_holds_certificates_that_can_be_checked_offline(tmp_path: Path) -> None:
    """From the settings to the verifier: the certificate of a blocked call is checked anew, a changed one refused."""
    new_key(tmp_path / "audit.key")
    path = tmp_path / "trail.db"
    settings = Settings(
        audit={"path": str(path), "key": tmp_path / "audit.key"},
        verify={"policies": ("no_exfiltration",)},
        patterns={"enabled": False},
    )
    defense = Defense(settings)
    defense.evaluate(read())
    verdict = defense.evaluate(call("email.send", {"to": ["x@corp.example"], "body": PAGE}))
    defense.close()
    assert verdict.action is Action.BLOCK
    report = verify_lines(trail_lines(path), certificate_check=check)
    assert (report.fault, report.certificates_checked) == (None, 1)
    report = verify_lines(
        trail_lines(path), certificate_check=lambda one, data: check({**one, "trace": "0 no\n"}, data)
    )
    assert report.fault is not None


def test_threads_lose_no_event_when_sessions_come_to_rest() -> None:
    """Eight threads over five sessions, two of which fit: each session counts every one of its events."""
    table = SessionTable([Engine(load("starter"))], sessions_max=2, resting_max=10)

    def judge(number: int) -> None:
        with table.hold(f"s{number % 5}") as held:
            (session,) = held.sessions
            session.judge({"kind": "prompt", "time_ms": number, "text": "x", "covered": True})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(judge, range(500)))
    for number in range(5):
        with table.hold(f"s{number}") as held:
            (session,) = held.sessions
            assert session.judge({"kind": "prompt", "time_ms": 999}).sequence == 100
    assert table.sizes()[0] <= 2


OFF = """import "schema.policy"
policy no_canary severity high {
  when response m
  deny if score(m, canary_leak) >= 0.5
}
policy calm severity high {
  when response m
  permit if score(m, jailbreak_roleplay) < 0.5
}
set off = {no_canary, calm} default deny
"""


@pytest.mark.parametrize(
    ("rooms_off", "action"),
    [((), Action.ALLOW), ((StageName.SIGNATURES,), Action.BLOCK), ((StageName.TEMPORAL,), Action.ALLOW)],
)
def test_a_detector_that_is_off_denies_nothing_and_grants_nothing(
    rooms_off: tuple[StageName, ...], action: Action, tmp_path: Path
) -> None:
    """Switched off is as good as nothing found for a denial; a permit that rests on it finds it unknown."""
    path = tmp_path / "off.policy"
    path.write_text(OFF)
    verdict = guard(path, rooms_off=rooms_off).evaluate(Event("hello", kind="response", session_id="s"))
    assert verdict.action is action
    report = report_of(verdict)
    assert report.details["rooms_off"] == tuple(map(str, rooms_off))
    assert not any(finding.rule_id.endswith("no_canary") for finding in report.findings)


def test_what_lifts_a_denial_is_unknown_when_it_is_off(tmp_path: Path) -> None:
    """`unless score < x` is no way out where nobody has looked."""
    path = tmp_path / "lift.policy"
    path.write_text(
        'import "schema.policy"\n'
        "policy quiet severity high {\n  when call c\n  deny\n  unless score(c, tool_abuse) < 0.5\n}\n"
        "set lift = {quiet} default allow\n"
    )
    assert Engine(load(path)).granting_detectors == {"tool_abuse"}
    assert guard(path).evaluate(call("x", {})).action is Action.ALLOW
    assert guard(path, rooms_off=(StageName.PATTERNS,)).evaluate(call("x", {})).action is Action.BLOCK


def test_signatures_can_be_switched_off(caplog: pytest.LogCaptureFixture) -> None:
    """Without signatures and patterns the starter set lets ordinary events pass, and says it stands alone."""
    settings = Settings(signatures={"enabled": False}, patterns={"enabled": False}, verify={"policies": ("starter",)})
    defense = Defense(settings, clock=ManualClock(), ids=SequentialIds())
    assert "signatures.enabled = false" in caplog.text
    names = [room.name for room in defense.rooms]
    assert names == [StageName.NORMALISE, StageName.TEMPORAL, StageName.VERIFY]
    for event in (Event("hello", session_id="s"), Event("hi", kind="response", session_id="s"), read()):
        assert defense.evaluate(event).action is Action.ALLOW
    assert defense.describe()["rooms"][-1]["rooms_off"] == ["patterns", "signatures"]
    assert artefact_digests(settings)[0] != artefact_digests(Settings(verify={"policies": ("starter",)}))[0]
