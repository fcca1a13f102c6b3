"""`aimds doctor` tells settings and their source, notices damaged files, and fails when known texts fail."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.audit_trails import file_store
from tests.unit.cli.conftest import Cli

from aimds.cli import checks
from aimds.cli.checks import Check, check_files, check_own_models, check_versions, self_test
from aimds.cli.options import load_settings, overrides_from
from aimds.cli.settings_view import settings_rows
from aimds.errors import ArtefactError, ConfigurationError, ErrorCode, InputError
from aimds.patterns.store_file import open_to_write
from aimds.records import Action, Event, StageName, StageOutcome, StageReport, Verdict


class KnownDefense:
    """Judges the texts of the self-test right, unless told to block everything or to see no loop."""

    def __init__(self, *, right: bool = True) -> None:
        self.right = right

    def evaluate(self, event: Event, session_id: str = "") -> Verdict:
        attack = "Ignore" in event.text.replace("\u00ad", "")
        action = Action.BLOCK if attack or not self.right else Action.ALLOW
        details = {"loop": "exact", "loop_confidence": 0.97} if self.right else {}
        report = StageReport(StageName.TEMPORAL, StageOutcome.COMPLETE, details=details)
        return Verdict(action, 0.9, 0.9, "known", event, reports=(report,))

    def session(self, session_id: str) -> "KnownDefense":
        return self

    def describe(self) -> dict[str, Any]:
        return {"rooms": [{"room": "temporal", "session_bytes": 64, "deep": {"a": [1, 2.5]}, "none": None}]}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package folder with one data file and no installation record."""
    monkeypatch.setattr(checks, "_recorded_digests", dict)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "head.safetensors").write_bytes(b"weights")
    return tmp_path


def sums(package: Path, content: bytes, name: str = "head.safetensors") -> None:
    with (package / "models" / "SHA256SUMS").open("a") as stream:
        stream.write(f"{hashlib.sha256(content).hexdigest()}  {name}\n\n")


def test_a_whole_file_is_verified(package: Path) -> None:
    """The digest agrees with the list beside the file."""
    sums(package, b"weights")
    (check,) = check_files(package)
    assert (check.name, check.ok) == ("models/head.safetensors", True)
    assert "7 bytes" in check.value
    assert "checksum verified" in check.value


def test_a_damaged_and_a_missing_file_are_noticed(package: Path) -> None:
    """Other bytes than listed, or no file, fail the check; without a list there is nothing to compare with."""
    (before,) = check_files(package)
    assert before.ok is None
    sums(package, b"other weights")
    sums(package, b"x", "gone.patterns")
    damaged, missing = check_files(package)
    assert (damaged.ok, "CHECKSUM DIFFERS" in damaged.value) == (False, True)
    assert (missing.name, missing.value, missing.ok) == ("models/gone.patterns", "missing", False)


def test_a_list_that_cannot_be_understood_fails_the_check(package: Path) -> None:
    """The report goes on, and names the list with the code of what is wrong with it."""
    (package / "models" / "SHA256SUMS").write_text("not a digest  ../head.safetensors\n")
    bad, file = check_files(package)
    assert (bad.name, bad.ok) == ("models/SHA256SUMS", False)
    assert bad.value.startswith("artefact-corrupt: ")
    assert (file.name, file.ok) == ("models/head.safetensors", None)


def test_own_models_without_a_list_are_told(package: Path) -> None:
    """A folder of the user's may have no list, which is said; with one its files are compared."""
    told, file = check_own_models(package / "models")
    assert (told.group, told.ok, "not there" in told.value) == ("own models", None, True)
    assert (file.name, file.ok) == ("head.safetensors", None)
    sums(package, b"weights")
    assert [check.ok for check in check_own_models(package / "models")] == [True, True]
    assert [check.ok for check in check_own_models(package / "nowhere")] == [None, False]


