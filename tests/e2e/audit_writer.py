"""Judges events for ever with an audit trail, and prints the id of each once its verdict is handed out.

    python -m tests.e2e.audit_writer TRAIL KEY NAME

The kill -9 test ends it at some instant.
"""

from __future__ import annotations

import itertools
import sys
from concurrent.futures import ThreadPoolExecutor

from aimds import Defense, Event, Settings
from aimds.records import Assessment, StageName, StageOutcome, StageReport


class Nothing:
    """A room that finds nothing."""

    name = StageName.SIGNATURES

    def run(self, assessment: Assessment) -> Assessment:
        """Adds an empty report."""
        return assessment.with_report(StageReport(self.name, StageOutcome.COMPLETE))


def main(trail: str, key: str, name: str) -> None:
    """Writes until it is killed."""
    audit = {"path": trail, "key": key, "checkpoint_records": 20}
    guard = Defense(Settings(audit=audit), rooms=[Nothing()])  # type: ignore[arg-type]

    def judge(number: int) -> None:
        verdict = guard.evaluate(Event("text", id=f"{name}-{number}"))
        sys.stdout.write(f"{verdict.event.id} {verdict.action}\n")
        sys.stdout.flush()

    with ThreadPoolExecutor(4) as pool:
        for start in itertools.count(0, 40):
            list(pool.map(judge, range(start, start + 40)))


if __name__ == "__main__":
    main(*sys.argv[1:])
