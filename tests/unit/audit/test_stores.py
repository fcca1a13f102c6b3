"""The conformance suite of audit stores: every store passes all of it."""

import threading
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from tests.audit_trails import MADE_BY, verdict
from tests.unit.audit.conftest import OpenStore

from aimds import Action, Category
from aimds.audit import Filters, SigningKey
from aimds.audit.record import verdict_data
from aimds.audit.store import Batch, EntryType, Head
from aimds.audit.verify import NO_HASH, verify_lines
from aimds.errors import AimdsError, ErrorCode
from aimds.records import Verdict

KEY = SigningKey.generate()


def add(store: Any, *entries: Verdict | str, now_ns: int = 10, keep_from: int | None = None) -> None:
    """Appends one batch: verdicts, `sign` for a checkpoint, other words as entries of that type."""

    def write(head: Head) -> Batch:
        batch = Batch(head, now_ns)
        for entry in entries:
            if isinstance(entry, Verdict):
                batch.add(EntryType.VERDICT, verdict_data(entry, MADE_BY, keep_text=False))
            elif entry == "sign":
                batch.sign(KEY)
            else:
                batch.add(entry, {})
        batch.keep_from = keep_from
        return batch

    store.append(write)


def numbers(rows: Iterator[Any]) -> list[int]:
    return [row.sequence for row in rows]


def test_a_new_store_is_empty_and_named(opened: OpenStore) -> None:
    """Before the first entry the head says so; the trail has its identity already, and keeps it."""
    store = opened()
    assert store.head() == Head("trail-1")
    assert store.head().hash == NO_HASH
    assert list(store.rows()) == []
    assert store.get("1") is None
    assert opened().head().trail == "trail-1"


def test_entries_come_back_as_they_were_written(opened: OpenStore) -> None:
    """In order, chained, with the columns that searches need; also through another connection that only reads."""
    store = opened()
    add(store, "started", "sign", now_ns=10)
    add(store, verdict(id="a", session_id=None), verdict(id="b", action=Action.ALLOW), now_ns=20)
    head = store.head()
    assert (head.trail, head.sequence, head.time_ns, head.first) == ("trail-1", 4, 20, 1)
    assert (head.signed_sequence, head.signed_time_ns) == (2, 10)
    for reader in (store, opened(read_only=True)):
        rows = list(reader.rows())
        assert [row.sequence for row in rows] == [1, 2, 3, 4]
        assert all(later.entry["previous"] == earlier.hash for earlier, later in pairwise(rows))
        assert (rows[2].event_id, rows[2].session_id, rows[2].action) == ("a", None, "BLOCK")
        assert rows[2].categories == " instruction_override "
        assert rows[3].categories == ""
        assert numbers(reader.rows(3)) == [3, 4]
        assert verify_lines((row.line.encode() + b"\n" for row in rows), [KEY.public], unsigned_tail=True).fault is None


def test_time_never_runs_backwards(opened: OpenStore) -> None:
    """A clock that is set back does not reorder the trail."""
    store = opened()
    add(store, "started", now_ns=100)
    add(store, "started", now_ns=50)
    assert [row.time_ns for row in store.rows()] == [100, 100]


def test_a_batch_is_written_whole_or_not_at_all(opened: OpenStore) -> None:
    """What `write` raises is passed on, and nothing stays; the next batch goes on where the trail was."""
    store = opened()
    add(store, "started", "sign")

    def write(head: Head) -> Batch:
        Batch(head, 1).add(EntryType.STARTED, {})
        raise KeyError("of our own")

    with pytest.raises(KeyError):
        store.append(write)
    assert store.head().sequence == 2

    def twice(head: Head) -> Batch:
        batch = Batch(head, 1)
        batch.add(EntryType.STARTED, {})
        batch.rows.append(batch.rows[0])  # the second breaks the key: the first must go with it
        return batch

    with pytest.raises(AimdsError) as caught:
        store.append(twice)
    assert caught.value.code is ErrorCode.STORE_FAILED
    add(store, "sign")
    assert numbers(store.rows()) == [1, 2, 3]


def test_an_empty_batch_writes_nothing(opened: OpenStore) -> None:
    """A writer may find that there is nothing to do."""
    store = opened()
    add(store)
    assert store.head().sequence == 0


