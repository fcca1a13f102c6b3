"""Options that several verbs share, and how a defence is made from them."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aimds.cli.edge import usage_error
from aimds.records import EventKind, Profile, Role, Trust

if TYPE_CHECKING:
    from aimds import Defense, Settings

__all__ = [
    "ConfigOption",
    "DebugOption",
    "JsonOption",
    "KindOption",
    "ProfileOption",
    "RoleOption",
    "SetOption",
    "TextKind",
    "ToolOption",
    "TrustOption",
    "chosen",
    "load_defense",
    "load_settings",
    "load_unrecorded_defense",
    "overrides_from",
    "unrecorded",
]

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Settings file (TOML). Without it: $AIMDS_CONFIG, else ./aimds.toml if there is one.",
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="One setting, such as decide.block_threshold=0.9; may be given several times.",
    ),
]
ProfileOption = Annotated[
    Profile | None,
    typer.Option("--profile", help="Time against quality; short for --set patterns.profile=..."),
]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of a page for people.")]


class TextKind(StrEnum):
    """The kinds of event that a text can be. What a person decided is none: its lines say so themselves."""

    PROMPT = EventKind.PROMPT
    DOCUMENT = EventKind.DOCUMENT
    TOOL_CALL = EventKind.TOOL_CALL
    TOOL_RESULT = EventKind.TOOL_RESULT
    RESPONSE = EventKind.RESPONSE


KindOption = Annotated[
    TextKind | None,
    typer.Option("--kind", help="What the texts are; decides the default role."),
]
RoleOption = Annotated[
    Role | None,
    typer.Option("--role", help="Who produced them; decides the default trust."),
]
TrustOption = Annotated[Trust | None, typer.Option("--trust", help="Whose orders they may carry.")]
ToolOption = Annotated[
    str | None,
    typer.Option("--tool", metavar="NAME", help="The tool, for tool_call and tool_result."),
]


def chosen(profile: Profile | None, assignments: list[str] | None) -> list[str]:
    """The assignments with the profile that was chosen."""
    return [*(assignments or ()), *(() if profile is None else (f"patterns.profile={profile}",))]


def overrides_from(assignments: list[str] | None) -> dict[str, Any]:
    """The sections that `--set section.name=value` describes; values are read as JSON where they are JSON.

    Raises:
        InputError: `usage` for an assignment of another form.
    """
    sections: dict[str, Any] = {}
    for assignment in assignments or ():
        path, equals, value = assignment.partition("=")
        names = path.strip().split(".")
        if not equals or not all(names):
            raise usage_error(f"--set {path}: expected NAME=VALUE, such as decide.block_threshold=0.9")
        try:
            read: Any = json.loads(value)
        except ValueError:
            read = value
        target = sections
        for name in names[:-1]:
            target = target.setdefault(name, {})
            if not isinstance(target, dict):
                raise usage_error(f"--set {path}: {name} already has a value")
        target[names[-1]] = read
    return sections


def load_settings(config: Path | None, assignments: list[str] | None) -> Settings:
    """The settings from options, environment and file.

    Raises:
        ConfigurationError: `configuration-invalid`, naming the setting.
    """
    from aimds.settings import Settings

    return Settings.load(config, **overrides_from(assignments))


def load_defense(config: Path | None, assignments: list[str] | None) -> Defense:
    """A defence with these settings.

    Raises:
        ConfigurationError: a setting or a rule pack is wrong.
        ArtefactError: a model or index file is missing or damaged.
    """
    from aimds.defense import Defense

    return Defense(load_settings(config, assignments))


def load_unrecorded_defense(config: Path | None, assignments: list[str] | None) -> Defense:
    """The same without audit trail: what is only measured is no decision about anybody.

    Raises:
        ConfigurationError: a setting or a rule pack is wrong.
        ArtefactError: a model or index file is missing or damaged.
    """
    from aimds.defense import Defense

    return Defense(unrecorded(load_settings(config, assignments)))


def unrecorded(settings: Settings) -> Settings:
    """The settings with the audit off."""
    return settings.model_copy(update={"audit": settings.audit.model_copy(update={"path": None})})
