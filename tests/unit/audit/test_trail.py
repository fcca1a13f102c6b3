"""The writer: signs in time, retires only what is signed, continues no broken trail, writes for many at once."""

import logging
import sqlite3
import stat
import threading
import time
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.audit_trails import MADE_BY, SECOND_NS, entry_of, file_store, open_trail, verdict, written

from aimds import Action
from aimds.approval import Approval
from aimds.audit import SigningKey
from aimds.audit.store import Batch, Head
from aimds.audit.trail import AuditTrail, TrailOptions
from aimds.audit.verify import trail_lines, verify_lines
from aimds.errors import ArtefactError, ErrorCode
from aimds.ports import ManualClock

KEY = SigningKey.generate()


def kinds(path: Path) -> str:
    """The types of all entries by their first letters."""
    return "".join(entry_of(line)["type"][0] for line in trail_lines(path))


def test_a_trail_begins_signed_and_ends_signed(tmp_path: Path) -> None:
    """`started` says how is recorded and by what; opening and closing leave nothing unsigned."""
    path = tmp_path / "t.db"
    trail = open_trail(file_store(path), key=KEY, keep_text=True)
    assert kinds(path) == "sc"
    trail.record(verdict())
    assert kinds(path) == "scv"
    trail.close()
    trail.close()
    lines = list(trail_lines(path))
    assert kinds(path) == "scvc"
    assert verify_lines(lines, [KEY.public]).fault is None
    assert entry_of(lines[0])["data"] == {
        "made_by": MADE_BY.to_json(),
        "only_not_allowed": False,
        "text_kept": True,
        "unsigned_before": 0,
    }
    assert trail.place == str(path)
    assert trail.public_key == KEY.public


def test_the_file_belongs_to_its_owner(tmp_path: Path) -> None:
    """Whom it records is nobody else's business."""
    written(tmp_path / "t.db", 1)
    assert stat.S_IMODE((tmp_path / "t.db").stat().st_mode) == 0o600


def test_it_is_signed_after_so_many_records(tmp_path: Path) -> None:
    """Not more than `checkpoint_records` lie between two signatures."""
    written(tmp_path / "t.db", 7, checkpoint_records=3)
    assert kinds(tmp_path / "t.db") == "scvvvcvvvcvc"


def test_it_is_signed_after_so_much_time(tmp_path: Path) -> None:
    """By the clock of the records when one is written."""
    clock = ManualClock()
    trail = open_trail(file_store(tmp_path / "t.db"), clock=clock, checkpoint_s=10)
    for _ in range(4):
        clock.advance(6 * SECOND_NS)
        trail.record(verdict())
    assert kinds(tmp_path / "t.db") == "scvvcvvc"
    trail.close()
    assert kinds(tmp_path / "t.db") == "scvvcvvc"


def test_it_is_signed_while_nobody_writes(tmp_path: Path) -> None:
    """And only once: an idle trail does not grow."""
    trail = open_trail(file_store(tmp_path / "t.db"), checkpoint_s=0.05)
    trail.record(verdict())
    deadline = time.monotonic() + 20
    while kinds(tmp_path / "t.db") != "scvc" and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)
    assert kinds(tmp_path / "t.db") == "scvc"
    trail.close()


