"""`python -m benches.run`: every benchmark with its baseline, as a table and as a dated record of this machine.

    python -m benches.run [--only TEXT] [--no-record]

Entries live in `benches/entries/`, one file a subject (see `benches/harness.py`). One whose parts are missing is
listed as skipped, with the reason. Goals are shown, and never fail the run: a busy machine misses them. Exit code 2
when nothing matched.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import json
import os
import pkgutil
import platform
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import benches.entries
from benches.harness import Bench, Row, measure
from rich.console import Console
from rich.table import Table

from aimds.errors import AimdsError

RECORD = Path(__file__).parent / "record"


def machine() -> dict[str, Any]:
    """What was measured on, without naming it."""
    model = platform.processor() or platform.machine()
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        model = next(iter(re.findall(r"^model name\s*: (.*)$", text, re.MULTILINE)), model)
    except OSError:
        pass
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load_at_start": load,
    }


def rows(only: str) -> Iterator[Row]:
    """Measures every entry whose file or name holds `only`."""
    for module in sorted(pkgutil.iter_modules(benches.entries.__path__), key=lambda found: found.name):
        try:
            entries = importlib.import_module(f"benches.entries.{module.name}").entries()
            for entry in entries:
                if only not in entry.name and only not in module.name:
                    continue
                yield measure(entry) if isinstance(entry, Bench) else entry
        except (ImportError, AimdsError, OSError) as error:
            yield Row(name=module.name, size="", p50_us=None, skipped=str(error))


def _time(value_us: float | None) -> str:
    if value_us is None:
        return ""
    for unit, scale in (("ns", 1e-3), ("us", 1.0), ("ms", 1e3)):
        if value_us < 1_000 * scale:
            return f"{value_us / scale:.3g} {unit}"
    return f"{value_us / 1e6:.3g} s"


def show(measured: Sequence[Row], about: dict[str, Any], console: Console) -> None:
    """Prints the table."""
    title = f"{about['cpu']}, {about['cores']} cores, load {about['load_at_start']:.1f}, {about['date']}"
    table = Table("name", "size", title=title, title_justify="left")
    for heading in ("p50", "p99", "CPU mean", "MB/s", "memory", "baseline p50", "faster"):
        table.add_column(heading, justify="right")
    table.add_column("baseline")
    table.add_column("goal")
    for row in measured:
        if row.skipped:
            table.add_row(row.name, "[dim]skipped: " + row.skipped.replace("[", r"\["), style="dim")
            continue
        met = {None: "", True: "[green]met[/] ", False: "[yellow]missed[/] "}[row.goal_met]
        table.add_row(
            row.name, row.size, _time(row.p50_us), _time(row.p99_us), _time(row.processor_us),
            "" if row.megabytes_per_second is None else f"{row.megabytes_per_second:.3g}",
            "" if row.memory_kib is None else f"{row.memory_kib:.0f} KiB",
            _time(row.baseline_p50_us), "" if row.ratio is None else f"{row.ratio:.2g}x",
            row.baseline, met + row.goal,
        )  # fmt: skip
    console.print(table)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints and records."""
    parser = argparse.ArgumentParser(description="every benchmark with its baseline")
    parser.add_argument("--only", default="", help="entries whose name or file holds this text")
    parser.add_argument("--no-record", action="store_true", help="write no file")
    options = parser.parse_args(arguments)
    about = machine() | {"date": datetime.datetime.now(datetime.UTC).date().isoformat()}
    console = Console(width=None if sys.stdout.isatty() else 220)
    measured = list(rows(options.only))
    if not measured:
        console.print(f"no entry holds {options.only!r}")
        return 2
    show(measured, about, console)
    if not options.no_record and not options.only:
        RECORD.mkdir(exist_ok=True)
        slug = re.sub(r"[^a-z0-9]+", "-", about["cpu"].lower()).strip("-")
        path = RECORD / f"{about['date']}-{slug}.json"
        path.write_text(json.dumps({"machine": about, "rows": [row.as_dict() for row in measured]}, indent=1) + "\n")
        console.print(f"recorded in benches/record/{path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
