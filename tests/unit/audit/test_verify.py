"""Whatever is done to a trail without the key is found, and the first bad record is named."""

import json
import sqlite3
from pathlib import Path

import pytest
from tests.audit_trails import (
    entry_of,
    file_store,
    forged,
    open_trail,
    rechained,
    resigned,
    unwritable_copies,
    verdict,
    written,
)

from aimds.audit import SigningKey, open_store
from aimds.audit.verify import (
    LINE_BYTES_MAX,
    FaultKind,
    Report,
    main,
    read_anchor,
    read_public_key,
    trail_lines,
    verify_lines,
)
from aimds.errors import ArtefactError, ErrorCode
from aimds.ports import ManualClock

KEY = SigningKey.generate()


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Started 1, checkpoint 2, verdicts 3-5, checkpoint 6, verdicts 7-9, checkpoint 10, verdict 11, checkpoint 12."""
    found = written(tmp_path_factory.mktemp("trail") / "t.db", 7, key=KEY, checkpoint_records=3)
    kinds = [entry_of(line)["type"][0] for line in found]
    assert "".join(kinds) == "scvvvcvvvcvc"
    return found


def verify(lines: list[bytes], **options: object) -> Report:
    return verify_lines(lines, [KEY.public], **options)  # type: ignore[arg-type]


def fault(lines: list[bytes], **options: object) -> tuple[str, int | None]:
    found = verify(lines, **options).fault
    assert found is not None
    return found.kind, found.record


def test_an_untouched_trail_is_intact(lines: list[bytes]) -> None:
    """Every record, signature and figure is reported; nothing is left open."""
    report = verify(lines)
    assert report.fault is None
    assert (report.first, report.last, report.verdicts, report.checkpoints, report.signed_to) == (1, 12, 7, 4, 12)
    assert report.head == json.loads(lines[-1])["hash"]
    assert report.keys == [KEY.public]
    assert (report.unchecked, report.exit_code) == ([], 0)


def test_a_changed_record_is_named(lines: list[bytes]) -> None:
    """A value exchanged inside a record: its hash tells."""
    changed = lines[6].replace(b'"action":"BLOCK"', b'"action":"ALLOW"')
    assert changed != lines[6]
    assert fault([*lines[:6], changed, *lines[7:]]) == (FaultKind.TAMPERED, 7)


def test_a_changed_record_with_a_new_hash_breaks_the_chain(lines: list[bytes]) -> None:
    """Whoever mends the hash of the record itself is found at the next one."""
    entry = entry_of(lines[6])
    entry["data"]["verdict"]["action"] = "ALLOW"
    assert fault([*lines[:6], forged(entry), *lines[7:]]) == (FaultKind.TAMPERED, 8)


def test_a_rewritten_chain_breaks_the_signature(lines: list[bytes]) -> None:
    """Whoever mends every hash that follows is found at the next signature."""
    entry = entry_of(lines[6])
    entry["data"]["verdict"]["action"] = "ALLOW"
    report = verify(rechained([*lines[:6], forged(entry), *lines[7:]], 6))
    assert report.fault is not None
    assert (report.fault.kind, report.fault.record) == (FaultKind.SIGNATURE, 10)
    assert "records 7 to 10" in report.fault.reason
    assert report.signed_to == 6


@pytest.mark.parametrize("position", range(1, 11))
def test_a_removed_record_is_missing(lines: list[bytes], position: int) -> None:
    """Each record inside, if taken out, is named as missing."""
    assert fault([*lines[:position], *lines[position + 1 :]]) == (FaultKind.MISSING, position + 1)


@pytest.mark.parametrize("position", range(1, 10))
def test_a_removed_record_is_found_after_renumbering(lines: list[bytes], position: int) -> None:
    """Renumbering and rechaining what follows does not help: the next signature does not hold."""
    kind, record = fault(rechained([*lines[:position], *lines[position + 1 :]], position))
    assert kind == FaultKind.SIGNATURE
    assert record is not None
    assert record >= position


def test_exchanged_records_are_reordered(lines: list[bytes]) -> None:
    """Two records that changed places: the first of the two places is named, and that the record is elsewhere."""
    assert fault([*lines[:3], lines[4], lines[3], *lines[5:]]) == (FaultKind.REORDERED, 4)


def test_a_repeated_record_is_reordered(lines: list[bytes]) -> None:
    """A record that comes twice stands where another belongs."""
    assert fault([*lines[:5], lines[4], *lines[5:]]) == (FaultKind.REORDERED, 6)


@pytest.mark.parametrize("kept", [1, 3, 4, 5, 7, 8, 9, 11])
def test_a_cut_trail_is_truncated(lines: list[bytes], kept: int) -> None:
    """A trail that does not end with a signature is cut; the first record that is not there is named."""
    assert fault(lines[:kept]) == (FaultKind.TRUNCATED, kept + 1)


def test_a_trail_cut_inside_a_line_is_truncated(lines: list[bytes]) -> None:
    """Also by one byte, the line end."""
    for cut in (1, 2, 50):
        assert fault([*lines[:-1], lines[-1][:-cut]]) == (FaultKind.TRUNCATED, 12)


def test_nothing_is_no_trail() -> None:
    """An empty file, or one without any signature, is not intact."""
    assert fault([]) == (FaultKind.TRUNCATED, None)


def test_only_a_known_head_finds_a_trail_cut_at_a_signature(lines: list[bytes]) -> None:
    """A trail cut right after a signature looks whole; who noted its head finds out."""
    assert verify(lines[:10]).fault is None
    head = verify(lines).head
    assert fault(lines[:10], anchor=(12, head)) == (FaultKind.TRUNCATED, 11)
    assert verify(lines, anchor=(12, head)).fault is None
    assert fault(lines, anchor=(9, head)) == (FaultKind.TAMPERED, 9)


def test_a_trail_in_use_may_have_an_unsigned_end(lines: list[bytes]) -> None:
    """With `unsigned_tail` it is accepted and told; its chain is checked all the same; no signature at all is not."""
    report = verify(lines[:8], unsigned_tail=True)
    assert report.fault is None
    assert (report.signed_to, report.last) == (6, 8)
    assert fault([*lines[:7], lines[8]], unsigned_tail=True) == (FaultKind.MISSING, 8)
    assert fault(lines[:1], unsigned_tail=True) == (FaultKind.TRUNCATED, 2)


def test_another_key_is_refused_at_its_first_signature(lines: list[bytes]) -> None:
    """A trail that somebody else signed is whole in itself; only the pinned key tells."""
    other = resigned(lines, SigningKey.generate())
    assert fault(other) == (FaultKind.KEY, 2)
    unpinned = verify_lines(other)
    assert unpinned.fault is None
    assert unpinned.exit_code == 3
    assert "no public key was given" in unpinned.unchecked[0]


def test_a_key_that_changes_on_the_way_is_refused_without_pin(lines: list[bytes]) -> None:
    """A tail that somebody else wrote and signed; with both keys pinned it is a change of keys."""
    other = SigningKey.generate()
    spliced = [*lines[:9], *resigned([lines[9]], other)]
    for keys in ([KEY.public], []):
        found = verify_lines(spliced, keys).fault
        assert found is not None
        assert (found.kind, found.record) == (FaultKind.KEY, 10)
    assert verify_lines(spliced, [KEY.public, other.public]).fault is None


def test_a_signature_of_another_place_does_not_hold(lines: list[bytes]) -> None:
    """A checkpoint's signature covers its own place: moved to another one it is worthless."""
    entry = entry_of(lines[9])
    entry["data"] = entry_of(lines[5])["data"]
    assert fault([*lines[:9], forged(entry), *lines[10:]]) == (FaultKind.SIGNATURE, 10)


