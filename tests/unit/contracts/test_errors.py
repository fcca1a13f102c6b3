"""The error catalogue is complete, and documented as it is."""

import string
from pathlib import Path

import pytest

from aimds.errors import AimdsError, ErrorCode

DOCUMENT = Path(__file__).parents[3] / "docs" / "errors.md"


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_error_fills_its_template_and_helps(code: ErrorCode) -> None:
    """Each template can be filled with its own fields, and each code says what to do."""
    names = {name for _, name, _, _ in string.Formatter().parse(code.value.template + code.help) if name}
    error = AimdsError(code, **dict.fromkeys(names, "value"))
    assert "{" not in str(error)
    assert error.help
    assert error.code is code


def test_documented_codes_are_the_codes() -> None:
    """`docs/errors.md` lists exactly the catalogue."""
    documented = {line.split("`")[1] for line in DOCUMENT.read_text("utf-8").splitlines() if line.startswith("| `")}
    assert documented == {code.slug for code in ErrorCode}
