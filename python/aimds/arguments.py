"""Checks of what callers hand in, where it enters: a wrong type is a typed error there, not a fault further inside."""

from __future__ import annotations

import math
import operator
from numbers import Real
from typing import NoReturn

from aimds.errors import ErrorCode, InputError

__all__ = ["bad_event", "checked_name", "checked_nanoseconds", "checked_seconds"]


def bad_event(place: str, reason: str) -> NoReturn:
    """Raises `input-bad-event` about a field.

    Raises:
        InputError: always.
    """
    raise InputError(ErrorCode.INPUT_BAD_EVENT, place=place, reason=reason)


def checked_name(place: str, value: object, limit: int, *, least: int = 0) -> str:
    """A name of `least` to `limit` characters that UTF-8 can hold: names go to the kernels and the audit trail.

    Raises:
        InputError: `input-bad-event`.
    """
    if not isinstance(value, str):
        bad_event(place, f"expected a string, got {type(value).__name__}")
    if not least <= len(value) <= limit:
        bad_event(place, f"must have {f'{least} to' if least else 'at most'} {limit} characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        bad_event(place, "holds half of a surrogate pair, which no UTF-8 text can")
    return value


def checked_nanoseconds(place: str, value: object) -> int:
    """A time in nanoseconds since the Unix epoch: any kind of whole number.

    Raises:
        InputError: `input-bad-event`.
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)  # type: ignore[arg-type] # what has no index raises the TypeError
    except TypeError:
        bad_event(place, f"must be whole nanoseconds since the Unix epoch, got {type(value).__name__}")
    if not 0 <= number < 2**63:
        bad_event(place, "must be nanoseconds since the Unix epoch, below 2^63")
    return number


def checked_seconds(place: str, value: object, limit: float) -> float:
    """A duration in seconds, above 0 and at most `limit`.

    Raises:
        InputError: `input-bad-event`.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        bad_event(place, f"expected a number of seconds, got {type(value).__name__}")
    try:
        seconds = float(value)
    except OverflowError:
        seconds = math.inf
    if not 0 < seconds <= limit:
        bad_event(place, f"must be above 0 and at most {limit}")
    return seconds