def test_records_of_another_trail_do_not_fit(lines: list[bytes], tmp_path: Path) -> None:
    """Two trails of one key cannot be joined."""
    trail = open_trail(file_store(tmp_path / "other.db"), key=KEY)
    trail.close()
    entry = entry_of(lines[6])
    entry["trail"] = "trail-2"
    assert fault([*lines[:6], forged(entry), *lines[7:]]) == (FaultKind.TAMPERED, 7)


def test_time_does_not_run_backwards(lines: list[bytes]) -> None:
    """A record dated before its forerunner was not written by us."""
    entry = entry_of(lines[6])
    entry["time_ns"] = 0
    assert fault([*lines[:6], forged(entry), *lines[7:]]) == (FaultKind.TAMPERED, 7)


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"{}\n",
        b"[1]\n",
        b"null\n",
        b'{"entry":1,"hash":1}\n',
        b'{"entry":{},"hash":"' + b"0" * 64 + b'"}\n',
        b'{"entry": {},"hash":"' + b"0" * 64 + b'"}\n',
        b'{"entry":{"a":1.5},"hash":"' + b"0" * 64 + b'"}\n',
        b'{"entry":{"a":NaN},"hash":"' + b"0" * 64 + b'"}\n',
        b"[" * 100_000 + b"\n",
        b'{"a":' * 50_000 + b"\n",
        b"\xff\xfe\n",
        b'"' + b"x" * LINE_BYTES_MAX + b'"\n',
        b"9" * 5000 + b"\n",
    ],
    ids=lambda line: line[:12].decode("latin-1").strip(),
)
def test_what_is_no_line_is_malformed(lines: list[bytes], line: bytes) -> None:
    """Anything else in the place of a record: a fault with its number, never a crash."""
    kind, record = fault([*lines[:3], line, *lines[4:]])
    assert kind in {FaultKind.MALFORMED, FaultKind.TAMPERED}
    assert record == 4


