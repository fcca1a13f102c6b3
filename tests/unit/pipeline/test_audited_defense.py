"""A defence with an audit trail: a record before a verdict is handed out; what cannot be recorded is blocked."""

import asyncio
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.audit_trails import entry_of

from aimds import Action, Defense, Event, Settings
from aimds.audit import new_key
from aimds.audit.verify import trail_lines, verify_lines
from aimds.errors import ArtefactError, ConfigurationError, ErrorCode
from aimds.ports import ManualClock, SequentialIds
from aimds.records import Assessment, MitigationKind, StageName, StageOutcome, StageReport


class WordRoom:
    """Blocks texts that begin with `bad`, and asks for those that begin with `odd`."""

    name = StageName.SIGNATURES

    def run(self, assessment: Assessment) -> Assessment:
        score = {"bad": 0.9, "odd": 0.7}.get(assessment.event.text[:3], 0.0)
        return assessment.with_report(StageReport(self.name, StageOutcome.COMPLETE, score=score))


@pytest.fixture
def place(tmp_path: Path) -> dict[str, Any]:
    """Settings of a trail in a folder of its own."""
    new_key(tmp_path / "audit.key")
    return {"path": str(tmp_path / "trail.db"), "key": tmp_path / "audit.key", "durability": "process"}


def defense(audit: dict[str, Any], **options: Any) -> Defense:
    return Defense(
        Settings(audit=audit), clock=ManualClock(), ids=SequentialIds(), rooms=options.pop("rooms", [WordRoom()])
    )


def entries(place: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry_of(line) for line in trail_lines(Path(place["path"])) if entry_of(line)["type"] == "verdict"]


