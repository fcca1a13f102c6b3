"""The frozen records that pass from room to room.

`Event` -> `Assessment` (grows by one report a room) -> `Verdict`. Rooms depend on these, not on each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol, TypeVar

from aimds.approval import Approval
from aimds.arguments import bad_event, checked_name, checked_nanoseconds
from aimds.errors import BlockedError, ErrorCode, InputError
from aimds.limits import EVENT_CHARACTERS_MAX, EVENT_NAME_CHARACTERS_MAX, SESSION_ID_CHARACTERS_MAX
from aimds.redaction import UntrustedText
from aimds.taxonomy import Category

if TYPE_CHECKING:
    from aimds._core import NormalisedText

__all__ = [
    "Action",
    "Approval",
    "Assessment",
    "Event",
    "EventKind",
    "Finding",
    "LearnProposal",
    "Mitigation",
    "MitigationKind",
    "Profile",
    "Role",
    "Room",
    "SeverityLevel",
    "Span",
    "StageName",
    "StageOutcome",
    "StageReport",
    "Trust",
    "Verdict",
]

E = TypeVar("E", bound=StrEnum)

_NO_DETAILS: Final[Mapping[str, Any]] = MappingProxyType({})


class EventKind(StrEnum):
    """What the event is."""

    PROMPT = "prompt"
    DOCUMENT = "document"
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"
    RESPONSE = "response"
    APPROVAL = "approval"
    """A person has approved an event that was held: recorded by the host, never read out of a text."""
    REVOCATION = "revocation"
    """A person has withdrawn an approval."""

    @property
    def is_consent(self) -> bool:
        """Whether it records what a person decided, and no text is to be judged."""
        return self in (EventKind.APPROVAL, EventKind.REVOCATION)


class Role(StrEnum):
    """Who produced it."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"
    AGENT = "agent"


class Trust(StrEnum):
    """Whose orders it may carry: the operator's, the user's, or nobody's."""

    TRUSTED = "trusted"
    USER = "user"
    UNTRUSTED = "untrusted"


class Action(StrEnum):
    """What AIMDS answers. LEARN stands beside one of the others when the pattern store should change."""

    ALLOW = "ALLOW"
    BLOCK = "BLOCK"
    ESCALATE = "ESCALATE"
    LEARN = "LEARN"


class Profile(StrEnum):
    """How hard AIMDS looks: time against quality."""

    FAST = "fast"
    """No transformer."""
    BALANCED = "balanced"
    """A small transformer reads what the fast path is not certain of, a larger one what is then in doubt."""
    THOROUGH = "thorough"
    """They read nearly everything."""


class StageName(StrEnum):
    """The rooms, in their order."""

    NORMALISE = "normalise"
    SIGNATURES = "signatures"
    TEMPORAL = "temporal"
    PATTERNS = "patterns"
    VERIFY = "verify"
    DECIDE = "decide"


class StageOutcome(StrEnum):
    """How a room left its work. CERTAIN ends the walk early; UNDECIDED makes the verdict fail closed."""

    COMPLETE = "complete"
    CERTAIN = "certain"
    UNDECIDED = "undecided"
    SKIPPED = "skipped"


