"""`aimds watch`: judges the events of a log as they are written."""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aimds.cli.edge import Problems, guarded, print_json
from aimds.cli.exit_codes import ExitCode, exit_code_of, worst
from aimds.cli.options import (
    ConfigOption,
    DebugOption,
    JsonOption,
    KindOption,
    ProfileOption,
    RoleOption,
    SetOption,
    ToolOption,
    TrustOption,
    chosen,
    load_defense,
)
from aimds.errors import InputError
from aimds.records import Action, EventKind

if TYPE_CHECKING:
    from aimds.evaluation import EventDefaults, Line
    from aimds.records import Event, Verdict

__all__ = ["watch"]

_NS_PER_S = 1_000_000_000


@guarded
def watch(
    log: Annotated[Path, typer.Argument(metavar="LOG", help="JSONL file, one event a line; may not exist yet.")],
    as_json: JsonOption = False,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Also judge the lines that are there already.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="Stop at the end of the file; implies --from-start.")] = False,
    flagged: Annotated[bool, typer.Option("--flagged", help="Print only what is blocked or escalated.")] = False,
    interval_s: Annotated[
        float, typer.Option("--interval", min=0.01, metavar="SECONDS", help="How often to look for new lines.")
    ] = 0.25,
    kind: KindOption = None,
    role: RoleOption = None,
    trust: TrustOption = None,
    tool: ToolOption = None,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    assignments: SetOption = None,
    debug: DebugOption = False,
) -> ExitCode:
    """Follow a log of events and judge each as it comes.

    Lines are {"content" (or "text"), "type" (or "kind"), "role", "tool", "session" (or "session_id"), "ts"}; events of
    one session are judged together. What a person decided is {"type": "approval", "by", "about", "session", "ts",
    "expires_s"}, or "revocation"; about is the id of the event that was held. The file is followed through rotation and
    truncation. Ctrl-C ends it with a summary; the exit code is that of the worst verdict.
    """
    from aimds.cli.follow import Follower
    from aimds.evaluation import EventDefaults

    defense = load_defense(config, chosen(profile, assignments))
    defaults = EventDefaults(EventKind(kind or EventKind.PROMPT), role, trust, tool)
    problems = Problems()
    seen: Counter[Action] = Counter()

    def wait() -> bool:
        if once:
            return False
        sys.stdout.flush()
        time.sleep(interval_s)
        return True

    try:
        for line in Follower(log, from_start=from_start or once, wait=wait):
            try:
                event = _event(line, str(log), defaults)
                if event is None:
                    continue
                verdict = defense.evaluate(event)
            except InputError as error:
                problems.add(error)
                continue
            seen[verdict.action] += 1
            if not flagged or verdict.action is not Action.ALLOW:
                _show(verdict, as_json=as_json)
    except KeyboardInterrupt:
        sys.stderr.write("\n")
    problems.finish()
    if not as_json:
        counts = ", ".join(f"{count} {action}" for action, count in seen.items())
        sys.stderr.write(f"{seen.total()} events: {counts or 'nothing judged'}\n")
    codes = [exit_code_of(action) for action in seen]
    return worst([*codes, ExitCode.BAD_INPUT] if problems.count else codes)


def _event(line: Line | InputError, name: str, defaults: EventDefaults) -> Event | None:
    from aimds.evaluation import event_from_object
    from aimds.evaluation.rows import parse_object

    if isinstance(line, InputError):
        raise line
    if not line.text.strip():
        return None
    place = f"{name}:{line.number}"
    return event_from_object(parse_object(line, place), place, defaults=defaults)


def _show(verdict: Verdict, *, as_json: bool) -> None:
    if as_json:
        from aimds.cli.shapes import verdict_to_json

        print_json(verdict_to_json(verdict, redact=True))
        sys.stdout.flush()
        return
    from rich.text import Text

    from aimds.cli.render import console, one_line
    from aimds.cli.visible import visible_line

    line = Text(time.strftime("%H:%M:%S ", time.localtime((verdict.event.timestamp_ns or 0) / _NS_PER_S)), "dim")
    line.append_text(one_line(verdict))
    origin = [str(verdict.event.kind), *filter(None, (verdict.event.session_id, verdict.event.tool))]
    line.append(f"  ({visible_line(', '.join(origin))})", "dim")
    console().print(line, soft_wrap=True)
