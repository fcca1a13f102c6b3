"""Verifies an audit trail. This file stands alone: it needs Python, its standard library and `cryptography`.

    python -m aimds.audit.verify --public-key KEY trail.jsonl

The format, which the rest of `aimds.audit` takes from here: a trail is lines; each is canonical JSON,
`{"entry": ..., "hash": ...}`, and a line end. The hash is the SHA-256 of the entry's canonical JSON. An entry has
`format`, `trail` (an identity), `sequence` (from 1), `previous` (the hash of the entry before it), `time_ns`, `type`,
and `data`. An entry of type `checkpoint` carries an Ed25519 signature (RFC 8032) of itself, so of all before it.

Exit codes: 0 intact; 1 a bad record, which is named; 2 it could not be read; 3 intact as far as could be checked.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sqlite3
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NoReturn

__all__ = [
    "CertificateCheck", "FORMAT", "Fault", "FaultKind", "LINE_BYTES_MAX", "NO_HASH", "Report",
    "canonical", "digest", "main", "named_check", "open_to_read", "read_anchor", "read_public_key", "signed_part",
    "trail_lines", "verify_lines", "words",
]  # fmt: skip

FORMAT: Final = "aimds-audit-1"
NO_HASH: Final = "0" * 64
"""What the first entry says of the one before it."""

LINE_BYTES_MAX: Final = 1024 * 1024
"""One line. The bounds on what a record holds (`aimds.limits`) add up to less, in the worst escapes that JSON has."""

_KEY_FILE_BYTES_MAX: Final = 16 * 1024  # a PEM of an Ed25519 key has 113 bytes
_HEX_64: Final = re.compile(r"[0-9a-f]{64}")
_HEX_128: Final = re.compile(r"[0-9a-f]{128}")
_ENTRY_FIELDS: Final = frozenset({"data", "format", "previous", "sequence", "time_ns", "trail", "type"})
_BODY: Final = slice(len('{"entry":'), -len(',"hash":""}\n') - 64)
"""Where in a canonical line the canonical entry stands."""

_SQLITE_MAGIC: Final = b"SQLite format 3\0"

CertificateCheck = Callable[[Mapping[str, Any], Mapping[str, Any]], str | None]
"""Takes a certificate and the data of its record; returns why the certificate is refused, or `None`."""


class FaultKind:
    """What can be wrong with a trail, as stable words."""

    MALFORMED: Final = "malformed"
    TAMPERED: Final = "tampered"
    REORDERED: Final = "reordered"
    MISSING: Final = "missing"
    TRUNCATED: Final = "truncated"
    SIGNATURE: Final = "bad-signature"
    KEY: Final = "foreign-key"
    CERTIFICATE: Final = "bad-certificate"


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that is wrong: its kind, the line (from 1), the record's number if it is known, and why."""

    kind: str
    line: int
    record: int | None
    reason: str


@dataclass(slots=True)
class Report:
    """What was found. `fault` is `None` for an intact trail; then `unchecked` tells what nobody could check."""

    trail: str = ""
    first: int = 0
    last: int = 0
    head: str = NO_HASH
    verdicts: int = 0
    checkpoints: int = 0
    signed_to: int = 0
    keys: list[str] = field(default_factory=list)
    pinned: bool = False
    certificates_checked: int = 0
    certificates_unchecked: int = 0
    fault: Fault | None = None

    @property
    def unchecked(self) -> list[str]:
        """What an intact trail leaves open."""
        key = "no public key was given: whoever could write the file could have signed it anew"
        certificates = f"{self.certificates_unchecked} certificates were not checked"
        return [key] * (not self.pinned) + [certificates] * (self.certificates_unchecked > 0)

    @property
    def exit_code(self) -> int:
        """0 intact, 1 a fault, 3 intact but for what could not be checked."""
        if self.fault is not None:
            return 1
        return 3 if self.unchecked else 0


