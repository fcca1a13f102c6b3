"""Every setting in force, with the source it came from."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aimds.cli.options import overrides_from

if TYPE_CHECKING:
    from aimds.settings import Settings

__all__ = ["SettingRow", "configuration_file", "settings_rows"]

_PREFIX = "AIMDS_"


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting: its dotted name, the value in force, and its source: `--set`, environment, file or default."""

    name: str
    value: Any
    source: str


def configuration_file(config: Path | None) -> Path | None:
    """The file that `Settings.load(config)` reads: the one given, else `$AIMDS_CONFIG`, else `./aimds.toml`."""
    if config is not None:
        return config
    named = os.environ.get(f"{_PREFIX}CONFIG")
    if named is not None:
        return Path(named)
    default = Path("aimds.toml")
    return default if default.is_file() else None


def settings_rows(settings: Settings, config: Path | None, assignments: list[str] | None) -> list[SettingRow]:
    """All settings in the order they are defined."""
    overrides = dict(_leaves(overrides_from(assignments)))
    file = configuration_file(config)
    in_file = {} if file is None else dict(_leaves(tomllib.loads(file.read_text("utf-8"))))
    environment = {name.upper() for name in os.environ}

    def source(name: str) -> str:
        variable = _PREFIX + name.replace(".", "__").upper()
        section = _PREFIX + name.partition(".")[0].upper()
        if name in overrides:
            return "--set"
        if variable in environment:
            return variable
        if section in environment:
            return section
        return f"file {file}" if name in in_file else "default"

    return [SettingRow(name, value, source(name)) for name, value in _leaves(settings.model_dump(mode="json"))]


def _leaves(section: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in section.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
