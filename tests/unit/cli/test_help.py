"""Every verb and every option explains itself, and the reference page is what the commands say."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.conftest import Cli

from aimds import __version__
from aimds.cli.options import TextKind
from aimds.cli.reference import command_tree, reference_page
from aimds.records import EventKind

TREE = list(command_tree())
PAGE = Path(__file__).parents[3] / "docs" / "cli.md"


@pytest.mark.parametrize(("name", "command"), TREE, ids=[name for name, _ in TREE])
def test_every_command_and_parameter_has_help(name: str, command: Any) -> None:
    """No verb, argument or option without a sentence; every verb but the root has examples."""
    assert command.help
    for parameter in command.params:
        assert getattr(parameter, "help", None), f"{name} {parameter.name} lacks help"
    if command.params and not getattr(command, "commands", None):
        assert f"  {name}" in (command.epilog or ""), f"{name} lacks an example of its own"


def test_the_reference_page_is_current() -> None:
    """`make docs` has been run since the last change of a verb."""
    assert PAGE.read_text("utf-8") == reference_page()


def test_every_kind_of_text_can_be_chosen() -> None:
    """An approval is no text: it belongs to a session and to a person, and no option can say so of a text."""
    assert list(TextKind) == [kind for kind in EventKind if not kind.is_consent]


def test_the_reference_page_names_every_option() -> None:
    """Each long option of each verb stands in the page, with its choices."""
    page = reference_page()
    for name, command in TREE:
        for parameter in command.params:
            if name != "aimds" and parameter.param_type_name == "option":
                assert parameter.opts[0] in page
    assert "One of `prompt`, `document`, `tool_call`, `tool_result`, `response`." in page


def test_help_and_version(cli: Cli) -> None:
    """`--help`, `-h` and no verb at all show the verbs and the exit codes; `--version` the version."""
    for arguments, code in ((("--help",), 0), (("-h",), 0), ((), 2)):
        result = cli(*arguments)
        assert result.code == code
        for words in ("scan", "evaluate", "replay", "watch", "doctor", "Exit codes:"):
            assert words in result.out
    assert cli("--version").out == f"aimds {__version__}\n"
    assert cli("version").out.startswith(f"aimds {__version__}, python 3.")
    assert '"platform"' in cli("version", "--json").out


def test_help_imports_nothing_heavy() -> None:
    """The first page of help must come at once: no numpy, no pydantic, no rich, no models on the way to it."""
    script = (
        "import sys; from aimds.cli.app import run; run(['--help']);"
        "sys.exit(' '.join({'numpy', 'pydantic', 'rich', 'asyncio', 'aimds.defense'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


def test_python_dash_m_is_the_command() -> None:
    """`python -m aimds` does what `aimds` does, exit code included."""
    done = subprocess.run([sys.executable, "-m", "aimds", "--nonsense"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("aimds: usage: ")


def test_a_reader_that_goes_away_ends_the_command_silently() -> None:
    """`aimds ... | head -1` prints no traceback."""
    script = "import sys; from aimds.cli import main; sys.argv = ['aimds', 'version', '--json']; main()"
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run([sys.executable, "-c", script], stdout=write_end, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (141, b"")
