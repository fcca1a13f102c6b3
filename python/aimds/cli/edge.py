"""The edge between the verbs and the shell: errors become one line with a code; a traceback only with `--debug`."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable
from typing import Final, NoReturn, ParamSpec, TextIO

from aimds.cli.exit_codes import ExitCode
from aimds.errors import AimdsError, ErrorCode, InputError

__all__ = [
    "Problems",
    "discard",
    "finish_output",
    "guarded",
    "print_error",
    "print_json",
    "print_note",
    "printable",
    "refused",
    "usage_error",
]

P = ParamSpec("P")

_PROBLEMS_SHOWN_MAX: Final = 50  # a file that is wrong altogether would say the same thing a million times


def usage_error(reason: str, command: str = "aimds") -> InputError:
    """The error for options that do not fit together."""
    return InputError(ErrorCode.USAGE, reason=reason, advice=f"run `{command} --help`")


def printable(text: str) -> str:
    """`text` on one line, with control characters (also those that steer a terminal) as escapes."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def print_error(error: AimdsError, *, with_help: bool = True) -> None:
    """`aimds: <code>: <message>` and what to do, on standard error."""
    _tell(f"aimds: {error.code.slug}: {printable(str(error))}")
    if with_help:
        _tell(f"help: {printable(error.help)}")


def print_note(text: str) -> None:
    """`note: ...` on standard error, for what is no error and yet must be known."""
    _tell(f"note: {printable(text)}")


def _tell(line: str) -> None:
    try:
        print(line, file=sys.stderr)  # noqa: T201 - this is the printer
    except OSError:  # a full disk or a closed pipe there too: the exit code still speaks
        discard(sys.stderr)


def print_json(shape: object, *, indent: int | None = None) -> None:
    """JSON on standard output, readable where the terminal can show all characters.

    A lone surrogate, which UTF-8 cannot carry, becomes the escape that JSON has for it.
    """
    readable = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    text = json.dumps(shape, ensure_ascii=not readable, indent=indent)
    sys.stdout.write(text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n")


def discard(stream: TextIO) -> None:
    """Points a stream at nothing, so that the interpreter does not complain again on its way out."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except (OSError, ValueError):  # the stream is not a file, as under a test runner
        return


def finish_output(code: int) -> int:
    """Writes what is still held back of standard output; the exit code is that of the failure where it fails."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        discard(sys.stdout)
        return ExitCode.PIPE_CLOSED
    except OSError as error:
        return refused(error)
    return code


def refused(error: OSError) -> ExitCode:
    """Tells what the operating system refused, such as output on a full disk, and returns the exit code.

    Left alone it would be a traceback and the exit code 1, which means blocked.
    """
    named = isinstance(error.filename, (str, bytes))
    place = os.fsdecode(error.filename) if named else "input or output"
    print_error(InputError(ErrorCode.STORE_FAILED, place=place, reason=error.strerror or type(error).__name__))
    try:
        sys.stdout.flush()
    except OSError:  # it still holds what it cannot write, and that is told now
        discard(sys.stdout)
    return ExitCode.BAD_INPUT


def guarded(verb: Callable[P, ExitCode]) -> Callable[P, NoReturn]:
    """Wraps a verb: its code, or the code of what went wrong, becomes the exit code of the process."""

    @functools.wraps(verb)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> NoReturn:
        import typer

        try:
            code = verb(*args, **kwargs)
            sys.stdout.flush()
        except BrokenPipeError:
            discard(sys.stdout)
            code = ExitCode.PIPE_CLOSED
        except (AimdsError, OSError) as error:
            if kwargs.get("debug"):
                raise
            if isinstance(error, AimdsError):
                print_error(error)
                code = ExitCode.BAD_INPUT
            else:
                code = refused(error)
        except KeyboardInterrupt:
            code = ExitCode.INTERRUPTED
        raise typer.Exit(int(code))

    return wrapper


class Problems:
    """Reports what went wrong with single inputs while the others go on; the first of each code comes with its help."""

    def __init__(self) -> None:
        self.count = 0
        self._explained: set[ErrorCode] = set()

    def add(self, error: AimdsError) -> None:
        """Prints the error, as long as there are not too many."""
        self.count += 1
        if self.count <= _PROBLEMS_SHOWN_MAX:
            print_error(error, with_help=error.code not in self._explained)
            self._explained.add(error.code)

    def finish(self) -> None:
        """Says how many were not shown."""
        if self.count > _PROBLEMS_SHOWN_MAX:
            _tell(f"aimds: and {self.count - _PROBLEMS_SHOWN_MAX} more")
