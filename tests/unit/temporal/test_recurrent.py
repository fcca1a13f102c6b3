"""The recurrent network in the temporal room: findings, restraint, wiring, states."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.tiny_models import safetensors
from tests.tiny_recurrent import recurrent_file, recurrent_parts

from aimds import Defense, Event, Settings
from aimds._core import EmbeddingModel, RecurrentModel, SessionTable, TurnFeatures
from aimds.errors import ArtefactError, ErrorCode
from aimds.patterns import models_folder
from aimds.pipeline import _recurrent
from aimds.records import Assessment, StageName, StageOutcome, StageReport
from aimds.taxonomy import Category
from aimds.temporal import RECURRENT_FILE, Recurrent, TemporalStage, turn_text
from aimds.temporal.recurrent import CONFIDENCE_MAX, SEVERITY, TURN_CHARACTERS_MAX

DIMENSION = 8


def switch_model() -> RecurrentModel:
    """A network whose one cell follows the first entry of the vector: 1 brings the logit far up, -1 far down."""
    tensors, metadata = recurrent_parts(DIMENSION, projected=1, hidden=1)
    for tensor in tensors.values():
        tensor[...] = 0.0
    tensors["project.weight"][0, 0] = 1.0
    tensors["input.weight"][0, 2] = 10.0  # the candidate
    tensors["output.weight"][...] = 12.0
    metadata["calibration"] = {"scale": 1.0, "offset": -3.0}
    metadata["thresholds"] = {"flag": 0.8}
    return RecurrentModel.load(safetensors(tensors, metadata))


def embed(text: object) -> bytes:
    """A vector that is up for texts with "attack", down for those with "calm", else without effect."""
    vector = np.zeros(DIMENSION, "<f4")
    vector[0] = 1.0 if "attack" in str(text) else -1.0 if "calm" in str(text) else 0.0
    return vector.tobytes()


def stage_of(threshold: float | None = None) -> TemporalStage:
    return TemporalStage(recurrent=Recurrent(switch_model(), embed, threshold))


def run(stage: TemporalStage, text: str, session: str | None = "s") -> StageReport:
    return stage.run(Assessment(Event(text, session_id=session, timestamp_ns=0))).report(StageName.TEMPORAL)


def test_the_turns_that_raised_the_risk_are_named():
    """The finding says in words and in its details which events did it."""
    stage = stage_of()
    reports = [run(stage, text) for text in ("a garden", "an attack on it", "a plain word", "one more attack")]
    finding = next(finding for report in reports for finding in report.findings)
    assert (finding.detector, finding.rule_id) == ("temporal.recurrent", "recurrent.session")
    assert (finding.category, finding.threshold) == (Category.MULTI_TURN_ESCALATION, pytest.approx(0.8))
    last = reports[-1].findings[-1]
    assert [turn["event"] for turn in last.details["turns"]] == [2, 4]
    assert all(turn["change"] > 0 for turn in last.details["turns"])
    assert last.message.endswith("events 2, 4")
    assert reports[-1].score == pytest.approx(last.severity * last.confidence)


def test_it_is_never_certain():
    """However sure the network is, its score stays below the default block threshold and the walk goes on."""
    stage = stage_of(0.01)
    reports = [run(stage, "attack " * (place + 1)) for place in range(4)]
    assert {report.outcome for report in reports} == {StageOutcome.COMPLETE}
    assert max(report.score for report in reports) <= SEVERITY * CONFIDENCE_MAX
    assert Settings().decide.block_threshold > SEVERITY * CONFIDENCE_MAX


def test_what_follows_an_attack_is_not_reported_for_its_sake():
    """Events that do not raise the risk further are silent, though the session is still above the threshold."""
    stage = stage_of()
    for place in ["one", "two", "three", "four", "five"]:
        run(stage, f"attack {place} on the {place} garden")
    quiet = run(stage, "thank you, a garden")
    assert quiet.findings == ()
    assert quiet.details["session_probability"] is not None


def test_without_session_or_network_there_is_no_opinion():
    """An event alone has no course; without a network the room is as before."""
    assert run(stage_of(0.0), "attack", session=None).findings == ()
    report = run(TemporalStage(), "attack")
    assert report.details["session_probability"] is None
    assert TemporalStage().describe()["recurrent"] == "off"
    assert stage_of().describe()["recurrent"] == "tiny"


def test_a_long_text_is_told_by_its_ends():
    """The vector is made of all of a text up to the limit, and of the two ends of a longer one."""
    assert turn_text("short", 5) == "short"
    text = "a" * TURN_CHARACTERS_MAX + "b" * TURN_CHARACTERS_MAX
    cut = str(turn_text(text, len(text)))
    assert len(cut) == TURN_CHARACTERS_MAX + 1
    assert cut.strip("ab") == " "


def test_the_session_can_be_moved_with_its_memory():
    """An exported session goes on with the same logits elsewhere."""
    here, there = stage_of(), stage_of()
    for text in ("attack", "calm", "attack"):
        run(here, text)
    there.restore_session("s", here.export_session("s"))
    assert run(there, "attack").details == run(here, "attack").details


def test_a_wrong_vector_is_a_callers_mistake():
    """A vector of another length, one that is not finite, or a model without a vector."""
    table, features, model = SessionTable(1), TurnFeatures("hello"), switch_model()
    bad = np.full(DIMENSION, np.nan, "<f4").tobytes()
    for vector in (b"", bytes(4 * DIMENSION + 1), bytes(4), bad):
        with pytest.raises(ValueError, match="finite little-endian"):
            table.analyze("s", features, None, model, vector)
    with pytest.raises(ValueError, match="belong together"):
        table.analyze("s", features, None, model)
    assert len(table) == 0


@pytest.mark.parametrize("size", [0, 7, 100, 1000])
def test_a_damaged_file_is_refused(size: int):
    """As a typed error that names the part."""
    with pytest.raises(ArtefactError, match="file") as caught:
        RecurrentModel.load(recurrent_file()[:size])
    assert caught.value.code is ErrorCode.ARTEFACT_CORRUPT


def test_a_model_of_another_embedding_is_refused(tmp_path: Path):
    """Its vectors would mean something else."""
    embedding = EmbeddingModel.load((models_folder() / "embedding.safetensors").read_bytes())
    path = tmp_path / RECURRENT_FILE
    assert _recurrent(path, embedding) is None
    path.write_bytes(recurrent_file(dimension=embedding.dimension, embedding=embedding.fingerprint ^ 1))
    with pytest.raises(ArtefactError, match="another embedding"):
        _recurrent(path, embedding)
    path.write_bytes(recurrent_file(dimension=embedding.dimension, embedding=embedding.fingerprint))
    assert _recurrent(path, embedding) is not None


def test_the_setting_and_a_missing_file_switch_it_off(tmp_path: Path):
    """`temporal.recurrent = false`, or a folder of models without the file."""

    def described(**settings: object) -> str:
        rooms = Defense(Settings(**settings)).describe()["rooms"]
        return next(room["recurrent"] for room in rooms if room["room"] == "temporal")

    assert described(temporal={"recurrent": False}) == "off"
    assert described(patterns={"enabled": False}) == "off"
    for name in ("embedding.safetensors", "head.safetensors", "seed.patterns"):
        shutil.copy(models_folder() / name, tmp_path / name)
    assert described(patterns={"models": tmp_path}) == "off"


def test_the_shipped_network_is_listed_and_on():
    """The file is small, its checksum is listed, and the room runs on it."""
    path = models_folder() / RECURRENT_FILE
    assert path.stat().st_size < 500_000
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert f"{digest}  {RECURRENT_FILE}" in (models_folder() / "SHA256SUMS").read_text("utf-8")
    defense = Defense(Settings(patterns={"profile": "fast"}))
    verdict = defense.session("s").evaluate("What is a good soup for a cold day?")
    report = next(report for report in verdict.reports if report.stage is StageName.TEMPORAL)
    assert 0.0 < report.details["session_probability"] < 0.5
