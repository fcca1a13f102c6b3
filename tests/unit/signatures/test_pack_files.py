"""Packs are read from the wheel and from disk, and a bad one is an error that names its place."""

from pathlib import Path

import pytest

from aimds import Defense, Settings
from aimds.errors import ConfigurationError, ErrorCode
from aimds.signatures import RulePackError, build_engine, read_packs, shipped_packs

BAD = '[pack]\nname = "mine"\nversion = 1\ndescription = "d"\n[[rule]]\nid = "mine.x"\ncategory = "nonsense"\n'


def test_a_bad_pack_names_file_line_and_rule() -> None:
    """The error carries the code of the catalogue and `file:line (rule)` as its place."""
    text = (
        BAD + 'severity = 1\nconfidence = 1\nmessage = "m"\nany = ["x"]\npositive = ["a", "b"]\nnegative = ["a", "b"]\n'
    )
    with pytest.raises(RulePackError) as caught:
        build_engine([*shipped_packs(), ("mine.toml", text)])
    assert isinstance(caught.value, ConfigurationError)
    assert caught.value.code is ErrorCode.RULE_PACK_INVALID
    assert caught.value.fields["place"] == "mine.toml:7 (mine.x)"
    assert "`category` is `nonsense`" in str(caught.value)


def test_packs_are_read_from_files_and_folders(tmp_path: Path) -> None:
    """A folder stands for its TOML files by name; other files in it are left alone."""
    (tmp_path / "b.toml").write_text("b", "utf-8")
    (tmp_path / "a.toml").write_text("a", "utf-8")
    (tmp_path / "c.txt").write_text("c", "utf-8")
    assert [text for _, text in read_packs([tmp_path, tmp_path / "b.toml"])] == ["a", "b", "b"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file"),
        (b"\xff\xfe", "byte 0 is not valid UTF-8"),
        (b"#" * (1024 * 1024 + 1), "more than 1048576"),
    ],
)
def test_unreadable_files_are_errors(tmp_path: Path, content: bytes | None, reason: str) -> None:
    """Missing, not UTF-8, too large: each is a rule pack error with the file's name."""
    path = tmp_path / "p.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RulePackError, match=reason) as caught:
        read_packs([path])
    assert caught.value.fields["place"] == str(path)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"packs": ["empty"]}, ["signatures.packs: empty", "no rule pack"]),
        ({"packs": ["gone.toml"]}, ["signatures.packs: gone.toml", "No such file"]),
        ({"disabled_rules": ["nosuch.rule"]}, ["signatures.disabled_rules", "nosuch.rule"]),
        ({"disabled_rules": ["nosuch.*"]}, ["signatures.disabled_rules", "nosuch.*"]),
        ({"disabled_rules": ["carriers.image_with_payloads"]}, ["did you mean carriers.image_with_payload?"]),
        ({"phone_regions": ["US", "ZZ"]}, ["signatures.phone_regions", "ZZ"]),
        ({"phone_regions": ["fr"]}, ["signatures.phone_regions", "fr"]),
        ({"allow_digests": ["zz"]}, ["signatures.allow_digests", "entry 1"]),
        ({"allow_patterns": ["a("]}, ["signatures.allow_patterns"]),
        ({"allow_texts": ["a text", "abc"]}, ["signatures.allow_texts", "passage 2"]),
    ],
    ids=str,
)
def test_settings_that_would_do_nothing_stop_the_start(
    options: dict[str, list[str]], words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty folder, a rule or a region that does not exist: the error names the setting and what is wrong."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    settings = Settings(signatures=options, patterns={"enabled": False}, verify={"policies": ()})
    with pytest.raises(ConfigurationError) as caught:
        Defense(settings)
    for word in words:
        assert word in str(caught.value)


def test_rules_and_regions_that_exist_are_taken(tmp_path: Path) -> None:
    """Rules of own packs, whole packs and regions of the numbering plans."""
    (tmp_path / "mine.toml").write_text(
        BAD.replace("nonsense", "prompt_leak")
        + 'severity = 1\nconfidence = 1\nmessage = "m"\nany = ["xyzzy"]\npositive = ["xyzzy", "a xyzzy"]\n'
        'negative = ["a", "b"]\n',
        "utf-8",
    )
    options = {"packs": [tmp_path], "disabled_rules": ["mine.x", "carriers.*"], "phone_regions": ["FR", "GB"]}
    Defense(Settings(signatures=options, patterns={"enabled": False}, verify={"policies": ()}))
