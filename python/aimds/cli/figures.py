"""Quality reports for people: figures with their 95% intervals, as tables that read without colour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from aimds.cli.visible import visible_line

if TYPE_CHECKING:
    from aimds.evaluation import Quality, ReplayReport, Report, TraceStop
    from aimds.evaluation.intervals import Interval

__all__ = ["print_replay", "print_report"]

_NOTHING: Final = "-"
_TRACES_LISTED_MAX: Final = 20
_INTERVALS_WIDTH_MIN: Final = 96
_NAME_WIDTH_MIN: Final = 12
_NAME_WIDTH_MAX: Final = 40
_GROUPS_LISTED_MAX: Final = 200  # a corpus with an id in its source column would print a page a row


def print_report(out: Console, report: Report) -> None:
    """The overall figures, then a line for each source, category and language, then the latency."""
    figures = _figures(out.width, report.unit)
    figures.add("overall", report.overall)
    apart = report.overall_without_harmful_request
    if apart is not None:
        figures.add("without harmful_request", apart)
    figures.add_groups("source", report.scores.sources, report.scores.of_source)
    figures.add_groups("category", report.scores.categories, report.scores.of_category)
    figures.add_groups("language", report.scores.languages, report.scores.of_language)
    out.print(figures.table)
    out.print()
    latency = report.latencies.to_json()
    if latency["p50"] is not None:
        per = "event" if report.unit == "traces" else "row"
        out.print(f"latency per {per}: p50 {latency['p50']:.3f} ms, p99 {latency['p99']:.3f} ms")
    if looks := report.looks.told():
        out.print(f"profile {report.profile}; events that each look of the patterns stage saw: {looks}")
    out.print("flagged = blocked or escalated; recall@1% = recall at 1% FPR; - = the group cannot have it", style="dim")
    told = "in brackets" if figures.with_intervals else "on a wider terminal, or with --json"
    out.print(f"95% intervals {told}", style="dim")
    if report.errors:
        unit = report.unit.removesuffix("s") if report.errors == 1 else report.unit
        out.print(f"{report.errors} {unit} could not be judged (see standard error)", style="bold yellow")


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
            Text(visible_line(stop.id)),
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


@dataclass(frozen=True, slots=True)
class _Figures:
    """The table of figures; on a narrow terminal without intervals, so that names stay readable."""

    table: Table
    with_intervals: bool

    def add(self, name: str, quality: Quality) -> None:
        """One group."""
        self.table.add_row(
            Text(visible_line(name)),
            f"{quality.attacks}/{quality.rows}",
            self._figure(quality.recall, quality.recall_ci, 2),
            self._figure(quality.fpr, quality.fpr_ci, 3),
            self._figure(quality.recall_at_1pct_fpr, quality.recall_at_1pct_fpr_ci, 2),
            self._figure(quality.auroc, quality.auroc_ci, 2),
        )

    def add_groups(self, title: str, names: list[str], quality_of: Callable[[str], Quality]) -> None:
        """A heading and a line for each group."""
        self.table.add_row()
        self.table.add_row(Text(f"by {title}", "bold"))
        for name in names[:_GROUPS_LISTED_MAX]:
            self.add(f"  {name}", quality_of(name))
        if len(names) > _GROUPS_LISTED_MAX:
            self.table.add_row(Text(f"  and {len(names) - _GROUPS_LISTED_MAX} more (all with --json)", "dim"))

    def _figure(self, value: float | None, interval: Interval | None, decimals: int) -> Text:
        if value is None:
            return Text(_NOTHING, "dim")
        shown = Text(_short(value, 3))
        if interval is not None and self.with_intervals:
            shown.append(f" [{_short(interval[0], decimals)}-{_short(interval[1], decimals)}]", "dim")
        return shown


def _figures(width: int, unit: str) -> _Figures:
    with_intervals = width >= _INTERVALS_WIDTH_MIN
    widths = (14, 16, 14, 14) if with_intervals else (6, 6, 9, 6)
    counts = f"attacks/{unit}"
    name_width = max(_NAME_WIDTH_MIN, min(_NAME_WIDTH_MAX, width - sum(widths) - len(counts) - len(widths) - 1))
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    table.add_column("", width=name_width, overflow="ellipsis", no_wrap=True)
    table.add_column(counts, justify="right", no_wrap=True)
    for name, column_width in zip(("recall", "FPR", "recall@1%", "AUROC"), widths, strict=True):
        table.add_column(name, width=column_width, no_wrap=True)
    return _Figures(table, with_intervals)


def _short(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    return text.removeprefix("0") if value < 1 and not text.startswith("1") else "1"