@pytest.mark.parametrize(
    "change",
    [
        {"sequence": "4"},
        {"sequence": True},
        {"time_ns": -1},
        {"data": []},
        {"format": "aimds-audit-2"},
        {"type": "other"},
        {"more": 1},
        {"previous": None},
    ],
    ids=str,
)
def test_what_is_no_entry_is_malformed(lines: list[bytes], change: dict[str, object]) -> None:
    """A field of another type, an unknown one, another version: refused although the hash is right."""
    assert fault([*lines[:3], forged({**entry_of(lines[3]), **change}), *lines[4:]]) == (FaultKind.MALFORMED, 4)


@pytest.mark.parametrize(
    "data", [{}, {"key": KEY.public}, {"key": KEY.public, "signature": "00"}, {"key": "zz", "signature": "0" * 128}]
)
def test_a_checkpoint_without_signature_is_malformed(lines: list[bytes], data: dict[str, str]) -> None:
    """A checkpoint without key or signature signs nothing."""
    entry = {**entry_of(lines[5]), "data": data}
    assert fault([*lines[:5], forged(entry), *lines[6:]]) == (FaultKind.MALFORMED, 6)


def test_a_shortened_beginning_needs_a_signed_retirement(lines: list[bytes]) -> None:
    """Records before a checkpoint may only be gone if a signed record says so."""
    assert fault(lines[5:]) == (FaultKind.MISSING, 1)
    assert fault(lines[6:])[0] == FaultKind.MISSING
    assert verify(lines[5:], fragment=True).fault is None


def test_retired_records_leave_a_verifiable_trail(tmp_path: Path) -> None:
    """After retirement the trail begins at a checkpoint; another beginning than the one signed is found."""
    clock = ManualClock()
    trail = open_trail(file_store(tmp_path / "t.db"), key=KEY, clock=clock, checkpoint_records=2, keep_records=4)
    for number in range(20):
        clock.advance(1_000_000_000)
        trail.record(verdict(id=str(number)))
    trail.close()
    lines = list(trail_lines(tmp_path / "t.db"))
    report = verify(lines)
    assert report.fault is None
    assert report.first > 10
    assert report.last - report.first < 16
    later = next(number for number, line in enumerate(lines) if number and entry_of(line)["type"] == "checkpoint")
    assert fault(lines[later:]) == (FaultKind.MISSING, 1)


CERTIFICATE = {"goal": "decide policy trace = true", "steps": 17}


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    path = tmp_path_factory.mktemp("certified") / "t.db"
    trail = open_trail(file_store(path), key=KEY)
    for number in range(3):
        trail.record(verdict(certificate={**CERTIFICATE, "steps": number}))
    trail.close()
    return list(trail_lines(path))


def test_certificates_are_handed_to_the_check(certified: list[bytes]) -> None:
    """Each certificate is checked with the data of its record; the first that is refused is named."""
    seen = []

    def check(certificate, data):  # type: ignore[no-untyped-def]
        seen.append((certificate["steps"], data["event"]["id"]))
        return "the goal is another one" if certificate["steps"] == 1 else None

    found = verify(certified, certificate_check=check).fault
    assert found is not None
    assert (found.kind, found.record) == (FaultKind.CERTIFICATE, 4)
    assert "the goal is another one" in found.reason
    assert seen == [(0, "event-1"), (1, "event-1")]
    report = verify(certified, certificate_check=lambda certificate, data: None)
    assert (report.fault, report.certificates_checked, report.exit_code) == (None, 3, 0)


def test_a_check_that_fails_has_not_accepted(certified: list[bytes]) -> None:
    """An exception of the checker refuses the certificate."""

    def check(certificate, data):  # type: ignore[no-untyped-def]
        raise RuntimeError("out of fuel")

    assert fault(certified, certificate_check=check) == (FaultKind.CERTIFICATE, 3)


def test_unchecked_certificates_are_never_called_checked(certified: list[bytes]) -> None:
    """Without a check the trail is intact as far as could be checked: exit code 3, and the number is told."""
    report = verify(certified)
    assert (report.fault, report.certificates_unchecked, report.exit_code) == (None, 3, 3)


