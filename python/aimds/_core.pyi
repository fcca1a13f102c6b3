# ruff: noqa: F401
"""Stub of the compiled core; one section a binding file of crates/aimds-py, in the same order."""

from collections.abc import Sequence
from typing import Any, final

__version__: str

# ---- text -------------------------------------------------------------------------------------------------------

NORMALISE_INPUT_BYTES_MAX: int

@final
class TextView:
    @property
    def text(self) -> str: ...
    @property
    def chain(self) -> tuple[str, ...]: ...
    def original_span(self, start: int, end: int) -> tuple[int, int]: ...

@final
class Trick:
    @property
    def kind(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def count(self) -> int: ...
    @property
    def deliberate(self) -> float: ...

@final
class NormalisedText:
    @property
    def original(self) -> str: ...
    @property
    def canonical(self) -> str: ...
    @property
    def views(self) -> list[TextView]: ...
    @property
    def tricks(self) -> list[Trick]: ...
    @property
    def incomplete(self) -> tuple[str, ...]: ...

def normalise(
    text: str,
    *,
    depth_max: int = 3,
    candidates_max: int = 64,
    output_factor_max: int = 4,
    work_factor_max: int = 48,
) -> NormalisedText: ...

# ---- signatures -------------------------------------------------------------------------------------------------

# ---- temporal ---------------------------------------------------------------------------------------------------

# ---- vectors ----------------------------------------------------------------------------------------------------
