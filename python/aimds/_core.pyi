# ruff: noqa: F401
"""Stub of the compiled core; one section a binding file of crates/aimds-py, in the same order."""

from collections.abc import Sequence
from typing import Any, final

__version__: str

# ---- text -------------------------------------------------------------------------------------------------------

@final
class NormalisedText: ...

# ---- signatures -------------------------------------------------------------------------------------------------

# ---- temporal ---------------------------------------------------------------------------------------------------

# ---- vectors ----------------------------------------------------------------------------------------------------
