"""Audit records for people: a table, and the page of one record."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from aimds.audit import Row
from aimds.cli.render import ACTION_STYLES, LEVEL_STYLES, console
from aimds.cli.times import when
from aimds.cli.visible import visible, visible_line
from aimds.records import Action, SeverityLevel

__all__ = ["record_page", "records_table"]

_MILLION: Final = 1_000_000
_DIGEST_SHOWN: Final = 16


def records_table(rows: Sequence[Row]) -> None:
    """Prints a line a verdict."""
    out = console()
    if not rows:
        out.print("no such records")
        return
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("record", "time", "action", "score", "category", "kind", "session", "reason"):
        table.add_column(name, overflow="fold", no_wrap=name in {"record", "time", "action", "score"})
    for row in rows:
        data = row.data
        verdict, event = data["verdict"], data["event"]
        table.add_row(
            str(row.sequence),
            when(row.time_ns),
            Text(verdict["action"], ACTION_STYLES[Action(verdict["action"])]),
            f"{verdict['score_millionths'] / _MILLION:.2f}",
            verdict["category"] or "",
            event["kind"],
            Text(visible_line(event["session_id"] or "")),
            Text(visible_line(verdict["reason"])),
        )
    out.print(table)


def record_page(row: Row, signed_by: int | None) -> None:
    """Prints one record in full: who, what, why, by what, and its place in the chain."""
    out = console()
    whole = row.entry
    data = whole["data"]
    head = Text(f"record {row.sequence}  ", "bold")
    head.append(f"{when(row.time_ns)}  {row.type}")
    out.print(head, soft_wrap=True)
    if row.type == "verdict":
        _verdict(out, data)
    else:
        _facts(out, [(name.replace("_", " "), json.dumps(value)) for name, value in sorted(data.items())])
    out.print(Text("\nchain", "bold"))
    signed = f"covered by the signature in record {signed_by}" if signed_by is not None else "not signed yet"
    _facts(out, [("trail", whole["trail"]), ("previous", whole["previous"]), ("hash", row.hash), ("signed", signed)])


def _verdict(out: Any, data: Mapping[str, Any]) -> None:
    verdict, event = data["verdict"], data["event"]
    line = Text(verdict["action"], ACTION_STYLES[Action(verdict["action"])])
    if verdict["learn"]:
        line.append(" + LEARN", ACTION_STYLES[Action.LEARN])
    line.append(f"  score {_share(verdict['score_millionths'])}  confidence {_share(verdict['confidence_millionths'])}")
    line.append(f"  {_ms(verdict['duration_ns'])}", "not bold default")
    out.print(line, soft_wrap=True)
    thresholds = (_share(verdict["block_threshold_millionths"]), _share(verdict["escalate_threshold_millionths"]))
    _facts(
        out,
        [
            ("because", visible_line(verdict["reason"])),
            ("thresholds", f"block {thresholds[0]}, escalate {thresholds[1]}"),
            ("event", f"{event['id']}, {event['kind']} of {event['role']}, trust {event['trust']}"),
            *([("decided", _decided(event["approval"]))] if event.get("approval") else []),
            ("session", event["session_id"] or "none"),
            *([("tool", event["tool"])] if event["tool"] else []),
            ("happened", when(event["timestamp_ns"]) if event["timestamp_ns"] is not None else "unknown"),
            ("text", _text_fact(event["text"])),
        ],
    )
    if event["text"]["kept"]:
        out.print(Padding(Text(visible(event["text"]["content"])), (1, 2, 0, 4), expand=False))
    for number, finding in enumerate(data["findings"], start=1):
        _finding(out, finding, number)
    if data["findings_omitted"]:
        out.print(f"\n  and {data['findings_omitted']} weaker findings, which the record does not hold")
    _rest(out, data)


def _finding(out: Any, finding: Mapping[str, Any], number: int) -> None:
    level = SeverityLevel(finding["severity_level"])
    head = Text(f"\n  [{number}] ")
    head.append(str(level).upper(), f"bold {LEVEL_STYLES[level]}")
    head.append(f"  {finding['category']}", "bold")
    head.append(f"  {visible_line(finding['rule_id'])}  confidence {_share(finding['confidence_millionths'])}")
    out.print(head, soft_wrap=True)
    rows = [("", visible_line(finding["message"]))]
    if finding["span"] is not None:
        rows.append(("at", f"characters {finding['span'][0]} to {finding['span'][1]}"))
    if finding["chain"]:
        rows.append(("undone", " > ".join(map(visible_line, finding["chain"]))))
    if finding["evidence"] is not None:
        rows.append(("evidence", f"{finding['evidence']} ({finding['evidence_characters']} characters)"))
    rows.extend(
        (visible_line(name), visible_line(json.dumps(value))) for name, value in sorted(finding["details"].items())
    )
    _facts(out, rows, indent=6)


def _rest(out: Any, data: Mapping[str, Any]) -> None:
    made_by, certificate = data["made_by"], data["certificate"]
    rows = [(one["stage"], _stage_fact(one)) for one in data["stages"]]
    if rows:
        out.print(Text("\nstages", "bold"))
        _facts(out, rows)
    if data["mitigations"]:
        out.print(Text("\nmitigations", "bold"))
        _facts(out, [(one["kind"], visible_line(one["reason"])) for one in data["mitigations"]])
    out.print(Text("\nmade by", "bold"))
    _facts(
        out,
        [
            ("aimds", made_by["version"]),
            ("settings", made_by["settings"][:_DIGEST_SHOWN]),
            ("rules", (made_by["rules"] or "not recorded")[:_DIGEST_SHOWN]),
            *((visible_line(name), value[:_DIGEST_SHOWN]) for name, value in sorted(made_by["models"].items())),
        ],
    )
    if certificate is not None:
        out.print(Text("\ncertificate", "bold"))
        _facts(out, [("reference", str(certificate["reference"])), ("left out", str(certificate["omitted"] or "no"))])
        if certificate["content"] is not None:
            out.print(Padding(Text(_pretty(certificate["content"])), (0, 0, 0, 4), expand=False))


def _stage_fact(stage: Mapping[str, Any]) -> str:
    reason = f" ({visible_line(stage['reason'])})" if stage["reason"] else ""
    figures = f"score {_share(stage['score_millionths'])}, {stage['findings']} findings, {_ms(stage['duration_ns'])}"
    return f"{stage['outcome']}, {figures}{reason}"


def _pretty(value: object) -> str:
    return json.dumps(value, indent=2, sort_keys=True)


def _decided(approval: dict[str, Any]) -> str:
    until = "" if approval["expires_ns"] is None else f", until {when(approval['expires_ns'])}"
    return f"by {approval['by']} about event {approval['about']}{until}"


def _text_fact(text: Mapping[str, Any]) -> str:
    kept = "kept" if text["kept"] else "not kept"
    cut = ", only its beginning" if text.get("cut") else ""
    return f"{text['characters']} characters, sha256 {text['sha256']}, {kept}{cut}"


def _facts(out: Any, rows: Sequence[tuple[str, str]], indent: int = 2) -> None:
    table = Table.grid(padding=(0, 1))
    table.add_column(style="dim", no_wrap=True, min_width=10)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(Text(visible_line(name)), Text(visible_line(value)))
    out.print(Padding(table, (0, 0, 0, indent), expand=False))


def _share(millionths: int) -> str:
    return f"{millionths / _MILLION:.2f}"


def _ms(duration_ns: int) -> str:
    return f"{duration_ns / 1e6:.2f} ms"
