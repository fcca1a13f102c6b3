"""The public face is what `__all__` says, and tidy rules hold for the whole tree."""

import ast
import importlib
import pkgutil
from pathlib import Path

import pytest

import aimds

ROOT = Path(__file__).parents[3]
MODULES = sorted(
    module.name for module in pkgutil.walk_packages(aimds.__path__, "aimds.") if "__main__" not in module.name
)
FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("name", ["aimds", *MODULES])
def test_all_is_sorted_and_true(name: str) -> None:
    """Every module lists what it offers, in order, and each name exists."""
    module = importlib.import_module(name)
    if name.endswith("_core"):
        return
    names = list(getattr(module, "__all__", []))
    assert names == sorted(names, key=str.casefold) or names == sorted(names)
    assert all(hasattr(module, one) for one in names)


def test_version_is_that_of_the_core() -> None:
    """Python package and compiled core carry one version, the one in Cargo.toml."""
    assert f'version = "{aimds.__version__}"' in (ROOT / "Cargo.toml").read_text("utf-8")


@pytest.mark.parametrize("path", sources("python/aimds"), ids=str)
def test_files_and_functions_stay_small(path: Path) -> None:
    """A file holds one idea, a function fits a screen."""
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= FILE_LINES_MAX
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert (node.end_lineno or 0) - node.lineno < FUNCTION_LINES_MAX, node.name


@pytest.mark.parametrize("room", ["normalise", "signatures", "temporal", "patterns", "decide"])
def test_rooms_use_no_ambient_time_chance_or_environment(room: str) -> None:
    """Clock, randomness and environment come in through ports, so that a test can replay a room."""
    banned = {"time", "random", "secrets", "socket", "uuid"}
    for path in sources(f"python/aimds/{room}"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                assert not banned & {alias.name.split(".")[0] for alias in node.names}, path
            elif isinstance(node, ast.ImportFrom):
                assert (node.module or "").split(".")[0] not in banned, path
            elif isinstance(node, ast.Attribute):
                assert node.attr not in {"environ", "getenv", "urandom"}, path
