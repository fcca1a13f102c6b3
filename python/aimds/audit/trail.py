"""The writer of a trail: one record a verdict, durable before the verdict is handed out; signatures; retention."""

from __future__ import annotations

import atexit
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aimds.audit.keys import SigningKey
from aimds.audit.record import MadeBy, verdict_data
from aimds.audit.store import AuditStore, Batch, EntryType, Head
from aimds.audit.verify import verify_lines
from aimds.errors import AimdsError, ArtefactError, ErrorCode
from aimds.limits import AUDIT_BATCH_MAX, AUDIT_RETIRED_MAX
from aimds.ports import Clock
from aimds.records import Action, Verdict

__all__ = ["AuditTrail", "TrailOptions"]

_LOG = logging.getLogger("aimds")
_NS_PER_S: Final = 1_000_000_000
_S_PER_DAY: Final = 86_400
_NEVER: Final = 2**62
_SIGNATURE_DISTANCE_MAX: Final = 110_000  # the most that `checkpoint_records` allows, and a batch


@dataclass(frozen=True, slots=True)
class TrailOptions:
    """The operator's choices; see `settings.AuditSettings` for the meaning of each."""

    only_not_allowed: bool = False
    keep_text: bool = False
    checkpoint_records: int = 256
    checkpoint_s: float = 60.0
    keep_days: float = 0.0
    keep_records: int = 0


class _Waiting:
    """A record on its way, and what became of it."""

    __slots__ = ("data", "done", "fault")

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data
        self.done = False
        self.fault: BaseException | None = None


