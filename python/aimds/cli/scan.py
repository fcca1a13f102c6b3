"""`aimds scan`: judges texts, files, folders and standard input."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Final

import typer

from aimds.cli.edge import Problems, guarded, print_json, print_note, usage_error
from aimds.cli.exit_codes import ExitCode, exit_code_of, worst
from aimds.cli.options import (
    ConfigOption,
    DebugOption,
    JsonOption,
    KindOption,
    ProfileOption,
    RoleOption,
    SetOption,
    TextKind,
    ToolOption,
    TrustOption,
    chosen,
    load_defense,
)
from aimds.errors import InputError
from aimds.records import Event, Role, Trust, Verdict

if TYPE_CHECKING:
    from aimds.cli.inputs import ScanInput

__all__ = ["scan"]

_NOTES_SHOWN_MAX: Final = 50  # a folder of pictures would bury the verdicts

_Inputs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="INPUT",
        show_default=False,
        help="A text, a file, a folder, a glob, or `-` for standard input. Without any: standard input.",
    ),
]
_Text = Annotated[bool, typer.Option("--text", help="Take every INPUT as a text, even when a file is called so.")]
_Sarif = Annotated[bool, typer.Option("--sarif", help="Print a SARIF 2.1.0 log for code hosts and editors.")]
_Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors and what was skipped.")]
_Details = Annotated[bool, typer.Option("--details", help="With several inputs: a page for each, not one table.")]
_All = Annotated[bool, typer.Option("--all", help="With many inputs: list the allowed ones as well.")]
_Redact = Annotated[bool, typer.Option("--redact", help="Never print the text itself, only where the findings are.")]
_Glob = Annotated[
    list[str] | None, typer.Option("--glob", metavar="PATTERN", help="In folders: only files that match.")
]
_Exclude = Annotated[
    list[str] | None, typer.Option("--exclude", metavar="PATTERN", help="In folders: not files that match.")
]
_Hidden = Annotated[bool, typer.Option("--hidden", help="In folders: also names that begin with a dot.")]


@guarded
def scan(
    inputs: _Inputs = None,
    text: _Text = False,
    as_json: JsonOption = False,
    sarif: _Sarif = False,
    quiet: _Quiet = False,
    details: _Details = False,
    list_all: _All = False,
    redact: _Redact = False,
    kind: KindOption = None,
    role: RoleOption = None,
    trust: TrustOption = None,
    tool: ToolOption = None,
    glob: _Glob = None,
    exclude: _Exclude = None,
    hidden: _Hidden = False,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    assignments: SetOption = None,
    debug: DebugOption = False,
) -> ExitCode:
    """Judge texts, files, folders or standard input.

    Texts and standard input are judged as prompts, files as documents, unless --kind says otherwise. Spans count
    characters of the original text. Of several results the worst decides the exit code: 2 something could not be read,
    1 blocked, 3 escalated, 0 all allowed. A folder or a glob without any file to judge is an error.

    In folders, binary files, symbolic links and devices are skipped: each is named on standard error as a note, with
    --json also as {"input", "skipped"}, with --sarif also as a notification. They leave the exit code alone. A file is
    binary when it holds NUL bytes and much of its beginning is control characters; one given by its name is never
    skipped.
    """
    from aimds.cli.inputs import FolderFilter, gather

    if as_json and sarif:
        raise usage_error("--json and --sarif exclude each other", "aimds scan")
    arguments = list(inputs or ())
    if not arguments:
        if sys.stdin.isatty():
            raise usage_error("nothing to judge: give a text, a file or a folder, or pipe a text in", "aimds scan")
        arguments = ["-"]
    problems = Problems()
    output = _Output(as_json=as_json, sarif=sarif, quiet=quiet, details=details, list_all=list_all, redact=redact)
    pieces = gather(
        arguments,
        as_text=text,
        folder_filter=FolderFilter(tuple(glob or ()), tuple(exclude or ()), hidden),
        on_skip=output.skip,
    )
    defense = load_defense(config, chosen(profile, assignments))
    _judge(pieces, defense.evaluate, _Judged(kind, role, trust, tool), output, problems)
    problems.finish()
    output.finish()
    codes = [exit_code_of(verdict.action) for _, verdict in output.judged]
    return worst([*codes, ExitCode.BAD_INPUT] if problems.count else codes)


@dataclass(frozen=True, slots=True)
class _Judged:
    """What the options say the texts are."""

    kind: TextKind | None
    role: Role | None
    trust: Trust | None
    tool: str | None

    def event(self, item: ScanInput) -> Event:
        return Event(item.text, kind=self.kind or item.default_kind, role=self.role, trust=self.trust, tool=self.tool)


def _judge(
    pieces: Iterable[ScanInput | InputError],
    evaluate: Callable[[Event], Verdict],
    judged_as: _Judged,
    output: _Output,
    problems: Problems,
) -> None:
    for item in pieces:
        try:
            if isinstance(item, InputError):
                raise item
            verdict = evaluate(judged_as.event(item))
        except InputError as error:
            problems.add(error)
            output.error(error)
        else:
            output.verdict(item, verdict)


@dataclass(slots=True)
class _Output:
    """Prints results as they come where the form allows it, else at the end."""

    as_json: bool
    sarif: bool
    quiet: bool
    details: bool
    list_all: bool
    redact: bool
    judged: list[tuple[ScanInput, Verdict]] = field(default_factory=list)
    errors: list[InputError] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)

    def verdict(self, item: ScanInput, verdict: Verdict) -> None:
        self.judged.append((item, verdict))
        if self.as_json and not self.quiet:
            from aimds.cli.shapes import verdict_to_json

            shape = {"input": item.name, "offset": item.start, **verdict_to_json(verdict, redact=self.redact)}
            print_json(shape)

    def error(self, error: InputError) -> None:
        self.errors.append(error)
        if self.as_json and not self.quiet:
            from aimds.cli.shapes import error_to_json

            print_json({"input": error.fields.get("place"), **error_to_json(error.code.slug, str(error))})

    def skip(self, name: str, reason: str) -> None:
        """Tells of what is not judged, in every form of output: nobody may take it for judged."""
        self.skipped.append((name, reason))
        if len(self.skipped) <= _NOTES_SHOWN_MAX:
            print_note(f"skipped {name}: {reason}")
        if self.as_json and not self.quiet:
            print_json({"input": name, "skipped": reason})

    def finish(self) -> None:
        if len(self.skipped) > _NOTES_SHOWN_MAX:
            print_note(f"skipped {len(self.skipped) - _NOTES_SHOWN_MAX} more (all with --json and --sarif)")
        if self.sarif and not self.quiet:
            from aimds import __version__
            from aimds.cli.sarif import sarif_log

            print_json(sarif_log(self.judged, self.errors, __version__, skipped=self.skipped))
        elif not (self.as_json or self.quiet):
            self._pages()

    def _pages(self) -> None:
        from aimds.cli.render import console, verdict_page, verdict_table

        out = console()
        if len(self.judged) == 1 or self.details:
            for item, verdict in self.judged:
                verdict_page(out, item, verdict, redact=self.redact)
        elif self.judged:
            verdict_table(out, self.judged, list_all=self.list_all)
        if len(self.judged) != 1 or self.errors or self.skipped:
            out.print(self._summary())

    def _summary(self) -> str:
        counts = {"allowed": 0, "blocked": 0, "escalated": 0}
        names = {ExitCode.OK: "allowed", ExitCode.FINDINGS: "blocked", ExitCode.ESCALATED: "escalated"}
        for _, verdict in self.judged:
            counts[names[exit_code_of(verdict.action)]] += 1
        total = len(self.judged)
        parts = [f"{count} {name}" for name, count in counts.items() if count]
        if self.errors:
            parts.append(f"{len(self.errors)} could not be read")
        if self.skipped:
            parts.append(f"{len(self.skipped)} skipped")
        return f"\n{total} {'input' if total == 1 else 'inputs'}: {', '.join(parts) or 'nothing to judge'}"
