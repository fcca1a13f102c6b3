"""Past-time metric temporal logic: what must have held, how long ago, how often; judged event by event.

    >>> monitor = Monitor("tool_call -> once[0, 10m] approved")
    >>> monitor.update(0, {"tool_call": False, "approved": True})
    <Truth.TRUE: 'true'>
    >>> monitor.update(700_000_000_000, {"tool_call": True, "approved": False})
    <Truth.FALSE: 'false'>
    >>> monitor.update(700_000_000_001, {"tool_call": True})  # whether it is approved, nobody said
    <Truth.UNKNOWN: 'unknown'>

The language, loosest first: `->` (to the right), `or`, `and`, `since[a, b]` (to the left), then the prefixes `not`,
`prev[a, b]`, `once[a, b]`, `historically[a, b]` and `count[w] (...) >= n`. Atoms are boolean names, or number names
compared with a constant (`< <= == != >= >`); names are letters, digits, `_` and `.`. An interval holds ages, both
ends included: `[2s, 10m]`, `[10m]` for `[0, 10m]`, `[1h, inf]`; without one the whole past counts. Units: ns (also
without a unit), us, ms, s, m, h, d.

`prev` is false at the first event; `historically` is true when no event lies in its interval. Missing atoms follow
strong Kleene logic. The state is bounded by the formula, not by the session: `count` is exact; `once`, `historically`
and `since` with an interval that begins at 0 are exact; one that begins later is exact for 64 separate true events
younger than its beginning, and beyond that may answer *unknown*, never wrongly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NoReturn

from aimds._core import Monitor as _Monitor

__all__ = ["Formula", "Monitor", "Number", "Truth", "atom", "count", "historically", "number", "once", "prev"]


class Truth(StrEnum):
    """A verdict of three. It has no truth value of its own: compare it with `is`."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"

    def __bool__(self) -> NoReturn:
        raise TypeError("a Truth has three values: compare it with `is`")


_TRUTH: Final = {1: Truth.TRUE, 0: Truth.FALSE, -1: Truth.UNKNOWN}


class Monitor:
    """A formula and what it remembers of the events so far.

    Args:
        formula: its text, or a `Formula` put together from parts.

    Raises:
        InputError: `formula-invalid`, with the character at which the text goes wrong.
    """

    def __init__(self, formula: str | Formula) -> None:
        self._core = _Monitor(formula.text if isinstance(formula, Formula) else formula)

    @property
    def atoms(self) -> tuple[str, ...]:
        """The names that `update` looks up."""
        return tuple(self._core.atoms)

    @property
    def formula(self) -> str:
        """The formula, fully bracketed."""
        return self._core.formula

    def update(self, time_ns: int, values: Mapping[str, bool | float | None]) -> Truth:
        """Judges one event.

        Args:
            time_ns: its time; not before that of the event before.
            values: what is known of the atoms; one that is missing or `None` is unknown. Other names are ignored.

        Raises:
            InputError: `input-bad-value`; the monitor is then as it was.
        """
        return _TRUTH[self._core.update(time_ns, values if isinstance(values, dict) else dict(values))]

    def reset(self) -> None:
        """Forgets all events."""
        self._core.reset()


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula put together from parts: `atom`, `number`, `once` ..., with `&`, `|`, `~`, `implies` and `since`."""

    text: str

    def __and__(self, other: Formula) -> Formula:
        return Formula(f"({self.text}) and ({other.text})")

    def __or__(self, other: Formula) -> Formula:
        return Formula(f"({self.text}) or ({other.text})")

    def __invert__(self) -> Formula:
        return Formula(f"not ({self.text})")

    def __bool__(self) -> NoReturn:
        raise TypeError("a Formula has no truth value: use `&`, `|` and `~`")

    def implies(self, other: Formula) -> Formula:
        """If this holds, so does `other`."""
        return Formula(f"({self.text}) -> ({other.text})")

    def since(self, other: Formula, from_ns: int = 0, to_ns: int | None = None) -> Formula:
        """`other` held at an event whose age lies in the interval, and this at every event after it."""
        return Formula(f"({self.text}) since{_interval(from_ns, to_ns)} ({other.text})")


@dataclass(frozen=True, slots=True, eq=False)
class Number:
    """A number that a formula compares with a constant: `number("risk") >= 0.8`, or `count(...) > 3`."""

    text: str

    def __lt__(self, value: float) -> Formula:
        return Formula(f"{self.text} < {value!r}")

    def __le__(self, value: float) -> Formula:
        return Formula(f"{self.text} <= {value!r}")

    def __ge__(self, value: float) -> Formula:
        return Formula(f"{self.text} >= {value!r}")

    def __gt__(self, value: float) -> Formula:
        return Formula(f"{self.text} > {value!r}")

    def equals(self, value: float) -> Formula:
        """It is exactly `value`."""
        return Formula(f"{self.text} == {value!r}")


def atom(name: str) -> Formula:
    """A boolean atom."""
    return Formula(name)


def number(name: str) -> Number:
    """A number atom."""
    return Number(name)


def prev(formula: Formula, from_ns: int = 0, to_ns: int | None = None) -> Formula:
    """It held at the event before, whose age lies in the interval."""
    return Formula(f"prev{_interval(from_ns, to_ns)} ({formula.text})")


def once(formula: Formula, from_ns: int = 0, to_ns: int | None = None) -> Formula:
    """It held at some event whose age lies in the interval."""
    return Formula(f"once{_interval(from_ns, to_ns)} ({formula.text})")


def historically(formula: Formula, from_ns: int = 0, to_ns: int | None = None) -> Formula:
    """It held at every event whose age lies in the interval."""
    return Formula(f"historically{_interval(from_ns, to_ns)} ({formula.text})")


def count(formula: Formula, window_ns: int | None = None) -> Number:
    """At how many events, not older than the window, it held."""
    return Number(f"count[{_time(window_ns)}] ({formula.text})")


def _interval(from_ns: int, to_ns: int | None) -> str:
    return f"[{from_ns}, {_time(to_ns)}]"


def _time(time_ns: int | None) -> str:
    return "inf" if time_ns is None else str(time_ns)
