"""`aimds patterns`: what is learnt, listed, searched and changed, and that a change needs a store."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests import tiny_models
from tests.audit_trails import written
from tests.unit.cli.conftest import Cli
from training.checksums import write_sums

from aimds._core import EmbeddingModel
from aimds.cli import patterns
from aimds.errors import ErrorCode, InputError
from aimds.patterns import PatternMatch, PatternRecord, PatternStatus, StoreStats, build_seed
from aimds.taxonomy import Category


class MemoryStore:
    """The store's face over a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[str, PatternRecord] = {}
        self.searched: list[tuple[Any, ...]] = []

    def add(self, text: str, category: Category, severity: float, source: str, status: PatternStatus) -> PatternRecord:
        if not text.strip():
            raise InputError(ErrorCode.INPUT_BAD_VALUE, place="pattern", reason="the text has no words")
        key = f"own:{len(self.kept) + 1}"
        digest = text.encode().hex()
        self.kept[key] = PatternRecord(key, category, status, severity, source, digest, 1_700_000_000_000_000_000)
        return self.kept[key]

    def records(self, *, category: Category | None, status: PatternStatus | None) -> list[PatternRecord]:
        return [one for one in self.kept.values() if category in (None, one.category) and status in (None, one.status)]

    def _known(self, key: str) -> None:
        if key not in self.kept:
            raise InputError(ErrorCode.INPUT_NOT_FOUND, place=key, reason="the store has no such pattern")

    def remove(self, key: str) -> None:
        self._known(key)
        del self.kept[key]

    def promote(self, key: str) -> None:
        self._known(key)

    def reject(self, key: str) -> None:
        self._known(key)

    def search(self, text: str, count: int, **filters: Any) -> list[PatternMatch]:
        self.searched.append((text, count, filters))
        found = PatternMatch("seed:3", 0.987, Category.PROMPT_LEAK, PatternStatus.ACTIVE, 0.7, "s\x1bx")
        return [] if "unlike" in text else [found]

    def stats(self) -> StoreStats:
        return StoreStats(9, len(self.kept), {"active": 9}, {"prompt_leak": 9}, 3 << 20, 4)

    def export(self) -> Iterator[dict[str, Any]]:
        yield from ({"key": key, "vector": "00"} for key in self.kept)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> MemoryStore:
    """A store in memory behind the verbs."""
    memory = MemoryStore()

    @contextmanager
    def opened(*options: Any, write: bool = False) -> Iterator[MemoryStore]:
        yield memory

    monkeypatch.setattr(patterns, "open_store", opened)
    return memory


ADD = ("patterns", "add", "--category", "prompt_leak")


def test_add_and_list(cli: Cli, store: MemoryStore, tmp_path: Path) -> None:
    """Texts and files are learnt in shadow, with source and severity; the list filters and shows no text."""
    (tmp_path / "attack.txt").write_text("from a file")
    result = cli(*ADD, "tell me all", "attack.txt", "--source", "incident 7", "--severity", "0.9")
    assert result.code == 0
    for words in ("own:1", "own:2", "shadow", "prompt_leak", "0.90", "incident 7", "2023-11-14 22:13"):
        assert words in result.out
    assert cli("patterns", "list", "--status", "active").out == "no own patterns\n"
    rows = [
        json.loads(line) for line in cli("patterns", "list", "--category", "prompt_leak", "--json").out.splitlines()
    ]
    assert [row["key"] for row in rows] == ["own:1", "own:2"]
    assert rows[0]["severity"] == 0.9
    assert "tell me all" not in json.dumps(rows)


@pytest.mark.usefixtures("store")
def test_what_cannot_be_learnt_is_named(cli: Cli) -> None:
    """A missing file and a text without words are errors of their own; the others are learnt."""
    result = cli(*ADD, "gone.txt", " ", "fine", "--json")
    assert result.code == 2
    assert "aimds: input-not-found: gone.txt" in result.err
    assert "standard input (`-`)" in result.err
    assert "--text" not in result.err
    assert "aimds: input-bad-value: pattern: the text has no words" in result.err
    assert json.loads(result.out)["key"] == "own:1"


@pytest.mark.parametrize(("verb", "done"), [("promote", "active"), ("reject", "rejected"), ("remove", "removed")])
def test_changes_name_each_key(cli: Cli, store: MemoryStore, verb: str, done: str) -> None:
    """Each key is told with what became of it; an unknown one is an error, exit code 2."""
    cli(*ADD, "x")
    result = cli("patterns", verb, "own:1", "own:9")
    assert (result.code, result.out) == (2, f"own:1 {done}\n")
    assert "aimds: input-not-found: own:9" in result.err
    assert ("own:1" in store.kept) is (verb != "remove")


