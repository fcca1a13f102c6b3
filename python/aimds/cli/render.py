"""Verdicts for people: what was decided, why, where in the text, and how long each stage took."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from aimds.cli.inputs import Location, ScanInput
from aimds.cli.shapes import evidence_of, masked
from aimds.cli.visible import excerpt, visible_line
from aimds.records import Action, Finding, SeverityLevel, StageOutcome, Verdict
from aimds.taxonomy import entry

__all__ = ["ACTION_STYLES", "LEVEL_STYLES", "console", "one_line", "verdict_page", "verdict_table"]

ACTION_STYLES: Final = {
    Action.ALLOW: "bold green",
    Action.BLOCK: "bold red",
    Action.ESCALATE: "bold yellow",
    Action.LEARN: "bold cyan",
}
LEVEL_STYLES: Final = {
    SeverityLevel.INFO: "cyan",
    SeverityLevel.LOW: "cyan",
    SeverityLevel.MEDIUM: "yellow",
    SeverityLevel.HIGH: "red",
    SeverityLevel.CRITICAL: "red",
}
_FINDINGS_SHOWN_MAX: Final = 12
_LISTED_MAX: Final = 100
_SECRET_SHOWN_CHARACTERS: Final = 4  # enough to see which key it is, as its prefix says the kind
_EVIDENCE_SHOWN_CHARACTERS: Final = 120
_PLAIN_WIDTH: Final = 120  # for pipes and files, where there is no terminal to ask


class _Console(Console):
    """A console that leaves a closed pipe to the edge: rich would end the process with 1, which means blocked."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console(*, stderr: bool = False) -> Console:
    """A console on standard output or standard error; colour only where it is wanted (a terminal, no NO_COLOR)."""
    stream = sys.stderr if stderr else sys.stdout
    return _Console(file=stream, highlight=False, width=None if stream.isatty() else _PLAIN_WIDTH, emoji=False)


def one_line(verdict: Verdict) -> Text:
    """Action, score and reason in a line."""
    line = Text()
    line.append(f"{verdict.action:<8}", ACTION_STYLES[verdict.action])
    line.append(f"  {verdict.score:.2f}  ")
    line.append(visible_line(verdict.reason))
    return line


def verdict_page(out: Console, item: ScanInput, verdict: Verdict, *, redact: bool = False) -> None:
    """Prints one verdict in full."""
    head = Text()
    head.append(str(verdict.action), ACTION_STYLES[verdict.action])
    if verdict.proposal is not None:
        head.append(" + LEARN", ACTION_STYLES[Action.LEARN])
    head.append(
        f"  score {verdict.score:.2f}  confidence {verdict.confidence:.2f}  {_milliseconds(verdict.duration_ns)}"
    )
    head.append(f"  {visible_line(item.name)} ({verdict.event.kind}, {verdict.event.trust})", "dim")
    out.print(head, soft_wrap=True)
    out.print(Text(f"  because  {visible_line(verdict.reason)}"), soft_wrap=True)
    findings = sorted(verdict.findings, key=lambda one: one.severity * one.confidence, reverse=True)
    shown = findings[:_FINDINGS_SHOWN_MAX]
    if not redact:
        marks = [
            (number, finding.span, LEVEL_STYLES[finding.severity_level])
            for number, finding in enumerate(shown, start=1)
            if finding.span is not None
        ]
        out.print()
        out.print(Padding(excerpt(_without_secrets(item.text, findings), marks), (0, 2, 0, 2), expand=False))
    for number, finding in enumerate(shown, start=1):
        out.print()
        _finding(out, item, finding, number, redact=redact)
    if len(findings) > len(shown):
        out.print(f"\n  and {len(findings) - len(shown)} weaker findings (all with --json)")
    out.print()
    for mitigation in verdict.mitigations:
        where = f" ({len(mitigation.spans)} spans)" if mitigation.spans else ""
        out.print(Text(f"  do       {mitigation.kind}: {visible_line(mitigation.reason)}{where}"), soft_wrap=True)
    if verdict.proposal is not None:
        out.print(Text(f"  learn    {visible_line(verdict.proposal.reason)}"), soft_wrap=True)
    _stages(out, verdict)


