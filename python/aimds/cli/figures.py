"""Quality reports for people: figures with their 95% intervals, as tables that read without colour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from aimds.cli.visible import visible

if TYPE_CHECKING:
    from aimds.evaluation import Quality, ReplayReport, Report, TraceStop
    from aimds.evaluation.intervals import Interval

__all__ = ["print_replay", "print_report"]

_NOTHING: Final = "-"
_TRACES_LISTED_MAX: Final = 20
_GROUPS_LISTED_MAX: Final = 200  # a corpus with an id in its source column would print a page a row


def print_report(out: Console, report: Report) -> None:
    """The overall figures, then a line for each source and category, then the latency."""
    table = _table(report.unit)
    _row(table, "overall", report.overall)
    apart = report.overall_without_harmful_request
    if apart is not None:
        _row(table, "without harmful_request", apart)
    table.add_section()
    _groups(table, "source", report.scores.sources, report.scores.of_source)
    table.add_section()
    _groups(table, "category", report.scores.categories, report.scores.of_category)
    out.print(table)
    latency = report.latencies.to_json()
    if latency["p50"] is not None:
        per = "event" if report.unit == "traces" else "row"
        out.print(f"latency per {per}: p50 {latency['p50']:.3f} ms, p99 {latency['p99']:.3f} ms")
    out.print(
        "flagged = blocked or escalated; in brackets the 95% interval; - = the group cannot have this figure",
        style="dim",
    )
    if report.errors:
        out.print(f"{report.errors} {report.unit} could not be judged (see standard error)", style="bold yellow")


def print_replay(out: Console, report: ReplayReport, *, list_all: bool) -> None:
    """The same for traces, and where each attack was stopped."""
    print_report(out, report)
    if not report.attacks:
        return
    out.print()
    stopped = [stop for stop in report.attacks if stop.stopped_at is not None]
    line = f"attacks: {len(report.attacks)}, stopped {len(stopped)}"
    if report.early:
        line += f", of these {report.early} early (before the event that carries the attack)"
    out.print(line)
    if report.mean_events_to_stop is not None:
        line = f"mean events until the stop: {report.mean_events_to_stop:.2f}"
        if report.mean_events_after_attack is not None:
            line += f"; after the attack's own event: {report.mean_events_after_attack:.2f}"
        out.print(line)
    out.print(_offsets(report.attacks))
    shown = report.attacks if list_all else report.attacks[:_TRACES_LISTED_MAX]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("trace", "events", "attack at", "stopped at", ""):
        table.add_column(name, justify="left" if name in ("trace", "") else "right", overflow="fold")
    for stop in shown:
        table.add_row(
            Text(visible(stop.id)),
            str(stop.events),
            _index(stop.attack_event_index),
            _index(stop.stopped_at),
            _remark(stop),
        )
    out.print(table)
    if len(shown) < len(report.attacks):
        out.print(f"and {len(report.attacks) - len(shown)} more (--list shows all); events count from 0", style="dim")
    else:
        out.print("events count from 0", style="dim")


def _offsets(stops: Iterable[TraceStop]) -> str:
    """How many attacks were stopped how many events after the attack."""
    counts = Counter(stop.events_after_attack for stop in stops if stop.events_after_attack is not None)
    if not counts:
        return "stopped at the attack's own event: none with a known place"
    parts = [f"{'at the attack' if after == 0 else f'+{after}'}: {counts[after]}" for after in sorted(counts)]
    return "events from attack to stop: " + ", ".join(parts)


def _index(index: int | None) -> str:
    return _NOTHING if index is None else str(index)


def _remark(stop: TraceStop) -> str:
    if stop.stopped_at is None:
        return "missed"
    return "early" if stop.early else ""


def _table(unit: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    table.add_column("", overflow="fold", min_width=16)
    for name in (unit, "attacks"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("recall", "false positives", "recall at 1% FPR", "AUROC"):
        table.add_column(name, no_wrap=True)
    return table


def _groups(table: Table, title: str, names: list[str], quality_of: Callable[[str], Quality]) -> None:
    table.add_row(Text(f"by {title}", "bold"))
    for name in names[:_GROUPS_LISTED_MAX]:
        _row(table, f"  {name}", quality_of(name))
    if len(names) > _GROUPS_LISTED_MAX:
        table.add_row(Text(f"  and {len(names) - _GROUPS_LISTED_MAX} more (all with --json)", "dim"))


def _row(table: Table, name: str, quality: Quality) -> None:
    table.add_row(
        Text(visible(name)),
        str(quality.rows),
        str(quality.attacks),
        _figure(quality.recall, quality.recall_ci),
        _figure(quality.fpr, quality.fpr_ci),
        _figure(quality.recall_at_1pct_fpr, quality.recall_at_1pct_fpr_ci),
        _figure(quality.auroc, quality.auroc_ci),
    )


def _figure(value: float | None, interval: Interval | None) -> Text:
    if value is None:
        return Text(_NOTHING, "dim")
    shown = Text(f"{value:.3f}")
    if interval is not None:
        shown.append(f" [{_short(interval[0])}-{_short(interval[1])}]", "dim")
    return shown


def _short(bound: float) -> str:
    return "1" if bound > 0.9995 else f"{bound:.3f}".removeprefix("0")