class SeverityLevel(StrEnum):
    """Severity in words, for people and for metrics labels."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class MitigationKind(StrEnum):
    """What a verdict asks the caller, or AIMDS itself, to do besides the action."""

    BLOCK = "block"
    REDACT = "redact"
    THROTTLE_SESSION = "throttle_session"
    QUARANTINE_SESSION = "quarantine_session"
    ASK_HUMAN = "ask_human"


_DEFAULT_ROLE: Final = {
    EventKind.PROMPT: Role.USER,
    EventKind.DOCUMENT: Role.TOOL,
    EventKind.TOOL_CALL: Role.ASSISTANT,
    EventKind.TOOL_RESULT: Role.TOOL,
    EventKind.RESPONSE: Role.ASSISTANT,
    EventKind.APPROVAL: Role.USER,
    EventKind.REVOCATION: Role.USER,
}
_DEFAULT_TRUST: Final = {
    Role.SYSTEM: Trust.TRUSTED,
    Role.USER: Trust.USER,
    Role.ASSISTANT: Trust.USER,
    Role.TOOL: Trust.UNTRUSTED,
    Role.AGENT: Trust.UNTRUSTED,
}


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open range of characters (code points) in the original text."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"span {self.start}..{self.end} is not a range")

    def of(self, text: str) -> str:
        """The characters of `text` that the span covers."""
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that reaches or leaves the model.

    Args:
        content: the text; held as `UntrustedText`, so that it cannot leak into logs.
        kind: what it is; decides the default role.
        role: who produced it; decides the default trust.
        trust: whose orders it may carry.
        session_id: events of one conversation or agent run share it; `None` judges the event alone.
        timestamp_ns: nanoseconds since the Unix epoch; `None` lets the pipeline's clock say.
        tool: name of the tool for `tool_call` and `tool_result`.
        id: identity for the audit trail; `None` lets the pipeline name it.
        approval: who approved what, for the kinds `approval` and `revocation` and only for these. They need a session,
            and the role `user` or `system`: no tool, agent or model approves.

    Raises:
        InputError: `input-too-large` or `input-bad-event`.
    """

    content: UntrustedText
    kind: EventKind = EventKind.PROMPT
    role: Role = Role.USER
    trust: Trust = Trust.USER
    session_id: str | None = None
    timestamp_ns: int | None = None
    tool: str | None = None
    id: str | None = None
    approval: Approval | None = None

    def __init__(
        self,
        content: str | UntrustedText,
        kind: EventKind | str = EventKind.PROMPT,
        role: Role | str | None = None,
        trust: Trust | str | None = None,
        session_id: str | None = None,
        timestamp_ns: int | None = None,
        tool: str | None = None,
        id: str | None = None,  # noqa: A002 - the name users expect on a record
        approval: Approval | None = None,
    ) -> None:
        if not isinstance(content, (str, UntrustedText)):
            bad_event("content", f"expected a string, got {type(content).__name__}")
        if len(content) > EVENT_CHARACTERS_MAX:
            raise InputError(
                ErrorCode.INPUT_TOO_LARGE,
                place="event",
                size=len(content),
                unit="characters",
                limit=EVENT_CHARACTERS_MAX,
            )
        if session_id is not None:
            checked_name("session_id", session_id, SESSION_ID_CHARACTERS_MAX, least=1)
        for place, name in (("tool", tool), ("id", id)):
            if name is not None:
                checked_name(place, name, EVENT_NAME_CHARACTERS_MAX)
        if timestamp_ns is not None:
            timestamp_ns = checked_nanoseconds("timestamp_ns", timestamp_ns)
        kind = _member(EventKind, "kind", kind)
        role = _DEFAULT_ROLE[kind] if role is None else _member(Role, "role", role)
        trust = _DEFAULT_TRUST[role] if trust is None else _member(Trust, "trust", trust)
        if kind.is_consent or approval is not None:
            _check_consent(kind, role, trust, session_id, approval)
        put = object.__setattr__
        put(self, "content", content if isinstance(content, UntrustedText) else UntrustedText(content))
        put(self, "kind", kind)
        put(self, "role", role)
        put(self, "trust", trust)
        put(self, "session_id", session_id)
        put(self, "timestamp_ns", timestamp_ns)
        put(self, "tool", tool)
        put(self, "id", id)
        put(self, "approval", approval)

    @property
    def text(self) -> str:
        """The revealed content."""
        return self.content.reveal()


def _check_consent(
    kind: EventKind, role: Role, trust: Trust, session_id: str | None, approval: Approval | None
) -> None:
    """Only people and the operator approve, in a session, and say what."""
    if not kind.is_consent:
        bad_event("approval", f"an event of kind {kind} has none")
    if not isinstance(approval, Approval):
        bad_event("approval", "it must say who approved what")
    if role not in (Role.USER, Role.SYSTEM) or trust is Trust.UNTRUSTED:
        bad_event("role", "only the roles user and system can approve, and not as untrusted")
    if session_id is None:
        bad_event("session_id", "an approval belongs to the session of the event that it is about")


def _member(kind: type[E], place: str, value: E | str) -> E:
    try:
        return kind(value)
    except ValueError:
        bad_event(place, f"expected one of {', '.join(kind)}")


@dataclass(frozen=True, slots=True)
class Finding:
    """One piece of evidence. Confidence, severity and threshold are in [0, 1]; the span is in the original text."""

    detector: str
    rule_id: str
    category: Category
    severity: float
    confidence: float
    message: str
    threshold: float = 0.0
    span: Span | None = None
    chain: tuple[str, ...] = ()
    """The transforms that made the view where it matched, first step first; empty for the original text."""
    evidence: UntrustedText | None = None
    details: Mapping[str, Any] = field(default_factory=lambda: _NO_DETAILS)

    def __reduce__(self) -> tuple[Any, ...]:
        """For other processes and deep copies."""
        return _reduced(self)

    @property
    def severity_level(self) -> SeverityLevel:
        """The severity in words: steps at 0.2, 0.4, 0.6 (high above it) and 0.8 (critical above it)."""
        for bound, level in _SEVERITY_STEPS:
            if self.severity <= bound:
                return level
        return SeverityLevel.CRITICAL


_SEVERITY_STEPS: Final = (
    (0.2, SeverityLevel.INFO),
    (0.4, SeverityLevel.LOW),
    (0.6, SeverityLevel.MEDIUM),
    (0.8, SeverityLevel.HIGH),
)


