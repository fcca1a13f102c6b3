"""The command line: `aimds VERB`. Exit codes: 0 allowed or fine, 1 blocked or findings, 2 bad input, 3 escalated."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Entry point of the `aimds` command; leaves the process with the exit code of the verb."""
    from aimds.cli.app import run

    raise SystemExit(run())
