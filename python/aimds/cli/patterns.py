"""`aimds patterns`: the pattern store from the command line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from aimds.cli.edge import Problems, guarded, print_json, print_note, usage_error
from aimds.cli.exit_codes import ExitCode
from aimds.cli.options import ConfigOption, DebugOption, JsonOption, SetOption, load_settings
from aimds.errors import ConfigurationError, InputError
from aimds.taxonomy import Category

if TYPE_CHECKING:
    from aimds.patterns import PatternRecord, PatternStore

__all__ = ["add", "export", "list_patterns", "open_store", "promote", "reject", "remove", "search", "stats"]

_NS_PER_S = 1_000_000_000
_TEXT_ADVICE = "a text that looks like one goes in through standard input (`-`)"


class Status(StrEnum):
    """How far a pattern may go; the same words as `aimds.patterns.PatternStatus`, which takes the core to import."""

    ACTIVE = "active"
    SHADOW = "shadow"
    REJECTED = "rejected"


_StoreOption = Annotated[
    Path | None,
    typer.Option("--store", metavar="FILE", help="File of the pattern store. Without it: the setting patterns.store."),
]
_Keys = Annotated[list[str], typer.Argument(metavar="KEY", help="Keys of own patterns, such as own:7.")]
_CategoryFilter = Annotated[
    Category | None,
    typer.Option("--category", metavar="CATEGORY", help="Only this kind of attack, such as prompt_leak."),
]


@contextmanager
def open_store(
    store: Path | None, config: Path | None, assignments: list[str] | None, *, write: bool = False
) -> Iterator[PatternStore]:
    """The store that the settings name, with the shipped seed; closed at the end. Without `write` no file is changed.

    Raises:
        InputError: `usage` when something is to be kept and no file is named; `input-not-found` for one to read.
        ArtefactError: a model or the store is missing, damaged or cannot be written.
    """
    from aimds.patterns import load_models
    from aimds.patterns import open_store as open_file
    from aimds.ports import SystemClock

    path = store or load_settings(config, assignments).patterns.store
    if write and path is None:
        raise usage_error("no store to change: give --store FILE, or set patterns.store", "aimds patterns")
    opened = open_file(load_models(), SystemClock(), path, read_only=not write)
    try:
        yield opened
    finally:
        opened.close()


def _tell_skipped(name: str, reason: str) -> None:
    print_note(f"skipped {name}: {reason}")


@guarded
def add(
    texts: Annotated[
        list[str], typer.Argument(metavar="TEXT", help="Attack texts, files, or `-`; only vectors are kept.")
    ],
    category: Annotated[
        Category, typer.Option("--category", metavar="CATEGORY", help="What kind of attack, such as prompt_leak.")
    ],
    severity: Annotated[
        float, typer.Option("--severity", min=0, max=1, help="How bad a match is; above 0.8 it can end the walk.")
    ] = 0.7,
    source: Annotated[
        str, typer.Option("--source", metavar="NAME", help="Where it comes from: a name, an incident.")
    ] = "",
    status: Annotated[
        Status, typer.Option("--status", help="shadow records matches; only active ones count.")
    ] = Status.SHADOW,
    store: _StoreOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    assignments: SetOption = None,
    debug: DebugOption = False,
) -> ExitCode:
    """Learn attack texts.

    New patterns stand in shadow: their matches are recorded and block nothing until `aimds patterns promote`. A text
    that is known already gets the new category, severity and status.
    """
    from aimds.cli.inputs import gather
    from aimds.patterns import PatternStatus

    problems = Problems()
    with open_store(store, config, assignments, write=True) as opened:
        records = []
        for item in gather(texts, on_skip=_tell_skipped, text_advice=_TEXT_ADVICE):
            try:
                if isinstance(item, InputError):
                    raise item
                records.append(opened.add(item.text, category, severity, source, PatternStatus(status)))
            except (InputError, ConfigurationError) as error:
                problems.add(error)
        _show_records(records, as_json=as_json)
    problems.finish()
    return ExitCode.BAD_INPUT if problems.count else ExitCode.OK


@guarded
def list_patterns(
    category: _CategoryFilter = None,
    status: Annotated[Status | None, typer.Option("--status", help="Only patterns of this status.")] = None,
    store: _StoreOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    assignments: SetOption = None,
    debug: DebugOption = False,
) -> ExitCode:
    """List the own patterns, oldest first."""
    from aimds.patterns import PatternStatus

    with open_store(store, config, assignments) as opened:
        chosen = None if status is None else PatternStatus(status)
        _show_records(opened.records(category=category, status=chosen), as_json=as_json)
    return ExitCode.OK


def _changing(
    name: str, summary: str, change: Callable[[PatternStore, str], object], done: str
) -> Callable[..., NoReturn]:
    """The verb that changes own patterns one by one and says `done` of each."""

    def verb(
        keys: _Keys,
        store: _StoreOption = None,
        config: ConfigOption = None,
        assignments: SetOption = None,
        debug: DebugOption = False,
    ) -> ExitCode:
        problems = Problems()
        with open_store(store, config, assignments, write=True) as opened:
            for key in keys:
                try:
                    change(opened, key)
                except InputError as error:
                    problems.add(error)
                else:
                    sys.stdout.write(f"{key} {done}\n")
        problems.finish()
        return ExitCode.BAD_INPUT if problems.count else ExitCode.OK

    verb.__name__, verb.__doc__ = name, summary
    return guarded(verb)


remove = _changing("remove", "Forget own patterns.", lambda opened, key: opened.remove(key), "removed")
promote = _changing(
    "promote", "Let the matches of own patterns count.", lambda opened, key: opened.promote(key), "active"
)
reject = _changing(
    "reject", "Keep own patterns from ever matching.", lambda opened, key: opened.reject(key), "rejected"
)


@guarded
def search(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="A text, a file, or `-` for standard input.")],
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=1000, metavar="N", help="How many to show.")] = 10,
    category: _CategoryFilter = None,
    shadow: Annotated[bool, typer.Option("--shadow", help="Also patterns in shadow.")] = False,
    store: _StoreOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    assignments: SetOption = None,
    debug: DebugOption = False,
) -> ExitCode:
    """Find the stored patterns nearest to a text, own and shipped."""
    from aimds.cli.inputs import gather
    from aimds.patterns import PatternStatus

    item = next(iter(gather([text], text_advice=_TEXT_ADVICE)))
    if isinstance(item, InputError):
        raise item
    statuses = (PatternStatus.ACTIVE, PatternStatus.SHADOW) if shadow else (PatternStatus.ACTIVE,)
    with open_store(store, config, assignments) as opened:
        chosen: dict[str, Any] = {} if category is None else {"categories": (category,)}
        matches = opened.search(item.text, count, statuses=statuses, **chosen)
    if as_json:
        for match in matches:
            print_json(asdict(match))
        return ExitCode.OK
    header = ("similarity", "key", "category", "status", "severity", "source")
    rows = [
        (f"{one.similarity:.3f}", one.key, one.category, one.status, f"{one.severity:.2f}", one.source)
        for one in matches
    ]
    _show_table(header, rows, "nothing is stored that could match")
    return ExitCode.OK


@guarded
def stats(
    store: _StoreOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    assignments: SetOption = None,
    debug: DebugOption = False,
) -> ExitCode:
    """Count what is stored: shipped and own patterns, by status and category, and the memory."""
    with open_store(store, config, assignments) as opened:
        figures = opened.stats()
    if as_json:
        print_json(asdict(figures), indent=2)
        return ExitCode.OK
    rows = [
        ("shipped", f"{figures.seed_patterns:,}"),
        ("own", f"{figures.own_patterns:,}"),
        *((f"status {name}", f"{number:,}") for name, number in sorted(figures.by_status.items())),
        *((f"category {name}", f"{number:,}") for name, number in sorted(figures.by_category.items())),
        ("memory", f"{figures.memory_bytes / (1 << 20):.1f} MiB"),
        ("generation", str(figures.generation)),
    ]
    _show_table(("patterns", "number"), rows, "")
    return ExitCode.OK


@guarded
def export(
    store: _StoreOption = None,
    config: ConfigOption = None,
    assignments: SetOption = None,
    debug: DebugOption = False,
) -> ExitCode:
    """Print the own patterns as JSON lines: metadata and vectors, no text."""
    with open_store(store, config, assignments) as opened:
        for row in opened.export():
            print_json(row)
    return ExitCode.OK


def _show_records(records: list[PatternRecord], *, as_json: bool) -> None:
    if as_json:
        for record in records:
            print_json(asdict(record))
        return
    header = ("key", "status", "category", "severity", "source", "added", "text digest")
    rows = [
        (one.key, one.status, one.category, f"{one.severity:.2f}", one.source, _day(one.created_ns), one.digest[:12])
        for one in records
    ]
    _show_table(header, rows, "no own patterns")


def _day(timestamp_ns: int) -> str:
    return datetime.fromtimestamp(timestamp_ns / _NS_PER_S, UTC).strftime("%Y-%m-%d %H:%M")


def _show_table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]], nothing: str) -> None:
    from rich.table import Table
    from rich.text import Text

    from aimds.cli.render import console
    from aimds.cli.visible import visible_line

    out = console()
    if not rows:
        out.print(nothing)
        return
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in header:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(visible_line(cell)) for cell in row))
    out.print(table)
