"""How much of the traffic each look of the patterns stage saw: what a profile costs follows from it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from aimds.records import StageName, StageOutcome, Verdict

__all__ = ["LookShares"]


@dataclass(slots=True)
class LookShares:
    """Counts events, and for each look (static, student, teacher, own) the events that it was asked about."""

    events: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    undecided: int = 0
    """Events that the patterns stage left undecided: a transformer failed or was out of time."""

    def add(self, verdict: Verdict) -> None:
        """One more event."""
        self.events += 1
        report = next((one for one in verdict.reports if one.stage is StageName.PATTERNS), None)
        if report is not None:
            self.asked.update(report.details.get("looks", ()))
            self.undecided += report.outcome is StageOutcome.UNDECIDED

    def to_json(self) -> dict[str, float]:
        """The share of all events by look, in the order in which they are asked; and `undecided`, if there were any."""
        shares = {look: count / self.events for look, count in self.asked.items()}
        return shares | ({"undecided": self.undecided / self.events} if self.undecided else {})

    def told(self) -> str:
        """The same in words; empty when no look was asked."""
        return ", ".join(f"{look} {share:.1%}" for look, share in self.to_json().items())
