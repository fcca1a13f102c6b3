"""The grammar for editors: every character of every policy has a scope, and every word of the language its own.

The grammar has `match` rules only, for which this small tokenizer does what TextMate does: of all patterns the leftmost
match counts, of equal places the first pattern.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aimds.policy import shipped_names, shipped_source

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "editors/aimds-policy"
GRAMMAR: dict[str, Any] = json.loads((FOLDER / "policy.tmLanguage.json").read_text())
PAGE = (ROOT / "docs/policy-language.md").read_text()


def rules() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    """The patterns, in order. What they use means the same in Python and in Oniguruma."""
    named = [GRAMMAR["repository"][one["include"].removeprefix("#")] for one in GRAMMAR["patterns"]]
    return [(re.compile(one["match"]), one) for one in named]


RULES = rules()


def tokens(line: str) -> Iterator[tuple[str, str]]:
    """Texts and their scopes; an empty scope for what no pattern takes."""
    at = 0
    while at < len(line):
        found = [(match, rule) for pattern, rule in RULES if (match := pattern.search(line, at)) and match.end() > at]
        if not found:
            yield line[at:], ""
            return
        match, rule = min(found, key=lambda one: one[0].start())
        if match.start() > at:
            yield line[at : match.start()], ""
        if "captures" in rule:
            for number, of in rule["captures"].items():
                yield match[int(number)], of["name"]
        else:
            yield match[0], rule["name"]
        at = match.end()


def examples() -> list[tuple[str, str]]:
    """The shipped files, and the examples of the page that are policies."""
    shipped = [shipped_source(name) for name in [*shipped_names(), "schema"]]
    blocks = re.findall(r"^```\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    policies = [block for block in blocks if re.search(r"^policy ", block, re.MULTILINE)]
    assert len(policies) >= 1
    return [one for one in shipped if one is not None] + [(f"example {at}", text) for at, text in enumerate(policies)]


@pytest.mark.parametrize(("name", "text"), examples())
def test_nothing_is_without_a_scope(name: str, text: str) -> None:
    """Comments and strings are whole, names of policies stand out, and only blanks are left over."""
    names = []
    for number, line in enumerate(text.splitlines(), start=1):
        for piece, scope in tokens(line):
            assert scope or not piece.strip(), f"{name}:{number}: {piece!r}"
            if scope.startswith("comment"):
                assert line.endswith(piece)
            if scope.startswith("entity"):
                names.append(piece)
            if scope.startswith("string"):
                assert len(piece) >= 2
                assert piece[0] == piece[-1] == '"'
    for declared in re.findall(r"^(?:policy|set) (\w+)", text, re.MULTILINE):
        assert declared in names


def test_every_word_of_the_grammar_is_known() -> None:
    """What stands in quotes in the reference is no mere name for the editor."""
    grammar = PAGE[PAGE.index("file        =") : PAGE.index("## Schema")].split("```")[0]
    words = {word for word in re.findall(r'"([a-z_]+)"', grammar) if word != "_"}
    assert len(words) > 60
    plain = {word for word in words if [scope.split(".")[0] for _, scope in tokens(word)] == ["variable"]}
    assert not plain


def test_the_extension_names_its_files() -> None:
    """What the editor loads is there, and `match` is all that this test has to understand."""
    manifest = json.loads((FOLDER / "package.json").read_text())["contributes"]
    assert (FOLDER / manifest["grammars"][0]["path"]).is_file()
    assert (FOLDER / manifest["languages"][0]["configuration"]).is_file()
    assert manifest["languages"][0]["extensions"] == [".policy"]
    assert manifest["grammars"][0]["scopeName"] == GRAMMAR["scopeName"]
    for rule in GRAMMAR["repository"].values():
        assert set(rule) <= {"name", "match", "captures"}
