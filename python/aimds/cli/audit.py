"""`aimds audit`: the trail of verdicts from the command line."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aimds.cli.edge import guarded, print_json, usage_error
from aimds.cli.exit_codes import ExitCode
from aimds.cli.options import ConfigOption, DebugOption, JsonOption, SetOption, load_settings
from aimds.errors import ArtefactError, ErrorCode, InputError
from aimds.records import Action
from aimds.taxonomy import Category

if TYPE_CHECKING:
    from aimds.audit import AuditStore, Filters, Row
    from aimds.audit.verify import CertificateCheck, Report
    from aimds.settings import Settings

__all__ = ["export", "key_new", "key_show", "list_records", "show", "verify"]


class Format(StrEnum):
    """What `export` writes."""

    JSONL = "jsonl"
    OCSF = "ocsf"
    SARIF = "sarif"


_TrailOption = Annotated[
    str | None,
    typer.Option(
        "--trail", metavar="PLACE", help="The trail: a file or postgresql:// address. Without it: audit.path."
    ),
]
_Since = Annotated[
    str | None,
    typer.Option("--since", metavar="TIME", help="From this time on: 2026-11-28, 2026-11-28T09:30, or 2h, 7d ago."),
]
_Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Before this time; forms as for --since.")]
_Actions = Annotated[
    list[Action] | None, typer.Option("--action", help="Only this action; may be given several times.")
]
_Session = Annotated[str | None, typer.Option("--session", metavar="ID", help="Only events of this session.")]
_CategoryFilter = Annotated[
    Category | None,
    typer.Option("--category", metavar="CATEGORY", help="Only with a finding of this kind, such as prompt_leak."),
]


@contextmanager
def _opened(trail: str | None, settings: Settings) -> Iterator[AuditStore]:
    """The trail to read.

    Raises:
        InputError: `usage` when none is named.
    """
    from aimds.audit import open_store

    place = trail or settings.audit.path
    if place is None:
        raise usage_error("no trail to read: give --trail, or set audit.path", "aimds audit")
    store = open_store(place, read_only=True)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def _readable() -> Iterator[None]:
    """Turns the shapes that a forged record may have into an error: reading does not verify."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as fault:
        reason = f"a record has not the shape of one ({type(fault).__name__}): `aimds audit verify` tells more"
        raise ArtefactError(ErrorCode.ARTEFACT_CORRUPT, place="audit trail", reason=reason) from fault


def _filters(
    since: str | None,
    until: str | None,
    actions: list[Action] | None,
    session: str | None,
    category: Category | None,
    limit: int | None = None,
) -> Filters:
    from aimds.audit import Filters
    from aimds.cli.times import time_ns

    return Filters(
        since_ns=None if since is None else time_ns(since),
        until_ns=None if until is None else time_ns(until),
        actions=tuple(str(action) for action in actions or ()),
        session_id=session,
        category=None if category is None else str(category),
        limit=limit,
    )


@guarded
def list_records(
    since: _Since = None,
    until: _Until = None,
    action: _Actions = None,
    session: _Session = None,
    category: _CategoryFilter = None,
    count: Annotated[
        int, typer.Option("--count", "-n", min=1, max=100_000, help="At most so many, newest first.")
    ] = 50,
    trail: _TrailOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    assignments: SetOption = None,
    debug: DebugOption = False,
) -> ExitCode:
    """List verdicts, newest first.

    Listing trusts the trail as it is; `aimds audit verify` says whether it may be trusted.
    """
    from aimds.cli.audit_page import records_table

    filters = _filters(since, until, action, session, category, count)
    with _opened(trail, load_settings(config, assignments)) as store:
        rows = store.find(filters)
        if as_json:
            for row in rows:
                print_json({**row.entry, "hash": row.hash})
        else:
            with _readable():
                records_table(list(rows))
    return ExitCode.OK


