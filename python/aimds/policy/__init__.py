"""Policies: what must never happen in a session, or only then. docs/policy-language.md describes the language."""

from aimds.policy.bundle import (
    CheckReport,
    ClaimResult,
    Coverage,
    Diagnostic,
    PolicyError,
    PolicyFile,
    RuleFinding,
    Shortfall,
    TestFailure,
    TestOutcome,
    TestReport,
    check,
    format_source,
    load,
    prove,
    test,
)
from aimds.policy.files import shipped_names, shipped_source
from aimds.policy.session import Decision, Engine, Fired, Obligation, Session, change_text
from aimds.policy.versions import Step, VersionDiff, diff

__all__ = [
    "CheckReport",
    "ClaimResult",
    "Coverage",
    "Decision",
    "Diagnostic",
    "Engine",
    "Fired",
    "Obligation",
    "PolicyError",
    "PolicyFile",
    "RuleFinding",
    "Session",
    "Shortfall",
    "Step",
    "TestFailure",
    "TestOutcome",
    "TestReport",
    "VersionDiff",
    "change_text",
    "check",
    "diff",
    "format_source",
    "load",
    "prove",
    "shipped_names",
    "shipped_source",
    "test",
]
