"""Prints how often loops and behavioural attacks are told from honest sessions.

    python -m benches.behaviour_suite --seed 7 --sessions 2000 [--traces FILE.jsonl.gz ...] [--json]

Accuracy is over sessions: half of them attacks, half honest, each kind in equal number. A session counts as
alarmed when any of its events has a finding of confidence 0.8 or more. Intervals are Wilson's at 95 %. Weights and
thresholds were set on seeds 1000-1010; report on others.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from benches.behaviour_sessions import ANOMALIES, HONEST, LOOPS, Turn, cycle_session

from aimds._core import SessionTable, TurnFeatures
from aimds.temporal.findings import FINDING_CONFIDENCE_MIN, findings_of

NOISE_LEVELS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
BREAKING_ACCURACY = 0.9

Maker = Callable[[Random], list[Turn]]


def alarms(turns: Sequence[Turn]) -> tuple[bool, bool, set[str]]:
    """Whether a session raises a loop, whether it raises an anomaly, and the rules that fired."""
    table = SessionTable(1)
    rules: set[str] = set()
    for turn in turns:
        features = TurnFeatures(turn.text, turn.kind, turn.role, turn.tool, turn.risk)
        analysis = table.analyze("session", features, turn.time_ns)
        if analysis.confidence >= FINDING_CONFIDENCE_MIN:
            rules.update(finding.rule_id for finding in findings_of(analysis))
    loop = any(rule.startswith("loop.") for rule in rules)
    return loop, bool(rules) and any(not rule.startswith("loop.") for rule in rules), rules


def wilson(hits: int, count: int) -> tuple[float, float]:
    """95 % interval of a share."""
    if count == 0:
        return 0.0, 1.0
    share, z = hits / count, 1.959964
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * (share * (1 - share) / count + z * z / (4 * count * count)) ** 0.5
    return max(0.0, centre - half), min(1.0, centre + half)


def _seeded(seed: int, name: str, place: int) -> Random:
    return Random(f"{seed}/{name}/{place}")


def judge(
    seed: int, makers: dict[str, Maker], sessions: int, loops: bool, expected: bool
) -> dict[str, tuple[int, int]]:
    """Right answers and sessions for each kind."""
    result: dict[str, tuple[int, int]] = {}
    each = max(1, sessions // len(makers))
    for name, make in makers.items():
        hits = 0
        for place in range(each):
            loop, anomaly, _ = alarms(make(_seeded(seed, name, place)))
            hits += (loop if loops else anomaly) is expected
        result[name] = (hits, each)
    return result


def noise_curve(seed: int, sessions: int) -> dict[int, dict[float, float]]:
    """Share of loops found for each period and noise level."""
    return {
        period: {
            noise: sum(
                alarms(cycle_session(_seeded(seed, f"noise {period} {noise}", place), period, noise))[0]
                for place in range(sessions)
            )
            / sessions
            for noise in NOISE_LEVELS
        }
        for period in range(1, 9)
    }


def _show(title: str, found: dict[str, tuple[int, int]], honest: dict[str, tuple[int, int]]) -> dict[str, object]:
    print(f"\n{title}")
    for group in (found, honest):
        for name, (hits, count) in group.items():
            low, high = wilson(hits, count)
            print(f"  {name:26} {hits:5}/{count:<5} {hits / count:7.2%}  [{low:.2%}, {high:.2%}]")
        print("  " + "-" * 60)
    # Attacks and honest sessions weigh the same, whatever the number of kinds.
    hits = sum(hits for hits, _ in (*found.values(), *honest.values()))
    count = sum(count for _, count in (*found.values(), *honest.values()))
    low, high = wilson(hits, count)
    print(f"  {'accuracy':26} {hits:5}/{count:<5} {hits / count:7.2%}  [{low:.2%}, {high:.2%}]")
    return {"accuracy": hits / count, "low": low, "high": high, "sessions": count}


def traces_of(path: Path) -> list[tuple[str, str, list[Turn]]]:
    """Id, label and events of each trace of a JSONL file (`.gz` or plain)."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [
        (
            row["id"],
            row["label"],
            [Turn(event["content"], event["type"], event["role"], event.get("tool")) for event in row["events"]],
        )
        for row in rows
    ]


def _traces(paths: Sequence[Path]) -> None:
    clean = alarmed = 0
    print("\nTraces labelled benign with any finding of confidence 0.8 or more (behaviour alone, no times, no risk)")
    for path in paths:
        traces = [(name, turns) for name, label, turns in traces_of(path) if label == "benign"]
        found = {name: rules for name, turns in traces if (rules := alarms(turns)[2])}
        clean, alarmed = clean + len(traces), alarmed + len(found)
        print(f"  {path.name:46} {len(found):4}/{len(traces)}")
        for name, rules in found.items():
            print(f"      {name}: {', '.join(sorted(rules))}")
    if clean:
        low, high = wilson(alarmed, clean)
        print(f"  all: {alarmed}/{clean} {alarmed / clean:.2%} [{low:.2%}, {high:.2%}]")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the suite."""
    parser = argparse.ArgumentParser(description="accuracy of the temporal stage on generated sessions")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--sessions", type=int, default=2000, help="sessions in each half of each table")
    parser.add_argument("--traces", type=Path, nargs="*", default=[], help="JSONL traces; benign ones must stay silent")
    parser.add_argument("--json", action="store_true", help="print the totals as JSON at the end")
    options = parser.parse_args(arguments)
    seed, sessions = options.seed, options.sessions
    print(
        f"seed {seed}, {sessions} attack and {sessions} honest sessions a table, finding from {FINDING_CONFIDENCE_MIN}"
    )
    honest_loops = judge(seed, HONEST, sessions, loops=True, expected=False)
    loops = _show(
        "Loops (noise 0-10 % of words)", judge(seed, LOOPS, sessions, loops=True, expected=True), honest_loops
    )
    honest_anomalies = judge(seed, HONEST, sessions, loops=False, expected=False)
    found = judge(seed, ANOMALIES, sessions, loops=False, expected=True)
    anomalies = _show("Behavioural anomalies", found, honest_anomalies)
    curve = noise_curve(seed, max(20, sessions // 40))
    print("\nLoops found by period and share of words changed; `breaks` is the first level below 90 %")
    print("  period " + "".join(f"{noise:7.0%}" for noise in NOISE_LEVELS) + "   breaks")
    for period, shares in curve.items():
        breaks = next((f"{noise:.0%}" for noise, share in shares.items() if share < BREAKING_ACCURACY), "never")
        print(f"  {period:6} " + "".join(f"{share:7.0%}" for share in shares.values()) + f"   {breaks}")
    if options.traces:
        _traces(options.traces)
    if options.json:
        print(json.dumps({"seed": seed, "loops": loops, "anomalies": anomalies, "noise": curve}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
