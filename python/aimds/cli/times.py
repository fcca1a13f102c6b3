"""Times as people write them on the command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from aimds.cli.edge import usage_error

__all__ = ["time_ns", "when"]

_NS_PER_S: Final = 1_000_000_000
_AGO: Final = re.compile(r"([0-9]{1,6})([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def time_ns(text: str, now: datetime | None = None) -> int:
    """Nanoseconds since the epoch of an ISO 8601 time (UTC if it does not say), or of `90s`, `15m`, `2h`, `7d` ago.

    Raises:
        InputError: `usage` for another form.
    """
    ago = _AGO.fullmatch(text)
    try:
        if ago is not None:
            moment = (now or datetime.now(UTC)) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        else:
            moment = datetime.fromisoformat(text)
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        return int(moment.timestamp()) * _NS_PER_S + moment.microsecond * 1000
    except (ValueError, OverflowError):
        raise usage_error(f"{text}: expected a time such as 2026-11-28T09:30, or 2h, 7d ago") from None


def when(timestamp_ns: int) -> str:
    """The time in UTC, to the millisecond."""
    moment = datetime.fromtimestamp(timestamp_ns // _NS_PER_S, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{timestamp_ns % _NS_PER_S // 1_000_000:03d}Z"