@dataclass(frozen=True, slots=True)
class StageReport:
    """How one room left its work: outcome, its own score of the event in [0, 1], findings, measurements."""

    stage: StageName
    outcome: StageOutcome
    findings: tuple[Finding, ...] = ()
    score: float = 0.0
    reason: str = ""
    """Why the outcome is CERTAIN, UNDECIDED or SKIPPED; a stable word or short phrase."""
    details: Mapping[str, Any] = field(default_factory=lambda: _NO_DETAILS)
    duration_ns: int = 0
    """Set by the pipeline, which owns the clock."""

    def timed(self, duration_ns: int) -> StageReport:
        """The same report with the time that its room took."""
        # Spelt out: `dataclasses.replace` looks its fields up each time, and every room of every event comes by here.
        return StageReport(self.stage, self.outcome, self.findings, self.score, self.reason, self.details, duration_ns)

    def __reduce__(self) -> tuple[Any, ...]:
        """For other processes and deep copies."""
        return _reduced(self)


def _reduced(record: Finding | StageReport) -> tuple[Any, ...]:
    """How to make a record again. Its details are a read-only view, which neither `pickle` nor `copy` knows."""
    values = {one.name: getattr(record, one.name) for one in fields(record)}
    return _made_again, (type(record), {**values, "details": dict(record.details)})


def _made_again(kind: type[Finding] | type[StageReport], values: dict[str, Any]) -> Finding | StageReport:
    return kind(**{**values, "details": MappingProxyType(values["details"])})


@dataclass(frozen=True, slots=True)
class Assessment:
    """The event and all that the rooms have said of it so far."""

    event: Event
    text: NormalisedText | None = None
    """Handle of the normalised text in the compiled core; set by `normalise`."""
    reports: tuple[StageReport, ...] = ()

    def with_report(self, report: StageReport, text: NormalisedText | None = None) -> Assessment:
        """The next record: this one with one more report."""
        return Assessment(self.event, text if text is not None else self.text, (*self.reports, report))

    def report(self, stage: StageName) -> StageReport | None:
        """What a stage reported, if it ran."""
        return next((report for report in self.reports if report.stage is stage), None)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings so far, in stage order."""
        return tuple(finding for report in self.reports for finding in report.findings)


class Room(Protocol):
    """A room of the data path: takes the assessment, returns it with one more report."""

    @property
    def name(self) -> StageName:
        """Which stage this room is."""
        ...

    def run(self, assessment: Assessment) -> Assessment:
        """Judges the event. Raises `StageError` only for a fault of its own; the pipeline then fails closed."""
        ...


@dataclass(frozen=True, slots=True)
class Mitigation:
    """Something to do besides the action, with the spans it touches (for `redact`)."""

    kind: MitigationKind
    reason: str
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class LearnProposal:
    """A change to the pattern store that this event suggests; nothing learns before a person or a gate has agreed."""

    reason: str
    category: Category
    text_digest: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one event.

    A verdict has no truth value: compare `verdict.action`, or call `enforce()`, which raises unless it is ALLOW.
    """

    action: Action
    score: float
    """How likely the event is an attack, in [0, 1]; thresholds are `block_threshold` and `escalate_threshold`."""
    confidence: float
    """How sure AIMDS is of the action, in [0, 1]."""
    reason: str
    event: Event
    findings: tuple[Finding, ...] = ()
    mitigations: tuple[Mitigation, ...] = ()
    proposal: LearnProposal | None = None
    reports: tuple[StageReport, ...] = ()
    block_threshold: float = 1.0
    escalate_threshold: float = 1.0
    duration_ns: int = 0

    def __bool__(self) -> NoReturn:
        raise TypeError("a Verdict has no truth value: compare verdict.action, or call verdict.enforce()")

    @property
    def actions(self) -> tuple[Action, ...]:
        """The action, followed by LEARN when the pattern store should change."""
        return (self.action, Action.LEARN) if self.proposal is not None else (self.action,)

    @property
    def allowed(self) -> bool:
        """Whether the event may pass."""
        return self.action is Action.ALLOW

    @property
    def category(self) -> Category | None:
        """The category of the strongest finding, if there is one."""
        strongest = max(self.findings, key=lambda finding: finding.severity * finding.confidence, default=None)
        return None if strongest is None else strongest.category

    def redacted_text(self, replacement: str = "[redacted]") -> str:
        """The event's text with every span that a `redact` mitigation names replaced."""
        text = self.event.text
        spans = sorted(
            (span for one in self.mitigations if one.kind is MitigationKind.REDACT for span in one.spans),
            key=lambda span: span.start,
            reverse=True,
        )
        for span in spans:
            text = text[: span.start] + replacement + text[span.end :]
        return text

    def enforce(self) -> Verdict:
        """Returns the verdict if the event is allowed.

        Raises:
            BlockedError: the action is BLOCK or ESCALATE.
        """
        if self.action is not Action.ALLOW:
            raise BlockedError(self, f"{self.action}: {self.reason}")
        return self
