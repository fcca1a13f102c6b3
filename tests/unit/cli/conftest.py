"""The command line with a defence that judges by plain words, so that every output is known beforehand."""

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from aimds.cli.app import run
from aimds.errors import ErrorCode, InputError
from aimds.records import (
    Action,
    Event,
    Finding,
    LearnProposal,
    Mitigation,
    MitigationKind,
    Span,
    StageName,
    StageOutcome,
    StageReport,
    Verdict,
)
from aimds.redaction import UntrustedText
from aimds.settings import Settings
from aimds.taxonomy import Category

WORDS = {"attack": (Action.BLOCK, 0.95, 0.9), "doubt": (Action.ESCALATE, 0.7, 0.5), "keycard": (Action.ALLOW, 0.1, 0.3)}


def findings_in(text: str) -> list[Finding]:
    found = []
    for word, (_, _, severity) in WORDS.items():
        start = text.find(word)
        while start >= 0:
            found.append(
                Finding(
                    detector="words",
                    rule_id=f"test.{word}",
                    category=Category.SECRET if word == "keycard" else Category.INSTRUCTION_OVERRIDE,
                    severity=severity,
                    confidence=0.9,
                    message=f"the word {word}",
                    span=Span(start, start + len(word)),
                    chain=("base64", "rot13") if word == "doubt" else (),
                    evidence=UntrustedText(word),
                    details={"word": word, "many": (1, {"deep": UntrustedText("hidden")})},
                )
            )
            start = text.find(word, start + 1)
    return found


class WordDefense:
    settings = Settings()

    def evaluate(self, event: Event) -> Verdict:
        if "refuse" in event.text:
            raise InputError(ErrorCode.INPUT_BAD_EVENT, place="content", reason="refused")
        if "interrupt" in event.text:
            raise KeyboardInterrupt
        findings = tuple(findings_in(event.text))
        action, score = Action.ALLOW, 0.05
        for word, (its_action, its_score, _) in WORDS.items():
            if word in event.text and its_score > score:
                action, score = its_action, its_score
        blocked = action is Action.BLOCK
        return Verdict(
            action=action,
            score=score,
            confidence=0.9,
            reason="a word" if findings else "nothing",
            event=event,
            findings=findings,
            mitigations=(Mitigation(MitigationKind.BLOCK, "because", (Span(0, 1),)),) if blocked else (),
            proposal=LearnProposal("new pattern", Category.INSTRUCTION_OVERRIDE, "0") if blocked else None,
            reports=(
                StageReport(StageName.NORMALISE, StageOutcome.COMPLETE, duration_ns=10_000),
                StageReport(StageName.SIGNATURES, StageOutcome.CERTAIN, findings, 0.9, "rule", duration_ns=20_000),
                StageReport(StageName.PATTERNS, StageOutcome.COMPLETE, details={"looks": ("static", "student")})
                if action is Action.ALLOW
                else StageReport(StageName.PATTERNS, StageOutcome.SKIPPED),
            ),
            duration_ns=1_250_000,
        )

    def session(self, session_id: str) -> "WordDefense":
        return self


@dataclass
class Result:
    code: int
    out: str
    err: str


Cli = Callable[..., Result]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    """Runs `aimds` in this process, in a folder of its own, with words instead of models."""
    for name in (
        "scan.load_defense",
        "watch.load_defense",
        "corpus.load_unrecorded_defense",
        "bench.load_unrecorded_defense",
    ):
        monkeypatch.setattr(f"aimds.cli.{name}", lambda config, assignments: WordDefense())
    monkeypatch.chdir(tmp_path)
    for name in ("AIMDS_CONFIG", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: str, stdin: bytes | None = None) -> Result:
        stream = io.TextIOWrapper(io.BytesIO(stdin or b""), encoding="utf-8")
        monkeypatch.setattr(sys, "stdin", stream)
        code = run(arguments)
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call
