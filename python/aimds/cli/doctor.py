"""`aimds doctor` and `aimds version`: what runs here, and whether it is whole."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from aimds.cli.edge import guarded, print_json
from aimds.cli.exit_codes import ExitCode
from aimds.cli.options import ConfigOption, DebugOption, JsonOption, ProfileOption, SetOption, chosen, load_settings
from aimds.errors import AimdsError

if TYPE_CHECKING:
    from aimds.cli.checks import Check
    from aimds.cli.settings_view import SettingRow
    from aimds.settings import Settings

__all__ = ["doctor", "version"]

_MARKS = {None: " ", True: "+", False: "!"}


@guarded
def doctor(
    as_json: JsonOption = False,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    assignments: SetOption = None,
    debug: DebugOption = False,
) -> ExitCode:
    """Check this installation.

    Shows versions, every setting with its source, rule packs and models with their checksums, and each stage; then
    judges a few texts whose verdict is known. Exits with 1 when something is wrong.
    """
    from aimds.cli.settings_view import settings_rows

    assignments = chosen(profile, assignments)
    settings = load_settings(config, assignments)
    rows = settings_rows(settings, config, assignments)
    checks, rooms = _examine(settings)
    if as_json:
        shape = {
            "ok": _all_well(checks),
            "checks": [check.to_json() for check in checks],
            "settings": {row.name: {"value": row.value, "source": row.source} for row in rows},
            "rooms": rooms,
        }
        print_json(shape, indent=2)
    else:
        _page(checks, rows, rooms)
    return ExitCode.OK if _all_well(checks) else ExitCode.FINDINGS


@guarded
def version(as_json: JsonOption = False, debug: DebugOption = False) -> ExitCode:
    """Print the version of AIMDS, of Python and of the machine."""
    import platform

    from aimds import __version__

    shape = {"aimds": __version__, "python": platform.python_version(), "platform": platform.platform()}
    if as_json:
        print_json(shape)
    else:
        sys.stdout.write(", ".join(f"{name} {value}" for name, value in shape.items()) + "\n")
    return ExitCode.OK


def _examine(settings: Settings) -> tuple[list[Check], list[dict[str, Any]]]:
    """All checks; what cannot even be loaded is a failed check, not an end of the report."""
    import aimds
    from aimds.cli.checks import (
        Check,
        check_audit,
        check_files,
        check_own_models,
        check_store,
        check_versions,
        self_test,
    )
    from aimds.cli.options import unrecorded
    from aimds.cli.shapes import plain

    checks = [*check_versions(), *check_files(Path(aimds.__file__).parent)]
    if settings.patterns.models is not None:
        checks += check_own_models(settings.patterns.models)
    checks.append(check_audit(settings.audit))
    settings = unrecorded(settings)  # the self-test is about nobody
    if settings.patterns.enabled and settings.patterns.store is not None:
        checks.append(check_store(settings.patterns.store))
        if checks[-1].ok is None:  # a defence would make it
            settings = settings.model_copy(update={"patterns": settings.patterns.model_copy(update={"store": None})})
    rooms: list[dict[str, Any]] = []
    try:
        from aimds.defense import Defense

        started_ns = perf_counter_ns()
        defense = Defense(settings)
        took_ms = (perf_counter_ns() - started_ns) / 1e6
        count = len(defense.describe()["rooms"])
        checks.append(Check("stages", "loaded", f"{count} stages in {took_ms:.0f} ms", ok=count > 0))
        checks.extend(self_test(defense))
        rooms = [plain(room) for room in defense.describe()["rooms"]]  # after the self-test, which the counts show
    except AimdsError as error:
        checks.append(Check("stages", error.code.slug, str(error), ok=False))
    return checks, rooms


def _all_well(checks: Iterable[Check]) -> bool:
    return all(check.ok is not False for check in checks)


def _page(checks: list[Check], rows: list[SettingRow], rooms: list[dict[str, Any]]) -> None:
    from rich.text import Text

    from aimds.cli.render import console

    out = console()
    groups = list(dict.fromkeys(check.group for check in checks))
    last = groups.pop() if groups and groups[-1] == "self-test" else None

    def print_group(group: str) -> None:
        out.print(Text(group, "bold"))
        table = _grid()
        for check in checks:
            if check.group == group:
                style = {None: "", True: "green", False: "bold red"}[check.ok]
                table.add_row(
                    Text(_MARKS[check.ok], style), Text(check.name), Text(check.value, style if not check.ok else "")
                )
        out.print(table)

    for group in groups:
        print_group(group)
    for room in rooms:
        facts = {name: value for name, value in room.items() if name != "room"}
        out.print(Text.assemble("   ", (str(room.get("room")), "bold"), "  ", _facts(facts)), soft_wrap=True)
    out.print(Text("settings", "bold"))
    table = _grid()
    for row in rows:
        changed = row.source != "default"
        table.add_row(
            ">" if changed else " ",
            Text(row.name),
            Text(f"{_value(row.value)}  ({row.source})", "bold" if changed else ""),
        )
    out.print(table)
    if last is not None:
        print_group(last)
    wrong = [check for check in checks if check.ok is False]
    if wrong:
        out.print(
            Text(f"{len(wrong)} of {len(checks)} checks failed: {', '.join(one.name for one in wrong)}", "bold red")
        )
    else:
        out.print(Text("all is well", "bold green"))


def _grid() -> Any:
    from rich.table import Table

    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, min_width=28)
    table.add_column(overflow="fold")
    return table


def _facts(facts: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_value(value)}" for name, value in facts.items())


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + _facts(value) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value is None else str(value)
