"""What the exit code says, and which of several wins."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from aimds.records import Action

__all__ = ["ExitCode", "exit_code_of", "worst"]


class ExitCode(IntEnum):
    """The exit codes of every verb."""

    OK = 0
    FINDINGS = 1
    BAD_INPUT = 2
    ESCALATED = 3
    INTERRUPTED = 130  # 128 + SIGINT, as shells expect
    PIPE_CLOSED = 141  # 128 + SIGPIPE


_RANK = (ExitCode.OK, ExitCode.ESCALATED, ExitCode.FINDINGS, ExitCode.BAD_INPUT)


def exit_code_of(action: Action) -> ExitCode:
    """The exit code for one verdict."""
    return {Action.BLOCK: ExitCode.FINDINGS, Action.ESCALATE: ExitCode.ESCALATED}.get(action, ExitCode.OK)


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """The code for several inputs: bad input before blocked before escalated before fine."""
    return max(codes, key=_RANK.index, default=ExitCode.OK)
