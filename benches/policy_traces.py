"""What policies stop on recorded agent runs, alone and beside the detectors, and what they disturb.

    python -m benches.policy_traces [--part dev|train|all] [--profile NAME] [--limit N] [--json]

The corpora are those of training (`AIMDS_DATA`). Each trace is replayed whole, in a session of its own, by guards that
differ only in settings: signatures and patterns off with policies; policies off; both.

- *Stopped*: some event from the injected one up to and including the harmful call is blocked or escalated. Which call
  is harmful says `benches.policy_traces_truth`. A stop before the injected event does not count.
- *Call held*: the harmful call itself is, whatever was held before.
- Attacks of which the agent did nothing, or of which the trace ends at the injected event, are counted apart: there a
  policy over calls has nothing to stop, and *held* says that some event from the injected one on was.
- *Disturbed*: any event of a trace without attack is blocked or escalated.

Left out are dialogues of people who try to elicit harm (`weak_hh_rlhf`): they have no tools and no injected event.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from benches.policy_traces_truth import harmful_call
from rich.console import Console
from rich.table import Table
from training.corpus import data_folder

from aimds import Action, Defense, Settings
from aimds.evaluation import LineReader, read_traces
from aimds.evaluation.intervals import wilson
from aimds.records import Event, Verdict

SOURCES = (
    "agentdyn", "injecagent_dh", "injecagent_benign_fill", "bfcl_multi_turn", "taskmaster4", "tau_bench_airline",
    "toolbench_examples",
)  # fmt: skip
PARTS = {"dev": ("dev",), "train": ("train",), "all": ("dev", "train")}
PATIENCE_MS = 600_000.0
"""Budgets beyond reach: what a busy machine leaves undecided would be escalated, and counted."""
BARE = {"signatures": {"enabled": False}, "patterns": {"enabled": False}}


@dataclass(frozen=True)
class Trace:
    """A trace with what is known of it."""

    source: str
    events: tuple[Event, ...]
    attack: bool
    injected_at: int | None
    harm_at: int | None


@dataclass
class Count:
    """Hits among trials."""

    hits: int = 0
    trials: int = 0

    def add(self, hit: bool) -> None:
        """One more."""
        self.hits += hit
        self.trials += 1

    def __str__(self) -> str:
        between = wilson(self.hits, self.trials)
        if between is None:
            return "-"
        return f"{self.hits}/{self.trials} {self.hits / self.trials:.1%} [{between[0]:.0%}-{between[1]:.0%}]"


@dataclass
class Outcome:
    """What one guard made of the traces."""

    stopped: Count = field(default_factory=Count)
    call_held: Count = field(default_factory=Count)
    harmless_held: Count = field(default_factory=Count)
    disturbed: Count = field(default_factory=Count)
    by_source: dict[str, Count] = field(default_factory=dict)
    rules: Counter[str] = field(default_factory=Counter)
    """Policy rules by the clean traces that they held."""

    def add(self, trace: Trace, verdicts: Sequence[Verdict]) -> None:
        """One trace."""
        held = [index for index, verdict in enumerate(verdicts) if verdict.action is not Action.ALLOW]
        if not trace.attack:
            self.disturbed.add(bool(held))
            self.by_source.setdefault(trace.source, Count()).add(bool(held))
            self.rules.update({rule for index in held for rule in rules_of(verdicts[index])})
            return
        late = [index for index in held if trace.injected_at is None or index >= trace.injected_at]
        if trace.harm_at is None:
            self.harmless_held.add(bool(late))
        else:
            self.stopped.add(any(index <= trace.harm_at for index in late))
            self.call_held.add(trace.harm_at in late)


def rules_of(verdict: Verdict) -> Iterator[str]:
    """The policies, or the detectors and their categories, that speak in a verdict."""
    for finding in verdict.findings:
        yield finding.rule_id if finding.rule_id.startswith("policy/") else f"detector: {finding.category}"


def read(folder: Path, part: str) -> Iterator[Trace]:
    """All traces of a part of the corpora."""
    for source in SOURCES:
        path = folder / f"trace_{source}_{part}.jsonl.gz"
        with gzip.open(path, "rt", encoding="utf-8") as lines, LineReader(path) as reader:
            for line, trace in zip(lines, read_traces(reader), strict=True):
                if isinstance(trace, Exception):
                    raise trace
                raw = json.loads(line)
                at = trace.attack_event_index
                harm = (
                    harmful_call(raw.get("meta") or {}, raw["events"], at) if trace.attack and at is not None else None
                )
                yield Trace(source, trace.events, trace.attack, at, harm)


def guards(profile: str) -> Mapping[str, dict[str, Any]]:
    """The settings that are compared."""
    patterns = {"profile": profile, "second_look_ms": PATIENCE_MS}
    return {
        "policies alone: starter": {**BARE, "verify": {"policies": ("starter",)}},
        "policies alone: starter, careful": {**BARE, "verify": {"policies": ("starter", "careful")}},
        "detectors alone": {"patterns": patterns, "verify": {"policies": ()}},
        "both: starter": {"patterns": patterns, "verify": {"policies": ("starter",)}},
        "both: starter, careful": {"patterns": patterns, "verify": {"policies": ("starter", "careful")}},
    }


def replay(settings: Mapping[str, Any], traces: Sequence[Trace]) -> Outcome:
    """Every trace in a session of its own; events after a stop are fed too."""
    defense = Defense(Settings(**settings, budget={"total_ms": PATIENCE_MS}))
    outcome = Outcome()
    for number, trace in enumerate(traces):
        session = defense.session(f"{number}")
        outcome.add(trace, [session.evaluate(event) for event in trace.events])
    return outcome


def show(out: Console, traces: Sequence[Trace], outcomes: Mapping[str, Outcome]) -> None:
    """The table, then the clean traces by source, and what held them."""
    attacks = [trace for trace in traces if trace.attack]
    followed = sum(trace.harm_at is not None for trace in attacks)
    out.print(
        f"{len(attacks)} attacks ({followed} with a harmful call, {len(attacks) - followed} without one), "
        f"{len(traces) - len(attacks)} clean traces; 95% intervals in brackets"
    )
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("guard", "stopped", "call held", "no harmful call: held", "clean disturbed"):
        table.add_column(name, no_wrap=True)
    for name, one in outcomes.items():
        table.add_row(name, *map(str, (one.stopped, one.call_held, one.harmless_held, one.disturbed)))
    out.print(table)
    for name, one in outcomes.items():
        places = ", ".join(
            f"{source} {count.hits}/{count.trials}" for source, count in one.by_source.items() if count.hits
        )
        rules = ", ".join(f"{rule} {count}" for rule, count in one.rules.most_common())
        out.print(f"{name}: clean traces disturbed: {places or 'none'}{'; by ' + rules if rules else ''}", style="dim")


def as_json(outcomes: Mapping[str, Outcome]) -> str:
    """The same for machines."""

    def row(one: Outcome) -> dict[str, Any]:
        counts = {"stopped": one.stopped, "call_held": one.call_held, "harmless_held": one.harmless_held}
        counts |= {"disturbed": one.disturbed}
        shown: dict[str, Any] = {name: {"hits": count.hits, "of": count.trials} for name, count in counts.items()}
        shown["disturbed_by_source"] = {name: [count.hits, count.trials] for name, count in one.by_source.items()}
        return shown | {"rules": dict(one.rules)}

    return json.dumps({name: row(one) for name, one in outcomes.items()}, indent=2)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=tuple(PARTS), default="dev")
    parser.add_argument("--profile", default="balanced")
    parser.add_argument("--limit", type=int, help="only the first N traces of each part")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    folder = data_folder()
    traces = [trace for part in PARTS[options.part] for trace in islice(read(folder, part), options.limit)]
    outcomes = {name: replay(settings, traces) for name, settings in guards(options.profile).items()}
    if options.json:
        print(as_json(outcomes))
    else:
        show(Console(width=150), traces, outcomes)


if __name__ == "__main__":
    main()
