"""Labelled traces, one a row: `{"id","label","attack_event_index","events":[...]}`; and events from JSON objects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any, Final

from aimds.errors import AimdsError, ErrorCode, InputError
from aimds.evaluation.lines import LineReader
from aimds.evaluation.rows import EventDefaults, parse_label, parse_object
from aimds.limits import SESSION_ID_CHARACTERS_MAX
from aimds.records import Approval, Event, EventKind

__all__ = ["LabelledTrace", "SyntheticClock", "event_from_object", "read_traces", "timestamp_ns_of"]

_SECOND_NS: Final = 1_000_000_000
_EXPIRES_S_MAX: Final = 10 * 366 * 86_400  # ten years: an approval for longer is none
_SYNTHETIC_START_NS: Final = 1_700_000_000 * _SECOND_NS  # a fixed past instant, so that a replay is the same every day


class SyntheticClock:
    """Stamps events that have no time of their own: one second after the event before."""

    def __init__(self) -> None:
        self._last_ns = _SYNTHETIC_START_NS - _SECOND_NS

    def stamp(self, known_ns: int | None) -> int:
        """The time of the next event: `known_ns` where the trace knows it."""
        self._last_ns = self._last_ns + _SECOND_NS if known_ns is None else known_ns
        return self._last_ns


@dataclass(frozen=True, slots=True)
class LabelledTrace:
    """The events of one conversation or agent run with the truth about it; their session is called like the trace.

    `attack_event_index` (from 0) is the event that carries the attack; `None` where it is not known or none does.
    """

    place: str
    id: str
    events: tuple[Event, ...]
    attack: bool
    attack_event_index: int | None
    category: str
    source: str


def timestamp_ns_of(value: object, place: str) -> int | None:
    """Nanoseconds since the Unix epoch from seconds (a number) or an ISO 8601 string; a time without zone is UTC.

    Raises:
        InputError: `input-bad-row` for anything else.
    """
    if value is None:
        return None
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            seconds = value
        else:
            raise ValueError
        if not 0 <= seconds < 2**63 / _SECOND_NS:
            raise ValueError
        whole = int(seconds)
        return whole * _SECOND_NS + round((seconds - whole) * _SECOND_NS)
    except (ValueError, OverflowError):
        reason = "`ts` must be seconds since 1970 or an ISO 8601 time"
        raise InputError(ErrorCode.INPUT_BAD_ROW, place=place, reason=reason) from None


def event_from_object(
    item: Mapping[str, Any],
    place: str,
    *,
    defaults: EventDefaults | None = None,
    session_id: str | None = None,
    clock: SyntheticClock | None = None,
) -> Event:
    """The event a JSON object describes.

    Keys: `content` or `text` (a string; an object or list stands for its own JSON, as tool arguments often come),
    `type` or `kind`, `role`, `trust`, `tool`, `session` or `session_id`, `ts` or `timestamp`, `id`. What a
    person decided has the type `approval` or `revocation` and `by`, `about` (the id of the event that was held), and
    may have `digest` (see `aimds.approval`), `expires_s` (seconds from its own time) and a content; who writes the log
    vouches for it.

    Raises:
        InputError: `input-bad-row`, naming the key.
    """
    defaults = defaults or EventDefaults()
    content = _first(item, "content", "text")
    kind = _first(item, "type", "kind") or defaults.kind
    consent = kind in (EventKind.APPROVAL, EventKind.REVOCATION)
    if content is None and consent:
        content = ""
    if isinstance(content, (dict, list)):
        content = json.dumps(content, ensure_ascii=False)
    if not isinstance(content, str):
        reason = "`content` is missing" if content is None else "`content` must be a string"
        raise InputError(ErrorCode.INPUT_BAD_ROW, place=place, reason=reason)
    known_ns = timestamp_ns_of(_first(item, "ts", "timestamp"), place)
    session = session_id if session_id is not None else _first(item, "session", "session_id")
    identity = item.get("id")
    tool = item.get("tool")
    time_ns = known_ns if clock is None else clock.stamp(known_ns)
    try:
        return Event(
            content,
            kind=kind,
            approval=_approval(item, place, time_ns) if consent else None,
            role=item.get("role") or defaults.role,
            trust=item.get("trust") or defaults.trust,
            tool=defaults.tool if tool is None else str(tool),
            session_id=None if session is None else str(session),
            timestamp_ns=time_ns,
            id=None if identity is None else str(identity),
        )
    except AimdsError as error:
        raise InputError(ErrorCode.INPUT_BAD_ROW, place=place, reason=str(error)) from None


def _approval(item: Mapping[str, Any], place: str, time_ns: int | None) -> Approval:
    seconds = item.get("expires_s")
    expires_ns = None
    if seconds is not None:
        known = isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and 0 <= seconds < _EXPIRES_S_MAX
        if time_ns is None or not known:
            reason = "`expires_s` must be seconds, and needs a `ts` to count from"
            raise InputError(ErrorCode.INPUT_BAD_ROW, place=place, reason=reason)
        expires_ns = time_ns + round(seconds * _SECOND_NS)
    return Approval(item.get("by") or "", item.get("about") or "", item.get("digest"), expires_ns)


def read_traces(reader: LineReader) -> Iterator[LabelledTrace | InputError]:
    """Traces of a file in order, a bad row as the error that says what is wrong with it.

    Events without `ts` get a synthetic time, one second after the event before.
    """
    source = PurePath(PurePath(reader.name).name.removesuffix(".gz")).stem
    for line in reader:
        if isinstance(line, InputError):
            yield line
            continue
        if not line.text.strip():
            continue
        place = reader.place(line.number)
        try:
            yield _trace(parse_object(line, place), place, source)
        except InputError as error:
            yield error


def _trace(item: Mapping[str, Any], place: str, source: str) -> LabelledTrace:
    events = item.get("events")
    if not isinstance(events, list) or not events:
        raise InputError(ErrorCode.INPUT_BAD_ROW, place=place, reason="`events` must be a list of at least one event")
    if item.get("label") is None:
        raise InputError(ErrorCode.INPUT_BAD_ROW, place=place, reason="`label` is missing")
    attack = parse_label(item["label"], place)
    identity = str(item.get("id") or f"trace-{place.rpartition(':')[2]}")
    session = identity[:SESSION_ID_CHARACTERS_MAX]  # all events are of one session, and an approval must have one
    clock = SyntheticClock()
    read = []
    for index, event in enumerate(events):
        where = f"{place} event {index}"
        if not isinstance(event, dict):
            reason = f"expected an object, got {type(event).__name__}"
            raise InputError(ErrorCode.INPUT_BAD_ROW, place=where, reason=reason)
        present = event if event.get("content") is not None else {**event, "content": ""}  # a call without arguments
        read.append(event_from_object(present, where, session_id=session, clock=clock))
    carrier = item.get("attack_event_index")
    if carrier is not None and not (isinstance(carrier, int) and 0 <= carrier < len(read)):
        reason = f"`attack_event_index` must be 0 to {len(read) - 1} or null"
        raise InputError(ErrorCode.INPUT_BAD_ROW, place=place, reason=reason)
    return LabelledTrace(
        place=place,
        id=identity,
        events=tuple(read),
        attack=attack,
        attack_event_index=carrier,
        category=str(item.get("category") or ("attack" if attack else "benign")),
        source=str(item.get("source") or source),
    )


def _first(item: Mapping[str, Any], *names: str) -> Any:
    return next((item[name] for name in names if item.get(name) is not None), None)