def test_finding(opened: OpenStore) -> None:
    """Filters by time, action, session and category, together and alone; newest first, bounded, verdicts only."""
    store = opened()
    add(store, "started", "sign", now_ns=1)
    add(store, verdict(id="a", session_id="one"), now_ns=10)
    add(store, verdict(id="b", session_id="two", action=Action.ESCALATE), now_ns=20)
    add(store, verdict(id="c", session_id="two", action=Action.ALLOW), now_ns=30)

    def found(**filters: Any) -> list[int]:
        return numbers(store.find(Filters(**filters)))

    assert found() == [5, 4, 3]
    assert found(limit=2) == [5, 4]
    assert found(since_ns=20) == [5, 4]
    assert found(until_ns=20) == [3]
    assert found(since_ns=10, until_ns=30) == [4, 3]
    assert found(actions=("BLOCK", "ALLOW")) == [5, 3]
    assert found(session_id="two") == [5, 4]
    assert found(session_id="two", actions=("ALLOW",)) == [5]
    assert found(category=str(Category.INSTRUCTION_OVERRIDE)) == [4, 3]
    assert found(category="instruction") == []
    assert found(category="%") == []
    assert found(session_id="' OR 1 = 1 --") == []


def test_getting_one(opened: OpenStore) -> None:
    """By number, by event id (the newest); a number that is an event's id finds the record of that number first."""
    store = opened()
    add(store, "started", verdict(id="e"), verdict(id="e"), verdict(id="77"))
    for name, number in (("1", 1), ("e", 3), ("77", 4), ("4", 4)):
        row = store.get(name)
        assert row is not None
        assert row.sequence == number
    for name in ("5", "0", "-1", "9" * 30, "", "x", "١"):
        assert store.get(name) is None


def test_retiring(opened: OpenStore) -> None:
    """What lies before a checkpoint can be dropped; the newest that is old enough is offered."""
    store = opened()
    add(store, "started", "sign", now_ns=10)
    add(store, "started", "sign", now_ns=20)
    add(store, "started", "sign", now_ns=30)
    row = store.get("4")
    assert row is not None
    assert store.retirable(30, 100) == (4, row.hash)
    assert store.retirable(100, 5) == (4, row.hash)
    assert store.retirable(10, 100) is None
    add(store, "retired", "sign", now_ns=40, keep_from=4)
    assert numbers(store.rows()) == [4, 5, 6, 7, 8]
    assert store.head().first == 4
    assert store.get("3") is None


def test_nothing_can_be_changed_or_dropped_otherwise(opened: OpenStore) -> None:
    """The store itself refuses updates, and deletions of what is not retired."""
    store: Any = opened()
    add(store, "started", "sign", "started", "sign")
    for statement in (
        "UPDATE aimds_audit_entries SET action = 'ALLOW'",
        "DELETE FROM aimds_audit_entries WHERE sequence = 4",
        "DELETE FROM aimds_audit_entries",
    ):
        with pytest.raises(AimdsError, match="append-only"):
            store._execute(statement)
    assert numbers(store.rows()) == [1, 2, 3, 4]


def test_many_writers_make_one_chain(opened: OpenStore) -> None:
    """Threads with a connection each, as processes have: no number is given twice, and the chain holds."""
    stores = [opened() for _ in range(4)]
    add(stores[0], "started", "sign")
    faults: list[BaseException] = []

    def write(store: Any) -> None:
        try:
            for number in range(10):
                add(store, verdict(id=str(number)), *(["sign"] if number % 4 == 3 else []), now_ns=number)
        except BaseException as fault:  # noqa: BLE001 - told by the thread that asked
            faults.append(fault)

    threads = [threading.Thread(target=write, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    report = verify_lines((row.line.encode() + b"\n" for row in stores[0].rows()), [KEY.public], unsigned_tail=True)
    assert report.fault is None
    assert report.verdicts == 40


def test_a_reader_sees_one_state(opened: OpenStore) -> None:
    """What is written while somebody reads does not appear halfway, and does not wait for the reader."""
    store = opened()
    add(store, "started", "sign", "started")
    rows = store.rows()
    assert next(rows).sequence == 1
    add(store, "started")
    assert numbers(rows) == [2, 3]
    assert numbers(store.rows()) == [1, 2, 3, 4]


def test_a_reader_makes_nothing(opened: OpenStore) -> None:
    """Opening to read does not create a trail where there is none."""
    with pytest.raises(AimdsError):
        opened(read_only=True)


def test_a_reader_cannot_write(opened: OpenStore) -> None:
    """Whoever opened to read is refused by the database."""
    add(opened(), "started")
    with pytest.raises(AimdsError) as caught:
        add(opened(read_only=True), "started")
    assert caught.value.code is ErrorCode.STORE_FAILED


def test_closing_twice_is_harmless(opened: OpenStore) -> None:
    """And the place is still told, for messages."""
    store = opened()
    store.close()
    store.close()
    assert store.place
