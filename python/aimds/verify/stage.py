"""The verify room: judges the event by policies over its session."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from aimds.errors import StageError
from aimds.limits import CERTIFICATES_MS_MAX, POLICY_SESSIONS_MAX, POLICY_SESSIONS_RESTING_MAX
from aimds.policy import Decision, Engine, Fired, Session, change_text
from aimds.policy.checkers import Checker
from aimds.ports import Clock, SystemClock
from aimds.records import Approval, Assessment, EventKind, Finding, StageName, StageOutcome, StageReport
from aimds.taxonomy import Category
from aimds.verify.facts import (
    NS_PER_MS,
    consent_key,
    have_finished,
    is_approvable,
    record_of,
    short_id,
    switched_off,
)
from aimds.verify.sessions import HeldSession, SessionTable

__all__ = ["VerifyStage"]

_LOG = logging.getLogger("aimds")
_SEVERITY: Final = {"info": 0.1, "low": 0.3, "medium": 0.5, "high": 0.7, "critical": 0.9}
_CERTIFIED: Final = frozenset({"high", "critical"})
_RANK: Final = ("allow", "ask", "throttle", "deny")
_CATEGORY: Final = {
    EventKind.PROMPT: Category.INSTRUCTION_OVERRIDE,
    EventKind.DOCUMENT: Category.INDIRECT_INJECTION,
    EventKind.TOOL_RESULT: Category.INDIRECT_INJECTION,
    EventKind.TOOL_CALL: Category.TOOL_ABUSE,
    EventKind.RESPONSE: Category.DATA_EXFILTRATION,
}
"""A policy may be about anything: its findings stand under what an attack does with this kind of event."""
_BOUND_EVENTS_MAX: Final = 16  # named in a finding: a reader looks at the first few
_UNSURE_CONFIDENCE: Final = 0.5  # a rule fired because something is not known


_OLDER_THAN_CONSENT: Final = StageReport(
    StageName.VERIFY,
    StageOutcome.CERTAIN,
    reason="judged again with the time it had before it was approved: pass timestamp_ns=None",
    details=MappingProxyType({"verdict": "ask", "hold": True, "rooms_off": ()}),
)
"""An event that brings its old time would stay within every window and expiry for ever."""


@dataclass(frozen=True, slots=True)
class _Judged:
    policy_set: str
    decision: Decision
    explanation: dict[str, Any]
    certificate: dict[str, Any] | None = None
    unproved: str | None = None


class VerifyStage:
    """Asks every policy set; the strictest answer counts.

    `deny` and `throttle` are certain: the event is blocked. `ask` holds it for a person, and so does a denial that only
    rests on what an earlier room failed to find out. Decisions of severity high or
    critical carry a certificate that the kernel has accepted. A denial without one stays a denial; what would be
    allowed without one is undecided.

    A detector that is switched off counts as one that found nothing (score 0), so that its denials are silent;
    where its score could help an event to pass (a permit names it, or what lifts a denial), it is unknown instead.

    Args:
        engines: the policy sets.
        rooms_off: earlier rooms that the operator has switched off.
        clock: measures the time that certificates take.
        checker: who else must accept a certificate; without its acceptance the decision counts as unproved.
        checker_severity: from which severity on.
        sessions_max: sessions held whole in memory.
        resting_max: sessions of which only windows and counts are kept.
    """

    name: Final = StageName.VERIFY

    def __init__(
        self,
        engines: Sequence[Engine],
        *,
        rooms_off: Collection[StageName] = frozenset(),
        clock: Clock | None = None,
        checker: Checker | None = None,
        checker_severity: str = "critical",
        sessions_max: int = POLICY_SESSIONS_MAX,
        resting_max: int = POLICY_SESSIONS_RESTING_MAX,
    ) -> None:
        self._engines = tuple(engines)
        self._clock: Clock = SystemClock() if clock is None else clock
        self._checker = checker
        self._checked_from = _SEVERITY[checker_severity]
        self._rooms_off = tuple(sorted(map(str, rooms_off)))
        self._unknown = [
            switched_off(engine.detectors, rooms_off) & engine.granting_detectors for engine in self._engines
        ]
        self._table = SessionTable(self._engines, sessions_max, resting_max)

    def run(self, assessment: Assessment) -> Assessment:
        """Adds this room's report. The policies' sessions take the event in."""
        records = [
            record_of(assessment, engine.detectors, unknown)
            for engine, unknown in zip(self._engines, self._unknown, strict=True)
        ]
        event = assessment.event
        with self._table.hold(event.session_id) as held:
            if event.approval is not None:
                return assessment.with_report(_consent(event.approval, event.timestamp_ns or 0, held, records))
            key = records[0]["id"] if records else None
            if key is not None and (event.timestamp_ns or 0) < held.consent_ns.get(key, 0):
                return assessment.with_report(_OLDER_THAN_CONSENT)
            if event.id is not None and key is not None and is_approvable(event):
                held.remember(short_id(event.id), key)
            judged = [
                _judge(engine.set, session, record)
                for engine, session, record in zip(self._engines, held.sessions, records, strict=True)
            ]
            judged = self._certified(judged, held.sessions)
        finished = have_finished(assessment)
        return assessment.with_report(
            _report(judged, _CATEGORY[assessment.event.kind], self._rooms_off, finished=finished)
        )

    def _certified(self, judged: Sequence[_Judged], sessions: Sequence[Session]) -> list[_Judged]:
        """The same with certificates for what is grave, the gravest first; when time is over, the rest goes without."""
        begun_ns = self._clock.monotonic_ns()
        done = list(judged)
        for at in sorted(range(len(done)), key=lambda at: _gravity(done[at].decision), reverse=True):
            decision = done[at].decision
            if not (decision.severity in _CERTIFIED or (decision.by_default and decision.severity is None)):
                continue
            if self._clock.monotonic_ns() - begun_ns > CERTIFICATES_MS_MAX * NS_PER_MS:
                done[at] = replace(done[at], unproved="no time was left for its certificate")
                continue
            try:
                certificate = sessions[at].certify()
                done[at] = replace(done[at], certificate=certificate)
            except StageError as fault:
                _LOG.error("stage verify: %s: %s", fault.code.slug, done[at].policy_set)
                done[at] = replace(done[at], unproved=str(fault))
                continue
            if self._checker is not None and _gravity(decision) >= self._checked_from:
                done[at] = _checked(done[at], certificate, self._checker)
        return done

    @property
    def may_wait(self) -> bool:
        """Whether a decision may wait for somebody else."""
        return self._checker is not None

    def describe(self) -> dict[str, Any]:
        """Policy sets and sizes, for `aimds doctor`."""
        held, resting = self._table.sizes()
        return {
            "policies": [engine.set for engine in self._engines],
            "rooms_off": list(self._rooms_off),
            "checker": None if self._checker is None else self._checker.name,
            "certificates": [
                dict(zip(("found", "made", "held"), engine.core.certificates, strict=True)) for engine in self._engines
            ],
            "sessions": held,
            "sessions_resting": resting,
        }


def _consent(
    approval: Approval, timestamp_ns: int, held: HeldSession, records: Sequence[dict[str, Any]]
) -> StageReport:
    """Takes in what a person decided. It is no action, so no policy stops it; whether it helps, policies say later."""
    key = held.keys.get(short_id(approval.about))
    if approval.digest is not None:
        key = consent_key(approval.about, approval.digest)
    if key is not None:
        held.consented(key, timestamp_ns)
    for session, record in zip(held.sessions, records, strict=True):
        expires = {} if approval.expires_ns is None else {"expires_ms": approval.expires_ns // NS_PER_MS}
        session.judge({**record, "about": [] if key is None else [key], **expires})
    reason = "" if key is not None else "this session knows no event of that id: it counts for nothing"
    details = {"verdict": "recorded", "about": key, "rooms_off": ()}
    return StageReport(StageName.VERIFY, StageOutcome.COMPLETE, reason=reason, details=MappingProxyType(details))


def _judge(policy_set: str, session: Session, record: dict[str, Any]) -> _Judged:
    decision = session.judge(record)
    advises = decision.verdict != "allow" or any(fired.effect != "permit" for fired in decision.fired)
    explanation = (session.explain() if advises else None) or {"trails": [], "counterfactual": None}
    return _Judged(policy_set, decision, explanation)


def _checked(judged: _Judged, certificate: dict[str, Any], checker: Checker) -> _Judged:
    """With the word of the other checker in the certificate, or unproved."""
    reason = checker.check(certificate)
    if reason is None:
        return replace(judged, certificate={**certificate, "checkers": [{"name": checker.name, "outcome": "accepted"}]})
    _LOG.error("stage verify: checker %s: %s: %s", checker.name, judged.policy_set, reason)
    return replace(judged, unproved=f"checker {checker.name}: {reason}")


def _report(judged: Sequence[_Judged], category: Category, rooms_off: Sequence[str], *, finished: bool) -> StageReport:
    worst = max(judged, key=lambda one: (_RANK.index(one.decision.verdict), _gravity(one.decision)), default=None)
    verdict = "allow" if worst is None else worst.decision.verdict
    findings = tuple(finding for one in judged for finding in _findings(one, category))
    unproved = next((one.unproved for one in judged if one.unproved is not None), None)
    hold = verdict == "ask" or (not finished and not any(map(_is_sure, judged)))
    outcome, reason = StageOutcome.COMPLETE, ""
    if worst is not None and verdict != "allow":
        outcome, reason = StageOutcome.CERTAIN, _reason(worst)
    elif unproved is not None:
        outcome, reason = StageOutcome.UNDECIDED, unproved
    certificate = None if worst is None else worst.certificate
    if certificate is None:
        certificate = next((one.certificate for one in judged if one.certificate is not None), None)
    return StageReport(
        stage=StageName.VERIFY,
        outcome=outcome,
        findings=findings,
        score=0.0 if verdict == "allow" or hold else 1.0,
        reason=reason,
        details=MappingProxyType(
            {
                "verdict": verdict,
                "hold": hold and verdict != "allow",
                "policies": {one.policy_set: one.decision.verdict for one in judged},
                "obligations": sorted({f"{o.kind}({o.about})" for one in judged for o in one.decision.obligations}),
                "certificate": certificate,
                "unproved": unproved,
                "rooms_off": rooms_off,
            }
        ),
    )


def _is_sure(judged: _Judged) -> bool:
    """Whether it stops the event whatever the unknown facts are."""
    denied = (fired.certain for fired in judged.decision.fired if fired.effect in ("deny", "throttle"))
    return judged.decision.by_default or any(denied)


def _gravity(decision: Decision) -> float:
    return _SEVERITY.get(decision.severity or "", 0.0)


def _reason(judged: _Judged) -> str:
    """The gravest of the rules that say what the verdict is: of a denial not one that only asks."""
    stopping = [fired for fired in judged.decision.fired if fired.effect == judged.decision.verdict]
    if not stopping:
        return f"{judged.policy_set}: nothing permits it"
    gravest = max(stopping, key=lambda fired: _SEVERITY[fired.severity])
    return f"{gravest.rule}: {gravest.message}" if gravest.message else gravest.rule


def _findings(judged: _Judged, category: Category) -> list[Finding]:
    trails = {trail["rule"]: trail for trail in judged.explanation["trails"]}
    change = judged.explanation["counterfactual"]
    obligations = [f"{one.kind}({one.about})" for one in judged.decision.obligations]
    common = {"would_pass": None if change is None else change_text(change), "obligations": obligations}
    findings = [
        _finding(judged.policy_set, fired, trails.get(fired.rule), common, category)
        for fired in judged.decision.fired
        if fired.effect != "permit"
    ]
    if judged.decision.by_default:
        findings.append(
            Finding(
                detector="policy",
                rule_id=f"policy/{judged.policy_set}/default",
                category=category,
                severity=_SEVERITY["high"],
                confidence=1.0,
                message="nothing permits it",
                details=common,
            )
        )
    return findings


def _finding(
    policy_set: str, fired: Fired, trail: dict[str, Any] | None, common: dict[str, Any], category: Category
) -> Finding:
    parts = [] if trail is None else trail["parts"]
    deciding = None if trail is None else trail["deciding"]
    events = sorted({number for part in parts for number in part["events"]})
    return Finding(
        detector="policy",
        rule_id=f"policy/{policy_set}/{fired.rule}",
        category=category,
        severity=_SEVERITY[fired.severity],
        confidence=1.0 if fired.certain else _UNSURE_CONFIDENCE,
        message=fired.message or fired.rule,
        details={
            "effect": fired.effect,
            "certain": fired.certain,
            "events": events[:_BOUND_EVENTS_MAX],
            "place": None if deciding is None else f"{deciding['file']}:{deciding['line']}",
            **common,
        },
    )
