"""The port behind which trails are kept, and the rows that pass through it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from aimds.audit.canonical import line_of
from aimds.audit.keys import SigningKey
from aimds.audit.verify import FORMAT, LINE_BYTES_MAX, NO_HASH, signed_part
from aimds.errors import ArtefactError, ErrorCode

__all__ = ["AuditStore", "Batch", "EntryType", "Filters", "Head", "Row", "row_of"]


class EntryType:
    """What an entry is."""

    STARTED: Final = "started"
    VERDICT: Final = "verdict"
    CHECKPOINT: Final = "checkpoint"
    RETIRED: Final = "retired"


@dataclass(frozen=True, slots=True)
class Head:
    """Where a trail stands: its last entry, its first, and the last that is signed. `sequence` 0: it is empty."""

    trail: str
    sequence: int = 0
    hash: str = NO_HASH
    time_ns: int = 0
    first: int = 1
    signed_sequence: int = 0
    signed_time_ns: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A line as a store keeps it. All but `line` repeats what the line says, so that a store can search."""

    sequence: int
    hash: str
    time_ns: int
    type: str
    event_id: str | None
    session_id: str | None
    action: str | None
    categories: str
    """Every category that was found, each between spaces: ` prompt_leak secret `."""
    line: str

    @property
    def entry(self) -> dict[str, Any]:
        """The entry in the line.

        Raises:
            ArtefactError: `artefact-corrupt` for a line that is none.
        """
        try:
            entry = json.loads(self.line)["entry"]
            if isinstance(entry, dict) and isinstance(entry["data"], dict):
                return entry
        except (ValueError, KeyError, TypeError, RecursionError):
            pass
        reason = "the line is no entry: `aimds audit verify` tells more"
        raise ArtefactError(ErrorCode.ARTEFACT_CORRUPT, place=f"audit record {self.sequence}", reason=reason)

    @property
    def data(self) -> dict[str, Any]:
        """What the entry holds."""
        data: dict[str, Any] = self.entry["data"]
        return data


@dataclass(frozen=True, slots=True)
class Filters:
    """Which verdicts to list. Times in nanoseconds since the epoch, the end excluded."""

    since_ns: int | None = None
    until_ns: int | None = None
    actions: tuple[str, ...] = ()
    session_id: str | None = None
    category: str | None = None
    limit: int | None = None


def row_of(entry: Mapping[str, Any]) -> Row:
    """The row of an entry.

    Raises:
        ArtefactError: `store-failed` for an entry that is too large for a line; the record's own bounds rule that out.
    """
    line, value = line_of(entry)
    if len(line) >= LINE_BYTES_MAX:
        reason = f"a record of {len(line)} bytes is above the limit of {LINE_BYTES_MAX}"
        raise ArtefactError(ErrorCode.STORE_FAILED, place="audit", reason=reason)
    data = entry["data"]
    event, verdict = data.get("event", {}), data.get("verdict", {})
    categories = sorted({finding["category"] for finding in data.get("findings", ())})
    return Row(
        sequence=entry["sequence"],
        hash=value,
        time_ns=entry["time_ns"],
        type=entry["type"],
        event_id=event.get("id"),
        session_id=event.get("session_id"),
        action=verdict.get("action"),
        categories=f" {' '.join(categories)} " if categories else "",
        line=line.decode("ascii"),
    )


@dataclass(slots=True)
class Batch:
    """Entries that continue a trail, to be written in one transaction.

    Args:
        head: where the trail stands.
        now_ns: the time of the entries; never before that of the head, so that a clock set back does not reorder.
    """

    head: Head
    now_ns: int
    rows: list[Row] = field(default_factory=list)
    keep_from: int | None = None
    """Entries before this one are dropped in the same transaction."""

    def __post_init__(self) -> None:
        self.now_ns = max(self.now_ns, self.head.time_ns)

    @property
    def last(self) -> int:
        """The number of the last entry so far."""
        return self.rows[-1].sequence if self.rows else self.head.sequence

    def add(self, kind: str, data: Mapping[str, Any]) -> Row:
        """One more entry."""
        row = row_of(self._entry(kind, data))
        self.rows.append(row)
        return row

    def sign(self, key: SigningKey) -> Row:
        """A checkpoint: signs itself, and through the chain all before it."""
        unsigned = self._entry(EntryType.CHECKPOINT, {"key": key.public})
        return self.add(EntryType.CHECKPOINT, {"key": key.public, "signature": key.sign(signed_part(unsigned))})

    def _entry(self, kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "data": data,
            "format": FORMAT,
            "previous": self.rows[-1].hash if self.rows else self.head.hash,
            "sequence": self.last + 1,
            "time_ns": self.now_ns,
            "trail": self.head.trail,
            "type": kind,
        }


class AuditStore(Protocol):
    """Keeps one trail. Safe under threads, and under several processes that share the trail.

    Every method raises `ArtefactError`: `store-failed` when the store cannot do it, `artefact-corrupt` when what it
    finds is no trail.
    """

    @property
    def place(self) -> str:
        """Where the trail is, for messages; without credentials."""
        ...

    def head(self) -> Head:
        """Where the trail stands."""
        ...

    def append(self, write: Callable[[Head], Batch]) -> None:
        """Writes a batch, all of it or nothing; when this returns, it is as durable as the store was told to be.

        `write` is called with the head while nobody else can write. What it raises is passed on; nothing is written.
        """
        ...

    def retirable(self, before_ns: int, before_sequence: int) -> tuple[int, str] | None:
        """Number and hash of the newest checkpoint older than both bounds; everything before it may be dropped."""
        ...

    def rows(self, first: int = 0) -> Iterator[Row]:
        """The entries from `first` on, as they stood when the reading began."""
        ...

    def find(self, filters: Filters) -> Iterator[Row]:
        """The verdicts that pass the filters, newest first."""
        ...

    def get(self, name: str) -> Row | None:
        """The entry of this number, else the newest verdict on the event of this id."""
        ...

    def close(self) -> None:
        """Lets go of the store. Closing twice does nothing."""
        ...
