"""Shows what policy files claim: by a proof that the kernel accepts, or a trace that was replayed; else asks a solver.

The words are never mixed. `proved`: the kernel accepted a theorem. `witnessed` and `refuted`: a trace shows it, and
naive semantics, live monitor and kernel agree on that trace. `solver_trusted`: a solver says so, and nobody checked it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from aimds._core import PolicyBundle, compile_policy
from aimds.errors import ErrorCode, InputError
from aimds.policy.bundle import PolicyError, PolicyFile, diagnostic, load, sources_of
from aimds.policy.solver import EVENTS_MAX, find, require

__all__ = ["ClaimResult", "PATH_EVENTS", "UntrustedPath", "prove", "readable_trace"]

PATH_EVENTS: Final = 4
"""Events of the longest traces for claims about paths: read, approval, revocation, call."""

PATH_FILE: Final = "path.policy"
"""The file that a claim seems to stand in which `--path-within` made."""

_PATH: Final = """import "{file}"
policy path_without_approval {{
  when call c to sink(external)
  deny if once[0s, {within}] (read r where r.trust <= {trust} and flows(r, c.args))
  unless (not revoked(c)) since[0s, {approved}] approved(c) by user
}}
set paths_without_approval = {{path_without_approval}} default allow
claim no_path({set}, paths_without_approval)
"""
_DURATION: Final = re.compile(r"([1-9][0-9]{0,9})(ms|s|m|h|d)")
_UNITS_MS: Final = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION_MS_MAX: Final = (1 << 31) - 1  # the longest of the language: 24 days and some hours
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")


@dataclass(frozen=True, slots=True)
class UntrustedPath:
    """The claim that no path leads from an untrusted read to an external sink without approval."""

    within: str = "10m"
    """How long after the read a call may not send what came from it."""
    approved_within: str = "5m"
    """How long an approval of the call by the user holds, unless it is revoked."""
    trust: str = "untrusted"
    """The label up to which a read is untrusted."""

    def text(self, file: str, policy_set: str) -> str:
        """The claim as a policy file.

        Raises:
            InputError: `input-bad-value`, for what is no duration or label.
        """
        check_duration("within", self.within)
        check_duration("approved_within", self.approved_within)
        if _NAME.fullmatch(self.trust) is None:
            reason = f"{self.trust!r} is not of the form {_NAME.pattern}"
            raise InputError(ErrorCode.INPUT_BAD_VALUE, place="trust", reason=reason)
        return _PATH.format(
            file=file, within=self.within, approved=self.approved_within, trust=self.trust, set=policy_set
        )


def check_duration(place: str, text: str) -> None:
    """Refuses what the policy language would not take as a duration.

    Raises:
        InputError: `input-bad-value`, with this place.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        reason = f"{text!r} is no duration, such as 500ms, 30s, 10m, 2h or 1d"
    elif int(found[1]) * _UNITS_MS[found[2]] > _DURATION_MS_MAX:
        reason = f"{text!r} is too long: durations of policies end at 24 days"
    else:
        return
    raise InputError(ErrorCode.INPUT_BAD_VALUE, place=place, reason=reason)


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """How a claim of a policy file was shown."""

    kind: str
    about: tuple[str, ...]
    """The set, then the policies in it, or the template or policy of a contract."""
    file: str
    line: int
    how: str
    """`proved`: a theorem about all traces that the kernel accepts. `proved_up_to`: theorems about all traces of up to
    `events` events, for claims about paths. `witnessed`: a trace shows it. `refuted`: a trace shows the contrary.
    `solver_trusted`: the solver says that no trace of up to `events` events shows the contrary; that is not proved, and
    grants nothing. `not_shown`: none of these, which does not make it false."""
    events: int | None = None
    """The bound: traces of up to so many events, and nothing is said of longer ones. `None` for all traces."""
    leaves: int | None = None
    """Cases of the proof."""
    streams: tuple[str, ...] = ()
    """The theorems with their proofs in the export format of Lean 4, for other kernels; for a trace, that each answer
    is right."""
    lean_texts: tuple[str, ...] = ()
    """The theorems as Lean source for people."""
    witness: str | None = None
    """The trace in canonical notation."""
    atoms: tuple[tuple[int, str], ...] = ()
    """What the facts of the trace mean, by their numbers."""
    solver: str | None = None
    """Name and version of the solver, when it found the trace or says that there is none."""
    instance: str | None = None
    """Of a contract: the rule that this is about. There is a result for each instance in the set, and the claim is
    shown if all are."""
    filled_in: str | None = None
    """The template with its arguments, as in `rate(email.send, 5, 1m)`; `None` for a policy of its own."""

    @property
    def is_shown(self) -> bool:
        """Whether it is certain: proved, or witnessed by a trace that was replayed; never on a solver's word.

        A claim about a path is certain as far as its bound, which every output states.
        """
        return self.how in ("proved", "proved_up_to", "witnessed")


