"""SARIF logs are valid, point at the right characters, and carry no text."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.conftest import Cli

from aimds.cli.inputs import ScanInput, SourceText
from aimds.cli.sarif import sarif_log
from aimds.records import Action, Event, EventKind, Verdict

jsonschema = pytest.importorskip("jsonschema", reason="the part of the schema below is checked with it")

# The constraints of the SARIF 2.1.0 schema (OASIS) on the properties that AIMDS writes.
_TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
_POSITION = {"type": "integer", "minimum": 1}
_LEVEL = {"enum": ["none", "note", "warning", "error"]}
_REGION = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "startLine": _POSITION, "startColumn": _POSITION, "endLine": _POSITION, "endColumn": _POSITION,
        "charOffset": {"type": "integer", "minimum": -1}, "charLength": {"type": "integer", "minimum": 0},
    },
}  # fmt: skip
_LOCATION = {
    "type": "object",
    "required": ["physicalLocation"],
    "properties": {
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation"],
            "additionalProperties": False,
            "properties": {
                "artifactLocation": {
                    "type": "object",
                    "properties": {"uri": {"type": "string", "format": "uri-reference"}},
                },
                "region": _REGION,
            },
        }
    },
}
_RULE = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "shortDescription": _TEXT,
        "properties": {"type": "object", "properties": {"tags": {"type": "array", "uniqueItems": True}}},
    },
}
_RESULT = {
    "type": "object",
    "required": ["message", "ruleId"],
    "properties": {
        "level": _LEVEL,
        "message": _TEXT,
        "ruleIndex": {"type": "integer", "minimum": 0},
        "locations": {"type": "array", "items": _LOCATION},
    },
}
SCHEMA = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool"],
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {"rules": {"type": "array", "uniqueItems": True, "items": _RULE}},
                            }
                        },
                    },
                    "invocations": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["executionSuccessful"],
                            "properties": {
                                "toolExecutionNotifications": {
                                    "type": "array",
                                    "items": {
                                        "required": ["message"],
                                        "properties": {"message": _TEXT, "level": _LEVEL},
                                    },
                                }
                            },
                        },
                    },
                    "results": {"type": "array", "items": _RESULT},
                },
            },
        },
    },
}


def checked(out: str) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(out)
    jsonschema.validate(log, SCHEMA)
    return log["runs"][0]  # type: ignore[no-any-return]


def test_findings_point_into_the_file(cli: Cli, tmp_path: Path) -> None:
    """Lines and columns count from 1 in characters, rules are listed once, evidence is left out."""
    (tmp_path / "my notes.md").write_text("ünï\nan attack\nattack, doubt", encoding="utf-8")
    result = cli("scan", "my notes.md", "gone.md", "--sarif")
    run = checked(result.out)
    assert result.code == 2
    regions = [one["locations"][0]["physicalLocation"] for one in run["results"]]
    assert {region["artifactLocation"]["uri"] for region in regions} == {"my%20notes.md"}
    first = next(region["region"] for region in regions if region["region"]["startLine"] == 2)
    assert (first["startColumn"], first["endLine"], first["endColumn"]) == (4, 2, 10)
    assert (first["charOffset"], first["charLength"]) == (7, 6)
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["test.attack", "test.doubt"]
    assert all(rules[one["ruleIndex"]]["id"] == one["ruleId"] for one in run["results"])
    assert {one["level"] for one in run["results"]} == {"error", "warning"}
    assert run["invocations"][0]["executionSuccessful"] is False
    assert "input-not-found" in json.dumps(run["invocations"])
    assert "an attack" not in result.out


def test_a_verdict_without_findings_is_a_result_of_its_own() -> None:
    """A text that was blocked as a whole still shows."""
    item = ScanInput(SourceText("argument 1", "x"), EventKind.PROMPT)
    blocked = Verdict(Action.BLOCK, 0.9, 0.9, "the model says so", Event("x"))
    passed = Verdict(Action.ALLOW, 0.1, 0.9, "nothing", Event("x"))
    run = checked(json.dumps(sarif_log([(item, blocked), (item, passed)], [], "0")))
    (result,) = run["results"]
    assert result["message"]["text"] == "BLOCK: the model says so"
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "argument-1"
    assert run["invocations"][0]["executionSuccessful"] is True


def test_a_file_elsewhere_has_an_absolute_uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside the working directory nothing relative would be true."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    path = tmp_path / "a.md"
    item = ScanInput(SourceText(str(path), "x", path), EventKind.DOCUMENT)
    log = sarif_log([(item, Verdict(Action.BLOCK, 1, 1, "r", Event("x")))], [], "0")
    assert "file:///" in json.dumps(log)
