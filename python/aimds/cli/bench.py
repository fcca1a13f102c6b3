"""`aimds bench`: how fast this machine judges."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter_ns
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from aimds.cli.edge import guarded, print_json
from aimds.cli.exit_codes import ExitCode
from aimds.cli.options import (
    ConfigOption,
    DebugOption,
    JsonOption,
    ProfileOption,
    SetOption,
    chosen,
    load_unrecorded_defense,
)

if TYPE_CHECKING:
    from aimds import Defense

__all__ = ["bench"]

_WARM_UP: Final = 50
_HONEST: Final = (
    "Could you help me plan a three-day trip to the coast? We are two adults and a child of six, we would like to go "
    "by train, and we enjoy walking, museums and small restaurants. Please suggest where to stay for each night, what "
    "to see on the way, and roughly what the journey costs. If there is something special to know about travelling "
    "with a child on these lines, tell us. We would rather not change trains more than twice a day, and on the last "
    "day we have to be home before seven in the evening. Trip number {number}, thank you."
)
"""About a hundred tokens of an ordinary request; the number keeps a cache of equal texts from answering."""


@guarded
def bench(
    as_json: JsonOption = False,
    events: Annotated[int, typer.Option("--events", min=10, metavar="N", help="How many prompts to judge.")] = 2000,
    quick: Annotated[
        bool, typer.Option("--quick", help="In a checkout: the short measurement of the pipeline all the same.")
    ] = False,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    assignments: SetOption = None,
    debug: DebugOption = False,
) -> ExitCode:
    """Measure how fast this machine judges.

    In a checkout this runs the whole benchmark (benches/run.py: every kernel against its baseline). An installed AIMDS,
    or one with --profile, judges prompts of about 100 tokens through all stages and prints p50 and p99 of the whole and
    of each stage, the share of events that each look of the patterns stage saw, and the memory.
    """
    script = None if quick or as_json or profile is not None else harness()
    if script is not None:
        command = [sys.executable, "-m", "benches.run"]
        done = subprocess.run(command, cwd=script.parents[1], check=False)  # noqa: S603 - a script of this checkout
        return ExitCode.OK if done.returncode == 0 else ExitCode.FINDINGS
    started_ns = perf_counter_ns()
    defense = load_unrecorded_defense(config, chosen(profile, assignments))
    shape = _measure(defense, (perf_counter_ns() - started_ns) / 1e6, events)
    if as_json:
        print_json(shape, indent=2)
    else:
        _page(shape)
    return ExitCode.OK


def harness() -> Path | None:
    """`benches/run.py` of the checkout that this package runs from; `None` when it is installed elsewhere."""
    import aimds

    root = Path(aimds.__file__).resolve().parents[2]
    script = root / "benches" / "run.py"
    return script if script.is_file() and (root / "pyproject.toml").is_file() else None


def _measure(defense: Defense, load_ms: float, events: int) -> dict[str, Any]:
    from aimds.evaluation import LookShares
    from aimds.records import Event

    for number in range(_WARM_UP):
        defense.evaluate(Event(_HONEST.format(number=-number)))
    started_ns = perf_counter_ns()
    verdicts = [defense.evaluate(Event(_HONEST.format(number=number))) for number in range(events)]
    elapsed_s = (perf_counter_ns() - started_ns) / 1e9
    stages: dict[str, list[int]] = {}
    looks = LookShares()
    for verdict in verdicts:
        looks.add(verdict)
        for report in verdict.reports:
            stages.setdefault(str(report.stage), []).append(report.duration_ns)
    return {
        "events": events,
        "load_ms": round(load_ms, 3),
        "events_per_second": round(events / elapsed_s, 1),
        "whole_ms": _percentiles([verdict.duration_ns for verdict in verdicts]),
        "stages_ms": {name: _percentiles(durations) for name, durations in stages.items()},
        "memory_peak_mib": _memory_peak_mib(),
        "profile": str(defense.settings.patterns.profile),
        "looks": looks.to_json(),
    }


def _percentiles(durations_ns: Sequence[int]) -> dict[str, float]:
    import numpy as np

    p50, p99 = np.percentile(np.array(durations_ns), (50, 99)) / 1e6
    return {"p50": round(float(p50), 4), "p99": round(float(p99), 4)}


def _memory_peak_mib() -> float | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1)


def _page(shape: dict[str, Any]) -> None:
    from rich.table import Table

    from aimds.cli.render import console

    out = console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("stage")
    table.add_column("p50 ms", justify="right")
    table.add_column("p99 ms", justify="right")
    for name, figures in (*shape["stages_ms"].items(), ("whole", shape["whole_ms"])):
        table.add_row(name, f"{figures['p50']:.3f}", f"{figures['p99']:.3f}")
    out.print(table)
    out.print(
        f"{shape['events']:,} prompts of about 100 tokens, {shape['events_per_second']:,.0f} a second in one thread"
    )
    seen = ", ".join(f"{look} {share:.0%}" for look, share in shape["looks"].items())
    out.print(f"profile {shape['profile']}; events that each look of the patterns stage saw: {seen or 'none'}")
    memory = shape["memory_peak_mib"]
    out.print(f"loading {shape['load_ms']:.0f} ms" + ("" if memory is None else f", peak memory {memory:.0f} MiB"))
