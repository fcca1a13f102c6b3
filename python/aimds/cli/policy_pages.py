"""What `aimds policy` shows to people."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from aimds.policy import CheckReport, ClaimResult, Coverage, Decision, TestReport, VersionDiff

__all__ = [
    "check_page",
    "coverage_page",
    "decision_page",
    "diff_page",
    "page",
    "proofs_page",
    "rules_page",
    "shown",
    "shown_line",
    "test_page",
]


def page() -> Console:
    """A console on standard output."""
    from aimds.cli.render import console

    return console()


def check_page(out: Console, report: CheckReport) -> None:
    """What is wrong with a file."""
    for diagnostic in report.diagnostics:
        out.print(shown(diagnostic.rendered), markup=False, soft_wrap=True)
    words = {
        "unreachable": "never fires",
        "vacuous": "always fires",
        "shadowed": "changes nothing: other rules decide the same without it",
    }
    for finding in report.findings:
        said = words.get(finding.kind, f"can fire together with `{finding.other}`, which then wins")
        out.print(
            shown_line(f"{report.name}: `{finding.rule}` {said} ({finding.certainty})"), markup=False, soft_wrap=True
        )
    if report.is_clean:
        out.print(shown_line(f"{report.name}: fine"), markup=False, soft_wrap=True)


def test_page(out: Console, report: TestReport) -> None:
    """Failed expectations, and how many there were."""
    for outcome in report.outcomes:
        for failure in outcome.failures:
            line = f"{failure.file}:{failure.line}: {outcome.name}: {failure.message}"
            out.print(shown_line(line), markup=False, soft_wrap=True, style="red")
    failed = sum(bool(outcome.failures) for outcome in report.outcomes)
    checked = sum(outcome.checked for outcome in report.outcomes)
    said = f"{len(report.outcomes)} tests, {checked} expectations, {failed} failed" if report.outcomes else "no tests"
    out.print(shown_line(f"{report.name}: {said}"), markup=False, soft_wrap=True)


def coverage_page(out: Console, file: str, name: str, reached: Coverage) -> None:
    """What the tests of one set did not reach."""
    out.print(
        shown_line(f"{file}: {name}: {reached.reached} of {reached.goals} goals reached"), markup=False, soft_wrap=True
    )
    for one in reached.missing:
        text = " ".join(one.text.split())
        out.print(shown_line(f"  {one.file}:{one.line}: {one.rule}: {one.goal}: {text}"), markup=False, soft_wrap=True)


def proofs_page(out: Console, source: str, results: Sequence[ClaimResult]) -> None:
    """How the claims of a file were shown."""
    from aimds.policy import readable_trace
    from aimds.policy.proofs import PATH_FILE

    for _, of_claim in groupby(results, key=lambda one: (one.file, one.line, one.kind, one.about)):
        rows = list(of_claim)
        for one in rows:
            place = "--path-within" if one.file == PATH_FILE else f"{one.file}:{one.line}"
            filled = f" = {one.filled_in}" if one.filled_in is not None else ""
            of = f": {one.instance}{filled}" if one.instance is not None else ""
            line = f"{place}: {one.kind} {', '.join(one.about)}{of}: {_claim_words(one)}"
            out.print(shown_line(line), markup=False, soft_wrap=True)
            if one.how == "refuted":
                for event in readable_trace(one):
                    out.print(shown_line(f"  {event}"), markup=False, soft_wrap=True)
        if len(rows) > 1 and rows[0].instance is not None:
            out.print(shown_line(_together(rows)), markup=False, soft_wrap=True)
    if not results:
        out.print(
            shown_line(f"{source}: claims nothing; `claim` in the file, or --path-within"), markup=False, soft_wrap=True
        )


def _together(instances: Sequence[ClaimResult]) -> str:
    """What the instances of a contract come to together."""
    one, count, kept = instances[0], len(instances), sum(one.is_shown for one in instances)
    said = f"proved of all {count} instances" if kept == count else f"NOT PROVED: of {kept} of {count} instances only"
    return f"{one.file}:{one.line}: {one.kind} {', '.join(one.about)}: {said}"


def _claim_words(one: ClaimResult) -> str:
    """`proved` stands only where the kernel accepted a theorem."""
    by = f", which {one.solver} found" if one.solver is not None else ""
    match one.how:
        case "proved_up_to":
            return f"proved for traces of up to {one.events} events ({one.leaves} cases)"
        case "proved":
            return f"proved ({one.leaves} cases)"
        case "witnessed":
            return f"shown by a trace{by}"
        case "refuted":
            return f"REFUTED by a trace{by}"
        case "solver_trusted":
            return f"solver-trusted ({one.solver} found no counterexample of up to {one.events} events)"
        case _:
            return "NOT SHOWN: no proof and no trace against it was found; more --events or --solver may find one"


def diff_page(out: Console, found: VersionDiff) -> None:
    """What changed between two versions, and what that means."""
    for word, names in (("added", found.added), ("removed", found.removed), ("changed", found.changed)):
        for name in names:
            out.print(shown_line(f"{word:<8} {name}"), markup=False)
    out.print(shown_line(f"{found.old} -> {found.new}: {found.summary}"), markup=False, soft_wrap=True)
    if not found.same_schema:
        said = "the schema changed: the comparison is about equal facts, not equal events"
        out.print(said, markup=False, soft_wrap=True)
    if found.no_widening.witness is not None:
        out.print(shown(f"trace, as ids of facts:\n{found.no_widening.witness}"), markup=False, soft_wrap=True)


def rules_page(out: Console, name: str, rules: Sequence[dict[str, Any]]) -> None:
    """The rules of a set, with their text."""
    out.print(shown_line(f"{name}: {len(rules)} rules"), markup=False)
    for rule in rules:
        out.print(
            "\n" + shown_line(f"{rule['name']}  {rule['effect']}, {rule['severity']}  {rule['file']}:{rule['line']}"),
            markup=False,
        )
        if rule["message"]:
            out.print(shown_line(f"  {rule['message']}"), markup=False, soft_wrap=True)
        if rule["filled_in"]:
            out.print(shown_line(f"  = {rule['filled_in']}, of"), markup=False, soft_wrap=True)
        out.print(shown("\n".join(f"  {line}" for line in rule["text"].splitlines())), markup=False, soft_wrap=True)


def decision_page(out: Console, decision: Decision, row: dict[str, Any]) -> None:
    """What was decided of one event, and why."""
    from aimds.policy import change_text

    style = "green" if decision.verdict == "allow" else "red"
    out.print(f"event {decision.sequence} at {decision.time_ms} ms: {decision.verdict}", markup=False, style=style)
    explanation = row["explanation"] or {"trails": [], "counterfactual": None}
    trails = {trail["rule"]: trail for trail in explanation["trails"]}
    for fired in decision.fired:
        sure = "" if fired.certain else ", because something is not known"
        out.print(
            shown_line(f"  {fired.rule} ({fired.effect}, {fired.severity}{sure}): {fired.message or ''}"), markup=False
        )
        for part in trails.get(fired.rule, {"parts": []})["parts"]:
            text = " ".join(part["text"].split())
            bound = f"  [events {', '.join(map(str, part['events']))}]" if part["events"] else ""
            out.print(shown_line(f"    {part['file']}:{part['line']}: {text}{bound}"), markup=False, soft_wrap=True)
    if decision.by_default:
        out.print("  nothing permits it", markup=False)
    for obligation in decision.obligations:
        out.print(shown_line(f"  must: {obligation.kind} {obligation.about}"), markup=False)
    if explanation["counterfactual"]:
        out.print(shown_line(f"  would pass: {change_text(explanation['counterfactual'])}"), markup=False)
    if "certificate" in row:
        out.print(f"  proved: stream sha256 {row['certificate']['stream_sha256']}", markup=False, soft_wrap=True)


def shown(text: str) -> str:
    """Text of a file, safe to look at."""
    from aimds.cli.visible import visible

    return visible(text)


def shown_line(text: str) -> str:
    """The same on one line: for what names files, rules and events."""
    from aimds.cli.visible import visible_line

    return visible_line(text)
