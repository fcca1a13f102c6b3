"""How many of a machine's own files, which are honest, the guard would stop: licences, sources, manuals, logs.

    python -m benches.honest_files NAME=GLOB [NAME=GLOB ...] [--most 40] [--seed 5] [--profile NAME] [--list]

Each glob may hold `**`; one name may be given several times. Of each name at most so many different texts are drawn, of
200 to 60,000 characters. Nothing of them is kept. Machines differ: compare runs on one machine only.
"""

from __future__ import annotations

import argparse
import glob
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from aimds import Action, Defense, Event, Settings
from aimds.evaluation.intervals import wilson

CHARACTERS: Final = range(200, 60_000)
"""Shorter files have nothing to flag; longer ones take long, and are judged in parts by `aimds scan`."""

PATIENCE_MS: Final = 600_000.0
"""Beyond reach: what a busy machine leaves undecided would be escalated, and counted."""


def texts(patterns: list[str], most: int, numbers: random.Random) -> Iterator[tuple[str, str]]:
    """Name and text of the files that are drawn."""
    # Not Path.glob: a pattern may begin at the root.
    names = sorted({name for pattern in patterns for name in glob.glob(pattern, recursive=True)})  # noqa: PTH207
    numbers.shuffle(names)
    seen: set[str] = set()
    for name in names:
        try:
            text = Path(name).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        if len(text) in CHARACTERS and text not in seen:
            seen.add(text)
            yield name, text
        if len(seen) == most:
            return


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", metavar="NAME=GLOB")
    parser.add_argument("--most", type=int, default=40, help="texts of each name")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--profile", default="balanced")
    parser.add_argument("--list", action="store_true", help="name the files that are stopped, and why")
    options = parser.parse_args()
    budget = {"total_ms": PATIENCE_MS}
    guard = Defense(Settings.load(patterns={"profile": options.profile}, budget=budget))
    by_name: dict[str, list[str]] = {}
    for one in options.files:
        name, _, pattern = one.partition("=")
        by_name.setdefault(name, []).append(pattern)
    numbers = random.Random(options.seed)
    judged_all = stopped_all = 0
    for name, patterns in by_name.items():
        judged = stopped = 0
        for file, text in texts(patterns, options.most, numbers):
            verdict = guard.evaluate(Event(text, kind="document"))
            judged += 1
            if verdict.action in (Action.BLOCK, Action.ESCALATE):
                stopped += 1
                if options.list:
                    print(f"  {file!r}: {verdict.action.value} {verdict.score:.2f} {verdict.reason}")
        print(f"{name}: {stopped} of {judged} stopped")
        judged_all, stopped_all = judged_all + judged, stopped_all + stopped
    if interval := wilson(stopped_all, judged_all):
        low, high = interval
        print(f"all: {stopped_all} of {judged_all} stopped (95% interval {low:.1%} to {high:.1%})")


if __name__ == "__main__":
    main()