def test_search(cli: Cli, store: MemoryStore) -> None:
    """Matches with similarity and origin; --shadow and --category filter; bad input is named."""
    result = cli("patterns", "search", "tell me", "-n", "3", "--category", "prompt_leak", "--shadow")
    assert "0.987" in result.out
    assert "seed:3" in result.out
    assert "\x1b" not in result.out
    statuses = (PatternStatus.ACTIVE, PatternStatus.SHADOW)
    assert store.searched == [("tell me", 3, {"statuses": statuses, "categories": (Category.PROMPT_LEAK,)})]
    assert json.loads(cli("patterns", "search", "tell me", "--json").out)["similarity"] == 0.987
    assert store.searched[-1] == ("tell me", 10, {"statuses": (PatternStatus.ACTIVE,)})
    assert cli("patterns", "search", "unlike all").out == "nothing is stored that could match\n"
    assert cli("patterns", "search", "gone.txt").code == 2


def test_stats_and_export(cli: Cli, store: MemoryStore) -> None:
    """Counts by status and category and the memory; the export is a JSON line a pattern."""
    cli(*ADD, "x")
    page = cli("patterns", "stats").out
    for words in ("shipped", "own", "status active", "category prompt_leak", "3.0 MiB"):
        assert words in page
    assert json.loads(cli("patterns", "stats", "--json").out)["seed_patterns"] == 9
    assert json.loads(cli("patterns", "export").out) == {"key": "own:1", "vector": "00"}


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Small model files with a seed of one pattern, in the place of the shipped ones."""
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "embedding.safetensors").write_bytes(tiny_models.embedding_bytes())
    (folder / "head.safetensors").write_bytes(tiny_models.keyword_head_bytes({"ignore": 12.0}))
    embedding = EmbeddingModel.load(tiny_models.embedding_bytes())
    seed = build_seed(embedding, [3], embedding.embed("ignore"), ["prompt_leak"], [0.7], ["corpus"])
    seed.save(folder / "seed.patterns")
    write_sums(folder)
    monkeypatch.setattr("aimds.patterns.models.models_folder", lambda: folder)
    return folder


@pytest.mark.usefixtures("models")
def test_a_pattern_lives_in_its_file(cli: Cli, tmp_path: Path) -> None:
    """On the real store: learnt in one run, found in shadow, promoted, found, exported without text, removed."""
    store = ("--store", "own.db")
    assert cli(*ADD, "reveal", *store).code == 0
    assert "own:1" not in cli("patterns", "search", "reveal", *store).out
    assert "own:1" in cli("patterns", "search", "reveal", "--shadow", *store).out
    assert cli("patterns", "promote", "own:1", *store).out == "own:1 active\n"
    found = json.loads(cli("patterns", "search", "reveal", "-n", "1", "--json", *store).out)
    assert (found["key"], round(found["similarity"], 1)) == ("own:1", 1.0)
    assert json.loads(cli("patterns", "stats", "--json", *store).out)["own_patterns"] == 1
    exported = cli("patterns", "export", *store).out
    assert json.loads(exported)["status"] == "active"
    assert "reveal" not in exported
    assert cli("patterns", "remove", "own:1", "seed:3", *store).code == 2
    assert cli("patterns", "list", *store).out == "no own patterns\n"
    assert (tmp_path / "own.db").exists()


@pytest.mark.usefixtures("models")
def test_a_change_needs_a_store_and_looking_does_not(cli: Cli) -> None:
    """Without a file there is nothing to keep a change in; the shipped seed can still be searched."""
    refused = cli(*ADD, "x")
    assert (refused.code, "no store to change: give --store FILE" in refused.err) == (2, True)
    assert "seed:3" in cli("patterns", "search", "ignore").out


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize("verb", [("list",), ("stats",), ("export",), ("search", "ignore")])
def test_looking_at_a_store_makes_none_and_takes_no_other_file(cli: Cli, tmp_path: Path, verb: tuple[str, ...]) -> None:
    """A wrong name is told, and a trail stays as it is; `add` refuses it too."""
    missing = cli("patterns", *verb, "--set", "patterns.store=other.db")
    assert (missing.code, "aimds: input-not-found: other.db" in missing.err) == (2, True)
    assert not (tmp_path / "other.db").exists()
    written(tmp_path / "trail.db", 1)
    before = (tmp_path / "trail.db").read_bytes()
    for arguments in (("patterns", *verb), (*ADD, "x")):
        result = cli(*arguments, "--store", "trail.db")
        assert (result.code, "aimds: artefact-corrupt: trail.db: " in result.err) == (2, True)
    assert (tmp_path / "trail.db").read_bytes() == before


def test_damaged_files_are_named(cli: Cli, models: Path, tmp_path: Path) -> None:
    """A store that is no database and a model that is cut short each have their code and path, exit code 2."""
    (tmp_path / "own.db").write_bytes(b"no database at all, but long enough to be looked at as one" * 20)
    result = cli("patterns", "list", "--store", "own.db")
    assert (result.code, "aimds: artefact-corrupt: own.db" in result.err) == (2, True)
    (models / "embedding.safetensors").write_bytes(b"\x10\0\0")
    result = cli("patterns", "stats")
    assert (result.code, "aimds: artefact-checksum: " in result.err) == (2, True)
    write_sums(models)
    assert "aimds: artefact-corrupt: " in cli("patterns", "stats").err
    assert "embedding.safetensors" in result.err
    (models / "embedding.safetensors").unlink()
    assert "aimds: artefact-missing: " in cli("patterns", "stats").err
