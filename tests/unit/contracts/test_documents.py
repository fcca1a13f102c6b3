"""The documents are true: the taxonomy table, the settings page, links between pages, and no trace of a machine."""

import re
import subprocess
from pathlib import Path

import pytest

from aimds.settings import Settings
from aimds.taxonomy import TAXONOMY

ROOT = Path(__file__).parents[3]
PAGES = sorted(path for path in ROOT.glob("**/*.md") if not {".venv", "target", "node_modules"} & set(path.parts))


def test_taxonomy_table_is_current() -> None:
    """Each category's row in DATA_MODELS.md shows exactly the ids of the code."""
    page = (ROOT / "docs/specifications/DATA_MODELS.md").read_text("utf-8")
    rows = {line.split("`")[1]: line for line in page.splitlines() if line.startswith("| `") and line.count("|") == 7}
    assert set(rows) == {str(category) for category in TAXONOMY}
    for category, entry in TAXONOMY.items():
        ids = (*entry.owasp_llm_2025, *entry.owasp_llm_2026, *entry.owasp_agentic_2026, *entry.atlas)
        assert set(re.findall(r"LLM\d+:\d+|ASI\d+|AML\.T[\d.]+", rows[category])) == set(ids)


def test_every_setting_is_documented() -> None:
    """docs/configuration.md names each section and each option with its default, and no other."""
    page = (ROOT / "docs/configuration.md").read_text("utf-8")
    documented = set(re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", page, re.MULTILINE))
    expected = {
        f"{section}.{option}"
        for section, field in Settings.model_fields.items()
        for option in type(field.default).model_fields
    }
    assert documented == expected


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    """Each relative link points at a file that exists."""
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_nothing_names_a_machine() -> None:
    """No tracked text file carries a home directory or a work folder of the machine it was written on."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    pattern = re.compile(rb"(?<![\w.])/(?:work|root|home)/[a-z]")
    for name in listed.stdout.decode().split("\0"):
        path = ROOT / name
        if name and path.is_file() and path.suffix in {".py", ".rs", ".md", ".toml", ".sh", ".pyi", ""}:
            found = pattern.search(path.read_bytes())
            assert found is None or name.startswith("tests/"), (name, found)
