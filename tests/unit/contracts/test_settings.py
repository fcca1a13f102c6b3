"""Settings come from arguments, environment and file, in that order, and mistakes are named."""

from pathlib import Path

import pytest

from aimds.environment import variables_of
from aimds.errors import ConfigurationError, ErrorCode
from aimds.settings import DecideSettings, Settings, UndecidedAction


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
    with pytest.raises(ConfigurationError, match="got int"):
        Settings.load(5)  # type: ignore[arg-type]


def test_every_setting_is_described() -> None:
    """No option without a description: `aimds doctor` and the documentation print it."""
    for name, section in Settings.model_fields.items():
        for option, field in section.default.__class__.model_fields.items():
            assert field.description, f"{name}.{option}"


SECRET = "ghp_" + "abcdefghijklmnopqrstuvwxyz0123456789"


@pytest.mark.parametrize(
    ("sections", "place"),
    [
        ({"decide": {"block_threshold": 5}}, "decide.block_threshold"),
        ({"decide": {"block_threshold": SECRET}}, "decide.block_threshold"),
        ({"decide": {"on_undecided": SECRET}}, "decide.on_undecided"),
        ({"decide": {"foo": SECRET}}, "decide.foo"),
        ({"decide": SECRET}, "decide"),
        ({"decide": {"block_threshold": 0.1}}, "decide"),
        ({"decide": {"quarantine_s": float("inf")}}, "decide.quarantine_s"),
        ({"decide": {"quarantine_s": 1e300}}, "decide.quarantine_s"),
        ({"budget": {"total_ms": float("inf")}}, "budget.total_ms"),
        ({"foo": SECRET}, "foo"),
    ],
)
def test_the_constructor_raises_the_typed_error_too(sections: dict[str, object], place: str) -> None:
    """`Settings(..)` as the documentation shows it: the setting is named, its value is not repeated."""
    with pytest.raises(ConfigurationError) as caught:
        Settings(**sections)
    assert caught.value.code is ErrorCode.CONFIGURATION_INVALID
    assert caught.value.fields["place"] == place
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_section_alone_raises_the_typed_error() -> None:
    """A section made by itself names the setting as the whole does; one that is made well fits in."""
    with pytest.raises(ConfigurationError, match=r"decide\.block_threshold"):
        DecideSettings(block_threshold=5)
    assert Settings(decide=DecideSettings(block_threshold=0.9)).decide.block_threshold == 0.9


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("AIMDS_DECIDE_BLOCK_THRESHOLD", "0.99", "did you mean AIMDS_DECIDE__BLOCK_THRESHOLD?"),
        ("aimds_decide__block_threshhold", "0.99", "did you mean AIMDS_DECIDE__BLOCK_THRESHOLD?"),
        ("AIMDS_DECIDE__BLOCK_THRESHOLD__X", "1", "did you mean AIMDS_DECIDE__BLOCK_THRESHOLD?"),
        ("AIMDS_VERIFI", "{}", "did you mean AIMDS_VERIFY?"),
        ("AIMDS_FOO__BAR", SECRET, "AIMDS_SECTION__OPTION"),
        ("AIMDS_NOSUCH", "", "AIMDS_SECTION__OPTION"),
        ("AIMDS_DECIDE", "{", "must be JSON"),
        ("AIMDS_SIGNATURES__PACKS", SECRET, "must be JSON"),
    ],
)
@pytest.mark.parametrize("make", [Settings, Settings.load])
def test_a_variable_that_sets_nothing_stops_the_start(
    make: type[Settings], variable: str, value: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slip in a name is refused with the nearest setting; a list or section must be JSON. Values stay out."""
    Path("aimds.toml").write_text("[budget]\ntotal_ms = 7\n", "utf-8")
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError) as caught:
        make()
    assert caught.value.code is ErrorCode.CONFIGURATION_INVALID
    assert str(caught.value).startswith(f"{variable}: ")
    assert named in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "variable",
    ["AIMDS_SERVICE_HOST", "AIMDS_SERVICE_PORT_HTTP", "AIMDS_PORT", "AIMDS_GATEWAY_PORT_8080_TCP_ADDR"],
)
def test_variables_that_kubernetes_sets_stop_nothing(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service called `aimds` puts them into every pod beside it."""
    monkeypatch.setenv(variable, "tcp://10.0.0.1:8080")
    assert Settings().decide.block_threshold == DecideSettings().block_threshold


def test_a_port_in_a_section_is_still_a_slip(monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting has two underscores between section and option, what Kubernetes sets has not."""
    monkeypatch.setenv("AIMDS_AUDIT__PORT", "1")
    with pytest.raises(ConfigurationError, match="AIMDS_AUDIT__PORT"):
        Settings()


def test_a_wrong_value_of_a_variable_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The constructor reads the environment as well."""
    monkeypatch.setenv("AIMDS_DECIDE__BLOCK_THRESHOLD", SECRET)
    with pytest.raises(ConfigurationError, match=r"decide\.block_threshold") as caught:
        Settings()
    assert SECRET not in str(caught.value)


def test_every_documented_variable_and_those_of_the_project_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each option has its variable; what corpora, tests and benchmarks read is no slip."""
    assert {"AIMDS_DECIDE", "AIMDS_DECIDE__BLOCK_THRESHOLD", "AIMDS_AUDIT__PATH"} <= set(variables_of(Settings))
    for name in ("AIMDS_CONFIG", "AIMDS_DATA", "AIMDS_CASES", "AIMDS_TEST_POSTGRES"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("aimds_decide__block_threshold", "0.91")
    monkeypatch.setenv("AIMDS_SIGNATURES", '{"packs": ["x"]}')
    assert Settings().decide.block_threshold == 0.91


@pytest.mark.parametrize("named", [None, "other.toml"])
def test_a_file_that_may_not_be_looked_at_is_an_error(named: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a working directory that may not be searched nobody can tell whether stricter settings lie there."""

    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", refuse)
    with pytest.raises(ConfigurationError, match=rf"{named or 'aimds.toml'}: cannot be looked at: Permission denied"):
        Settings.load(named)
