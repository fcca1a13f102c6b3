"""Reads JSON without losing what policies care about: every digit of a number, and names that stand twice."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, NoReturn

__all__ = ["exact_json"]


def exact_json(text: str | bytes) -> Any:
    """The value: objects as tuples of pairs, numbers with a fraction as decimals.

    Raises:
        ValueError: it is no JSON.
        RecursionError: it nests too deep.
    """
    return json.loads(text, parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=tuple)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
