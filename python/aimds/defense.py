"""`Defense`, what users hold: judges events, keeps what mitigations did to sessions, and runs batches."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from aimds.approval import Approval, content_digest
from aimds.arguments import bad_event, checked_name, checked_seconds
from aimds.decide import DecideStage, DecisionRules, GateState, SessionGate
from aimds.errors import AimdsError, ConfigurationError, ErrorCode, InputError
from aimds.limits import APPROVAL_SECONDS_MAX, QUARANTINE_SECONDS_MAX, SESSION_ID_CHARACTERS_MAX
from aimds.pipeline import Pipeline, artefact_digests, build_rooms
from aimds.ports import Clock, IdSource, SystemClock, SystemIds
from aimds.records import (
    Action,
    Event,
    EventKind,
    Mitigation,
    MitigationKind,
    Role,
    Room,
    StageName,
    Verdict,
)
from aimds.settings import AuditFailure, Settings, UndecidedAction
from aimds.signatures import CanaryTokens

if TYPE_CHECKING:
    from aimds.audit import AuditTrail

__all__ = ["Defense", "Session"]

_LOG = logging.getLogger("aimds")
_NS_PER_MS: Final = 1_000_000
_NS_PER_S: Final = 1_000_000_000

_INLINE_CHARACTERS: Final = 16_384
"""Up to this length a verdict takes less time than handing it to another thread and back would cost the event loop,
unless a room asks transformers."""

_BATCH_PARALLEL_MIN: Final = 64
"""Below this many events, starting threads costs more than it saves."""

_ACTION_OF: Final = {
    UndecidedAction.BLOCK: Action.BLOCK,
    UndecidedAction.ESCALATE: Action.ESCALATE,
    UndecidedAction.ALLOW: Action.ALLOW,
}


class Defense:
    """Judges events. Build it once (it loads rule packs and models); it is safe under threads and asyncio.

    Args:
        settings: `None` reads arguments, environment and file as `Settings.load()` does.
        clock: where time comes from; a `ManualClock` replays a session.
        ids: where event ids come from.
        rooms: other rooms than the shipped ones, in their order (tests, experiments).
        audit: where verdicts are recorded; `None` opens what the settings name, if they name a trail.

    Raises:
        ConfigurationError: a setting, a rule pack or the key of the audit trail is wrong.
        InputError: a policy file cannot be read.
        ArtefactError: a model or index file or the audit trail is missing or damaged.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        clock: Clock | None = None,
        ids: IdSource | None = None,
        rooms: Sequence[Room] | None = None,
        audit: AuditTrail | None = None,
    ) -> None:
        _check_settings(settings)
        self.settings: Final = settings if settings is not None else Settings.load()
        self._clock: Clock = clock if clock is not None else SystemClock()
        self._ids: IdSource = ids if ids is not None else SystemIds()
        self.canaries: Final = CanaryTokens(self._ids)
        """Planted tokens: `defense.canaries.make("label")` gives one to put into a system prompt."""
        self._pipeline = Pipeline(
            rooms if rooms is not None else build_rooms(self.settings, self.canaries, self._clock),
            self._clock,
            int(self.settings.budget.total_ms * _NS_PER_MS),
        )
        self._gate = SessionGate(self.settings.temporal.sessions_max)
        decide = self.settings.decide
        self._decide = DecideStage(
            DecisionRules(
                block_threshold=decide.block_threshold,
                escalate_threshold=decide.escalate_threshold,
                undecided_action=_ACTION_OF[decide.on_undecided],
                block_outbound_secrets=decide.block_outbound_secrets,
                redact_personal_data=decide.redact_personal_data,
            )
        )
        if decide.on_undecided is UndecidedAction.ALLOW:
            _LOG.warning("decide.on_undecided = allow: events that could not be judged will pass (fail-open)")
        self._audit = audit if audit is not None else self._opened_audit(shipped=rooms is None)
        if self._audit is not None and self.settings.audit.on_failure is AuditFailure.ALLOW:
            _LOG.warning("audit.on_failure = allow: verdicts will stand that could not be recorded (fail-open)")

    @property
    def rooms(self) -> tuple[Room, ...]:
        """The rooms in the order an event walks them."""
        return self._pipeline.rooms

    def evaluate(self, event: Event | str, **fields: Any) -> Verdict:
        """Judges one event.

        Args:
            event: an `Event`, or a text with the other `Event` fields as keyword arguments.
            fields: `kind`, `role`, `trust`, `session_id`, `timestamp_ns`, `tool`, `id`.

        Raises:
            InputError: the event is malformed or too large. Faults inside never raise: they give an undecided verdict.
        """
        started_ns = self._clock.monotonic_ns()
        _check_event(event, "event")
        event = self._completed(event, fields)
        held = self._held(event)
        verdict = self._decide.decide(self._pipeline.walk(event)) if held is None else held
        verdict = replace(verdict, duration_ns=self._clock.monotonic_ns() - started_ns)
        return self._recorded(self._mitigated(verdict))

    async def aevaluate(self, event: Event | str, **fields: Any) -> Verdict:
        """The same for asyncio: in a thread, but for short texts without transformers, audit and other checkers."""
        _check_event(event, "event")
        waits = any(getattr(room, name, False) for room in self.rooms for name in ("uses_transformers", "may_wait"))
        slow = self._audit is not None or waits
        if not slow and len(event if isinstance(event, str) else event.content) <= _INLINE_CHARACTERS:
            return self.evaluate(event, **fields)
        return await asyncio.to_thread(self.evaluate, event, **fields)

    def evaluate_batch(self, events: Iterable[Event | str]) -> list[Verdict]:
        """Judges many events; verdicts come in the order given. Events of one session keep their order.

        Raises:
            InputError: an event is malformed or too large; the place is its position, from 0 (`events[3].content`).
                All are looked at before the first is judged: then none has been, and no session has changed.
        """
        completed = self._completed_batch(events)
        if len(completed) < _BATCH_PARALLEL_MIN:
            return [self.evaluate(event) for event in completed]
        lanes: dict[str, list[int]] = {}
        for position, event in enumerate(completed):
            key = event.session_id if event.session_id is not None else f"\0{position % _BATCH_PARALLEL_MIN}"
            lanes.setdefault(key, []).append(position)
        verdicts: dict[int, Verdict] = {}

        def run(lane: list[int]) -> None:
            for position in lane:
                verdicts[position] = self.evaluate(completed[position])

        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            list(pool.map(run, lanes.values()))
        return [verdicts[position] for position in range(len(completed))]

    def session(self, session_id: str) -> Session:
        """A handle that fills in the session id. Raises an `InputError` for an id that no event may have."""
        return Session(self, session_id)

    def session_state(self, session_id: str) -> GateState:
        """Whether the session is open, throttled or quarantined. Raises an `InputError` as `session` does."""
        return self._gate.state(_session_id(session_id), self._clock.now_ns())

    def quarantine_session(self, session_id: str, seconds: float) -> None:
        """Blocks every event of the session for `seconds`, above 0 and at most a hundred years.

        Raises:
            InputError: no event may have such an id, or `seconds` is out of range.
        """
        until_ns = self._clock.now_ns() + int(checked_seconds("seconds", seconds, QUARANTINE_SECONDS_MAX) * _NS_PER_S)
        self._gate.quarantine(_session_id(session_id), until_ns)

    def release_session(self, session_id: str) -> bool:
        """Lifts throttle and quarantine; tells whether there was one. Raises an `InputError` as `session` does."""
        return self._gate.release(_session_id(session_id))

    def now_ns(self) -> int:
        """The time of this defence's clock, in nanoseconds since the Unix epoch."""
        return self._clock.now_ns()

    def close(self) -> None:
        """Signs and closes the audit trail, if there is one. What is judged afterwards cannot be recorded."""
        if self._audit is not None:
            self._audit.close()

    def describe(self) -> dict[str, Any]:
        """What runs here, for `aimds doctor`: the rooms and what each says of its artefacts, and the settings."""
        rooms: list[Mapping[str, Any]] = []
        for room in self.rooms:
            describe = getattr(room, "describe", None)
            rooms.append({"room": str(room.name), **(describe() if describe is not None else {})})
        audit = None if self._audit is None else {"place": self._audit.place, "public_key": self._audit.public_key}
        return {"rooms": rooms, "settings": self.settings.model_dump(mode="json"), "audit": audit}

    def _completed(self, event: Event | str, fields: Mapping[str, Any]) -> Event:
        if isinstance(event, str):
            event = Event(event, **fields)
        elif fields:
            event = replace(event, **fields)
        if event.timestamp_ns is None or event.id is None:
            event = replace(
                event,
                timestamp_ns=event.timestamp_ns if event.timestamp_ns is not None else self._clock.now_ns(),
                id=event.id if event.id is not None else self._ids.next_id(),
            )
        return event

    def _completed_batch(self, events: Iterable[Event | str]) -> list[Event]:
        """All events of a batch, complete. A single text would be taken apart into its letters, so it is refused."""
        if isinstance(events, (str, Event)) or not isinstance(events, Iterable):
            bad_event("events", f"expected several events, got {type(events).__name__}: one goes to `evaluate`")
        completed: list[Event] = []
        for position, event in enumerate(events):
            place = f"events[{position}]"
            _check_event(event, place)
            try:
                completed.append(self._completed(event, {}))
            except InputError as fault:
                fields = {**fault.fields, "place": f"{place}.{fault.fields['place']}"}
                raise InputError(fault.code, **fields) from None
        return completed

    def _held(self, event: Event) -> Verdict | None:
        """The verdict for an event of a session that is quarantined or must wait; nothing is analysed then."""
        if event.session_id is None or event.kind.is_consent:
            return None  # what a person decides counts at any time, most of all what is withdrawn
        state = self._gate.state(event.session_id, self._clock.now_ns())
        if state is GateState.OPEN:
            return None
        decide = self.settings.decide
        return Verdict(
            action=Action.BLOCK,
            score=1.0 if state is GateState.QUARANTINED else 0.0,
            confidence=1.0,
            reason=f"the session is {state}",
            event=event,
            mitigations=(Mitigation(MitigationKind.BLOCK, f"the session is {state}"),),
            block_threshold=decide.block_threshold,
            escalate_threshold=decide.escalate_threshold,
        )

    def _opened_audit(self, *, shipped: bool) -> AuditTrail | None:
        """The trail that the settings name. Records say by what was judged; of rooms that are not shipped, nothing."""
        if self.settings.audit.path is None:
            return None
        from aimds import __version__
        from aimds.audit.opening import open_trail
        from aimds.audit.record import MadeBy

        settings = json.dumps(self.settings.model_dump(mode="json"), sort_keys=True).encode("utf-8")
        rules, models = artefact_digests(self.settings) if shipped else (None, {})
        made_by = MadeBy(__version__, hashlib.sha256(settings).hexdigest(), rules, models)
        return open_trail(self.settings.audit, made_by, self._clock, self._ids)

    def _recorded(self, verdict: Verdict) -> Verdict:
        """The verdict, once its record is durable. An edge: what cannot be recorded is blocked, or as chosen."""
        if self._audit is None or not self._audit.takes(verdict):
            return verdict
        try:
            self._audit.record(verdict)
        except AimdsError as fault:
            _LOG.error("audit: %s", fault.code.slug)
            reason = fault.code.slug
        except Exception as fault:  # noqa: BLE001 - fail closed: no fault of the recorder may pass an event or stop the host
            _LOG.error("audit: %s", type(fault).__name__)
            reason = f"internal fault: {type(fault).__name__}"
        else:
            return verdict
        if self.settings.audit.on_failure is AuditFailure.ALLOW:
            return verdict
        self._taken_back(verdict.event)
        return replace(
            verdict,
            action=Action.BLOCK,
            reason=f"audit: the record could not be written ({reason}); it said {verdict.action}: {verdict.reason}",
            mitigations=(*verdict.mitigations, Mitigation(MitigationKind.BLOCK, "nothing passes unrecorded")),
        )

    def _taken_back(self, event: Event) -> None:
        """An approval that is not on record counts for nothing: the rooms are told that it is withdrawn."""
        if event.kind is EventKind.APPROVAL:
            withdrawn = replace(event, kind=EventKind.REVOCATION, id=self._ids.next_id())
            self._pipeline.walk(withdrawn)

    def _mitigated(self, verdict: Verdict) -> Verdict:
        """Carries out what acts on sessions; the verdict then names it."""
        session_id = verdict.event.session_id
        if session_id is None or verdict.action is Action.ALLOW:
            return verdict
        decide = self.settings.decide
        now_ns = self._clock.now_ns()
        extra: list[Mitigation] = []
        if verdict.action is Action.BLOCK and decide.quarantine_after_blocks and verdict.reports:
            blocks = self._gate.count_block(session_id, now_ns)
            if blocks >= decide.quarantine_after_blocks:
                self._gate.quarantine(session_id, now_ns + int(decide.quarantine_s * _NS_PER_S))
                extra.append(Mitigation(MitigationKind.QUARANTINE_SESSION, f"{blocks} blocked events in ten minutes"))
        temporal = next((report for report in verdict.reports if report.stage is StageName.TEMPORAL), None)
        if decide.throttle_gap_ms and temporal is not None and temporal.details.get("loop"):
            self._gate.throttle(session_id, now_ns + int(decide.throttle_gap_ms * _NS_PER_MS))
            extra.append(Mitigation(MitigationKind.THROTTLE_SESSION, f"wait {decide.throttle_gap_ms:g} ms"))
        return replace(verdict, mitigations=(*verdict.mitigations, *extra)) if extra else verdict