@guarded
def show(
    record: Annotated[str, typer.Argument(metavar="ID", help="Number of a record, or id of an event.")],
    trail: _TrailOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    assignments: SetOption = None,
    debug: DebugOption = False,
) -> ExitCode:
    """Show one record for people: what was judged, how, on what evidence, by what, and where it stands in the chain."""
    from aimds.cli.audit_page import record_page

    with _opened(trail, load_settings(config, assignments)) as store:
        row = store.get(record)
        if row is None:
            raise InputError(ErrorCode.INPUT_NOT_FOUND, place=record, reason="the trail has no such record")
        signed_by = _signed_by(store, row)
    if as_json:
        print_json({**row.entry, "hash": row.hash, "signed_by": signed_by}, indent=2)
    else:
        with _readable():
            record_page(row, signed_by)
    return ExitCode.OK


def _signed_by(store: AuditStore, row: Row) -> int | None:
    """The number of the checkpoint that covers the record, if there is one already."""
    limit = 200_001  # twice the records that may lie between two checkpoints
    rows = islice(store.rows(row.sequence), limit)
    return next((one.sequence for one in rows if one.type == "checkpoint"), None)


@guarded
def verify(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", show_default=False, help="An exported trail; without it --trail, audit.path."),
    ] = None,
    public_key: Annotated[
        list[str] | None,
        typer.Option(
            "--public-key",
            metavar="KEY",
            help="Trusted key, hexadecimal or a file; repeatable. Without: audit.public_keys, else that of audit.key.",
        ),
    ] = None,
    head: Annotated[
        str | None,
        typer.Option("--head", metavar="NUMBER:HASH", help="A record known from elsewhere that must be in the trail."),
    ] = None,
    unsigned_tail: Annotated[
        bool, typer.Option("--unsigned-tail", help="Accept records after the last signature in an exported FILE too.")
    ] = False,
    certificate_check: Annotated[
        str | None,
        typer.Option("--certificate-check", metavar="MODULE:FUNCTION", help="Checks the certificate in every record."),
    ] = None,
    trail: _TrailOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    assignments: SetOption = None,
    debug: DebugOption = False,
) -> ExitCode:
    """Verify a trail: every hash, the order, every signature, every certificate; names the first bad record.

    Exits with 0 for an intact trail, 1 for a bad record, 3 when it is intact as far as could be checked: no key was
    trusted, or certificates could not be checked. `python -m aimds.audit.verify` does the same and needs nothing else
    of AIMDS.
    """
    from aimds.audit.verify import named_check, read_anchor, trail_lines, verify_lines, words
    from aimds.cli.edge import printable

    settings = load_settings(config, assignments)
    try:
        anchor = read_anchor(head) if head else None
        check = named_check(certificate_check) if certificate_check else None
        keys = _trusted_keys(public_key, settings)
    except (ValueError, OSError) as fault:
        raise usage_error(str(fault), "aimds audit verify") from None
    if file is not None:
        try:
            report = verify_lines(
                trail_lines(file), keys, unsigned_tail=unsigned_tail, certificate_check=check, anchor=anchor
            )
        except OSError as fault:
            reason = fault.strerror or "cannot be read"
            raise InputError(ErrorCode.INPUT_NOT_FOUND, place=str(file), reason=reason) from fault
        except sqlite3.Error as fault:
            from aimds.audit.sqlite_store import sqlite_fault

            raise sqlite_fault(str(file), fault) from fault
    else:
        with _opened(trail, settings) as store:
            report = _verify_store(store, keys, check, anchor)
    if as_json:
        print_json({**asdict(report), "open": report.unchecked, "intact": report.fault is None})
    else:
        sys.stdout.write("".join(f"{printable(line)}\n" for line in words(report)))
    return ExitCode(report.exit_code)


def _trusted_keys(given: list[str] | None, settings: Settings) -> list[str]:
    from aimds.audit import SigningKey
    from aimds.audit.verify import read_public_key

    names = given or list(settings.audit.public_keys)
    if names or settings.audit.key is None:
        return [read_public_key(name) for name in names]
    return [SigningKey.load(settings.audit.key.expanduser()).public]


