"""Policies: what must never happen in a session, or only then. docs/policy-language.md describes the language."""

from aimds.policy.bundle import (
    CheckReport,
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
    test,
)
from aimds.policy.files import shipped_names, shipped_source
from aimds.policy.proofs import PATH_EVENTS, ClaimResult, UntrustedPath, prove, readable_trace
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
    "PATH_EVENTS",
    "PolicyError",
    "PolicyFile",
    "RuleFinding",
    "Session",
    "Shortfall",
    "Step",
    "TestFailure",
    "TestOutcome",
    "TestReport",
    "UntrustedPath",
    "VersionDiff",
    "change_text",
    "check",
    "diff",
    "format_source",
    "load",
    "prove",
    "readable_trace",
    "shipped_names",
    "shipped_source",
    "test",
]
