"""Events of the trace corpora: clean ones as honest training rows, and the view per event that replay needs."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass

from training.corpus import Row, canonical, data_folder

CLEAN_TRACES = ("tau_bench_airline", "bfcl_multi_turn", "taskmaster4", "toolbench_examples", "agentdyn")
EVENT_CHARACTERS_MIN = 12


@dataclass(frozen=True)
class TraceEvent:
    """One event of a trace; `attack` only for the event that carries the attack."""

    trace: str
    source: str
    text: str
    type: str
    attack: bool
    trace_attacked: bool


def trace_events(part: str, sources: tuple[str, ...]) -> Iterator[TraceEvent]:
    """All events of the named trace corpora."""
    for source in sources:
        with gzip.open(data_folder() / f"trace_{source}_{part}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                raw = json.loads(line)
                attacked = raw["label"] == "attack"
                for place, event in enumerate(raw["events"]):
                    if event["content"]:
                        yield TraceEvent(
                            raw["id"], source, canonical(event["content"]), event["type"],
                            attacked and place == raw.get("attack_event_index"), attacked,
                        )  # fmt: skip


def clean_event_rows(part: str) -> list[Row]:
    """Each different event of the clean traces, as a benign row; agentdyn shares the family of its text form."""
    seen: set[str] = set()
    out = []
    for event in trace_events(part, CLEAN_TRACES):
        if event.trace_attacked or len(event.text) < EVENT_CHARACTERS_MIN or event.text in seen:
            continue
        seen.add(event.text)
        family = "agentdojo" if event.source == "agentdyn" else f"trace_{event.source}"
        kind = "document" if event.type == "tool_result" else "prompt"
        out.append(Row(event.text, False, "benign", f"trace_{event.source}", family, "en", kind))
    return out
