"""The inputs under examples/ are complete, well-formed and numerous enough for the demo to mean something."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from aimds.records import Event, EventKind
from aimds.taxonomy import Category

EXAMPLES = Path(__file__).parents[2] / "examples"
BENIGN_CATEGORIES = {"benign", "benign_hard"}
CATEGORIES = {category.value for category in Category}


def rows(name: str) -> list[dict[str, Any]]:
    """All rows of a JSON-lines file."""
    return [json.loads(line) for line in (EXAMPLES / name).read_text("utf-8").splitlines()]


PROMPTS, DOCUMENTS, TRACES = rows("prompts.jsonl"), rows("documents.jsonl"), rows("traces.jsonl")


@pytest.mark.parametrize("table", [PROMPTS, DOCUMENTS, TRACES], ids=["prompts", "documents", "traces"])
def test_rows_have_own_ids_and_labels_that_fit_their_categories(table: list[dict[str, Any]]) -> None:
    """Ids are unique; attacks carry a category of the taxonomy, honest rows one of the two honest ones."""
    assert [identity for identity, count in Counter(row["id"] for row in table).items() if count > 1] == []
    for row in table:
        allowed = CATEGORIES if row["label"] == "attack" else BENIGN_CATEGORIES
        assert row["label"] in {"attack", "benign"}, row["id"]
        assert row["category"] in allowed, row["id"]


def test_prompts_are_enough_and_of_many_languages() -> None:
    """At least 80 prompts, 10 languages, both labels in numbers, and hard honest ones among them."""
    assert len(PROMPTS) >= 80
    assert len({row["lang"] for row in PROMPTS}) >= 10
    labels = Counter(row["label"] for row in PROMPTS)
    assert min(labels.values()) >= 30
    assert sum(row["category"] == "benign_hard" for row in PROMPTS) >= 15
    assert len({row["text"] for row in PROMPTS}) == len(PROMPTS)


def test_every_document_stands_in_the_index_and_exists() -> None:
    """The index and the folder hold the same files."""
    listed = {row["file"] for row in DOCUMENTS}
    present = {path.relative_to(EXAMPLES).as_posix() for path in (EXAMPLES / "documents").iterdir()}
    assert listed == present
    assert len(listed) >= 20


def test_every_document_with_an_instruction_has_a_clean_twin() -> None:
    """Twins name each other, differ in label, and share most of their lines, so that only the instruction decides."""
    by_id = {row["id"]: row for row in DOCUMENTS}
    for row in DOCUMENTS:
        twin = by_id[row["twin"]]
        assert twin["twin"] == row["id"]
        assert {row["label"], twin["label"]} == {"attack", "benign"}
        assert row["kind"] == twin["kind"]
        own, other = ((EXAMPLES / part["file"]).read_text("utf-8") for part in (row, twin))
        shared = set(own.split()) & set(other.split())
        assert own != other
        assert len(shared) >= 0.3 * len(set(other.split())), row["id"]


def test_documents_use_kinds_that_events_know() -> None:
    """Each index row can be made into an event."""
    for row in DOCUMENTS:
        assert EventKind(row["kind"]) in {EventKind.DOCUMENT, EventKind.TOOL_RESULT}
        Event((EXAMPLES / row["file"]).read_text("utf-8"), kind=row["kind"])


def test_traces_are_enough_and_name_the_event_of_the_attack() -> None:
    """At least 12 traces; attacks point at one of their events, clean ones at none; each attack kind once or more."""
    assert len(TRACES) >= 12
    for trace in TRACES:
        index = trace["attack_event_index"]
        assert (index is not None) == (trace["label"] == "attack"), trace["id"]
        assert index is None or 0 <= index < len(trace["events"]), trace["id"]
    assert min(Counter(trace["label"] for trace in TRACES).values()) >= 6


def test_trace_events_are_in_order_of_time_and_can_be_made_into_events() -> None:
    """Timestamps never go back; role and type are words that events know; tool events name their tool."""
    for trace in TRACES:
        times = [event["ts"] for event in trace["events"]]
        assert times == sorted(times), trace["id"]
        for event in trace["events"]:
            made = Event(event["content"], kind=event["type"], role=event["role"], tool=event["tool"])
            tooled = made.kind in {EventKind.TOOL_CALL, EventKind.TOOL_RESULT}
            assert tooled == (made.tool is not None), trace["id"]
