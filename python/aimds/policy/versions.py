"""Two versions of a policy set: which rules changed, and whether the new one allows more, over all traces."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aimds._core import compare_policies
from aimds.policy.bundle import load

__all__ = ["Step", "VersionDiff", "diff"]


@dataclass(frozen=True, slots=True)
class Step:
    """What is known of a claim about two versions."""

    how: str
    """`proved`: a theorem over all traces that the kernel accepts. `refuted`: a trace shows the contrary. `unknown`:
    neither was found."""
    leaves: int | None = None
    stream: str | None = None
    """The theorem with its proof, for other kernels."""
    witness: str | None = None
    """The trace in canonical notation."""


@dataclass(frozen=True, slots=True)
class VersionDiff:
    """What changes from an old set to a new one."""

    old: str
    new: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    """Rules with another text; comments count."""
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
            case _:
                return "it is not known whether the new one allows more"


def diff(old: str | Path, new: str | Path, old_set: str | None = None, new_set: str | None = None) -> VersionDiff:
    """Compares a set of one file with a set of another; up to a minute, usually milliseconds.

    Raises:
        PolicyError: a file does not compile.
        ConfigurationError: `policy-unknown-set`.
        InputError: a file cannot be read, or both sets together are too large.
    """
    before, after = load(old), load(new)
    name, other = before.choose_set(old_set), after.choose_set(new_set)
    texts = {rule["name"]: rule["text"] for rule in before.bundle.rules(name)}
    new_texts = {rule["name"]: rule["text"] for rule in after.bundle.rules(other)}
    compared = compare_policies(before.bundle, name, after.bundle, other)
    return VersionDiff(
        old=name,
        new=other,
        added=tuple(rule for rule in new_texts if rule not in texts),
        removed=tuple(rule for rule in texts if rule not in new_texts),
        changed=tuple(rule for rule in new_texts if rule in texts and texts[rule] != new_texts[rule]),
        no_widening=Step(**compared["no_widening"]),
        no_narrowing=Step(**compared["no_narrowing"]),
        same_schema=compared["same_schema"],
    )
