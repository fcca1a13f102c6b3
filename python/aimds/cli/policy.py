"""`aimds policy`: write, check, test and try out policies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aimds.cli.edge import Problems, guarded, print_json, usage_error
from aimds.cli.exit_codes import ExitCode, worst
from aimds.cli.options import DebugOption, JsonOption
from aimds.cli.policy_pages import (
    check_page,
    coverage_page,
    decision_page,
    diff_page,
    page,
    proofs_page,
    rules_page,
    shown_line,
    test_page,
)
from aimds.errors import AimdsError, ErrorCode, InputError

if TYPE_CHECKING:
    from aimds.policy import ClaimResult, TestReport

__all__ = ["check", "coverage", "diff", "explain", "fmt", "new", "prove", "run_tests"]

_Sources = Annotated[
    list[str] | None,
    typer.Argument(metavar="POLICY", help="Policy files, or names of shipped sets. Without any: all shipped."),
]
_SetOption = Annotated[
    str | None,
    typer.Option("--policy-set", metavar="NAME", help="The policy set. Without it: the one named like the file."),
]
_SolverOption = Annotated[
    bool,
    typer.Option("--solver", help="Where nothing is shown, let Z3 look for a trace (needs the extra `prove`)."),
]
_TEMPLATE = """// What this policy forbids, and why. docs/policy-language.md describes the language.
import "schema.policy"

policy {name}_sending severity high {{
  when call c to sink(external)
  deny if once[0s, 10m] (read r where r.trust <= untrusted and flows(r, c.args))
  unless (not revoked(c)) since[0s, 5m] approved(c) by user
  action ask
  obligation ask(user)
  message "Content of an untrusted source would leave."
}}

set {name} = {{{name}_sending}} default allow

test "content of a web page is mailed" for {name} {{
  given read r of http.get text "Quarterly numbers: revenue 4.2 million" at 0s
  given call c to email.send(to: ["x@example.org"], body: "Quarterly numbers: revenue 4.2 million") from r at 10m
  expect ask by {name}_sending
}}

test "the page was read a millisecond too long ago" for {name} {{
  given read r of http.get text "Quarterly numbers: revenue 4.2 million" at 0s
  given call c to email.send(to: ["x@example.org"], body: "Quarterly numbers: revenue 4.2 million") from r at 600001ms
  expect allow
}}

test "an approval holds for five minutes" for {name} {{
  given read r of http.get text "Quarterly numbers: revenue 4.2 million" at 0s
  given approval a for c at 1m
  given call c to email.send(to: ["x@example.org"], body: "Quarterly numbers: revenue 4.2 million") from r at 6m
  expect allow
}}

test "and no longer when it is withdrawn" for {name} {{
  given read r of http.get text "Quarterly numbers: revenue 4.2 million" at 0s
  given approval a for c at 1m
  given revocation v for c at 2m
  given call c to email.send(to: ["x@example.org"], body: "Quarterly numbers: revenue 4.2 million") from r at 3m
  expect ask by {name}_sending
}}

test "and not a millisecond longer" for {name} {{
  given read r of http.get text "Quarterly numbers: revenue 4.2 million" at 1m
  given approval a for c at 1m
  given call c to email.send(to: ["x@example.org"], body: "Quarterly numbers: revenue 4.2 million") from r at 360001ms
  expect ask by {name}_sending
}}

test "approved and sent in the millisecond of the reading" for {name} {{
  given read r of http.get text "Quarterly numbers: revenue 4.2 million" at 0s
  given approval a for c at 0s
  given call c to email.send(to: ["x@example.org"], body: "Quarterly numbers: revenue 4.2 million") from r at 0s
  expect allow
}}

