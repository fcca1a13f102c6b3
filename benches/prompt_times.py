"""What the profiles cost on real prompts of some lengths, and which part of the traffic each stage sees.

    python -m benches.prompt_times [--profiles fast balanced thorough] [--bands 10-20 90-110 ...] [--rounds 3] [--json]

The rows are the dev rows of the corpora (`AIMDS_DATA`), honest ones and attacks apart: honest rows are what ordinary
traffic costs. Tokens are counted by the tokenizer of the models' own word table. Each round judges every row again with
its number behind it, so that no memory of results answers. The baseline is the profile `fast`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Final

from rich.console import Console
from rich.table import Table
from training.corpus import Row, read_rows

from aimds import Defense, Settings
from aimds._core import TokenTable
from aimds.patterns import models_folder
from aimds.records import Profile, StageName, StageOutcome, Verdict

BANDS: Final = ("5-20", "90-110", "115-126", "127-140", "1000-2500")
"""Tokens from and to: short prompts, those of about 100, those that fill one window, those that just need a second one,
and long ones."""

LOOKS: Final = ("no model", "static", "student", "teacher")
"""The last one that was asked: each is asked after the one before it; rules may answer before all of them."""

WARM_ROWS: Final = 20
TAIL: Final = 0.99


@dataclass(frozen=True)
class Times:
    """Times of one profile on the rows of one length and label."""

    profile: str
    tokens: str
    label: str
    rows: int
    p50_ms: float
    p99_ms: float
    asked: dict[str, float]
    """Share of the rows by the last model that was asked."""


def last_look(verdict: Verdict) -> str:
    """The last model that was asked about an event."""
    for report in verdict.reports:
        if report.stage is StageName.PATTERNS and report.outcome is not StageOutcome.SKIPPED:
            looks = report.details.get("looks", ())
            return str(looks[-1]) if looks else "static"
    return LOOKS[0]


def timed(defense: Defense, rows: Sequence[Row], rounds: int) -> tuple[list[float], Counter[str]]:
    """Milliseconds of every call, and the models that were asked last."""
    for row in rows[:WARM_ROWS]:
        defense.evaluate(f"{row.text} warm")
    times, looks = [], Counter[str]()
    for number in range(rounds):
        for row in rows:
            text = f"{row.text} {number}"
            begun = time.perf_counter()
            verdict = defense.evaluate(text)
            times.append((time.perf_counter() - begun) * 1e3)
            looks[last_look(verdict)] += 1
    return times, looks


def measured(profile: Profile, bands: dict[str, list[Row]], rounds: int) -> list[Times]:
    """Times of one profile on all lengths."""
    defense = Defense(Settings.load(patterns={"profile": profile}))
    out = []
    for band, rows in bands.items():
        for label, attack in (("honest", False), ("attack", True)):
            part = [row for row in rows if row.attack is attack]
            if not part:
                continue
            times, looks = timed(defense, part, rounds)
            tail = sorted(times)[int(TAIL * (len(times) - 1))]
            shares = {look: looks[look] / len(times) for look in LOOKS}
            out.append(Times(profile, band, label, len(part), median(times), tail, shares))
    return out


def by_length(bands: Sequence[str]) -> dict[str, list[Row]]:
    """The dev rows of each length; plain harmful requests are left out."""
    table = TokenTable.load((models_folder() / "look.safetensors").read_bytes())
    limits = {band: tuple(int(part) for part in band.split("-")) for band in bands}
    found: dict[str, list[Row]] = {band: [] for band in bands}
    for row in read_rows("dev"):
        if row.harmful:
            continue
        tokens = len(table.tokenize(row.text))
        for band, (low, high) in limits.items():
            if low <= tokens <= high:
                found[band].append(row)
    return found


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profiles", nargs="+", type=Profile, default=list(Profile))
    parser.add_argument("--bands", nargs="+", default=list(BANDS), help="tokens, LOW-HIGH")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    bands = by_length(options.bands)
    found = [one for profile in options.profiles for one in measured(profile, bands, options.rounds)]
    if options.json:
        json.dump([asdict(one) for one in found], sys.stdout, indent=1)
        return
    table = Table("profile", "tokens", "label", "rows", "p50 ms", "p99 ms", *LOOKS)
    for one in found:
        shares = [f"{one.asked[look]:.0%}" for look in LOOKS]
        table.add_row(
            one.profile, one.tokens, one.label, str(one.rows), f"{one.p50_ms:.2f}", f"{one.p99_ms:.2f}", *shares
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
