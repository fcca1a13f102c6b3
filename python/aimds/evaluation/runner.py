"""Judges a corpus or a file of traces with a defence and gathers the quality report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, Final, Protocol

from aimds.errors import AimdsError, ErrorCode, InputError
from aimds.evaluation.looks import LookShares
from aimds.evaluation.metrics import Latencies, Quality, Scores
from aimds.evaluation.rows import LabelledRow
from aimds.evaluation.traces import LabelledTrace
from aimds.limits import SESSION_ID_CHARACTERS_MAX
from aimds.ports import IdSource, SystemIds
from aimds.records import Action, Event, Verdict

__all__ = [
    "Judge",
    "ReplayReport",
    "Report",
    "SHOWN_APART",
    "ScoreRecord",
    "SessionJudge",
    "TraceStop",
    "evaluate_rows",
    "replay_traces",
]

SHOWN_APART: Final = "harmful_request"
"""Plain harmful questions are no manipulation of the model: the report has the overall figures without them as well."""


class SessionJudge(Protocol):
    """What `Defense.session()` returns."""

    def evaluate(self, event: Event) -> Verdict:
        """The verdict on the next event of the session."""
        ...


class Judge(Protocol):
    """What this package needs of `aimds.Defense`."""

    def evaluate(self, event: Event) -> Verdict:
        """The verdict on one event."""
        ...

    def session(self, session_id: str) -> SessionJudge:
        """A session that remembers the events before."""
        ...


@dataclass(frozen=True, slots=True)
class ScoreRecord:
    """One line of `--scores`."""

    id: str
    attack: bool
    score: float
    action: Action
    extra: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """`{"id","label","score","action"}` and, for a trace, where it was stopped."""
        label = "attack" if self.attack else "benign"
        return {"id": self.id, "label": label, "score": self.score, "action": str(self.action), **self.extra}


@dataclass(slots=True)
class Report:
    """What `evaluate` found; `errors` counts rows that could not be judged."""

    scores: Scores = field(default_factory=Scores)
    latencies: Latencies = field(default_factory=Latencies)
    errors: int = 0
    unit: str = "rows"
    looks: LookShares = field(default_factory=LookShares)
    profile: str = ""
    """The profile of the judge, if the caller knows it."""

    @property
    def overall(self) -> Quality:
        """Quality over all rows as given."""
        return self.scores.overall()

    @property
    def overall_without_harmful_request(self) -> Quality | None:
        """Quality without plain harmful questions; `None` when there are none."""
        return self.scores.overall((SHOWN_APART,)) if SHOWN_APART in self.scores.categories else None

    def to_json(self) -> dict[str, Any]:
        """The report as the command line prints it with `--json`."""
        apart = self.overall_without_harmful_request
        return {
            self.unit: len(self.scores),
            "errors": self.errors,
            "overall": self.overall.to_json(),
            **({} if apart is None else {"overall_without_harmful_request": apart.to_json()}),
            "by_source": {name: self.scores.of_source(name).to_json() for name in self.scores.sources},
            "by_category": {name: self.scores.of_category(name).to_json() for name in self.scores.categories},
            **(self._by_language() if self.scores.languages else {}),
            "latency_ms": self.latencies.to_json(),
            "profile": self.profile,
            "looks": self.looks.to_json(),
        }

    def _by_language(self) -> dict[str, Any]:
        return {"by_language": {name: self.scores.of_language(name).to_json() for name in self.scores.languages}}


@dataclass(frozen=True, slots=True)
class TraceStop:
    """Where an attack trace was stopped: index of the first event that was blocked or escalated, `None` if none was."""

    id: str
    events: int
    stopped_at: int | None
    attack_event_index: int | None

    @property
    def early(self) -> bool:
        """Stopped before the event that carries the attack: counts as caught, though not for the right reason."""
        known = self.stopped_at is not None and self.attack_event_index is not None
        return known and self.stopped_at < self.attack_event_index  # type: ignore[operator]

    @property
    def events_after_attack(self) -> int | None:
        """Events from the attack to the stop, 0 if that event was stopped; `None` if early, missed or unknown."""
        if self.stopped_at is None or self.attack_event_index is None or self.early:
            return None
        return self.stopped_at - self.attack_event_index

    def to_json(self) -> dict[str, Any]:
        """As in `--json`."""
        return {
            "id": self.id,
            "events": self.events,
            "stopped_at": self.stopped_at,
            "attack_event_index": self.attack_event_index,
            "early": self.early,
        }


@dataclass(slots=True)
class ReplayReport(Report):
    """What `replay` found; quality is per trace, latency per event."""

    unit: str = "traces"
    attacks: list[TraceStop] = field(default_factory=list)
    events: int = 0

    @property
    def mean_events_to_stop(self) -> float | None:
        """Mean number of events until an attack trace was stopped, the stopping event included; `None` if none was."""
        fed = [stop.stopped_at + 1 for stop in self.attacks if stop.stopped_at is not None]
        return fmean(fed) if fed else None

    @property
    def mean_events_after_attack(self) -> float | None:
        """Mean number of events between the attack and the stop, early stops left out; `None` if nothing counts."""
        late = [stop.events_after_attack for stop in self.attacks if stop.events_after_attack is not None]
        return fmean(late) if late else None

    @property
    def early(self) -> int:
        """Attack traces stopped before the event that carries the attack."""
        return sum(stop.early for stop in self.attacks)

    def to_json(self) -> dict[str, Any]:
        """The report as the command line prints it with `--json`."""
        return {
            **Report.to_json(self),
            "events": self.events,
            "mean_events_to_stop": self.mean_events_to_stop,
            "mean_events_after_attack": self.mean_events_after_attack,
            "early": self.early,
            "attacks": [stop.to_json() for stop in self.attacks],
        }


def evaluate_rows(
    judge: Judge,
    rows: Iterable[LabelledRow | InputError],
    *,
    on_error: Callable[[InputError], None] = lambda error: None,
    on_score: Callable[[ScoreRecord], None] = lambda record: None,
) -> Report:
    """Judges each row alone. A row that cannot be judged goes to `on_error` and is counted; the others go on."""
    report = Report()
    for row in rows:
        if isinstance(row, InputError):
            report.errors += 1
            on_error(row)
            continue
        try:
            verdict = judge.evaluate(row.event)
        except InputError as error:
            report.errors += 1
            on_error(_at(row.place, error))
            continue
        report.looks.add(verdict)
        _record(report, row, verdict.score, _flagged(verdict), verdict.duration_ns)
        on_score(ScoreRecord(row.id, row.attack, verdict.score, verdict.action))
    return report


def replay_traces(
    judge: Judge,
    traces: Iterable[LabelledTrace | InputError],
    *,
    ids: IdSource | None = None,
    on_error: Callable[[InputError], None] = lambda error: None,
    on_score: Callable[[ScoreRecord], None] = lambda record: None,
) -> ReplayReport:
    """Feeds each trace in order into a session of its own.

    A trace is flagged when any event is blocked or escalated, and its score is the largest of its events. The events
    after the stop are still fed, so that AUROC does not depend on the thresholds in force.
    """
    ids = ids or SystemIds()
    report = ReplayReport()
    for trace in traces:
        if isinstance(trace, InputError):
            report.errors += 1
            on_error(trace)
            continue
        try:
            verdicts = _replay(judge, trace, f"{ids.next_id()}:{trace.id}"[:SESSION_ID_CHARACTERS_MAX])
        except InputError as error:
            report.errors += 1
            on_error(_at(trace.place, error))
            continue
        stop = next((index for index, verdict in enumerate(verdicts) if _flagged(verdict)), None)
        score = max(verdict.score for verdict in verdicts)
        action = Action.ALLOW if stop is None else verdicts[stop].action
        _record(report, trace, score, stop is not None, *(verdict.duration_ns for verdict in verdicts))
        report.events += len(verdicts)
        for verdict in verdicts:
            report.looks.add(verdict)
        if trace.attack:
            report.attacks.append(TraceStop(trace.id, len(verdicts), stop, trace.attack_event_index))
        on_score(ScoreRecord(trace.id, trace.attack, score, action, {"stopped_at": stop}))
    return report


def _replay(judge: Judge, trace: LabelledTrace, session_id: str) -> list[Verdict]:
    session = judge.session(session_id)
    return [session.evaluate(event) for event in trace.events]


def _record(report: Report, row: LabelledRow | LabelledTrace, score: float, flagged: bool, *durations_ns: int) -> None:
    language = row.language if isinstance(row, LabelledRow) else ""
    report.scores.add(
        score=score,
        attack=row.attack,
        flagged=flagged,
        source=row.source,
        category=row.category,
        language=language,
    )
    for duration_ns in durations_ns:
        report.latencies.add(duration_ns)


def _flagged(verdict: Verdict) -> bool:
    return verdict.action in (Action.BLOCK, Action.ESCALATE)


def _at(place: str, error: AimdsError) -> InputError:
    return InputError(ErrorCode.INPUT_BAD_ROW, place=place, reason=str(error))