def _check_settings(settings: object) -> None:
    if settings is not None and not isinstance(settings, Settings):
        reason = (
            f"expected Settings, got {type(settings).__name__}: use `Settings(**sections)` or `Settings.load(file)`"
        )
        raise ConfigurationError(ErrorCode.CONFIGURATION_INVALID, place="Defense(settings)", reason=reason)


def _check_event(event: object, place: str) -> None:
    if not isinstance(event, (Event, str)):
        bad_event(place, f"expected an Event or a string, got {type(event).__name__}")


def _session_id(session_id: object) -> str:
    return checked_name("session_id", session_id, SESSION_ID_CHARACTERS_MAX, least=1)


class Session:
    """One conversation or agent run of a `Defense`, which makes it."""

    def __init__(self, defense: Defense, session_id: str) -> None:
        self._defense = defense
        self.id: Final = _session_id(session_id)

    def evaluate(self, event: Event | str, **fields: Any) -> Verdict:
        """Judges the next event of this session; arguments as in `Defense.evaluate`."""
        return self._defense.evaluate(event, **fields, session_id=self.id)

    async def aevaluate(self, event: Event | str, **fields: Any) -> Verdict:
        """The same for asyncio."""
        return await self._defense.aevaluate(event, **fields, session_id=self.id)

    def approve(
        self, held: Event | Verdict, *, by: str, role: Role | str = Role.USER, seconds: float = 300.0, note: str = ""
    ) -> Verdict:
        """Records that a person approved an event that was held; policies see it when the event is judged again.

        Call it from your own code when a person has decided, never because a text says so. It counts for this
        event with this content (tool and text), for as long as given here and in the policy; it lifts what policies
        ask, not what detectors found. It is not used up: the same call passes as often as it comes until then.

        Args:
            held: the event, or the verdict that held it.
            by: who decided.
            role: `user` or `system` (the operator); policies say whose they want.
            seconds: how long it counts.
            note: what the person said, for the audit trail.

        Raises:
            InputError: `held` is no event, has no id or is of another session, the role cannot approve, or `seconds` is
                out of range.
        """
        seconds = checked_seconds("approval.seconds", seconds, APPROVAL_SECONDS_MAX)
        expires_ns = self._defense.now_ns() + int(seconds * _NS_PER_S)
        return self._decided(EventKind.APPROVAL, held, by, role, note, expires_ns)

    def revoke(self, held: Event | Verdict, *, by: str, role: Role | str = Role.USER, note: str = "") -> Verdict:
        """Records that an approval is withdrawn; arguments as in `approve`."""
        return self._decided(EventKind.REVOCATION, held, by, role, note, None)

    def _decided(
        self, kind: EventKind, held: Event | Verdict, by: str, role: Role | str, note: str, expires_ns: int | None
    ) -> Verdict:
        event = held.event if isinstance(held, Verdict) else held
        if not isinstance(event, Event):
            bad_event("approval.about", f"expected the event that was held, or its verdict, got {type(event).__name__}")
        if event.id is None or event.session_id != self.id:
            bad_event("approval.about", "it needs an id, and to be of this session: take the event of its verdict")
        approval = Approval(by, event.id, content_digest(event.tool, event.text), expires_ns)
        return self.evaluate(Event(note, kind=kind, role=role, session_id=self.id, approval=approval))

    @property
    def state(self) -> GateState:
        """Whether the session is open, throttled or quarantined."""
        return self._defense.session_state(self.id)

    def quarantine(self, seconds: float) -> None:
        """Blocks every event of the session for `seconds`, as `Defense.quarantine_session` does."""
        self._defense.quarantine_session(self.id, seconds)

    def release(self) -> bool:
        """Lifts throttle and quarantine; tells whether there was one."""
        return self._defense.release_session(self.id)