def _without_secrets(text: str, findings: Sequence[Finding]) -> str:
    """The text with credentials and personal data starred out but for their first characters; its length stays."""
    characters = list(text)
    for finding in findings:
        if finding.span is not None and masked(finding):
            start = min(finding.span.start + _SECRET_SHOWN_CHARACTERS, finding.span.end)
            for position in range(start, min(finding.span.end, len(characters))):
                if not characters[position].isspace():
                    characters[position] = "*"
    return "".join(characters)


def _finding(out: Console, item: ScanInput, finding: Finding, number: int, *, redact: bool) -> None:
    level = finding.severity_level
    head = Text(f"  [{number}] ")
    head.append(str(level).upper(), f"bold {LEVEL_STYLES[level]}")
    head.append(f"  {finding.category}", "bold")
    head.append(f"  {visible_line(finding.rule_id)}  confidence {finding.confidence:.2f}")
    out.print(head, soft_wrap=True)
    rows = [("", visible_line(finding.message))]
    if finding.span is not None:
        rows.append(("at", _where(item.location(finding.span.start), finding)))
    if finding.chain:
        rows.append(("undone", " > ".join(map(visible_line, finding.chain))))
    evidence = None if redact or masked(finding) else finding.evidence
    if evidence is not None and (finding.chain or finding.span is None):
        text = evidence_of(finding, item.text)
        revealed = "" if text is None else text.reveal()
        cut = revealed[:_EVIDENCE_SHOWN_CHARACTERS]
        rows.append(("reads", f'"{visible_line(cut)}"' + (" ..." if len(revealed) > len(cut) else "")))
    ids = entry(finding.category)
    known_as = [*ids.owasp_llm_2025, *ids.owasp_agentic_2026, *ids.atlas]
    if known_as:
        rows.append(("known as", ", ".join(known_as)))
    table = Table.grid(padding=(0, 1))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        if name:
            table.add_row(name, Text(value))
        else:
            out.print(Padding(Text(value), (0, 0, 0, 6), expand=False))
    out.print(Padding(table, (0, 0, 0, 6), expand=False))


def _where(location: Location, finding: Finding) -> str:
    if finding.span is None:
        return ""
    return f"line {location.line}, column {location.column} (characters {finding.span.start} to {finding.span.end})"


def _stages(out: Console, verdict: Verdict) -> None:
    line = Text("  stages   ")
    for position, report in enumerate(verdict.reports):
        if position:
            line.append(", ")
        line.append(str(report.stage))
        if report.outcome is StageOutcome.SKIPPED:
            line.append(" skipped", "dim")
            continue
        line.append(f" {_milliseconds(report.duration_ns)}", "dim")
        if report.outcome is not StageOutcome.COMPLETE:
            line.append(f" {report.outcome}" + (f" ({visible_line(report.reason)})" if report.reason else ""), "yellow")
    if verdict.reports:
        out.print(line, soft_wrap=True)


def _milliseconds(duration_ns: int) -> str:
    return f"{duration_ns / 1e6:.2f} ms"


def verdict_table(out: Console, judged: Sequence[tuple[ScanInput, Verdict]], *, list_all: bool) -> None:
    """Prints a line an input, and under it the reason when it is not allowed.

    Of many inputs only those that are not allowed are listed, unless `list_all`.
    """
    flagged = [pair for pair in judged if pair[1].action is not Action.ALLOW]
    listed = judged if list_all or len(judged) <= _LISTED_MAX else flagged
    out.print(Text(f"{'verdict':<8}  score      ms  input", "bold"))
    for item, verdict in listed:
        line = Text(f"{verdict.action:<8}", ACTION_STYLES[verdict.action])
        line.append(f"  {verdict.score:5.2f}  {verdict.duration_ns / 1e6:6.2f}  ", "not bold default")
        line.append(visible_line(item.name), "not bold default")
        out.print(line, soft_wrap=True)
        if verdict.action is not Action.ALLOW:
            category = "" if verdict.category is None else f"{verdict.category}; "
            out.print(Padding(Text(category + visible_line(verdict.reason), "dim"), (0, 0, 0, 25), expand=False))
    if len(listed) < len(judged):
        out.print(f"({len(judged) - len(listed)} allowed inputs are not listed; --all lists them)", style="dim")
