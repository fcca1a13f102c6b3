"""Two versions of a policy set: which rules changed, and whether the new one allows more, over all traces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aimds._core import compare_policies
from aimds.policy.bundle import load
from aimds.policy.solver import find

__all__ = ["Step", "VersionDiff", "diff"]


@dataclass(frozen=True, slots=True)
class Step:
    """What is known of a claim about two versions."""

    how: str
    """`proved`: a theorem over all traces that the kernel accepts. `refuted`: a trace shows the contrary.
    `solver_trusted`: the solver says that no trace of up to `events` events does; that is not proved. `unknown`: none
    of these."""
    events: int | None = None
    leaves: int | None = None
    streams: tuple[str, ...] = ()
    """The theorem with its proof, for other kernels; for a trace, that each answer is right."""
    lean_texts: tuple[str, ...] = ()
    """The theorem as Lean source for people."""
    witness: str | None = None
    """The trace in canonical notation."""
    atoms: tuple[tuple[int, str], ...] = ()
    """What the facts of the trace mean, by their numbers."""
    solver: str | None = None
    """Name and version of the solver, when it found the trace or says that there is none."""


@dataclass(frozen=True, slots=True)
class VersionDiff:
    """What changes from an old set to a new one."""

    old: str
    new: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    """Rules with another text, other arguments of their template, or another meaning because a constant that they name
    was changed; comments in their text count."""
    no_widening: Step
    """The new set allows nothing that the old one did not."""
    no_narrowing: Step
    """The old set allows nothing that the new one does not."""
    same_schema: bool
    """Otherwise the theorems are about equal facts, which other events may give."""

    @property
    def summary(self) -> str:
        """In a sentence."""
        match (self.no_widening.how, self.no_narrowing.how):
            case ("proved", "proved"):
                return "both allow the same (proved)"
            case ("proved", "refuted"):
                return "the new one allows less (proved), and no more"
            case ("proved", _):
                return "the new one allows no more (proved)"
            case ("refuted", _):
                return "the new one allows something that the old one did not (shown by a trace)"
            case ("solver_trusted", _):
                said = f"{self.no_widening.solver} found no trace of up to {self.no_widening.events} events"
                return f"the new one allows no more as far as the solver is trusted, which is not proved ({said})"
            case _:
                return "it is not known whether the new one allows more"


def diff(
    old: str | Path,
    new: str | Path,
    old_set: str | None = None,
    new_set: str | None = None,
    *,
    solver_events: int | None = None,
) -> VersionDiff:
    """Compares a set of one file with a set of another; up to a minute, usually milliseconds.

    With `solver_events` Z3 looks for traces of up to so many events where nothing is known.

    Raises:
        PolicyError: a file does not compile.
        ConfigurationError: `policy-unknown-set`.
        ConfigurationError: `extra-missing` for the solver.
        InputError: a file cannot be read, or both sets together are too large.
    """
    before, after = load(old), load(new)
    name, other = before.choose_set(old_set), after.choose_set(new_set)
    texts = {rule["name"]: (rule["text"], rule["filled_in"]) for rule in before.bundle.rules(name)}
    new_texts = {rule["name"]: (rule["text"], rule["filled_in"]) for rule in after.bundle.rules(other)}
    compared = compare_policies(before.bundle, name, after.bundle, other)
    return VersionDiff(
        old=name,
        new=other,
        added=tuple(rule for rule in new_texts if rule not in texts),
        removed=tuple(rule for rule in texts if rule not in new_texts),
        changed=tuple(
            rule
            for rule in new_texts
            if rule in texts and (texts[rule] != new_texts[rule] or rule in compared["changed"])
        ),
        no_widening=_step(compared["no_widening"], solver_events),
        no_narrowing=_step(compared["no_narrowing"], solver_events),
        same_schema=compared["same_schema"],
    )


def _step(row: Mapping[str, Any], solver_events: int | None) -> Step:
    row = dict(row)
    sought = row.pop("sought", None)
    for name in ("streams", "lean_texts", "atoms"):
        row[name] = tuple(row.get(name, ()))
    if sought is None or solver_events is None:
        return Step(**row)
    found = find(sought, solver_events)
    if found.trace is not None:
        atoms = tuple(sought.atoms)
        return Step("refuted", witness=found.trace, streams=found.streams, atoms=atoms, solver=found.solver)
    if found.is_exhausted:
        return Step("solver_trusted", events=found.events, solver=found.solver)
    return Step(**row)
