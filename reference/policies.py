"""The slow twin of policy evaluation: what a policy means, said once more in the plainest way.

Reads policies and traces in the canonical notation of `crates/aimds-proof/src/notation.rs`. Where the kernel
walks windows event by event, this looks at all events at once and asks of each whether it counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["allows", "parse_policy", "parse_trace", "may", "must"]

Form = tuple[Any, ...]
Value = str | int


@dataclass(frozen=True)
class Event:
    """One event: time in milliseconds, what an atom means that is not stated, and the stated facts."""

    time_ms: int
    absent: str
    facts: dict[int, Value]

    def value(self, atom: int) -> Value:
        """What is known of an atom."""
        return self.facts.get(atom, self.absent)


def parse_policy(text: str) -> list[tuple[str, Form]]:
    """The rules, each `deny` or `permit` with its form."""
    return [_rule(line) for line in text.splitlines()]


def _rule(line: str) -> tuple[str, Form]:
    words = iter(line.split(" "))
    kind = next(words)
    form = _form(words)
    if (rest := next(words, None)) is not None:
        raise ValueError(f"{rest!r} stands behind the end of a rule")
    return kind, form


# How many numbers and how many forms follow each word.
_SHAPES = {
    "true": (0, 0),
    "false": (0, 0),
    "atom": (1, 0),
    "atmost": (2, 0),
    "not": (0, 1),
    "and": (0, 2),
    "or": (0, 2),
    "previous": (0, 1),
    "once": (2, 1),
    "since": (2, 2),
    "count": (3, 1),
}


def _form(words: Iterator[str]) -> Form:
    word = next(words)
    numbers, forms = _SHAPES[word]
    return (word, *(int(next(words)) for _ in range(numbers)), *(_form(words) for _ in range(forms)))


def parse_trace(text: str) -> list[Event]:
    """The events, oldest first."""
    return [_event(line) for line in text.splitlines()]


def _event(line: str) -> Event:
    time_ms, absent, *facts = line.split(" ")
    pairs = (fact.split("=") for fact in facts)
    return Event(int(time_ms), absent, {int(atom): int(value) if value.isdigit() else value for atom, value in pairs})


def must(form: Form, events: list[Event]) -> bool:
    """Whether the form holds at the last event whatever the unknown facts are."""
    return _holds(form, False, events)


def may(form: Form, events: list[Event]) -> bool:
    """Whether it holds for some of them."""
    return _holds(form, True, events)


def _holds(form: Form, unknown: bool, events: list[Event]) -> bool:
    match form:
        case ("true",) | ("false",):
            return form == ("true",)
        case ("atom", atom):
            value = events[-1].value(atom) if events else "no"
            return unknown if value not in ("yes", "no") else value == "yes"
        case ("atmost", atom, bound):
            value = events[-1].value(atom) if events else bound + 1
            return value <= bound if isinstance(value, int) else unknown
        case ("not", inner):
            return not _holds(inner, not unknown, events)
        case ("and", left, right):
            return _holds(left, unknown, events) and _holds(right, unknown, events)
        case ("or", left, right):
            return _holds(left, unknown, events) or _holds(right, unknown, events)
        case ("previous", inner):
            return len(events) > 1 and _holds(inner, unknown, events[:-1])
        case ("once", least_ms, most_ms, inner):
            return any(_holds(inner, unknown, events[: at + 1]) for at in _window(events, least_ms, most_ms))
        case ("since", least_ms, most_ms, hold, begin):
            return any(
                _holds(begin, unknown, events[: at + 1])
                and all(_holds(hold, unknown, events[: later + 1]) for later in range(at + 1, len(events)))
                for at in _window(events, least_ms, most_ms)
            )
        case ("count", least_ms, most_ms, number, inner):
            held = sum(_holds(inner, unknown, events[: at + 1]) for at in _window(events, least_ms, most_ms))
            return bool(held >= number)
    raise ValueError(f"unknown form {form[0]!r}")


def _window(events: list[Event], least_ms: int, most_ms: int) -> list[int]:
    """Positions of the events whose age at the last one lies in the window, both ends included."""
    return [at for at, event in enumerate(events) if least_ms <= events[-1].time_ms - event.time_ms <= most_ms]


def allows(policy: list[tuple[str, Form]], events: list[Event]) -> bool:
    """Whether the last event may pass: times never decrease, nothing may deny it, and something must permit it."""
    times = [event.time_ms for event in events]
    denied = any(kind == "deny" and may(form, events) for kind, form in policy)
    permitted = any(kind == "permit" and must(form, events) for kind, form in policy)
    return times == sorted(times) and not denied and permitted