class AuditTrail:
    """Writes a trail. Safe under threads: those that wait together are written in one transaction.

    Args:
        store: keeps the trail; closed with it.
        key: signs checkpoints.
        clock: dates the entries.
        made_by: by what verdicts are made; stands in each record.
        options: what to record, how often to sign, how long to keep.

    Raises:
        ArtefactError: `audit-broken` when the end of the trail in the store is not what it should be; `store-failed`.
    """

    def __init__(
        self,
        store: AuditStore,
        key: SigningKey,
        clock: Clock,
        made_by: MadeBy,
        options: TrailOptions | None = None,
    ) -> None:
        self._store: Final = store
        self._key = key
        self._clock = clock
        self._made_by = made_by
        self._options = options if options is not None else TrailOptions()
        self._queue: list[_Waiting] = []
        self._turn = threading.Condition()
        self._writing = False
        self._closed = threading.Event()
        self._check_tail()
        self._store.append(self._start)
        self._signer = threading.Thread(target=self._sign_regularly, name="aimds-audit-signer", daemon=True)
        self._signer.start()
        atexit.register(self.close)

    @property
    def place(self) -> str:
        """Where the trail is."""
        return self._store.place

    @property
    def public_key(self) -> str:
        """The public half of the key that signs, in hexadecimal."""
        return self._key.public

    def takes(self, verdict: Verdict) -> bool:
        """Whether this verdict is one to record; what a person decided always is."""
        consent = verdict.event.kind.is_consent
        return consent or not self._options.only_not_allowed or verdict.action is not Action.ALLOW

    def record(self, verdict: Verdict) -> None:
        """Writes the record of a verdict. When this returns, the record is durable.

        Raises:
            ArtefactError: `store-failed` or `artefact-corrupt`; the record is then not known to be written.
        """
        waiting = _Waiting(verdict_data(verdict, self._made_by, keep_text=self._options.keep_text))
        with self._turn:
            self._queue.append(waiting)
        while (batch := self._my_turn(waiting)) is not None:
            self._write_waiting(batch)
        if waiting.fault is not None:
            raise waiting.fault

    def sign(self) -> None:
        """Signs what is not signed yet, if there is anything.

        Raises:
            ArtefactError: `store-failed` or `artefact-corrupt`.
        """

        def write(head: Head) -> Batch:
            batch = Batch(head, self._clock.now_ns())
            if head.sequence > head.signed_sequence:
                self._retire(batch)
                batch.sign(self._key)
            return batch

        self._store.append(write)

    def close(self) -> None:
        """Signs the end of the trail and lets go of the store. Closing twice does nothing."""
        if self._closed.is_set():
            return
        self._closed.set()
        atexit.unregister(self.close)
        try:
            self.sign()
        except AimdsError as fault:
            _LOG.error("audit: the end of the trail could not be signed: %s", fault.code.slug)
        self._store.close()

    def _my_turn(self, waiting: _Waiting) -> list[_Waiting] | None:
        """What this thread has to write for all who wait, once nobody else writes; `None` once its own is written."""
        with self._turn:
            while self._writing and not waiting.done:
                self._turn.wait()
            if waiting.done:
                return None
            self._writing = True
            batch, self._queue = self._queue[:AUDIT_BATCH_MAX], self._queue[AUDIT_BATCH_MAX:]
            return batch

    def _write_waiting(self, batch: list[_Waiting]) -> None:
        """Writes what has gathered, and tells all who wait how it went."""
        fault: BaseException | None = None
        try:
            if self._closed.is_set():
                raise ArtefactError(ErrorCode.STORE_FAILED, place=self.place, reason="the trail is closed")
            self._store.append(self._records(batch))
        except BaseException as raised:
            fault = raised
            if not isinstance(raised, Exception):  # an interrupt belongs to this thread; the others only learn of it
                raise
        finally:
            with self._turn:
                for waiting in batch:
                    waiting.fault = fault
                    waiting.done = True
                self._writing = False
                self._turn.notify_all()

    def _records(self, waiting: list[_Waiting]) -> Callable[[Head], Batch]:
        def write(head: Head) -> Batch:
            batch = Batch(head, self._clock.now_ns())
            for one in waiting:
                batch.add(EntryType.VERDICT, one.data)
            unsigned = batch.last - head.signed_sequence
            age_ns = batch.now_ns - head.signed_time_ns
            if unsigned >= self._options.checkpoint_records or age_ns >= self._options.checkpoint_s * _NS_PER_S:
                self._retire(batch)
                batch.sign(self._key)
            return batch

        return write

    def _start(self, head: Head) -> Batch:
        """A first entry of this process, signed at once, so that no trail is without a signature."""
        batch = Batch(head, self._clock.now_ns())
        batch.add(
            EntryType.STARTED,
            {
                "made_by": self._made_by.to_json(),
                "only_not_allowed": self._options.only_not_allowed,
                "text_kept": self._options.keep_text,
                "unsigned_before": head.sequence - head.signed_sequence,
            },
        )
        self._retire(batch)
        batch.sign(self._key)
        return batch

    def _retire(self, batch: Batch) -> None:
        """Drops what is too old, up to a checkpoint, and says so in the trail; the next signature covers the saying."""
        options = self._options
        if not options.keep_days and not options.keep_records:
            return
        before_ns = int(batch.now_ns - options.keep_days * _S_PER_DAY * _NS_PER_S) if options.keep_days else _NEVER
        before_sequence = batch.last - options.keep_records + 1 if options.keep_records else _NEVER
        first = batch.head.first
        kept = self._store.retirable(before_ns, min(before_sequence, first + AUDIT_RETIRED_MAX))
        if kept is None or kept[0] <= first:  # the next signature may lie farther away, if fewer were made then
            kept = self._store.retirable(before_ns, min(before_sequence, first + _SIGNATURE_DISTANCE_MAX))
        if kept is None or kept[0] <= first:
            return
        sequence, value = kept
        batch.add(
            EntryType.RETIRED,
            {"first": first, "kept_from": sequence, "kept_hash": value, "last": sequence - 1},
        )
        batch.keep_from = sequence

    def _check_tail(self) -> None:
        """The entries since the last signature must be chained: a trail that was changed is not continued."""
        head = self._store.head()
        if not head.sequence:
            return
        start = head.signed_sequence
        lines = (row.line.encode("ascii", "replace") + b"\n" for row in self._store.rows(start))
        report = verify_lines(lines, unsigned_tail=True, fragment=True)
        if report.fault is not None:
            raise ArtefactError(
                ErrorCode.AUDIT_BROKEN,
                place=self.place,
                record=report.fault.record if report.fault.record is not None else start,
                reason=report.fault.reason,
            )
        if report.keys != [self._key.public]:
            _LOG.warning("audit: the trail was signed with another key until now; pin both keys when verifying")

    def _sign_regularly(self) -> None:
        """Signs while nobody writes: no record stays without signature for longer than `checkpoint_s`."""
        while not self._closed.wait(self._options.checkpoint_s):
            try:
                self.sign()
            except AimdsError as fault:
                _LOG.error("audit: the trail could not be signed: %s", fault.code.slug)
