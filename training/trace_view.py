"""How the classifier scores single events of the trace corpora: what replay will see.

python -m training.trace_view [--part dev]
"""

from __future__ import annotations

import argparse
from collections import defaultdict

import numpy as np

from training.corpus import Row
from training.metrics import above
from training.runtime import load_classifier, logits_of
from training.traces import trace_events

SOURCES = (
    "agentdyn",
    "injecagent_dh",
    "injecagent_benign_fill",
    "tau_bench_airline",
    "bfcl_multi_turn",
    "taskmaster4",
    "toolbench_examples",
)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=["train", "dev"], default="dev")
    options = parser.parse_args()
    classifier = load_classifier()
    events = list(trace_events(options.part, SOURCES))
    rows = [Row(e.text, e.attack, "", e.source, e.source) for e in events]
    probability = logits_of(classifier, rows)
    groups: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    traces: dict[tuple[str, bool], dict[str, bool]] = defaultdict(dict)
    for event, value in zip(events, probability, strict=True):
        kind = (
            "attack event"
            if event.attack
            else ("event of an attacked trace" if event.trace_attacked else "event of a clean trace")
        )
        groups[event.source, kind, event.type].append(value)
        seen = traces[event.source, event.trace_attacked]
        seen[event.trace] = seen.get(event.trace, False) or value >= classifier.flag_threshold
    print("| source | what | type | events | above the shipped threshold |\n|---|---|---|---|---|")
    for (source, kind, type_name), values in sorted(groups.items()):
        print(
            f"| {source} | {kind} | {type_name} | {len(values)} "
            f"| {above(np.array(values), classifier.flag_threshold)} |"
        )
    for (source, attacked), flags in sorted(traces.items()):
        print(f"{source} {'attacked' if attacked else 'clean'}: {sum(flags.values())} of {len(flags)} traces flagged")


if __name__ == "__main__":
    main()
