"""The error catalogue: every error a user can meet has a stable code, says what was wrong and what to do.

AimdsError
├── InputError            what was handed in cannot be judged
├── ConfigurationError    settings, rule packs, policies
├── ArtefactError         a model, index or store file
├── BlockedError          raised by `Verdict.enforce()`
└── StageError            a stage failed inside; the pipeline turns it into an undecided verdict
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

__all__ = [
    "AimdsError",
    "ArtefactError",
    "BlockedError",
    "ConfigurationError",
    "ErrorCode",
    "InputError",
    "StageError",
]


@dataclass(frozen=True, slots=True)
class _Entry:
    slug: str
    template: str
    help: str


class ErrorCode(Enum):
    """Every error: stable slug, message template, and what to do about it. `docs/errors.md` lists the same set."""

    INPUT_NOT_UTF8 = _Entry(
        "input-not-utf8", "{place}: byte {offset} is not valid UTF-8", "convert the file to UTF-8 and try again"
    )
    INPUT_TOO_LARGE = _Entry(
        "input-too-large",
        "{place}: {size} {unit} is above the limit of {limit}",
        "split the input: the limits are fixed, so that no input can exhaust the machine",
    )
    INPUT_BAD_ROW = _Entry(
        "input-bad-row",
        "{place}: {reason}",
        "correct or remove the row; the good rows were judged, of one session those before it",
    )
    INPUT_BAD_EVENT = _Entry(
        "input-bad-event", "{place}: {reason}", "see `aimds.records.Event` for the fields of an event and their values"
    )
    INPUT_BAD_VALUE = _Entry(
        "input-bad-value",
        "{place}: {reason}",
        "`--help` of the command, or the docstring of the function, says which values it takes",
    )
    FORMULA_INVALID = _Entry(
        "formula-invalid", "{place}: {reason}", "`aimds.temporal.monitors` describes the language with examples"
    )
    CAPACITY_REACHED = _Entry(
        "capacity-reached", "{place}: {reason}", "let pending work finish or cancel some, or raise the capacity"
    )
    INPUT_NOT_FOUND = _Entry("input-not-found", "{place}: {reason}", "check the path and its permissions")
    INPUT_EMPTY = _Entry(
        "input-empty",
        "{place}: nothing to judge: {reason}",
        "check that it is the right file or folder, and which files --glob, --exclude and --hidden take",
    )
    USAGE = _Entry("usage", "{reason}", "{advice}")
    CONFIGURATION_INVALID = _Entry(
        "configuration-invalid", "{place}: {reason}", "`aimds doctor` shows every setting and where it came from"
    )
    RULE_PACK_INVALID = _Entry(
        "rule-pack-invalid", "{place}: {reason}", "docs/rules.md describes the pack format with an example"
    )
    POLICY_INVALID = _Entry(
        "policy-invalid",
        "{place}: {reason}",
        "`aimds policy check FILE` shows the place; docs/policy-language.md describes the language with examples",
    )
    POLICY_UNKNOWN_SET = _Entry(
        "policy-unknown-set", "{place}: there is no policy set `{name}`", "name one of its sets: {sets}"
    )
    POLICY_UNPROVED = _Entry(
        "policy-unproved",
        "{place}: {reason}",
        "the decision has no proof, and nothing is granted on it; look at it with `aimds policy explain`",
    )
    ARTEFACT_MISSING = _Entry(
        "artefact-missing", "{place}: {reason}", "reinstall aimds, or point the settings at the file"
    )
    ARTEFACT_CORRUPT = _Entry(
        "artefact-corrupt", "{place}: {reason}", "the file is damaged or of another version: restore or rebuild it"
    )
    ARTEFACT_CHECKSUM = _Entry(
        "artefact-checksum",
        "{place}: {reason}",
        "restore the file or reinstall aimds; if the change is meant, write SHA256SUMS anew with `sha256sum`",
    )
    STORE_FAILED = _Entry("store-failed", "{place}: {reason}", "check the disk, its free space and its permissions")
    AUDIT_KEY = _Entry(
        "audit-key",
        "{place}: {reason}",
        "make a key with `aimds audit key new FILE`; the private file belongs to its owner alone: chmod 600",
    )
    AUDIT_BROKEN = _Entry(
        "audit-broken",
        "{place}: record {record}: {reason}",
        "keep the trail as evidence, look at it with `aimds audit verify`, and point audit.path at a new one",
    )
    BLOCKED = _Entry(
        "blocked", "the event was not allowed: {reason}", "the verdict on the exception holds the evidence"
    )
    STAGE_FAILED = _Entry(
        "stage-failed", "stage {place} failed: {reason}", "the verdict is undecided; please report the fault"
    )
    EXTRA_MISSING = _Entry("extra-missing", "{place} needs the extra `{extra}`", "pip install 'aimds[{extra}]'")

    @property
    def slug(self) -> str:
        """The stable code that programs compare."""
        return self.value.slug

    @property
    def help(self) -> str:
        """What the reader can do about it."""
        return self.value.help


class AimdsError(Exception):
    """Base of all errors: `code`, `fields` (what the template was filled with), `help`."""

    def __init__(self, code: ErrorCode, **fields: Any) -> None:
        self.code = code
        self.fields = fields
        super().__init__(code.value.template.format(**fields))

    def __reduce__(self) -> tuple[Any, ...]:
        """For other processes. An exception is made again from its message alone, which no class here would take."""
        return _made_again, (type(self), self.args, self.__dict__)

    @property
    def help(self) -> str:
        """What the reader can do about it."""
        return self.code.help.format(**self.fields)


def _made_again(kind: type[AimdsError], args: tuple[Any, ...], attributes: dict[str, Any]) -> AimdsError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(attributes)
    return error


class InputError(AimdsError):
    """What was handed in cannot be judged."""


class ConfigurationError(AimdsError):
    """Settings, a rule pack or a policy is wrong."""


class ArtefactError(AimdsError):
    """A model, index or store file is missing or damaged."""


class StageError(AimdsError):
    """A stage failed inside; the pipeline turns it into an undecided verdict."""


class BlockedError(AimdsError):
    """The verdict did not allow the event; `verdict` holds the evidence."""

    def __init__(self, verdict: Any, reason: str) -> None:
        self.verdict = verdict
        super().__init__(ErrorCode.BLOCKED, reason=reason)
