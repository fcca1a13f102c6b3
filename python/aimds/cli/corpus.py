"""`aimds evaluate` and `aimds replay`: quality on labelled texts and labelled traces."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, TypeVar

import typer

from aimds.cli.edge import Problems, guarded, print_json
from aimds.cli.exit_codes import ExitCode
from aimds.cli.options import (
    ConfigOption,
    DebugOption,
    JsonOption,
    KindOption,
    ProfileOption,
    RoleOption,
    SetOption,
    ToolOption,
    TrustOption,
    chosen,
    load_unrecorded_defense,
)
from aimds.errors import ErrorCode, InputError
from aimds.records import EventKind

if TYPE_CHECKING:
    from aimds.evaluation import LineReader, Report, ScoreRecord

__all__ = ["evaluate", "replay"]

T = TypeVar("T")

_ScoresOption = Annotated[
    Path | None,
    typer.Option("--scores", metavar="FILE", help="Write one JSON line a row: id, label, score, action."),
]
_LimitOption = Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="Judge only the first N rows.")]
_PROGRESS_EVERY = 25


@guarded
def evaluate(
    data: Annotated[
        str, typer.Argument(metavar="DATA", help="JSONL or CSV file, also gzipped; `-` for JSONL on standard input.")
    ],
    as_json: JsonOption = False,
    scores: _ScoresOption = None,
    limit: _LimitOption = None,
    text_column: Annotated[
        str, typer.Option("--text-column", metavar="NAME", help="Column or key of the text.")
    ] = "text",
    label_column: Annotated[
        str, typer.Option("--label-column", metavar="NAME", help="Column or key of the label.")
    ] = "label",
    kind: KindOption = None,
    role: RoleOption = None,
    trust: TrustOption = None,
    tool: ToolOption = None,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    assignments: SetOption = None,
    debug: DebugOption = False,
) -> ExitCode:
    """Measure quality on labelled texts.

    Rows are {"text", "label", "category", "source"}, and may say "id", "lang", "kind", "role", "trust" and "tool". The
    label is attack (also 1, true, injection, jailbreak, malicious) or benign (also 0, false, safe). A row counts as
    flagged when it is blocked or escalated.

    Prints recall, false positive rate, recall at 1% false positives and AUROC with 95% intervals, for all rows, each
    source, category and language, and the latency. Rows that cannot be read are named on standard error, the others are
    judged, and the exit code is 2; so it is for a file without rows.
    """
    from aimds.evaluation import EventDefaults, LineReader, evaluate_rows, read_rows

    defaults = EventDefaults(EventKind(kind or EventKind.PROMPT), role, trust, tool)
    problems = Problems()
    with ExitStack() as stack:
        reader = stack.enter_context(LineReader(data))
        rows = read_rows(reader, text_column=text_column, label_column=label_column, defaults=defaults)
        defense = load_unrecorded_defense(config, chosen(profile, assignments))
        on_score = stack.enter_context(_score_file(scores, problems))
        counted = stack.enter_context(_progress(reader, islice(rows, limit)))
        report = evaluate_rows(defense, counted, on_error=problems.add, on_score=on_score)
    _check_any(report, reader.name)
    problems.finish()
    report.profile = str(defense.settings.patterns.profile)
    if as_json:
        print_json(report.to_json(), indent=2)
    else:
        from aimds.cli.figures import print_report
        from aimds.cli.render import console

        print_report(console(), report)
    return ExitCode.BAD_INPUT if problems.count else ExitCode.OK


@guarded
def replay(
    trace: Annotated[
        str, typer.Argument(metavar="TRACE", help="JSONL file of traces, also gzipped; `-` for standard input.")
    ],
    as_json: JsonOption = False,
    scores: _ScoresOption = None,
    limit: _LimitOption = None,
    list_all: Annotated[
        bool, typer.Option("--list", help="List every attack trace, not only the first twenty.")
    ] = False,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    assignments: SetOption = None,
    debug: DebugOption = False,
) -> ExitCode:
    """Replay labelled conversations and agent runs.

    Rows are {"id", "label", "attack_event_index", "events": [{"id", "role", "type", "content", "tool", "ts"}]}, one
    trace a row. The events of a trace go in order into a session of its own; ts is seconds or an ISO 8601 time, and
    without it events are one second apart. A trace is flagged when any event is blocked or escalated. An event of type
    approval or revocation says what a person decided: {"type", "by", "about", "expires_s"}; about is the id of an
    earlier event.

    Prints recall, false positive rate, recall at 1% false positives and AUROC of whole traces (the score of a trace is
    the largest of its events) and the event at which each attack was stopped. A stop before the event that carries the
    attack counts, but is shown apart as early. The exit code is 2 when a trace could not be read, or there is none.
    """
    from aimds.evaluation import LineReader, read_traces, replay_traces

    problems = Problems()
    with ExitStack() as stack:
        reader = stack.enter_context(LineReader(trace))
        defense = load_unrecorded_defense(config, chosen(profile, assignments))
        on_score = stack.enter_context(_score_file(scores, problems))
        counted = stack.enter_context(_progress(reader, islice(read_traces(reader), limit)))
        report = replay_traces(defense, counted, on_error=problems.add, on_score=on_score)
    _check_any(report, reader.name)
    problems.finish()
    report.profile = str(defense.settings.patterns.profile)
    if as_json:
        print_json(report.to_json(), indent=2)
    else:
        from aimds.cli.figures import print_replay
        from aimds.cli.render import console

        print_replay(console(), report, list_all=list_all)
    return ExitCode.BAD_INPUT if problems.count else ExitCode.OK


def _check_any(report: Report, place: str) -> None:
    """An empty file is a mistake upstream: figures about nothing would look like a run that found nothing."""
    if not len(report.scores) and not report.errors:
        raise InputError(ErrorCode.INPUT_EMPTY, place=place, reason=f"it holds no {report.unit}")


@contextmanager
def _score_file(path: Path | None, problems: Problems) -> Iterator[Callable[[ScoreRecord], None]]:
    """Where score records go: a line each in `path`, or nowhere.

    When it cannot be written any more, as on a full disk, that is one problem, and the rows are judged all the same.
    """
    if path is None:
        yield lambda record: None
        return
    try:
        stream: IO[str] = path.open("w", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise _unwritable(path, error) from error
    failed = False

    def write(record: ScoreRecord) -> None:
        nonlocal failed
        if failed:
            return
        try:
            stream.write(json.dumps(record.to_json(), ensure_ascii=False) + "\n")
        except OSError as error:
            failed = True
            problems.add(_unwritable(path, error))

    try:
        yield write
    finally:
        try:
            stream.close()
        except OSError as error:
            if not failed:
                problems.add(_unwritable(path, error))


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(ErrorCode.STORE_FAILED, place=str(path), reason=error.strerror or str(error))


@contextmanager
def _progress(reader: LineReader, items: Iterator[T]) -> Iterator[Iterator[T]]:
    """The same items; while they go by, a bar on standard error if that is a terminal."""
    if not sys.stderr.isatty():
        yield items
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from aimds.cli.render import console

    known = bool(reader.bytes_total)
    columns = (BarColumn(), TextColumn("{task.percentage:3.0f}%"), TimeRemainingColumn()) if known else ()
    with Progress(
        TextColumn("{task.fields[rows]:,} judged"), *columns, console=console(stderr=True), transient=True
    ) as bar:
        task = bar.add_task("judging", total=reader.bytes_total if known else None, rows=0)

        def counted() -> Iterator[T]:
            for number, item in enumerate(items, start=1):
                yield item
                if number % _PROGRESS_EVERY == 0:
                    bar.update(task, completed=reader.bytes_done, rows=number)

        yield counted()
