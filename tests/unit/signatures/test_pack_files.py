"""Packs are read from the wheel and from disk, and a bad one is an error that names its place."""

from pathlib import Path

import pytest

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
