"""Sessions under a policy set: events in, decisions out, with explanation and certificate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aimds._core import PolicyEngine, PolicySession
from aimds.errors import ErrorCode, StageError
from aimds.policy.bundle import PolicyFile

__all__ = ["Decision", "Engine", "Fired", "Obligation", "Session", "change_text"]


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule that fired."""

    rule: str
    effect: str
    """`deny`, `ask`, `throttle` stop; `redact`, `notify` advise; `permit` grants."""
    severity: str
    certain: bool
    """It holds whatever the unknown facts are; otherwise an unknown made it fire."""
    message: str | None
    source: str | None


@dataclass(frozen=True, slots=True)
class Obligation:
    """What must be done besides: `notify` somebody, `redact` a category, `ask` a role."""

    kind: str
    about: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer of a policy set to one event."""

    sequence: int
    time_ms: int
    verdict: str
    """`allow`, `ask`, `throttle` or `deny`."""
    severity: str | None
    by_default: bool
    """Denied because nothing permitted it."""
    fired: tuple[Fired, ...]
    obligations: tuple[Obligation, ...]


class Engine:
    """A policy set made ready; sessions share it.

    Args:
        file: the compiled file.
        set_name: the set; without one, see `PolicyFile.choose_set`.

    Raises:
        ConfigurationError: `policy-unknown-set`.
    """

    def __init__(self, file: PolicyFile, set_name: str | None = None) -> None:
        self.set: Final = file.choose_set(set_name)
        self.core: Final = PolicyEngine(file.bundle, self.set)
        self.detectors: Final = frozenset(self.core.detectors)
        self.granting_detectors: Final = frozenset(self.core.granting_detectors)
        """Those that a permit names, or what lifts a denial: where they do not run, their scores are unknown."""


class Session:
    """One session; its state is bounded. Threads may share it; `explain` and `certify` speak of the last event.

    Args:
        engine: the policy set.
        state: what `export` gave; relations to events before it are unknown, which never grants.

    Raises:
        InputError: the state is of another set, or damaged.
    """

    def __init__(self, engine: Engine, state: bytes | None = None) -> None:
        self._core = PolicySession(engine.core, state)

    def judge(self, event: Mapping[str, Any]) -> Decision:
        """Takes the next event and decides it.

        Args:
            event: `kind` and `time_ms`, and as far as known `id role trust tool arguments text references about
                expires_ms scores attributes covered`; scores are thousandths. What is missing is unknown, and never
                grants; of arguments or attributes beyond the bounds all are unknown.

        Raises:
            InputError: `input-bad-value` for a field that has another type.
        """
        row = self._core.judge(dict(event))
        return Decision(
            sequence=row["sequence"],
            time_ms=row["time_ms"],
            verdict=row["verdict"],
            severity=row["severity"],
            by_default=row["by_default"],
            fired=tuple(Fired(**one) for one in row["fired"]),
            obligations=tuple(Obligation(kind, about) for kind, about in row["obligations"]),
        )

    def explain(self) -> dict[str, Any] | None:
        """Why the last event was decided so; `None` before the first event.

        `trails` has one entry for each rule that fired, with the past events that it binds; `counterfactual` is a
        change with which a stopped event would pass, if one was found.
        """
        return self._core.explain()

    def certify(self, *, fresh: bool = False) -> dict[str, Any]:
        """The certificate of the last decision: canonical JSON without fractions, checked by the kernel in process.

        One that the policy set has made before for the same facts and verdict is given again; it has the same bytes.

        Args:
            fresh: make it anew in any case.

        Raises:
            StageError: `policy-unproved`: no proof within the bounds, or a refused one: nothing may be granted.
        """
        certificate = self._core.certify(fresh)
        outcome = "nothing was decided yet" if certificate is None else certificate["outcome"]
        if certificate is None or outcome != "accepted":
            raise StageError(ErrorCode.POLICY_UNPROVED, place="certificate", reason=outcome)
        return certificate

    def export(self) -> bytes:
        """What survives a restart."""
        return self._core.export()


def change_text(change: dict[str, Any]) -> str:
    """A change of the past in words."""
    match change["change"]:
        case "approval":
            return f"with the approval of {change['role']}"
        case "trust":
            return f"if event {change['sequence']} were of trust `{change['label']}`"
        case _:
            return f"{change['wait_ms']} ms later"
