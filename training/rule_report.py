"""Prints how the shipped rule packs do on a labelled corpus: per rule, per source and category, and over all.

    python -m training.rule_report CORPUS.jsonl.gz [--pack NAME ...] [--floor 0.8] [--missed CATEGORY] [--wrong]
    python -m training.rule_report training/banks  # our own rows: honest ones here are hard on purpose

The corpus has rows `{"text", "label", "category", "source"}`, labels `attack` and `benign`. Rows of category
`harmful_request` (plain harmful questions) are left out: no rule is meant for them. A text is scanned as a prompt, or
as a tool result where its category or source says that it is one, because some rules hold for data only; `--kind`
decides otherwise.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from aimds._core import normalise
from aimds.signatures import build_engine, shipped_packs
from training.banks import bank_rows

DOCUMENT_CATEGORIES: Final = frozenset({"indirect_injection", "data_exfiltration"})
"""Attack categories whose rows are texts that a model reads on behalf of somebody else."""
DOCUMENT_SOURCES_BENIGN: Final = frozenset(
    {
        "agentdojo_env",
        "agentdyn_tool_outputs",
        "bipia_train",
        "injecagent_benign_fill",
        "spikee_docs",
        "system_design_primer",
    }
)
"""Benign sources of the same nature."""
FACT_PACKS: Final = frozenset({"secrets", "personal_data"})
"""Packs that state facts about a text (it holds an address), neither attack nor honest: left out unless named."""
CONFIDENCE_SHOWN: Final = 0.8


@dataclass
class RuleRow:
    """What one rule matched: rows per source, by label."""

    attack: Counter[str] = field(default_factory=Counter)
    benign: Counter[str] = field(default_factory=Counter)

    @property
    def precision(self) -> float:
        """Share of attack rows among the matched ones; 1 if nothing matched."""
        total = self.attack.total() + self.benign.total()
        return self.attack.total() / total if total else 1.0


@dataclass
class Report:
    """All counts of one run."""

    rules: dict[str, RuleRow] = field(default_factory=lambda: defaultdict(RuleRow))
    rows: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    found: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Rows with a finding at or above the floor, by label, category, source."""
    missed: list[str] = field(default_factory=list)
    wrong: list[tuple[str, str]] = field(default_factory=list)
    overflowed: int = 0
    """Rows whose scan stopped at a limit of work or of candidates."""


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The corpus' rows in order, without plain harmful questions; of a folder, the rows of our banks."""
    if path.is_dir():
        for bank in bank_rows(path):
            label = "attack" if bank.attack else "benign"
            kind = "prompt" if bank.kind == "prompt" else "tool_result"
            yield {"text": bank.text, "label": label, "category": bank.category, "source": bank.source, "kind": kind}
        return
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row["category"] != "harmful_request":
                yield row


def kind_of(row: dict[str, Any]) -> str:
    """The kind of event as which a row is scanned."""
    if "kind" in row:
        return str(row["kind"])
    if row["label"] == "attack":
        return "tool_result" if row["category"] in DOCUMENT_CATEGORIES else "prompt"
    return "tool_result" if row["source"] in DOCUMENT_SOURCES_BENIGN else "prompt"


def measure(path: Path, packs: list[str], floor: float, missed_category: str, kind: str) -> Report:
    """Scans the corpus with the named packs (none: all that find attacks)."""
    shipped = {file.removesuffix(".toml"): (file, text) for file, text in shipped_packs()}
    names = {*packs, "context"} if packs else shipped.keys() - FACT_PACKS
    engine = build_engine([shipped[name] for name in sorted(names)])
    report = Report()
    for row in read_rows(path):
        key = (row["label"], row["category"], row["source"])
        report.rows[key] += 1
        matches, _, overflow = engine.scan(normalise(row["text"]), kind or kind_of(row))
        report.overflowed += overflow
        for rule_id in {match.rule_id for match in matches}:
            counter = report.rules[rule_id]
            (counter.attack if row["label"] == "attack" else counter.benign)[row["source"]] += 1
        best = max(matches, key=lambda match: match.confidence, default=None)
        if best is not None and best.confidence >= floor:
            report.found[key] += 1
            if row["label"] == "benign":
                report.wrong.append((best.rule_id, best.text))
        elif row["label"] == "attack" and row["category"] == missed_category:
            report.missed.append(row["text"])
    for rule_id in engine.rule_ids:
        report.rules.setdefault(rule_id, RuleRow())
    return report


def print_report(report: Report, floor: float) -> None:
    """The three tables: rules, sources, totals."""
    print(f"{'rule':46}{'attack':>7}{'sources':>8}{'benign':>7}{'precision':>10}  benign by source")
    for rule_id, row in sorted(report.rules.items()):
        benign = ", ".join(f"{source} {count}" for source, count in row.benign.most_common(4))
        counts = f"{row.attack.total():7}{len(row.attack):8}{row.benign.total():7}{row.precision:10.3f}"
        print(f"{rule_id:46}{counts}  {benign}")
    print(f"\n{'label':8}{'category':24}{'source':30}{'rows':>7}{f'share >= {floor}':>16}")
    for key, rows in sorted(report.rows.items()):
        label, category, source = key
        if label == "attack" or report.found[key]:
            print(f"{label:8}{category:24}{source:30}{rows:7}{report.found[key] / rows:16.4f}")
    for label in ("attack", "benign"):
        rows = sum(count for key, count in report.rows.items() if key[0] == label)
        found = sum(count for key, count in report.found.items() if key[0] == label)
        print(f"{label}: {found} of {rows} rows have a finding of confidence >= {floor} ({found / max(rows, 1):.4f})")
    print(f"{report.overflowed} of {sum(report.rows.values())} rows need more work than a scan may do")


def main(arguments: list[str] | None = None) -> int:
    """Runs the report; see the module's text for the options."""
    parser = argparse.ArgumentParser(description="How the shipped rule packs do on a labelled corpus.")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--pack", action="append", default=[], help="only this pack; may be repeated")
    parser.add_argument("--floor", type=float, default=CONFIDENCE_SHOWN, help="confidence that counts as found")
    parser.add_argument("--kind", default="", help="scan every row as this kind of event")
    parser.add_argument("--missed", default="", help="print attack rows of this category without a finding")
    parser.add_argument("--wrong", action="store_true", help="print what matched in benign rows")
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    report = measure(options.corpus, options.pack, options.floor, options.missed, options.kind)
    print_report(report, options.floor)
    for text in report.missed:
        print("missed:", repr(text[:200]))
    for rule_id, text in report.wrong if options.wrong else ():
        print("wrong:", rule_id, repr(text[:200]))
    print(f"{sum(report.rows.values())} rows in {time.perf_counter() - started:.1f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
