"""Loads, checks and tests policy files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from aimds._core import PolicyBundle, PolicyDiagnostic, compile_policy, format_policy
from aimds.errors import ConfigurationError, ErrorCode, InputError
from aimds.policy.files import SUFFIX, Source, library_of, read_source, shipped_names, shipped_source, shipped_sources

__all__ = [
    "CheckReport",
    "Coverage",
    "Diagnostic",
    "PolicyError",
    "PolicyFile",
    "RuleFinding",
    "Shortfall",
    "TestFailure",
    "TestOutcome",
    "TestReport",
    "check",
    "diagnostic",
    "format_source",
    "load",
    "sources_of",
    "test",
]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What the compiler says of a place. Lines and columns (in characters) count from 1; the end is exclusive."""

    code: str
    level: str
    """`error`: the file cannot be used. `warning`: probably not as meant."""
    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    message: str
    help: str
    rendered: str
    """The text for people: code, place, the line with a mark below, help."""


class PolicyError(ConfigurationError):
    """A policy file cannot be used; `diagnostics` says where and why."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        self.diagnostics: Final = diagnostics
        first = next(one for one in diagnostics if one.level == "error")
        super().__init__(
            ErrorCode.POLICY_INVALID,
            place=f"{first.file}:{first.line}:{first.column}",
            reason=f"{first.message} [{first.code}]",
        )


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """A compiled policy file with what it imports."""

    name: str
    bundle: PolicyBundle
    diagnostics: tuple[Diagnostic, ...] = ()
    """Warnings."""
    sources: tuple[Source, ...] = ()
    """Name and text of each file that was read, the root first."""

    @property
    def sets(self) -> tuple[str, ...]:
        """Names of the policy sets that it declares or imports."""
        return tuple(self.bundle.sets)

    def choose_set(self, name: str | None = None) -> str:
        """The set of this name; without one the set that is called like the file, else the only one, else the last.

        Raises:
            ConfigurationError: `policy-unknown-set`.
        """
        sets = self.sets
        wanted = name if name is not None else self.name.removesuffix(SUFFIX)
        if wanted in sets:
            return wanted
        if name is None and sets:
            return sets[-1]
        raise ConfigurationError(
            ErrorCode.POLICY_UNKNOWN_SET, place=self.name, name=wanted, sets=", ".join(sets) or "it declares none"
        )


@dataclass(frozen=True, slots=True)
class RuleFinding:
    """A rule that is `unreachable`, `vacuous` or `shadowed`, or a permit in `conflict` with a denial (`other`)."""

    set: str
    kind: str
    rule: str
    certainty: str
    """`proved`: a theorem over all traces. `witness`: a trace shows it. `bounded`: a small search found nothing to the
    contrary, which is no proof."""
    other: str | None = None

    @property
    def is_fault(self) -> bool:
        """Whether it is to be corrected: no suspicion, and no conflict (the denial wins, which may be meant)."""
        return self.certainty != "bounded" and self.kind != "conflict"


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What is wrong with a file, and with the rules of its sets."""

    name: str
    diagnostics: tuple[Diagnostic, ...]
    findings: tuple[RuleFinding, ...]

    @property
    def is_clean(self) -> bool:
        """Nothing to correct: no diagnostic and no rule at fault."""
        return not self.diagnostics and not any(finding.is_fault for finding in self.findings)


@dataclass(frozen=True, slots=True)
class TestFailure:
    """An expectation that was not met."""

    __test__ = False
    file: str
    line: int
    message: str


@dataclass(frozen=True, slots=True)
class TestOutcome:
    """What came of one test."""

    __test__ = False
    name: str
    set: str
    checked: int
    failures: tuple[TestFailure, ...]


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Something that no test reached."""

    rule: str
    goal: str
    file: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the tests of one set reached: each rule fired and not, window ends and counts met and missed by one."""

    reached: int
    goals: int
    missing: tuple[Shortfall, ...]