test "mailed at once" for {name} {{
  given call c to email.send(to: ["x@example.org"], body: "Good morning") at 0s
  expect allow
}}
"""


@guarded
def new(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write, such as my_rules.policy.")],
    source: Annotated[
        str | None, typer.Option("--from", metavar="NAME", help="Copy this shipped set instead of a small example.")
    ] = None,
    debug: DebugOption = False,
) -> ExitCode:
    """Write a new policy file with a test: a small example, or a copy of a shipped set. Never overwrites."""
    from aimds.policy import shipped_names, shipped_source

    name = path.stem
    if path.suffix != ".policy" or not (name.isascii() and name.isidentifier()):
        raise usage_error(f"{path}: expected a file such as my_rules.policy", "aimds policy new")
    text = _TEMPLATE.format(name=name)
    if source is not None:
        shipped = shipped_source(source)
        if shipped is None:
            raise usage_error(f"--from {source}: the shipped sets are {', '.join(shipped_names())}", "aimds policy new")
        text = shipped[1]
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise usage_error(f"{path}: is there already, and nothing is overwritten", "aimds policy new") from None
    except OSError as fault:
        raise InputError(ErrorCode.INPUT_NOT_FOUND, place=str(path), reason=fault.strerror or "") from None
    page().print(shown_line(f"wrote {path}; try `aimds policy test {path}`"), markup=False, soft_wrap=True)
    return ExitCode.OK


@guarded
def fmt(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Policy files; rewritten in place.")],
    only_check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 when a file is not in house layout.")
    ] = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> ExitCode:
    """Rewrite policy files in house layout; comments stay."""
    from aimds.policy import format_source
    from aimds.policy.files import read_source

    problems, rows = Problems(), []
    for file in files:
        try:
            name, text = read_source(file)
            formatted = format_source(name, text)
            changes = formatted != text
            if changes and not only_check:
                _overwrite(file, formatted)
            rows.append({"file": str(file), "changed": changes})
        except AimdsError as error:
            problems.add(error)
    problems.finish()
    changed = [row for row in rows if row["changed"]]
    if as_json:
        print_json({"files": rows})
    else:
        for row in changed:
            done = "would change" if only_check else "rewritten"
            page().print(shown_line(f"{row['file']}: {done}"), markup=False, soft_wrap=True)
    if problems.count:
        return ExitCode.BAD_INPUT
    return ExitCode.FINDINGS if changed and only_check else ExitCode.OK


@guarded
def check(sources: _Sources = None, as_json: JsonOption = False, debug: DebugOption = False) -> ExitCode:
    """Say what is wrong with policy files: errors, and rules that never fire, always fire, are shadowed or conflict."""
    from aimds.policy import check as check_source

    problems, reports = Problems(), []
    for source in _chosen(sources):
        try:
            reports.append(check_source(source))
        except AimdsError as error:
            problems.add(error)
    problems.finish()
    clean = all(report.is_clean for report in reports)
    if as_json:
        print_json({"clean": clean and not problems.count, "files": [asdict(report) for report in reports]})
    else:
        for report in reports:
            check_page(page(), report)
    return worst([ExitCode.OK if clean else ExitCode.FINDINGS, *[ExitCode.BAD_INPUT] * bool(problems.count)])


@guarded
def run_tests(sources: _Sources = None, as_json: JsonOption = False, debug: DebugOption = False) -> ExitCode:
    """Run the tests of policy files; without any, of all shipped policies."""
    reports, bad = _tested(sources)
    if as_json:
        print_json(
            {"passed": all(one.has_passed for one in reports) and not bad, "files": [asdict(one) for one in reports]}
        )
    else:
        for report in reports:
            test_page(page(), report)
    failed = not all(report.has_passed for report in reports)
    return worst([ExitCode.FINDINGS if failed else ExitCode.OK, *[ExitCode.BAD_INPUT] * bad])


@guarded
def coverage(sources: _Sources = None, as_json: JsonOption = False, debug: DebugOption = False) -> ExitCode:
    """Say what the tests of policy files do not reach: rules fired and not, ends of windows, counts."""
    reports, bad = _tested(sources)
    if as_json:
        shape = {one.name: {name: asdict(of) for name, of in one.coverage.items()} for one in reports}
        print_json({"covered": all(one.is_covered for one in reports) and not bad, "files": shape})
    else:
        for report in reports:
            for name, reached in report.coverage.items():
                coverage_page(page(), report.name, name, reached)
            if not report.coverage:
                page().print(shown_line(f"{report.name}: no tests"), markup=False, soft_wrap=True)
    short = not all(report.is_covered for report in reports)
    return worst([ExitCode.FINDINGS if short else ExitCode.OK, *[ExitCode.BAD_INPUT] * bad])


@guarded
def prove(
    sources: _Sources = None,
    path_within: Annotated[
        str | None,
        typer.Option(
            "--path-within",
            metavar="DURATION",
            help="Also claim: no path from an untrusted read to an external sink this long (as 10m), without approval.",
        ),
    ] = None,
    approved_within: Annotated[
        str, typer.Option("--approved-within", metavar="DURATION", help="How long an approval holds on that path.")
    ] = "5m",
    events: Annotated[
        int,
        typer.Option("--events", metavar="NUMBER", help="Events of the longest traces, where not all can be proved."),
    ] = 4,
    solver: _SolverOption = False,
    streams: Annotated[
        Path | None, typer.Option("--streams", metavar="FOLDER", help="Write each proof there, for other kernels.")
    ] = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> ExitCode:
    """Show the claims of policy files: `proved` by the kernel, or `witnessed` by a trace that was replayed.

    A proof is about all traces; of a claim about a path also about those of up to so many events (`proved_up_to`),
    which is then said. A contract (what a template `ensures`) is a theorem for each instance, and holds only if all are
    proved. `refuted`: a trace shows the contrary.
    `solver-trusted`: Z3 found no counterexample, which is no proof. A claim that is not shown need not be false. Exits
    with 1 unless all are proved or witnessed.
    """
    from aimds.policy import UntrustedPath
    from aimds.policy import prove as prove_claims
    from aimds.policy.proofs import check_duration

    path = None
    if path_within is not None:
        check_duration("--path-within", path_within)
        check_duration("--approved-within", approved_within)
        path = UntrustedPath(path_within, approved_within)
    problems, shown = Problems(), {}
    for source in _chosen(sources):
        try:
            shown[source] = prove_claims(source, events=events, solver=solver, path=path)
        except AimdsError as error:
            problems.add(error)
    problems.finish()
    if streams is not None:
        _write_streams(streams, shown)
    if as_json:
        rows = {source: [_without_streams(one) for one in results] for source, results in shown.items()}
        print_json({"files": rows})
    else:
        for source, results in shown.items():
            proofs_page(page(), source, results)
    short = not all(one.is_shown for results in shown.values() for one in results)
    return worst([ExitCode.FINDINGS if short else ExitCode.OK, *[ExitCode.BAD_INPUT] * bool(problems.count)])


@guarded
def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The policy file so far, or the name of a shipped set.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The policy file to be, or the name of a shipped set.")],
    set_name: _SetOption = None,
    solver: _SolverOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> ExitCode:
    """Say which rules changed, and prove that the new version allows no more than the old one, over all traces.

    Exits with 1 unless that is proved.
    """
    from aimds.policy import PATH_EVENTS
    from aimds.policy import diff as compare

    found = compare(old, new, set_name, set_name, solver_events=PATH_EVENTS if solver else None)
    if as_json:
        shape = asdict(found)
        for step in ("no_widening", "no_narrowing"):
            del shape[step]["streams"], shape[step]["lean_texts"]
        print_json({**shape, "summary": found.summary})
    else:
        diff_page(page(), found)
    return ExitCode.OK if found.no_widening.how == "proved" else ExitCode.FINDINGS


@guarded
def explain(
    source: Annotated[str, typer.Argument(metavar="POLICY", help="A policy file, or the name of a shipped set.")],
    events: Annotated[
        Path | None,
        typer.Argument(metavar="EVENTS", help="JSON lines: events of one session, oldest first."),
    ] = None,
    set_name: _SetOption = None,
    prove: Annotated[bool, typer.Option("--certify", help="Prove each decision.")] = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> ExitCode:
    """Show the rules of a set, or what it decides on recorded events, and why. Exits with 1 when it stops an event.

    An event has `kind` and `time_ms`, and as far as known `id role trust tool arguments text references about scores
    attributes covered`; scores are pairs of a detector and thousandths. What is missing is unknown, and never grants.
    """
    from aimds.policy import Engine, Session, load

    file = load(source)
    chosen = file.choose_set(set_name)
    if events is None:
        rules = file.bundle.rules(chosen)
        if as_json:
            print_json({"set": chosen, "rules": rules})
        else:
            rules_page(page(), chosen, rules)
        return ExitCode.OK
    session, stopped = Session(Engine(file, chosen)), False
    for place, number, event in _rows(events):
        try:
            decision = session.judge(event)
        except InputError as error:
            raise InputError(ErrorCode.INPUT_BAD_ROW, place=place, reason=str(error)) from None
        stopped |= decision.verdict != "allow"
        row = {"line": number, "decision": asdict(decision), "explanation": session.explain()}
        if prove:
            row["certificate"] = session.certify()
        if as_json:
            print_json(row)
        else:
            decision_page(page(), decision, row)
    return ExitCode.FINDINGS if stopped else ExitCode.OK


def _without_streams(result: ClaimResult) -> dict[str, Any]:
    row = asdict(result)
    del row["streams"], row["lean_texts"]  # up to megabytes: --streams writes them
    return row


def _write_streams(folder: Path, shown: dict[str, tuple[ClaimResult, ...]]) -> None:
    """One file for each theorem, a text for people beside it, and `index.jsonl` that says what each is."""
    import json

    index = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for source, results in shown.items():
            for number, one in enumerate(results, start=1):
                for part, stream in enumerate(one.streams):
                    of_several = f"-{part + 1}" if len(one.streams) > 1 else ""
                    stem = f"{Path(source).stem}-{number}-{one.kind}{of_several}"
                    (folder / f"{stem}.ndjson").write_text(stream, "utf-8", newline="")
                    for text in one.lean_texts[part : part + 1]:
                        (folder / f"{stem}.lean").write_text(text, "utf-8", newline="")
                    row: dict[str, Any] = {"file": f"{stem}.ndjson", "kind": one.kind, "how": one.how}
                    row["about"] = one.about
                    if one.instance is not None:
                        row["instance"] = one.instance
                    if one.how == "proved_up_to":
                        row["events"] = part + 1
                    index.append(json.dumps({**row, "expected": "accepted", "theorem": "Aimds.verdict"}))
        (folder / "index.jsonl").write_text("".join(line + "\n" for line in index), "utf-8")
    except OSError as fault:
        raise InputError(ErrorCode.INPUT_NOT_FOUND, place=str(folder), reason=fault.strerror or "") from None


def _chosen(sources: Sequence[str] | None) -> list[str]:
    from aimds.policy import shipped_names

    return list(sources) if sources else shipped_names()


def _tested(sources: Sequence[str] | None) -> tuple[list[TestReport], bool]:
    """Reports of all files that can be run, and whether some cannot."""
    from aimds.policy import test

    problems, reports = Problems(), []
    for source in _chosen(sources):
        try:
            reports.append(test(source))
        except AimdsError as error:
            problems.add(error)
    problems.finish()
    return reports, bool(problems.count)


def _overwrite(file: Path, text: str) -> None:
    try:
        file.write_text(text, "utf-8")
    except OSError as fault:
        raise InputError(ErrorCode.INPUT_NOT_FOUND, place=str(file), reason=fault.strerror or "") from None


def _rows(path: Path) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Place, number and content of each line.

    Raises:
        InputError: the file cannot be read, or a line is no event.
    """
    from aimds.limits import JSONL_ROW_BYTES_MAX

    try:
        with path.open("rb") as stream:
            number = 0
            while line := stream.readline(JSONL_ROW_BYTES_MAX + 1):
                number += 1
                place = f"{path}:{number}"
                if len(line) > JSONL_ROW_BYTES_MAX:
                    raise InputError(
                        ErrorCode.INPUT_TOO_LARGE, place=place, size="more", unit="bytes", limit=JSONL_ROW_BYTES_MAX
                    )
                if line.strip():
                    yield place, number, _event(place, line)
    except OSError as fault:
        raise InputError(ErrorCode.INPUT_NOT_FOUND, place=str(path), reason=fault.strerror or "") from None


def _event(place: str, line: bytes) -> dict[str, Any]:
    from aimds.policy.exact import exact_json

    try:
        pairs = exact_json(line)
        if not isinstance(pairs, tuple):
            raise ValueError("expected an object")
        event = dict(pairs)
        if len(event) < len(pairs):
            raise ValueError("a name stands twice")
    except (ValueError, RecursionError) as fault:
        raise InputError(ErrorCode.INPUT_BAD_ROW, place=place, reason=str(fault)) from None
    return event