def test_a_signer_that_fails_says_so_and_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A store that is away for a while is no end of the signing thread."""
    store = FaultyStore(tmp_path / "t.db")
    trail = open_trail(store, checkpoint_s=0.05)
    trail.record(verdict())
    store.failing = True
    with caplog.at_level(logging.ERROR, "aimds"):
        time.sleep(0.3)
    assert "could not be signed: store-failed" in caplog.text
    store.failing = False
    deadline = time.monotonic() + 20
    while kinds(tmp_path / "t.db")[-1] != "c" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert kinds(tmp_path / "t.db")[-1] == "c"
    trail.close()


def test_what_was_not_signed_is_taken_over_and_said(tmp_path: Path) -> None:
    """After a crash the next process checks the chain of the unsigned end, says how long it is, and signs."""
    path = tmp_path / "t.db"
    first = open_trail(file_store(path), key=KEY)
    first.record(verdict())
    first.record(verdict())
    second = open_trail(file_store(path), key=KEY)
    lines = list(trail_lines(path))
    assert kinds(path) == "scvvsc"
    assert entry_of(lines[4])["data"]["unsigned_before"] == 2
    assert verify_lines(lines, [KEY.public]).fault is None
    first.close()
    second.close()


def _altered(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("DROP TRIGGER aimds_audit_no_update")
        database.execute("DROP TRIGGER aimds_audit_no_delete")
        database.execute(statement)


@pytest.mark.parametrize(
    ("statement", "record"),
    [
        ("UPDATE aimds_audit_entries SET line = replace(line, 'BLOCK', 'ALLOW') WHERE sequence = 4", "4"),
        ("DELETE FROM aimds_audit_entries WHERE sequence = 3", "3"),
        ("UPDATE aimds_audit_entries SET line = 'é' WHERE sequence = 3", "3"),
    ],
)
def test_a_broken_trail_is_not_continued(tmp_path: Path, statement: str, record: str) -> None:
    """Whoever changed the unsigned end while nobody ran gets no signature for it; nothing is added."""
    path = tmp_path / "t.db"
    first = open_trail(file_store(path), key=KEY)
    for _ in range(3):
        first.record(verdict())
    first._store.close()
    first._closed.set()
    _altered(path, statement)
    before = kinds_raw(path)
    with pytest.raises(ArtefactError) as caught:
        open_trail(file_store(path), key=KEY)
    assert caught.value.code is ErrorCode.AUDIT_BROKEN
    assert str(caught.value.fields["record"]) == record
    assert "aimds audit verify" in caught.value.help
    assert kinds_raw(path) == before


def kinds_raw(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        return int(database.execute("SELECT COUNT(*) FROM aimds_audit_entries").fetchone()[0])


def test_another_key_goes_on_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Keys may be exchanged; who verifies then pins both."""
    path, other = tmp_path / "t.db", SigningKey.generate()
    written(path, 1, key=KEY)
    with caplog.at_level(logging.WARNING, "aimds"):
        written(path, 1, key=other)
    assert "pin both keys" in caplog.text
    lines = list(trail_lines(path))
    assert verify_lines(lines, [KEY.public]).fault is not None
    assert verify_lines(lines, [KEY.public, other.public]).fault is None


def test_old_records_are_dropped_up_to_a_signature(tmp_path: Path) -> None:
    """With a bound on age: what is older goes, a signed record says so, the rest verifies; the bytes are gone too."""
    path, clock = tmp_path / "t.db", ManualClock(86_400 * SECOND_NS * 20_000)
    trail = open_trail(file_store(path), key=KEY, clock=clock, keep_days=2, checkpoint_records=2)
    trail.record(verdict(id="oldest-of-all"))
    for day in range(6):
        clock.advance(86_400 * SECOND_NS)
        trail.record(verdict(id=f"day-{day}"))
    trail.close()
    lines = list(trail_lines(path))
    report = verify_lines(lines, [KEY.public])
    assert report.fault is None
    assert report.first > 1
    retired = [entry_of(line) for line in lines if entry_of(line)["type"] == "retired"]
    assert retired[-1]["data"]["kept_from"] == report.first
    oldest = min(entry_of(line)["time_ns"] for line in lines if entry_of(line)["type"] == "verdict")
    assert clock.now_ns() - oldest <= 4 * 86_400 * SECOND_NS
    assert b"oldest-of-all" not in path.read_bytes()


def test_both_bounds_must_be_passed(tmp_path: Path) -> None:
    """Records are kept at least: many young ones stay, and few old ones too."""
    for options in ({"keep_days": 1, "keep_records": 1000}, {"keep_days": 1000, "keep_records": 1}):
        clock = ManualClock(86_400 * SECOND_NS * 20_000)
        path = tmp_path / f"{options['keep_days']}.db"
        trail = open_trail(file_store(path), clock=clock, checkpoint_records=2, **options)
        for _ in range(10):
            clock.advance(86_400 * SECOND_NS)
            trail.record(verdict())
        trail.close()
        assert "r" not in kinds(path)


class FaultyStore:
    """Hands everything on to a real store, unless told to fail."""

    def __init__(self, path: Path) -> None:
        self.real = file_store(path)
        self.failing = False
        self.batches: list[int] = []
        self.before: Callable[[], None] = lambda: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def append(self, write: Callable[[Head], Batch]) -> None:
        if self.failing:
            raise ArtefactError(ErrorCode.STORE_FAILED, place="here", reason="away")
        self.before()

        def counted(head: Head) -> Batch:
            batch = write(head)
            self.batches.append(sum(row.type == "verdict" for row in batch.rows))
            return batch

        self.real.append(counted)