def test_a_certificate_that_is_not_the_one_referred_to_is_bad(certified: list[bytes]) -> None:
    """Reference and content belong together, whoever wrote and signed the record."""
    entry = entry_of(certified[2])
    entry["data"]["certificate"]["content"]["steps"] = 99
    lines = resigned([*certified[:2], forged(entry), *certified[3:]], KEY)
    assert fault(lines, certificate_check=lambda certificate, data: None) == (FaultKind.CERTIFICATE, 3)


def test_keys_are_read_in_every_form(tmp_path: Path) -> None:
    """Hexadecimal, a file of it, a PEM; anything else says so."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    (tmp_path / "hex").write_text(KEY.public.upper() + "\n")
    assert read_public_key(KEY.public) == read_public_key(str(tmp_path / "hex")) == KEY.public
    pem = ec.generate_private_key(ec.SECP256R1()).public_key()
    (tmp_path / "ec").write_bytes(pem.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (tmp_path / "junk").write_text("-----BEGIN PUBLIC KEY-----\nnothing\n")
    for name in ("ec", "junk", "gone"):
        with pytest.raises(ValueError, match=r".+"):
            read_public_key(str(tmp_path / name))


@pytest.mark.parametrize("text", ["", "5", "5:", "x:" + "0" * 64, "5:" + "g" * 64, "-1:" + "0" * 64])
def test_a_known_head_has_one_form(text: str) -> None:
    """Number and hash, nothing else."""
    with pytest.raises(ValueError, match="expected NUMBER:HASH"):
        read_anchor(text)


def test_the_command_tells_by_its_exit_code(
    lines: list[bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 intact, 1 a bad record that is named, 2 unreadable, 3 open questions."""
    good, bad = tmp_path / "good.jsonl", tmp_path / "bad.jsonl"
    good.write_bytes(b"".join(lines))
    bad.write_bytes(b"".join([*lines[:4], *lines[5:]]))
    assert main([str(good), "--public-key", KEY.public]) == 0
    assert main([str(good)]) == 3
    assert main([str(bad), "--public-key", KEY.public]) == 1
    assert "NOT INTACT: missing at record 5 (line 5)" in capsys.readouterr().out
    assert main([str(bad), "--public-key", KEY.public, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["fault"]["record"] == 5
    assert main([str(tmp_path / "gone")]) == 2
    assert main([str(good), "--public-key", "nonsense"]) == 2
    assert main([str(good), "--certificate-check", "no.such:thing"]) == 2
    assert "cannot verify" in capsys.readouterr().err


@pytest.mark.parametrize("with_log", [False, True])
def test_a_trail_where_nothing_may_be_written_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], with_log: bool
) -> None:
    """A backup on a read-only mount: by the command that stands alone, and by the store; nothing is left beside it."""
    written(tmp_path / "trail.db", 7, key=KEY, checkpoint_records=3)
    log = tmp_path / "trail.db-wal"
    log.write_bytes(b"")  # as a reader leaves it
    with unwritable_copies(tmp_path / "trail.db", *[log] * with_log) as folder:
        assert main([str(folder / "trail.db"), "--public-key", KEY.public]) == 0
        assert "intact: records 1 to 12" in capsys.readouterr().out
        store = open_store(str(folder / "trail.db"), read_only=True)
        assert [row.sequence for row in store.rows()] == list(range(1, 13))
        store.close()
        assert len(list(folder.iterdir())) == 1 + with_log


def test_records_in_a_log_that_cannot_be_read_are_not_passed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A copy of a trail in use: without its log it would look shorter, and intact."""
    store = file_store(tmp_path / "trail.db")
    trail = open_trail(store, key=KEY)
    trail.record(verdict())
    with unwritable_copies(tmp_path / "trail.db", tmp_path / "trail.db-wal") as folder:
        assert main([str(folder / "trail.db"), "--public-key", KEY.public]) == 2
        assert "copy both files into one of your own" in capsys.readouterr().err
        with pytest.raises(ArtefactError, match="-wal may hold records") as caught:
            open_store(str(folder / "trail.db"), read_only=True)
        assert caught.value.code is ErrorCode.STORE_FAILED
    trail.close()


def test_a_file_of_another_program_is_no_trail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also where it lies in a folder that cannot be written."""
    with sqlite3.connect(tmp_path / "other.db") as database:
        database.execute("CREATE TABLE t (x)")
    with unwritable_copies(tmp_path / "other.db") as folder:
        assert main([str(folder / "other.db")]) == 2
    assert "no such table" in capsys.readouterr().err