def _verify_store(
    store: AuditStore, keys: list[str], check: CertificateCheck | None, anchor: tuple[int, str] | None
) -> Report:
    """Verifies a trail in its store; also that the columns by which `list` searches say what the records say."""
    from aimds.audit.verify import Fault, FaultKind, verify_lines

    differing: list[tuple[int, int]] = []

    def lines() -> Iterator[bytes]:
        for number, row in enumerate(store.rows(), start=1):
            yield row.line.encode("utf-8", "backslashreplace") + b"\n"
            if not differing and not _says_the_same(row):  # only reached once the line itself was found good
                differing.append((number, row.sequence))

    report = verify_lines(lines(), keys, unsigned_tail=True, certificate_check=check, anchor=anchor)
    if differing and (report.fault is None or report.fault.line > differing[0][0]):
        number, sequence = differing[0]
        reason = "the columns of the store do not say what the record says: searches would be led astray"
        report.fault = Fault(FaultKind.TAMPERED, number, sequence, reason)
    return report


def _says_the_same(row: Row) -> bool:
    from aimds.audit.store import row_of

    try:
        return row_of(row.entry) == row
    except (
        ArtefactError,
        AttributeError,
        KeyError,
        TypeError,
        ValueError,
    ):  # what a hash covers need not have the shape of a record
        return False


@guarded
def export(
    form: Annotated[
        Format, typer.Option("--format", help="jsonl: the whole trail, to verify; ocsf, sarif: detections for tools.")
    ] = Format.JSONL,
    since: _Since = None,
    until: _Until = None,
    action: _Actions = None,
    session: _Session = None,
    category: _CategoryFilter = None,
    trail: _TrailOption = None,
    config: ConfigOption = None,
    assignments: SetOption = None,
    debug: DebugOption = False,
) -> ExitCode:
    """Print the trail for others.

    As JSON lines it is whole and can be verified, so filters do not go with it; it ends with the last signature. OCSF
    (class 2004, a line an event) and SARIF 2.1.0 hold the detections, newest first, without any text.
    """
    filters = _filters(since, until, action, session, category)
    with _opened(trail, load_settings(config, assignments)) as store:
        if form is Format.JSONL:
            if any(one is not None for one in (since, until, action, session, category)):
                raise usage_error("a trail with gaps cannot be verified: no filters with --format jsonl", "aimds audit")
            _export_lines(store)
        else:
            with _readable():
                _export_detections(store, form, filters)
    return ExitCode.OK


def _export_detections(store: AuditStore, form: Format, filters: Filters) -> None:
    if form is Format.OCSF:
        from aimds.audit.ocsf import is_detection, ocsf_event

        for row in store.find(filters):
            if is_detection(row.data):
                print_json(ocsf_event(row))
    else:
        from aimds import __version__
        from aimds.cli.audit_sarif import audit_sarif_log

        print_json(audit_sarif_log(store.find(filters), __version__))


def _export_lines(store: AuditStore) -> None:
    signed_to = store.head().signed_sequence
    count = 0
    for row in store.rows():
        if row.sequence > signed_to:
            count += 1
            continue
        sys.stdout.write(row.line + "\n")
    if count:
        sys.stderr.write(f"note: {count} records are not signed yet and were left out\n")


@guarded
def key_new(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="Where the private key goes; the public one beside it.")],
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> ExitCode:
    """Make a signing key: FILE (mode 0600) and FILE.pub. Nothing is overwritten."""
    from aimds.audit import new_key

    _print_key(path, new_key(path).public, as_json=as_json)
    return ExitCode.OK


@guarded
def key_show(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The file of a private key.")],
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> ExitCode:
    """Show the public half of a signing key, which `verify --public-key` takes."""
    from aimds.audit import SigningKey

    _print_key(path, SigningKey.load(path).public, as_json=as_json)
    return ExitCode.OK


def _print_key(path: Path, public: str, *, as_json: bool) -> None:
    shape: dict[str, Any] = {"private_key": str(path), "public_key": public}
    if as_json:
        sys.stdout.write(json.dumps(shape) + "\n")
    else:
        sys.stdout.write(f"private key {path}\npublic key  {public}\n")
