"""Settings come from arguments, environment and file, in that order, and mistakes are named."""

from pathlib import Path

import pytest

from aimds.errors import ConfigurationError
from aimds.settings import Settings, UndecidedAction


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AIMDS_CONFIG", raising=False)


def write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_defaults_fail_closed() -> None:
    """Without any source, an undecided event is not allowed."""
    assert Settings.load().decide.on_undecided is not UndecidedAction.ALLOW


def test_arguments_beat_environment_beat_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each source overrides the next, setting by setting."""
    file = write(
        tmp_path / "a.toml", "[decide]\nblock_threshold = 0.7\nescalate_threshold = 0.1\n[budget]\ntotal_ms = 5\n"
    )
    monkeypatch.setenv("AIMDS_DECIDE__BLOCK_THRESHOLD", "0.8")
    loaded = Settings.load(file, decide={"escalate_threshold": 0.2})
    assert (loaded.decide.block_threshold, loaded.decide.escalate_threshold, loaded.budget.total_ms) == (0.8, 0.2, 5)


def test_file_is_found_here_or_by_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`aimds.toml` in the working directory is read; `$AIMDS_CONFIG` goes before it."""
    write(tmp_path / "aimds.toml", "[budget]\ntotal_ms = 7\n")
    assert Settings.load().budget.total_ms == 7
    monkeypatch.setenv("AIMDS_CONFIG", str(write(tmp_path / "b.toml", "[budget]\ntotal_ms = 8\n")))
    assert Settings.load().budget.total_ms == 8


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[decide]\nblock_threshold = 2\n", "decide.block_threshold"),
        ("[decide]\nblock = 2\n", "decide.block"),
        ("[decide]\nblock_threshold = 0.1\nescalate_threshold = 0.2\n", "decide"),
        ("[nonsense]\na = 1\n", "nonsense"),
        ("[decide\n", "bad.toml"),
    ],
)
def test_mistakes_in_the_file_are_named(tmp_path: Path, text: str, named: str) -> None:
    """A wrong value, an unknown setting, a contradiction and broken TOML each name their place."""
    with pytest.raises(ConfigurationError, match=named):
        Settings.load(write(tmp_path / "bad.toml", text))


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    """A file that was asked for must exist."""
    with pytest.raises(ConfigurationError, match="no such file"):
        Settings.load(tmp_path / "none.toml")


def test_every_setting_is_described() -> None:
    """No option without a description: `aimds doctor` and the documentation print it."""
    for name, section in Settings.model_fields.items():
        for option, field in section.default.__class__.model_fields.items():
            assert field.description, f"{name}.{option}"


@pytest.mark.parametrize("named", [None, "other.toml"])
def test_a_file_that_may_not_be_looked_at_is_an_error(named: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a working directory that may not be searched nobody can tell whether stricter settings lie there."""

    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", refuse)
    with pytest.raises(ConfigurationError, match=rf"{named or 'aimds.toml'}: cannot be looked at: Permission denied"):
        Settings.load(named)
