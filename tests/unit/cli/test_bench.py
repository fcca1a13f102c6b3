"""`aimds bench`: the harness of a checkout, or a short measurement of what is installed."""

import json
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Cli

from aimds.cli import bench


def test_quick_measurement(cli: Cli) -> None:
    """p50 and p99 of each stage and of the whole, the rate, the memory."""
    shape = json.loads(cli("bench", "--json", "--events", "20").out)
    assert (shape["events"], shape["whole_ms"]) == (20, {"p50": 1.25, "p99": 1.25})
    assert shape["stages_ms"]["normalise"] == {"p50": 0.01, "p99": 0.01}
    assert shape["events_per_second"] > 0
    page = cli("bench", "--quick", "--events", "20").out
    assert "whole" in page
    assert "20 prompts of about 100 tokens" in page
    assert shape["looks"] == {"static": 1.0, "student": 1.0}
    assert "profile balanced; events that each look of the patterns stage saw: static 100%, student 100%" in page


def test_a_profile_is_measured_itself(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole benchmark has its own entries for profiles: with --profile it does not run."""
    monkeypatch.setattr(bench, "harness", lambda: pytest.fail("asked for the harness"))
    assert "whole" in cli("bench", "--profile", "fast", "--events", "10").out
    assert cli("bench", "--profile", "slow").code == 2


@pytest.mark.parametrize(("code", "exit_code"), [(0, 0), (3, 1)])
def test_in_a_checkout_the_harness_runs(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, exit_code: int
) -> None:
    """`benches.run` is called from the root of the checkout, and its failure is ours."""
    (tmp_path / "benches").mkdir()
    (tmp_path / "benches" / "run.py").write_text(f"raise SystemExit({code})")
    monkeypatch.setattr(bench, "harness", lambda: tmp_path / "benches" / "run.py")
    assert cli("bench").code == exit_code


def test_the_harness_is_found_only_in_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package has no benches beside it."""
    import aimds

    package = tmp_path / "python" / "aimds"
    package.mkdir(parents=True)
    monkeypatch.setattr(aimds, "__file__", str(package / "__init__.py"))
    assert bench.harness() is None
    (tmp_path / "benches").mkdir()
    (tmp_path / "benches" / "run.py").touch()
    (tmp_path / "pyproject.toml").touch()
    assert bench.harness() == tmp_path / "benches" / "run.py"
