"""Z3 looks for traces: counterexamples of claims, and witnesses.

It is never trusted for a grant, nor for anything else that is called proved or witnessed: what it finds is replayed by
the core (naive semantics, live monitor, kernel), and what it does not find is called `solver-trusted`, with its name
and version and the number of events that it looked at. Method: the trace is unrolled to a fixed number of events; each
fact of each event is unknown, no, yes or a number, each time a whole number of milliseconds; a form is a Boolean
expression in one of two modes (may, must).

The library comes with the extra `prove` and is imported on first use.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aimds.errors import ConfigurationError, ErrorCode
from aimds.policy.notation import Form, parse_policy

if TYPE_CHECKING:
    from aimds._core import SoughtTrace

__all__ = ["EVENTS_MAX", "Search", "TIMEOUT_MS", "find", "require"]

EVENTS_MAX: Final = 6
"""Events of the longest trace that is looked for: paths have about five, and operators in operators multiply."""

TIMEOUT_MS: Final = 20_000
"""Milliseconds that one call of the solver may take: a person waits, and it is asked a few times a claim."""

_TIME_MS_MAX: Final = 2**31 - 1
"""The greatest time that a certificate holds."""

_UNKNOWN, _NO, _YES, _NUMBER = range(4)


@dataclass(frozen=True, slots=True)
class Search:
    """What came of a search."""

    solver: str
    """Name and version."""
    events: int
    """It looked at all traces of up to so many events."""
    trace: str | None = None
    """A trace in canonical notation, replayed by the core."""
    streams: tuple[str, ...] = ()
    """The theorem of each answer on that trace, for other kernels."""
    is_exhausted: bool = False
    """The solver says that there is no such trace. Nobody checked that."""


def require() -> Any:
    """The library.

    Raises:
        ConfigurationError: `extra-missing`.
    """
    try:
        return importlib.import_module("z3")
    except ImportError:
        raise ConfigurationError(ErrorCode.EXTRA_MISSING, place="aimds policy prove --solver", extra="prove") from None


def find(sought: SoughtTrace, events: int) -> Search:
    """Looks for a trace of up to `events` events, shortest first, known facts before unknown ones.

    Raises:
        ConfigurationError: `extra-missing`.
    """
    z3 = require()
    name = f"z3 {z3.get_version_string()}"
    events = max(1, min(events, EVENTS_MAX))
    is_exhausted = True
    for may_be_unknown in (False, True):
        for count in range(1, events + 1):
            answer = _Unrolled(z3, sought, count).solve(may_be_unknown)
            if answer is None:
                is_exhausted = False
            elif answer:
                fault, streams = sought.replay(answer)
                if fault is None:
                    return Search(name, events, answer, tuple(streams))
                # A trace that does not do what the solver says: then its silence is worth nothing either.
                is_exhausted = False
    return Search(name, events, is_exhausted=is_exhausted)


class _Unrolled:
    """All traces of one length; event 0 is the newest."""

    def __init__(self, z3: Any, sought: SoughtTrace, events: int) -> None:
        self._z3: Final = z3
        self._events: Final = events
        self._sought: Final = sought
        self._atoms: Final = [number for number, _ in sought.atoms]
        self._solver: Final = z3.Solver()
        self._solver.set("timeout", TIMEOUT_MS)
        self._times: Final = [z3.Int(f"t{event}") for event in range(events)]
        self._kinds: Final = {
            (event, atom): z3.Int(f"k{event}_{atom}") for event in range(events) for atom in self._atoms
        }
        self._numbers: Final = {
            (event, atom): z3.Int(f"n{event}_{atom}") for event in range(events) for atom in self._atoms
        }
        self._known: dict[tuple[Form, bool, int], Any] = {}

    def solve(self, may_be_unknown: bool) -> str | None:
        """The trace; an empty text when there is none, `None` when the solver does not know."""
        z3 = self._z3
        self._solver.add(*self._shape(may_be_unknown), *self._laws())
        for text, allows in self._sought.answers:
            verdict = self._allows(text)
            self._solver.add(verdict if allows else z3.Not(verdict))
        match self._solver.check():
            case z3.sat:
                return self._trace(self._solver.model())
            case z3.unsat:
                return ""
            case _:
                return None

    def _shape(self, may_be_unknown: bool) -> Iterator[Any]:
        """Times do not decrease; values are values."""
        numbers = set(self._sought.laws[3])
        yield self._times[-1] == 0
        yield self._times[0] <= _TIME_MS_MAX
        for newer, older in zip(self._times, self._times[1:], strict=False):
            yield newer >= older
        for (event, atom), kind in self._kinds.items():
            least = _UNKNOWN if may_be_unknown else _NO
            yield self._z3.And(kind >= least, kind <= _NUMBER)
            yield kind != _YES if atom in numbers else kind != _NUMBER
            # Amounts beyond this are not exact in every reader of JSON.
            yield self._z3.And(self._numbers[event, atom] >= 0, self._numbers[event, atom] <= 2**53)

    def _laws(self) -> Iterator[Any]:
        """Facts of an event that go together, or do not."""
        z3 = self._z3
        implies, number_implies, excludes, _, forced = self._sought.laws
        for event in range(self._events):
            kind = {atom: self._kinds[event, atom] for atom in self._atoms}
            for left, right in implies:
                yield z3.Implies(kind[left] == _YES, kind[right] == _YES)
                yield z3.Implies(kind[right] == _NO, kind[left] != _YES)
            for left, right in number_implies:
                yield z3.Implies(kind[left] == _NUMBER, kind[right] == _YES)
            for left, right in excludes:
                yield z3.Or(kind[left] != _YES, kind[right] != _YES)
            for atom, is_yes in forced:
                yield kind[atom] != (_NO if is_yes else _YES)

    def _allows(self, text: str) -> Any:
        rules = parse_policy(text)
        denied = [self._holds(form, True, 0) for kind, form in rules if kind == "deny"]
        permitted = [self._holds(form, False, 0) for kind, form in rules if kind == "permit"]
        return self._z3.And(self._z3.Not(self._z3.Or(denied)), self._z3.Or(permitted))

    def _holds(self, form: Form, may: bool, at: int) -> Any:
        key = (form, may, at)
        if key not in self._known:
            self._known[key] = self._expression(form, may, at)
        return self._known[key]

    def _expression(self, form: Form, may: bool, at: int) -> Any:
        z3 = self._z3
        match form:
            case ("true",):
                return z3.BoolVal(True)
            case ("false",):
                return z3.BoolVal(False)
            case ("atom", atom):
                kind = self._kinds[at, atom]
                return kind != _NO if may else kind == _YES
            case ("atmost", atom, bound):
                is_number, number = self._kinds[at, atom] == _NUMBER, self._numbers[at, atom]
                within = number <= bound
                return z3.Implies(is_number, within) if may else z3.And(is_number, within)
            case ("not", inner):
                return z3.Not(self._holds(inner, not may, at))
            case ("and", left, right):
                return z3.And(self._holds(left, may, at), self._holds(right, may, at))
            case ("or", left, right):
                return z3.Or(self._holds(left, may, at), self._holds(right, may, at))
            case ("previous", inner):
                return self._holds(inner, may, at + 1) if at + 1 < self._events else z3.BoolVal(False)
            case _:
                return self._window(form, may, at)

    def _window(self, form: Form, may: bool, at: int) -> Any:
        z3 = self._z3
        word, least_ms, most_ms, *rest = form
        older = range(at, self._events)
        age_ms = {event: self._times[at] - self._times[event] for event in older}
        inside = {event: z3.And(age_ms[event] >= least_ms, age_ms[event] <= most_ms) for event in older}
        match word, rest:
            case "once", [inner]:
                return z3.Or([z3.And(inside[event], self._holds(inner, may, event)) for event in older])
            case "since", [hold, begin]:
                held = {event: self._holds(hold, may, event) for event in older}
                starts = {event: z3.And(inside[event], self._holds(begin, may, event)) for event in older}
                return z3.Or([z3.And(starts[event], *(held[later] for later in range(at, event))) for event in older])
            case "count", [number, inner]:
                hits = [z3.And(inside[event], self._holds(inner, may, event)) for event in older]
                return z3.Sum([z3.If(hit, 1, 0) for hit in hits]) >= number
        raise ValueError(f"unknown form {word!r}")

    def _trace(self, model: Any) -> str:
        """The model in canonical notation, oldest event first."""
        lines = []
        for event in reversed(range(self._events)):
            time_ms = model.eval(self._times[event], model_completion=True).as_long()
            words = [f"{time_ms} no"]
            for atom in sorted(self._atoms):
                kind = model.eval(self._kinds[event, atom], model_completion=True).as_long()
                number = model.eval(self._numbers[event, atom], model_completion=True).as_long()
                if kind != _NO:
                    words.append(f"{atom}={('unknown', 'no', 'yes', number)[kind]}")
            lines.append(" ".join(words))
        return "".join(f"{line}\n" for line in lines)