def test_without_a_path_nothing_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The audit is off by default: no file appears."""
    monkeypatch.chdir(tmp_path)
    guard = defense({})
    guard.evaluate("bad")
    guard.close()
    assert list(tmp_path.iterdir()) == []


def test_every_verdict_is_recorded_before_it_is_handed_out(place: dict[str, Any]) -> None:
    """One record each, in order, with the action that the caller sees; a session held back is recorded too."""
    guard = defense(place)
    for number, (text, action) in enumerate((("bad", "BLOCK"), ("odd", "ESCALATE"), ("fine", "ALLOW")), start=1):
        verdict = guard.evaluate(text, session_id="s")
        found = entries(place)
        assert len(found) == number
        assert found[-1]["data"]["verdict"]["action"] == str(verdict.action) == action
        assert found[-1]["data"]["event"]["id"] == verdict.event.id
    guard.quarantine_session("s", 60)
    guard.evaluate("fine", session_id="s")
    assert entries(place)[-1]["data"]["verdict"]["reason"] == "the session is quarantined"
    guard.close()
    assert verify_lines(trail_lines(Path(place["path"]))).fault is None


def test_only_what_is_not_allowed(place: dict[str, Any]) -> None:
    """`audit.record = not_allowed` leaves the ALLOW verdicts out."""
    guard = defense({**place, "record": "not_allowed"})
    for text in ("bad", "odd", "fine"):
        guard.evaluate(text)
    guard.close()
    assert [one["data"]["verdict"]["action"] for one in entries(place)] == ["BLOCK", "ESCALATE"]


def test_text_only_where_it_is_kept(place: dict[str, Any]) -> None:
    """By default no byte of the store holds the text; `audit.text = kept` keeps it and says so."""
    guard = defense(place)
    guard.evaluate("bad marmalade")
    guard.close()
    assert b"marmalade" not in b"".join(path.read_bytes() for path in Path(place["path"]).parent.iterdir())
    guard = defense({**place, "text": "kept"})
    guard.evaluate("bad marmalade")
    guard.close()
    assert entries(place)[-1]["data"]["event"]["text"]["content"] == "bad marmalade"


class Broken:
    """A trail that cannot write."""

    def __init__(self, fault: Exception) -> None:
        self.fault = fault

    def takes(self, verdict: object) -> bool:
        return True

    def record(self, verdict: object) -> None:
        raise self.fault

    def close(self) -> None:
        pass


FAULTS = [
    (ArtefactError(ErrorCode.STORE_FAILED, place="disk", reason="full"), "store-failed"),
    (ZeroDivisionError("of our own"), "internal fault: ZeroDivisionError"),
]


@pytest.mark.parametrize(("fault", "told"), FAULTS)
@pytest.mark.parametrize("text", ["bad", "odd", "fine"])
def test_what_cannot_be_recorded_is_blocked(
    fault: Exception, told: str, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    """By default: the verdict becomes BLOCK with the reason, logged, and nothing is raised."""
    guard = Defense(Settings(), clock=ManualClock(), rooms=[WordRoom()], audit=Broken(fault))  # type: ignore[arg-type]
    with caplog.at_level(logging.ERROR, "aimds"):
        verdict = guard.evaluate(text)
    assert verdict.action is Action.BLOCK
    assert verdict.reason.startswith(f"audit: the record could not be written ({told})")
    assert verdict.mitigations[-1].kind is MitigationKind.BLOCK
    assert f"audit: {told.rpartition(': ')[2]}" in caplog.text


@pytest.mark.parametrize(("fault", "told"), FAULTS)
def test_failing_open_is_a_choice_and_logged(fault: Exception, told: str, caplog: pytest.LogCaptureFixture) -> None:
    """With `audit.on_failure = allow` the verdict stands; the start and each loss are logged."""
    settings = Settings(audit={"on_failure": "allow"})  # type: ignore[arg-type]
    with caplog.at_level(logging.WARNING, "aimds"):
        guard = Defense(settings, clock=ManualClock(), rooms=[WordRoom()], audit=Broken(fault))  # type: ignore[arg-type]
        assert guard.evaluate("fine").action is Action.ALLOW
        assert guard.evaluate("bad").action is Action.BLOCK
    assert "fail-open" in caplog.text
    assert f"audit: {told.rpartition(': ')[2]}" in caplog.text


def test_a_trail_needs_a_key(place: dict[str, Any], tmp_path: Path) -> None:
    """A path without key, with a key of others' eyes, or with none there, stops the start."""
    with pytest.raises(ConfigurationError, match="aimds audit key new"):
        defense({**place, "key": None})
    with pytest.raises(ConfigurationError) as caught:
        defense({**place, "key": tmp_path / "gone"})
    assert caught.value.code is ErrorCode.AUDIT_KEY
    assert not Path(place["path"]).exists()


def test_a_place_that_cannot_be_written_stops_the_start(place: dict[str, Any], tmp_path: Path) -> None:
    """No guard runs believing that it records."""
    with pytest.raises(ArtefactError) as caught:
        defense({**place, "path": str(tmp_path / "no" / "folder" / "t.db")})
    assert caught.value.code is ErrorCode.STORE_FAILED
    (tmp_path / "junk.db").write_bytes(b"this is no database at all" * 100)
    with pytest.raises(ArtefactError) as caught:
        defense({**place, "path": str(tmp_path / "junk.db")})
    assert caught.value.code is ErrorCode.ARTEFACT_CORRUPT


OWN_PACK = """
[pack]
name = "own"
version = 1
description = "One rule."

[[rule]]
id = "own.marmalade"
category = "prompt_leak"
severity = 0.5
confidence = 0.5
message = "speaks of marmalade"
any = ["marmalade"]
positive = ["marmalade", "more marmalade"]
negative = ["jam", "honey"]
"""


