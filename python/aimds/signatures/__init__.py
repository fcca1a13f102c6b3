"""Stateless detectors over every view: rule packs, secrets, personal data, canaries."""

from aimds.signatures.allow_list import AllowList
from aimds.signatures.canaries import CanaryHit, CanaryTokens
from aimds.signatures.examples import ExampleFailure, check_examples
from aimds.signatures.packs import RulePackError, build_engine, read_packs, shipped_packs
from aimds.signatures.phone import unknown_regions
from aimds.signatures.stage import SignaturesStage

__all__ = [
    "AllowList",
    "CanaryHit",
    "CanaryTokens",
    "ExampleFailure",
    "RulePackError",
    "SignaturesStage",
    "build_engine",
    "check_examples",
    "read_packs",
    "shipped_packs",
    "unknown_regions",
]