def canonical(value: object) -> bytes:
    """The one way to write a value: ASCII JSON, keys sorted, no spaces. Writers refuse fractions before this."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def signed_part(entry: Mapping[str, Any]) -> bytes:
    """What the signature of a checkpoint covers: the entry without the signature itself."""
    return canonical({**entry, "data": {name: value for name, value in entry["data"].items() if name != "signature"}})


class _BrokenError(Exception):
    """Ends the verification. `record` is named where it is not the one that was expected next."""

    def __init__(self, kind: str, reason: str, record: int | None = None) -> None:
        self.kind, self.reason, self.record = kind, reason, record
        super().__init__(reason)


class _Verifier:
    """Takes line after line; remembers only what the next one must fit."""

    def __init__(
        self, keys: Collection[str], certificate_check: CertificateCheck | None, anchor: tuple[int, str] | None
    ) -> None:
        self.report = Report(pinned=bool(keys))
        self._keys = frozenset(keys)
        self._check = certificate_check
        self._anchor = anchor
        self._time_ns = 0
        self._first_hash = NO_HASH
        self._kept: tuple[int, int, str] | None = None
        """Of the last retirement: its own number, and the number and hash of the entry from which records are kept."""

    @property
    def expected(self) -> int | None:
        """The number of the next record; unknown before the first."""
        return self.report.last + 1 if self.report.last else None

    @property
    def retirement_read(self) -> bool:
        """Whether a record so far says that what came before the first was retired."""
        return self._kept is not None and self._kept[1] == self.report.first

    def take(self, line: bytes) -> None:
        """Checks the next line against all before it."""
        entry, value = _parsed(line)
        self._place(entry)
        kind, data = entry["type"], entry["data"]
        if kind == "checkpoint":
            self._checkpoint(entry)
        elif kind == "verdict":
            self._certificate(data)
            self.report.verdicts += 1
        elif kind == "retired":
            self._kept = (entry["sequence"], data.get("kept_from"), data.get("kept_hash"))
        elif kind != "started":
            raise _BrokenError(FaultKind.MALFORMED, f"unknown type {kind!r}")
        if self._anchor is not None and self._anchor[0] == entry["sequence"] and self._anchor[1] != value:
            raise _BrokenError(FaultKind.TAMPERED, "it is not the record that the known head names")
        self.report.last, self.report.head, self._time_ns = entry["sequence"], value, entry["time_ns"]

    def _place(self, entry: Mapping[str, Any]) -> None:
        """Sequence, chain, trail and time fit what came before."""
        report, sequence = self.report, entry["sequence"]
        if not report.last:
            report.first, report.trail = sequence, entry["trail"]
            report.head = entry["previous"]
            if sequence == 1 and (entry["previous"] != NO_HASH or entry["type"] != "started"):
                raise _BrokenError(FaultKind.TAMPERED, "it says that it is the first record, and is not made like one")
            if sequence > 1 and entry["type"] != "checkpoint":
                reason = f"records before {sequence} are not there, and a shortened trail begins with a checkpoint"
                raise _BrokenError(FaultKind.MISSING, reason)
        else:
            expected = report.last + 1
            if sequence < expected:
                raise _BrokenError(FaultKind.REORDERED, f"record {sequence} stands where record {expected} belongs")
            if sequence > expected:
                raise _BrokenError(FaultKind.MISSING, f"record {expected} is not there; record {sequence} follows")
        if entry["trail"] != report.trail:
            raise _BrokenError(FaultKind.TAMPERED, "it belongs to another trail")
        if entry["previous"] != report.head:
            reason = "it does not continue the record before it: one of the two was rewritten"
            raise _BrokenError(FaultKind.TAMPERED, reason)
        if entry["time_ns"] < self._time_ns:
            raise _BrokenError(FaultKind.TAMPERED, "its time lies before that of the record before it")

    def _checkpoint(self, entry: Mapping[str, Any]) -> None:
        key, signature = entry["data"].get("key"), entry["data"].get("signature")
        if not (_matches(_HEX_64, key) and _matches(_HEX_128, signature)):
            raise _BrokenError(FaultKind.MALFORMED, "the checkpoint lacks a key or a signature")
        since = self.report.signed_to + 1
        if key not in (self._keys or self.report.keys or {key}):
            reason = f"signed with the key {key}, which is not a trusted one: records {since} to {entry['sequence']}"
            raise _BrokenError(FaultKind.KEY, f"{reason} may have been written by somebody else")
        if not _signature_holds(key, signature, signed_part(entry)):
            reason = (
                f"the signature does not hold: at least one of records {since} to {entry['sequence']} was rewritten"
            )
            raise _BrokenError(FaultKind.SIGNATURE, reason)
        if key not in self.report.keys:
            self.report.keys.append(key)
        self.report.checkpoints += 1
        self.report.signed_to = entry["sequence"]
        if self.report.last == 0:
            self._first_hash = digest(canonical(entry))

    def _certificate(self, data: Mapping[str, Any]) -> None:
        certificate = data.get("certificate")
        if certificate is None:
            return
        content = certificate.get("content") if isinstance(certificate, Mapping) else None
        if content is None or self._check is None:
            self.report.certificates_unchecked += 1
            return
        if certificate.get("reference") != "sha256:" + digest(canonical(content)):
            raise _BrokenError(FaultKind.CERTIFICATE, "the certificate is not the one that the record refers to")
        try:
            reason = self._check(content, data)
        except Exception as fault:  # noqa: BLE001 - a checker that fails has not accepted
            reason = f"the checker failed: {type(fault).__name__}"
        if reason is not None:
            raise _BrokenError(FaultKind.CERTIFICATE, f"the certificate is refused: {reason}")
        self.report.certificates_checked += 1

    def finish(self, *, unsigned_tail: bool, fragment: bool) -> None:
        """What can only be said at the end."""
        report = self.report
        if not report.last:
            raise _BrokenError(FaultKind.TRUNCATED, "the trail is empty")
        if not fragment:
            self._retirement()
        if not report.checkpoints:
            raise _BrokenError(FaultKind.TRUNCATED, "nothing in the trail is signed")
        if report.signed_to < report.last and not unsigned_tail:
            reason = f"the trail ends after record {report.last}, no checkpoint: it was cut, or is still written"
            raise _BrokenError(FaultKind.TRUNCATED, reason)
        if self._anchor is not None and not report.first <= self._anchor[0] <= report.last:
            reason = f"the known head is record {self._anchor[0]}, and the trail has {report.first} to {report.last}"
            raise _BrokenError(FaultKind.TRUNCATED, reason)

    def _retirement(self) -> None:
        """A trail that does not begin with record 1 holds a signed record that says so."""
        first, kept = self.report.first, self._kept
        said = kept is not None and kept[0] < self.report.signed_to and kept[1:] == (first, self._first_hash)
        if first > 1 and not said:
            reason = f"records 1 to {first - 1} are not there, and no signed record says that they were retired"
            raise _BrokenError(FaultKind.MISSING, reason, record=1)


def _parsed(line: bytes) -> tuple[dict[str, Any], str]:
    """The entry of a line and its hash, once the line is in the one form it may have and the hash is right."""
    if len(line) > LINE_BYTES_MAX:
        raise _BrokenError(FaultKind.MALFORMED, f"the line has more than {LINE_BYTES_MAX} bytes")
    if not line.endswith(b"\n"):
        raise _BrokenError(FaultKind.TRUNCATED, "the line has no end")
    try:
        parsed = json.loads(line, parse_float=_no_float, parse_constant=_no_float)
        same = canonical(parsed) + b"\n" == line
    except (ValueError, RecursionError):
        raise _BrokenError(FaultKind.MALFORMED, "the line is not JSON of this format") from None
    if not same or not isinstance(parsed, dict) or parsed.keys() != {"entry", "hash"}:
        raise _BrokenError(FaultKind.MALFORMED, "the line is not in canonical form")
    entry, value = parsed["entry"], parsed["hash"]
    if not _matches(_HEX_64, value):
        raise _BrokenError(FaultKind.MALFORMED, "the line carries no hash")
    if digest(line[_BODY]) != value:
        raise _BrokenError(FaultKind.TAMPERED, "its hash is not the one it carries: the record was changed")
    if not isinstance(entry, dict) or entry.keys() != _ENTRY_FIELDS or entry["format"] != FORMAT:
        raise _BrokenError(FaultKind.MALFORMED, f"not an entry of the format {FORMAT}")
    numbers = (entry["sequence"], entry["time_ns"])
    texts = (entry["trail"], entry["previous"], entry["type"])
    typed = all(type(one) is int and one >= 0 for one in numbers) and all(isinstance(one, str) for one in texts)
    if not typed or entry["sequence"] < 1 or not isinstance(entry["data"], dict):
        raise _BrokenError(FaultKind.MALFORMED, "a field has the wrong type")
    return entry, value


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _no_float(spelling: str) -> NoReturn:
    raise ValueError(f"the number {spelling[:20]} is not whole")


def _signature_holds(key: str, signature: str, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def verify_lines(
    lines: Iterable[bytes],
    keys: Collection[str] = (),
    *,
    unsigned_tail: bool = False,
    fragment: bool = False,
    certificate_check: CertificateCheck | None = None,
    anchor: tuple[int, str] | None = None,
) -> Report:
    """Checks a trail, line by line; memory does not grow with its length.

    Args:
        lines: with their line ends, in order.
        keys: the public keys that may have signed, in hexadecimal. Without any, the first key in the trail is believed.
        unsigned_tail: accept records after the last checkpoint, as a trail has while it is written.
        fragment: the lines begin at a checkpoint somewhere inside; what came before is not asked for.
        certificate_check: checks every certificate; without it they are counted as unchecked.
        anchor: number and hash of a record that is known from elsewhere: a trail cut before it is found out.
    """
    verifier = _Verifier(keys, certificate_check, anchor)
    number = 0
    remaining = iter(lines)
    try:
        for line in remaining:
            number += 1
            verifier.take(line)
        number += 1
        verifier.finish(unsigned_tail=unsigned_tail, fragment=fragment)
    except _BrokenError as broken:
        record = broken.record or verifier.expected
        kind = broken.kind
        moved, retired = _later(remaining, record, verifier.report.first)
        if kind == FaultKind.MISSING and moved:
            kind = FaultKind.REORDERED
        verifier.report.fault = Fault(kind, number, record, broken.reason)
        if verifier.report.first > 1 and not (fragment or retired or verifier.retirement_read):
            reason = f"records 1 to {verifier.report.first - 1} are not there, and nothing says that they were retired"
            verifier.report.fault = Fault(FaultKind.MISSING, 1, 1, reason)
    return verifier.report


def _later(lines: Iterable[bytes], record: int | None, first: int) -> tuple[bool, bool]:
    """Whether what follows a fault, believed as it is, holds this record; and whether it retires all before `first`."""
    moved = retired = False
    for line in lines:
        try:
            entry = json.loads(line)["entry"]
            moved = moved or entry["sequence"] == record
            retired = retired or (entry["type"] == "retired" and entry["data"]["kept_from"] == first)
        except (ValueError, RecursionError, KeyError, TypeError):
            continue
    return moved, retired


def read_public_key(text: str) -> str:
    """The hexadecimal public key that `text` is, or its file holds (also as PEM). Raises `ValueError` for none."""
    if _HEX_64.fullmatch(text.strip().lower()):
        return text.strip().lower()
    path = Path(text)
    if not path.is_file():
        raise ValueError(f"{text}: neither 64 hexadecimal digits nor a file")
    with path.open("rb") as stream:
        data = stream.read(_KEY_FILE_BYTES_MAX)
    content = data.decode("ascii", "replace").strip()
    if _HEX_64.fullmatch(content.lower()):
        return content.lower()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    key = load_pem_public_key(data) if b"PUBLIC KEY" in data else None
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError(f"{text}: not an Ed25519 public key (PEM, or 64 hexadecimal digits)")
    return key.public_bytes_raw().hex()


def open_to_read(path: Path) -> sqlite3.Connection:
    """The SQLite file of a trail, to read only; any thread may use the connection. Raises `sqlite3.Error`.

    SQLite writes beside what it reads. Where it may not, the file alone is the trail if no log (`-wal`) holds records.
    """
    path = path.resolve()
    log = path.with_name(f"{path.name}-wal")
    for uri in (f"{path.as_uri()}?mode=ro", f"{path.as_uri()}?mode=ro&immutable=1"):
        database = sqlite3.connect(uri, uri=True, check_same_thread=False, isolation_level=None)
        try:
            database.execute("SELECT sequence FROM aimds_audit_entries LIMIT 1")
            break
        except sqlite3.Error as fault:
            database.close()
            may_not = getattr(fault, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
            if not may_not or "immutable" in uri:
                raise
            if log.exists() and log.stat().st_size > 0:  # readers leave empty ones
                reason = f"{log.name} may hold records, and is only read in a folder that can be written"
                raise sqlite3.OperationalError(f"{fault}: {reason}: copy both files into one of your own") from fault
    return database


def trail_lines(path: Path) -> Iterator[bytes]:
    """The lines of an exported trail, or of the SQLite file of one."""
    with path.open("rb") as stream:
        magic = stream.read(len(_SQLITE_MAGIC))
        if magic != _SQLITE_MAGIC:
            stream.seek(0)
            while line := stream.readline(LINE_BYTES_MAX + 1):
                yield line
            return
    with closing(open_to_read(path)) as database:
        for (text,) in database.execute("SELECT line FROM aimds_audit_entries ORDER BY sequence"):
            yield str(text).encode("utf-8", "backslashreplace") + b"\n"


def named_check(name: str) -> CertificateCheck:
    """The certificate check of this name, `module:function`. Raises `ValueError` when there is none."""
    module, _, function = name.partition(":")
    try:
        found = getattr(import_module(module), function)
    except (ImportError, AttributeError, ValueError) as fault:
        raise ValueError(f"{name}: no such check ({fault})") from None
    return found  # type: ignore[no-any-return]


def read_anchor(text: str) -> tuple[int, str]:
    """A known record, `NUMBER:HASH`. Raises `ValueError` for a text of another form."""
    number, _, value = text.partition(":")
    if not re.fullmatch(r"[0-9]{1,18}", number) or not _HEX_64.fullmatch(value.lower()):
        raise ValueError(f"{text}: expected NUMBER:HASH, as `verify` prints it")
    return int(number), value.lower()


def words(report: Report) -> list[str]:
    """The report as lines for people."""
    fault = report.fault
    if fault is not None:
        where = f"line {fault.line}" if fault.record is None else f"record {fault.record} (line {fault.line})"
        lines = [f"NOT INTACT: {fault.kind} at {where}: {fault.reason}"]
        if report.signed_to:
            lines.append(f"records {report.first} to {report.signed_to} are covered by a signature that holds")
        return lines
    counts = f"{report.verdicts} verdicts, {report.checkpoints} signatures"
    lines = [f"intact: records {report.first} to {report.last}, {counts}"]
    if report.first > 1:
        lines.append(f"records 1 to {report.first - 1} were retired, and a signed record says so")
    if report.signed_to < report.last:
        lines.append(f"records {report.signed_to + 1} to {report.last} are chained and not yet signed")
    lines.extend(f"signed with {key}" for key in report.keys)
    if report.certificates_checked:
        lines.append(f"{report.certificates_checked} certificates checked")
    lines.append(f"head {report.last}:{report.head}")
    lines.extend(f"OPEN: {note}" for note in report.unchecked)
    return lines


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m aimds.audit.verify",
        description="Verify an exported audit trail, or the SQLite file of one.",
        epilog="Exit codes: 0 intact, 1 a bad record, 2 it could not be read, 3 intact as far as could be checked.",
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="the trail")
    key = "trusted key: hexadecimal, or a file; repeatable"
    parser.add_argument("--public-key", metavar="KEY", action="append", default=[], help=key)
    parser.add_argument("--head", metavar="NUMBER:HASH", help="a record known from elsewhere that must be in the trail")
    tail = "accept records after the last signature (a trail in use)"
    parser.add_argument("--unsigned-tail", action="store_true", help=tail)
    parser.add_argument("--certificate-check", metavar="MODULE:FUNCTION", help="checks every certificate")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """The stand-alone command; returns its exit code."""
    options = _arguments(arguments)
    try:
        report = verify_lines(
            trail_lines(options.file),
            [read_public_key(one) for one in options.public_key],
            unsigned_tail=options.unsigned_tail,
            certificate_check=named_check(options.certificate_check) if options.certificate_check else None,
            anchor=read_anchor(options.head) if options.head else None,
        )
    except (OSError, ValueError, sqlite3.Error, ImportError) as fault:
        sys.stderr.write(f"cannot verify: {fault}\n")
        return 2
    shape = {**asdict(report), "open": report.unchecked, "intact": report.fault is None}
    sys.stdout.write(json.dumps(shape) + "\n" if options.json else "\n".join(words(report)) + "\n")
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main())
