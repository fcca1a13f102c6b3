"""Writes the reference page of the command line: `python -m aimds.cli.reference > docs/cli.md`."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from typing import Any

import typer

__all__ = ["command_tree", "reference_page"]

_INTRODUCTION = """# Command line

Made from the command's own help by `make docs`; do not edit.

Settings come from options, then the environment (`AIMDS_*`), then a file, then defaults: see
[configuration](configuration.md). Errors go to standard error as `aimds: <code>: <message>` with a `help:` line: see
[errors](errors.md). Output has no colour when it is not a terminal, or when `NO_COLOR` is set; spans are marked
`[1>` ... `<1]` so that they are seen without it.

| exit code | meaning |
|---|---|
| 0 | allowed, or all is well |
| 1 | blocked, or findings |
| 2 | bad input, options or settings, or output that cannot be written; what could be judged was judged |
| 3 | escalated: a person should look |
| 130 | interrupted |
| 141 | whoever read the output went away |
"""


def command_tree() -> Iterator[tuple[str, Any]]:
    """Every command with its full name, parents before children."""
    from aimds.cli.app import app

    yield from _walk("aimds", typer.main.get_command(app))


def reference_page() -> str:
    """The page, the same on every machine."""
    return _INTRODUCTION + "".join(_section(name, command) for name, command in command_tree() if name != "aimds")


def _walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield name, command
    for child, inner in getattr(command, "commands", {}).items():
        yield from _walk(f"{name} {child}", inner)


def _section(name: str, command: Any) -> str:
    arguments: list[tuple[str, str]] = []
    options: list[tuple[str, str]] = []
    for parameter in command.params:
        (arguments if parameter.param_type_name == "argument" else options).append(_parameter(parameter))
    usage = " ".join([name, "[OPTIONS]", *(row[0] for row in arguments)])
    text = re.sub(r"(?<=[^\n])\n(?=[^\n])", " ", inspect.cleandoc(command.help or ""))
    lines = [f"\n## {name}\n", f"\n{text}\n", f"\n```\n{usage}\n```\n"]
    if arguments or options:
        lines.append("\n| argument or option | meaning |\n|---|---|\n")
        lines.extend(f"| `{flags}` | {meaning} |\n" for flags, meaning in (*arguments, *options))
    if command.epilog:
        examples = [line.strip() for line in command.epilog.replace("\b", "").splitlines() if line.startswith("  ")]
        lines.append("\n```sh\n" + "\n".join(examples) + "\n```\n")
    return "".join(lines)


def _parameter(parameter: Any) -> tuple[str, str]:
    description = getattr(parameter, "type_descriptor", getattr(parameter, "type", None))  # of Typer, or of click
    choices = [str(getattr(one, "value", one)) for one in getattr(description, "choices", None) or ()]
    if parameter.param_type_name == "argument":
        flags = parameter.metavar or parameter.name.upper()
    else:
        flags = ", ".join(parameter.opts)
        if parameter.metavar and not parameter.is_flag:
            flags += f" {parameter.metavar}"
    meaning = parameter.help or ""
    if choices:
        meaning += f" One of {', '.join(f'`{choice}`' for choice in choices)}."
    default = parameter.default
    if default not in (None, False, ()) and not callable(default):
        meaning += f" Default: `{default}`."
    return flags, meaning.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(reference_page())