def test_records_say_by_what_was_judged(place: dict[str, Any], tmp_path: Path) -> None:
    """With the shipped rooms: digests of rule packs and models; another pack or setting gives another digest."""
    pack = tmp_path / "own.toml"
    pack.write_text(OWN_PACK, "utf-8")
    seen = []
    for sections in ({}, {}, {"decide": {"block_threshold": 0.9}}, {"signatures": {"packs": (pack,)}}):
        guard = Defense(Settings(audit=place, patterns={"profile": "fast"}, **sections))
        guard.evaluate("hello")
        guard.close()
        seen.append(entries(place)[-1]["data"]["made_by"])
    assert seen[0] == seen[1]
    assert seen[0]["settings"] != seen[2]["settings"]
    assert seen[0]["rules"] == seen[2]["rules"] != seen[3]["rules"]
    assert {"embedding.safetensors", "head.safetensors", "seed.patterns"} <= set(seen[0]["models"])
    assert all(len(value) == 64 for value in seen[0]["models"].values())


def test_foreign_rooms_are_not_said_to_be_ours(place: dict[str, Any]) -> None:
    """Of rooms that somebody else brought, rules and models are not known."""
    guard = defense(place)
    guard.evaluate("fine")
    guard.close()
    made_by = entries(place)[-1]["data"]["made_by"]
    assert (made_by["rules"], made_by["models"]) == (None, {})


def test_threads_share_a_trail(place: dict[str, Any]) -> None:
    """Many threads: as many records as verdicts, in one chain that verifies."""
    guard = defense({**place, "checkpoint_records": 10})
    with ThreadPoolExecutor(16) as pool:
        verdicts = list(pool.map(guard.evaluate, [Event("bad", id=str(number)) for number in range(200)]))
    guard.close()
    assert all(verdict.action is Action.BLOCK for verdict in verdicts)
    assert sorted(int(one["data"]["event"]["id"]) for one in entries(place)) == list(range(200))
    report = verify_lines(trail_lines(Path(place["path"])))
    assert (report.fault, report.verdicts) == (None, 200)


async def test_tasks_share_a_trail_and_the_loop_stays_free(place: dict[str, Any]) -> None:
    """Under asyncio a record is written in a thread: the loop runs while the disk is waited for."""
    guard = defense(place)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    verdicts = await asyncio.gather(*(guard.aevaluate("odd", id=str(number)) for number in range(100)))
    counting.cancel()
    guard.close()
    assert all(verdict.action is Action.ESCALATE for verdict in verdicts)
    assert turns > 10
    assert sorted(int(one["data"]["event"]["id"]) for one in entries(place)) == list(range(100))
    assert verify_lines(trail_lines(Path(place["path"]))).fault is None


def test_batches_are_recorded(place: dict[str, Any]) -> None:
    """A batch in several threads: a record each."""
    guard = defense(place)
    guard.evaluate_batch([Event("bad", id=str(number), session_id=str(number % 7)) for number in range(100)])
    guard.close()
    assert len(entries(place)) == 100


def test_the_certificate_of_the_verify_stage_is_recorded(place: dict[str, Any]) -> None:
    """What a policy proves stands in the record, for `aimds audit verify` to check."""

    class Policy(WordRoom):
        name = StageName.VERIFY

        def run(self, assessment: Assessment) -> Assessment:
            report = StageReport(self.name, StageOutcome.COMPLETE, details={"certificate": {"goal": "g", "steps": 5}})
            return assessment.with_report(report)

    guard = defense(place, rooms=[WordRoom(), Policy()])
    guard.evaluate("fine")
    guard.close()
    assert entries(place)[-1]["data"]["certificate"]["content"] == {"goal": "g", "steps": 5}
    report = verify_lines(trail_lines(Path(place["path"])), certificate_check=lambda certificate, data: None)
    assert report.certificates_checked == 1


def test_the_trail_is_told_of(place: dict[str, Any]) -> None:
    """`describe` names place and public key, never the private one."""
    guard = defense(place)
    told = json.dumps(guard.describe()["audit"])
    guard.close()
    assert place["path"] in told
    assert "PRIVATE" not in told