@dataclass(frozen=True, slots=True)
class TestReport:
    """What came of all tests of a file."""

    __test__ = False
    name: str
    outcomes: tuple[TestOutcome, ...]
    coverage: Mapping[str, Coverage] = field(default_factory=dict)

    @property
    def has_passed(self) -> bool:
        """Whether there are tests and all of them passed."""
        return bool(self.outcomes) and not any(outcome.failures for outcome in self.outcomes)

    @property
    def is_covered(self) -> bool:
        """Whether the tests reached everything."""
        return bool(self.coverage) and all(one.reached == one.goals for one in self.coverage.values())


def load(source: str | Path) -> PolicyFile:
    """Compiles a file, or a shipped one by its name (`starter`).

    A string that ends in `.policy` or has a folder in it is a path; any other names a shipped set.

    Raises:
        PolicyError: `policy-invalid`, with all diagnostics.
        InputError: the file cannot be read.
    """
    (name, text), library = sources_of(source)
    bundle, found = compile_policy(name, text, library)
    diagnostics = tuple(map(diagnostic, found))
    if bundle is None:
        raise PolicyError(diagnostics)
    read = {name: text} | {other: its_text for other, its_text in library if other in bundle.files}
    return PolicyFile(name, bundle, diagnostics, tuple(read.items()))


def check(source: str | Path) -> CheckReport:
    """All that is wrong with a file; rules are looked at when it compiles. Takes up to seconds for a large set.

    Raises:
        InputError: the file cannot be read.
    """
    (name, text), library = sources_of(source)
    bundle, found = compile_policy(name, text, library)
    findings: list[RuleFinding] = []
    if bundle is not None:
        for of_set in bundle.sets:
            findings += [RuleFinding(set=of_set, **row) for row in bundle.analyse(of_set)]
    return CheckReport(name, tuple(map(diagnostic, found)), tuple(findings))


def test(source: str | Path) -> TestReport:
    """Runs the tests of a file.

    Raises:
        PolicyError: the file does not compile.
        InputError: it cannot be read.
    """
    loaded = load(source)
    report = loaded.bundle.run_tests()
    outcomes = tuple(_outcome(one) for one in report["outcomes"])
    coverage = {name: _coverage(one) for name, one in report["coverage"].items()}
    return TestReport(loaded.name, outcomes, coverage)


test.__test__ = False  # type: ignore[attr-defined]  # pytest must not take it for one of its own


def format_source(name: str, text: str) -> str:
    """The text in house layout; comments stay.

    Raises:
        PolicyError: it cannot be read.
    """
    formatted, diagnostics = format_policy(name, text)
    if formatted is None:
        raise PolicyError(tuple(diagnostic(one) for one in diagnostics))
    return formatted


def sources_of(source: str | Path) -> tuple[Source, list[Source]]:
    """The root file, and what it may import.

    Raises:
        InputError: the file, or one that it imports, cannot be read.
    """
    if isinstance(source, str) and not source.endswith(SUFFIX) and not set(source) & {"/", "\\"}:
        shipped = shipped_source(source)
        if shipped is None:
            reason = f"is neither a file ({SUFFIX}) nor a shipped set; those are {', '.join(shipped_names())}"
            raise InputError(ErrorCode.INPUT_NOT_FOUND, place=source, reason=reason)
        return shipped, [other for other in shipped_sources() if other[0] != shipped[0]]
    path = Path(source)
    root = read_source(path)
    return root, library_of(root, path.parent)


def diagnostic(one: PolicyDiagnostic) -> Diagnostic:
    """What the core says, as a record."""
    return Diagnostic(
        code=one.code,
        level=one.level,
        file=one.file,
        line=one.line,
        column=one.column,
        end_line=one.end_line,
        end_column=one.end_column,
        message=one.message,
        help=one.help,
        rendered=one.rendered,
    )


def _outcome(one: Mapping[str, Any]) -> TestOutcome:
    failures = tuple(TestFailure(**failure) for failure in one["failures"])
    return TestOutcome(one["name"], one["set"], one["checked"], failures)


def _coverage(one: Mapping[str, Any]) -> Coverage:
    return Coverage(one["reached"], one["goals"], tuple(Shortfall(**row) for row in one["missing"]))