def prove(
    source: str | Path,
    *,
    events: int = PATH_EVENTS,
    solver: bool = False,
    path: UntrustedPath | None = None,
    set_name: str | None = None,
) -> tuple[ClaimResult, ...]:
    """Tries to show every claim that a file and its imports make; up to half a minute a theorem, usually milliseconds.

    A claim has one result, but a contract one for each instance in the set.

    Args:
        source: a policy file, or the name of a shipped set.
        events: claims about paths that cannot be proved over all traces are tried for traces of up to so many events;
            also the longest trace that the solver looks at.
        solver: let Z3 look for a trace where nothing was shown.
        path: also claim that no such path is open.
        set_name: the set that `path` is about; without one as [`PolicyFile.choose_set`] chooses.

    Raises:
        PolicyError: the file does not compile.
        InputError: it cannot be read, or a value is out of range.
        ConfigurationError: `extra-missing` for the solver; `policy-unknown-set`.
    """
    if not 1 <= events <= EVENTS_MAX:
        raise InputError(ErrorCode.INPUT_BAD_VALUE, place="events", reason=f"{events} is not from 1 to {EVENTS_MAX}")
    if solver:
        require()
    bundle = load(source).bundle if path is None else _with_path(source, path, set_name)
    return tuple(_result(row, solver_events=events if solver else None) for row in bundle.show_claims(events))


def _with_path(source: str | Path, path: UntrustedPath, set_name: str | None) -> PolicyBundle:
    """The file and, in one of its own, the claim about the path."""
    loaded: PolicyFile = load(source)
    root, library = sources_of(source)
    text = path.text(root[0], loaded.choose_set(set_name))
    bundle, found = compile_policy(PATH_FILE, text, [root, *library])
    if bundle is None:
        error = PolicyError(tuple(map(diagnostic, found)))
        first = next(one for one in error.diagnostics if one.level == "error")
        if first.file != PATH_FILE:
            raise error
        reason = f"the claim cannot be made of {root[0]}: {first.message}; {first.help}"  # nobody has a file to look at
        raise InputError(ErrorCode.INPUT_BAD_VALUE, place="path", reason=reason)
    return bundle


def _result(row: Mapping[str, Any], solver_events: int | None) -> ClaimResult:
    row = dict(row)
    sought, trace_shows = row.pop("sought", None), row.pop("trace_shows")
    for name in ("about", "streams", "lean_texts", "atoms"):
        row[name] = tuple(row.get(name, ()))
    if sought is not None and solver_events is not None:
        found = find(sought, solver_events)
        if found.trace is not None:
            row |= {
                "how": "witnessed" if trace_shows else "refuted",
                "witness": found.trace,
                "streams": found.streams,
                "atoms": tuple(sought.atoms),
                "solver": found.solver,
            }
        elif found.is_exhausted and not trace_shows:
            row |= {"how": "solver_trusted", "events": found.events, "solver": found.solver}
    return ClaimResult(**row)


def readable_trace(result: ClaimResult) -> list[str]:
    """The trace of a claim, an event a line, with the meaning of what holds."""
    meanings = dict(result.atoms)
    lines = []
    for number, line in enumerate((result.witness or "").splitlines(), start=1):
        time_ms, _, *facts = line.split(" ")
        said = []
        for fact in facts:
            atom, value = fact.split("=")
            meaning = meanings.get(int(atom), f"fact {atom}")
            said.append(meaning if value == "yes" else f"{meaning}: {value}")
        lines.append(f"event {number} at {time_ms} ms: {'; '.join(said) or 'nothing that matters'}")
    return lines