def test_the_record_of_an_installed_wheel_is_used(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Digests come from RECORD when there is no list."""
    import base64

    monkeypatch.undo()
    path = package / "models" / "head.safetensors"
    value = base64.urlsafe_b64encode(hashlib.sha256(b"weights").digest()).decode().rstrip("=")
    entry = SimpleNamespace(hash=SimpleNamespace(mode="sha256", value=value), suffix=path.suffix, locate=lambda: path)
    unhashed = SimpleNamespace(hash=None, suffix=".toml", locate=lambda: path)
    monkeypatch.setattr(
        checks.importlib.metadata, "distribution", lambda name: SimpleNamespace(files=[entry, unhashed])
    )
    (check,) = check_files(package)
    assert check.ok is True


def test_no_files_at_all_is_wrong(tmp_path: Path) -> None:
    """An installation without rule packs and models cannot judge, even with its compiled core."""
    (tmp_path / "_core.abi3.so").write_bytes(b"core")
    assert [check.ok for check in check_files(tmp_path)] == [None, False]


def test_versions_notice_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dependency that is not installed fails, and so does a package of another version than its core."""
    assert all(check.ok is not False for check in check_versions())
    missing = checks.importlib.metadata.PackageNotFoundError

    def version(name: str) -> str:
        if name == "aimds":
            return "9.9.9"
        raise missing(name)

    monkeypatch.setattr(checks.importlib.metadata, "version", version)
    wrong = {check.name for check in check_versions() if check.ok is False}
    assert {"package", "numpy", "typer"} <= wrong


def test_self_test_passes_and_can_fail() -> None:
    """Known texts and a loop; a defence that blocks everything and sees no loop fails."""
    assert all(check.ok for check in self_test(KnownDefense()))  # type: ignore[arg-type]
    bad = {check.name: check for check in self_test(KnownDefense(right=False))}  # type: ignore[arg-type]
    assert bad["an honest question passes"].ok is False
    assert "expected ALLOW" in bad["an honest question passes"].value
    assert bad["three equal prompts are a loop"].ok is False


@pytest.fixture
def healthy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A doctor whose files are whole and whose defence is right."""
    monkeypatch.setattr("aimds.defense.Defense", lambda settings: KnownDefense())
    monkeypatch.setattr(checks, "check_files", lambda package: iter([Check("files", "a.toml", "1 byte", ok=True)]))
    return


@pytest.mark.usefixtures("healthy")
def test_doctor_page_and_json(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Everything on one page, settings with their source; the same as JSON; exit code 0 when all is well."""
    monkeypatch.setenv("AIMDS_DECIDE__QUARANTINE_S", "60")
    (tmp_path / "aimds.toml").write_text("[temporal]\nsessions_max = 7\n")
    result = cli("doctor", "--set", "decide.block_threshold=0.9")
    assert result.code == 0
    assert "all is well" in result.out
    page = " ".join(result.out.split())
    for words in (
        "decide.block_threshold 0.9 (--set)",
        "decide.quarantine_s 60 (AIMDS_DECIDE__QUARANTINE_S)",
        "temporal.sessions_max 7 (file aimds.toml)",
        "budget.total_ms 1000 (default)",
        "temporal session_bytes 64, deep {a [1, 2.5]}, none none",
        "+ an attack is blocked BLOCK",
    ):
        assert words in page
    shape = json.loads(cli("doctor", "--json").out)
    assert shape["ok"] is True
    assert shape["settings"]["temporal.sessions_max"] == {"value": 7, "source": "file aimds.toml"}


@pytest.mark.usefixtures("healthy")
def test_doctor_looks_at_own_models(cli: Cli, tmp_path: Path) -> None:
    """The folder that `patterns.models` names is examined too."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "head.safetensors").write_bytes(b"weights")
    shown = json.loads(cli("doctor", "--json", "--set", f"patterns.models={tmp_path / 'mine'}").out)["checks"]
    own = [check for check in shown if check["group"] == "own models"]
    assert [Path(check["name"]).name for check in own] == ["SHA256SUMS", "head.safetensors"]


def test_doctor_makes_no_store(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A store that is not there yet is told, and no defence is asked to make it; one of another program fails."""
    asked: list[Any] = []
    monkeypatch.setattr(
        "aimds.defense.Defense", lambda settings: asked.append(settings.patterns.store) or KnownDefense()
    )
    shown = json.loads(cli("doctor", "--json", "--set", "patterns.store=own.db").out)["checks"]
    (check,) = [one for one in shown if one["group"] == "patterns"]
    assert (check["ok"], check["value"]) == (None, "own.db is not there yet: it will be made")
    assert (asked, (tmp_path / "own.db").exists()) == ([None], False)
    open_to_write(tmp_path / "own.db").close()
    file_store(tmp_path / "trail.db").close()
    found = [checks.check_store(tmp_path / name) for name in ("own.db", "trail.db")]
    assert [(one.ok, one.name) for one in found] == [(True, "store"), (False, "artefact-corrupt")]


@pytest.mark.usefixtures("healthy")
def test_doctor_fails_when_a_model_cannot_be_loaded(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A damaged artefact is a failed check with its code; the report is still whole; exit code 1."""

    def broken(settings: object) -> None:
        raise ArtefactError(ErrorCode.ARTEFACT_CORRUPT, place="head.safetensors", reason="cut short")

    monkeypatch.setattr("aimds.defense.Defense", broken)
    result = cli("doctor")
    assert result.code == 1
    assert "! artefact-corrupt" in result.out
    assert "head.safetensors: cut short" in result.out
    assert "1 of" in result.out
    assert "checks failed: artefact-corrupt" in result.out


def test_bad_settings_are_named(cli: Cli, tmp_path: Path) -> None:
    """A wrong value, a wrong file and a wrong assignment each exit with 2 and say what was wrong."""
    for arguments, words in (
        (("--set", "decide.block_threshold=2"), "aimds: configuration-invalid: decide.block_threshold"),
        (("--set", "decide"), "aimds: usage: --set decide: expected NAME=VALUE"),
        (("--config", "none.toml"), "aimds: configuration-invalid: none.toml: no such file"),
    ):
        result = cli("doctor", *arguments)
        assert result.code == 2
        assert words in result.err


def test_assignments_become_sections() -> None:
    """Values are JSON where they are JSON; a name cannot be both a value and a section."""
    assert overrides_from(["a.b=0.5", "a.c=text", 'a.d=["x"]', "e=true"]) == {
        "a": {"b": 0.5, "c": "text", "d": ["x"]},
        "e": True,
    }
    assert overrides_from(None) == {}
    with pytest.raises(InputError, match="already has a value"):
        overrides_from(["a=1", "a.b=2"])


def test_the_file_of_the_environment_is_named_as_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`$AIMDS_CONFIG` and a whole section in the environment are told apart."""
    file = tmp_path / "other.toml"
    file.write_text("[budget]\ntotal_ms = 5\n")
    monkeypatch.setenv("AIMDS_CONFIG", str(file))
    monkeypatch.setenv("AIMDS_TEMPORAL", '{"sessions_max": 3}')
    rows = {row.name: row for row in settings_rows(load_settings(None, None), None, None)}
    assert (rows["budget.total_ms"].value, rows["budget.total_ms"].source) == (5.0, f"file {file}")
    assert (rows["temporal.sessions_max"].value, rows["temporal.sessions_max"].source) == (3, "AIMDS_TEMPORAL")
    with pytest.raises(ConfigurationError):
        load_settings(tmp_path / "none.toml", None)


@pytest.mark.parametrize("assignments", [("=hunter2",), ("decide=1", "decide.block_threshold=hunter2")])
def test_a_wrong_assignment_is_named_without_its_value(cli: Cli, assignments: tuple[str, ...]) -> None:
    """The value of a setting may be a secret, and errors end in logs."""
    result = cli("doctor", *(part for one in assignments for part in ("--set", one)))
    assert result.code == 2
    assert "aimds: usage: --set" in result.err
    assert "hunter2" not in result.err