def test_those_who_wait_together_are_written_together(tmp_path: Path) -> None:
    """While one thread writes, others queue up; one transaction then serves them all, and each learns of its end."""
    store = FaultyStore(tmp_path / "t.db")
    trail = open_trail(store, key=KEY)
    entered, leave = threading.Event(), threading.Event()

    def slow() -> None:
        entered.set()
        assert leave.wait(30)

    store.before = slow
    threads = [threading.Thread(target=trail.record, args=(verdict(id=str(number)),)) for number in range(10)]
    threads[0].start()
    assert entered.wait(30)
    store.before = lambda: None
    for thread in threads[1:]:
        thread.start()
    deadline = time.monotonic() + 30
    while len(trail._queue) < 9 and time.monotonic() < deadline:
        time.sleep(0.01)
    leave.set()
    for thread in threads:
        thread.join(30)
    assert [batch for batch in store.batches if batch] == [1, 9]
    trail.close()
    report = verify_lines(trail_lines(tmp_path / "t.db"), [KEY.public])
    assert (report.fault, report.verdicts) == (None, 10)


def test_all_who_waited_learn_of_a_fault(tmp_path: Path) -> None:
    """A transaction that fails fails for each of them, whoever carried it out."""
    store = FaultyStore(tmp_path / "t.db")
    trail = open_trail(store)
    faults: list[ArtefactError] = []
    entered, leave = threading.Event(), threading.Event()

    def slow() -> None:
        entered.set()
        assert leave.wait(30)

    def record() -> None:
        try:
            trail.record(verdict())
        except ArtefactError as fault:
            faults.append(fault)

    store.before = slow
    threads = [threading.Thread(target=record) for _ in range(5)]
    threads[0].start()
    assert entered.wait(30)
    for thread in threads[1:]:
        thread.start()
    while len(trail._queue) < 4:
        time.sleep(0.01)
    store.failing, store.before = True, lambda: None
    leave.set()
    for thread in threads:
        thread.join(30)
    assert [fault.code for fault in faults] == [ErrorCode.STORE_FAILED] * 4
    store.failing = False
    trail.record(verdict())
    assert kinds(tmp_path / "t.db") == "scvv"
    trail.close()


def test_a_full_disk_is_a_failure_and_leaves_the_trail_whole(tmp_path: Path) -> None:
    """A record that does not fit is refused; those before it verify, and writing goes on when there is room again."""
    path = tmp_path / "t.db"
    store = file_store(path)
    trail = open_trail(store, key=KEY)
    pages = store._execute("PRAGMA page_count")[0][0]
    store._execute(f"PRAGMA max_page_count = {pages + 4}")
    acknowledged = 0
    fault: ArtefactError | None = None
    while fault is None and acknowledged < 1000:
        try:
            trail.record(verdict())
            acknowledged += 1
        except ArtefactError as raised:
            fault = raised
    assert fault is not None
    assert fault.code is ErrorCode.STORE_FAILED
    assert "full" in str(fault)
    store._execute("PRAGMA max_page_count = 1000000")
    trail.record(verdict())
    trail.close()
    report = verify_lines(trail_lines(path), [KEY.public])
    assert (report.fault, report.verdicts) == (None, acknowledged + 1)


def test_a_closed_trail_takes_nothing(tmp_path: Path) -> None:
    """It fails, so that the caller fails closed."""
    trail = open_trail(file_store(tmp_path / "t.db"))
    trail.close()
    with pytest.raises(ArtefactError, match="closed"):
        trail.record(verdict())


def test_what_to_record(tmp_path: Path) -> None:
    """All verdicts, or those that are not ALLOW."""
    for only, takes in ((False, True), (True, False)):
        trail = AuditTrail(
            file_store(tmp_path / f"{only}.db"), KEY, ManualClock(), MADE_BY, TrailOptions(only_not_allowed=only)
        )
        assert trail.takes(verdict(action=Action.ALLOW)) is takes
        assert trail.takes(verdict(action=Action.BLOCK))
        assert trail.takes(verdict(action=Action.ESCALATE))
        consent = verdict(kind="approval", session_id="s", approval=Approval("ann", "call-7"), action=Action.ALLOW)
        assert trail.takes(consent), "who approved is always on record"
        trail.close()


def test_retirement_goes_in_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One checkpoint drops so many at most, the next goes on; a lone signature farther away is reached all the same."""
    monkeypatch.setattr("aimds.audit.trail.AUDIT_RETIRED_MAX", 10)
    path = tmp_path / "t.db"
    written(path, 40, key=KEY, checkpoint_records=4)
    written(path, 40, key=KEY, checkpoint_records=1000)
    trail = open_trail(file_store(path), key=KEY, checkpoint_records=1, keep_records=1)
    firsts = []
    for _ in range(12):
        firsts.append(file_store(path).head().first)
        trail.record(verdict())
    trail.close()
    steps = [later - earlier for earlier, later in pairwise(firsts)]
    assert all(step <= 10 or step > 40 for step in steps)
    assert firsts[-1] > 90
    report = verify_lines(trail_lines(path), [KEY.public])
    assert report.fault is None
