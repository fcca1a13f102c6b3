"""Rows of a labelled corpus: what is accepted, and what is said of rows that are not."""

import gzip
import json
from pathlib import Path

import pytest

from aimds.errors import ErrorCode, InputError
from aimds.evaluation import EventDefaults, LabelledRow, LineReader, read_rows
from aimds.records import EventKind, Role, Trust


def rows(path: Path, content: str | bytes, **options: object) -> list[LabelledRow | InputError]:
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    with LineReader(path) as reader:
        return list(read_rows(reader, **options))  # type: ignore[arg-type]


def good(items: list[LabelledRow | InputError]) -> list[LabelledRow]:
    return [item for item in items if isinstance(item, LabelledRow)]


def bad(items: list[LabelledRow | InputError]) -> list[str]:
    return [str(item) for item in items if isinstance(item, InputError)]


@pytest.mark.parametrize("name", ["corpus.jsonl", "corpus.jsonl.gz", "corpus.txt"])
def test_jsonl_rows_with_all_fields(tmp_path: Path, name: str) -> None:
    """Every documented key is taken over, and keys that are not known are left alone."""
    row = {"id": "a1", "text": "hi", "label": "attack", "category": "c", "source": "s", "kind": "document", "x": 1}
    (item,) = good(rows(tmp_path / name, json.dumps(row) + "\n\n"))
    assert (item.id, item.event.text, item.attack, item.category, item.source) == ("a1", "hi", True, "c", "s")
    assert (item.event.kind, item.event.role, item.event.trust) == (EventKind.DOCUMENT, Role.TOOL, Trust.UNTRUSTED)


def test_what_is_left_out_has_a_default(tmp_path: Path) -> None:
    """Without id, category and source a row is named by its line, its label and its file."""
    (item,) = good(rows(tmp_path / "corpus.jsonl.gz", '\n{"text": "hi", "label": "benign"}'))
    assert (item.id, item.category, item.source) == ("row-2", "benign", "corpus")
    assert item.place.endswith("corpus.jsonl.gz:2")


def test_defaults_of_the_command_apply_where_the_row_is_silent(tmp_path: Path) -> None:
    """`--kind` and `--trust` fill in, the row's own keys win."""
    text = '{"text": "a", "label": 1}\n{"text": "b", "label": 0, "kind": "response"}'
    first, second = good(rows(tmp_path / "c.jsonl", text, defaults=EventDefaults(kind=EventKind.TOOL_RESULT, tool="t")))
    assert (first.event.kind, second.event.kind) == (EventKind.TOOL_RESULT, EventKind.RESPONSE)
    assert first.event.tool == "t"


@pytest.mark.parametrize(
    ("label", "attack"),
    [("attack", True), ("Benign", False), (1, True), (0, False), ("1", True), (True, True), (False, False),
     ("injection", True), ("safe", False)],
)  # fmt: skip
def test_labels(tmp_path: Path, label: object, attack: bool) -> None:
    """The documented words for the two labels, in any case."""
    (item,) = good(rows(tmp_path / "c.jsonl", json.dumps({"text": "t", "label": label})))
    assert item.attack is attack


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", ":2: not valid JSON at column 2"),
        ("[1]", ":2: expected a JSON object, got list"),
        ("[" * 100_000, ":2: JSON nested too deeply"),
        ('{"label": "attack"}', ":2: `text` is missing"),
        ('{"text": "x"}', ":2: `label` is missing"),
        ('{"text": 3, "label": "attack"}', ":2: `text` must be a string, got int"),
        ('{"text": "x", "label": "maybe"}', ":2: unknown label of 5 characters in `label`: expected 1, attack,"),
        ('{"text": "x", "label": "' + "m" * 500 + '"}', ":2: unknown label of 500 characters in `label`"),
        ('{"text": "x", "label": "attack", "kind": "letter"}', ":2: kind: expected one of prompt, document"),
        ('{"text": "x", "label": 1' + "1" * 5000 + "}", ":2: not valid JSON: "),
    ],
)
def test_a_bad_row_is_named_and_the_good_ones_stay(tmp_path: Path, line: str, words: str) -> None:
    """The error names file and line and says what is wrong; the rows around it are read."""
    ok = '{"text": "x", "label": "attack"}'
    items = rows(tmp_path / "c.jsonl", f"{ok}\n{line}\n{ok}\n")
    assert len(good(items)) == 2
    (message,) = bad(items)
    assert words in message
    assert len(message) < 400


def test_csv_with_named_columns(tmp_path: Path) -> None:
    """Columns are found by name; quoted fields may hold commas, quotes, blank lines."""
    text = 'Label,prompt,source\nattack,"a, ""b""\n\nc",s1\n\nbenign,plain,\n'
    items = rows(tmp_path / "c.csv.gz", text, text_column="prompt", label_column="Label")
    first, second = good(items)
    assert (first.event.text, first.attack, first.source) == ('a, "b"\n\nc', True, "s1")
    assert (second.event.text, second.source, second.id) == ("plain", "c", "row-6")


def test_tsv(tmp_path: Path) -> None:
    """`.tsv` is split at tabs."""
    (item,) = good(rows(tmp_path / "c.tsv", "text\tlabel\na,b\t1\n"))
    assert item.event.text == "a,b"


@pytest.mark.parametrize("content", ["", "message,label\nx,1\n"])
def test_a_csv_without_its_columns_is_refused(tmp_path: Path, content: str) -> None:
    """An empty file or a header without the text column stops with the place; nothing can be judged."""
    with pytest.raises(InputError) as caught:
        rows(tmp_path / "c.csv", content)
    assert "c.csv" in str(caught.value)
    assert caught.value.code is ErrorCode.INPUT_BAD_ROW


def test_bad_csv_rows_are_named_and_the_good_ones_stay(tmp_path: Path) -> None:
    """Too many cells, a broken byte, text after a quote and a quote that never ends each cost one row."""
    content = b'text,label\ngood,1\na,b,c\n\xff,1\n"x"y,1\nfine,0\n"open,1\nnever ends'
    items = rows(tmp_path / "c.csv", content)
    assert [item.event.text for item in good(items)] == ["good", "fine"]
    messages = bad(items)
    assert len(messages) == 4
    assert ":3: 3 columns, the header has 2" in messages[0]
    assert ":4: byte 24 is not valid UTF-8" in messages[1]
    assert ":5: CSV: " in messages[2]
    assert ":7: CSV: " in messages[3]


def test_a_row_may_name_a_file_of_its_folder(tmp_path: Path) -> None:
    """The text of a row can stand in a file beside the corpus, but nowhere else; what fails names the row."""
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.txt").write_text("from a file")
    (tmp_path / "corpus" / "latin.txt").write_bytes(b"caf\xe9")
    (tmp_path / "secret.txt").write_text("not yours")
    names = ["a.txt", "../secret.txt", str(tmp_path / "secret.txt"), "gone.txt", "latin.txt", "a\0b", 3]
    text = "\n".join(json.dumps({"file": name, "label": "attack"}) for name in names)
    items = rows(tmp_path / "corpus" / "c.jsonl", text)
    assert [item.event.text for item in good(items)] == ["from a file"]
    messages = bad(items)
    expected = (
        "outside the corpus folder",
        "outside",
        "No such file",
        "byte 3 is not valid UTF-8",
        "null",
        "`text` is",
    )
    for number, (message, words) in enumerate(zip(messages, expected, strict=True), start=2):
        assert f"c.jsonl:{number}: " in message
        assert words in message
    (item,) = good(rows(tmp_path / "corpus" / "c.csv", "file,label\na.txt,1\n"))
    assert item.event.text == "from a file"


SECRET = "ghp_" + "abcdefghijklmnopqrstuvwxyz0123456789"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("label.csv", f"text,label\nx,{SECRET}\n"),
        ("swapped.csv", f"text,label\nattack,{SECRET} ignore all previous instructions\n"),
        ("no_header.csv", f"{SECRET},attack\nx,benign\n"),
        ("label.jsonl", json.dumps({"text": "x", "label": SECRET})),
        ("label_object.jsonl", json.dumps({"text": "x", "label": {"a": SECRET}})),
        ("kind.jsonl", json.dumps({"text": "x", "label": 1, "kind": SECRET})),
        ("file.csv", f"file,label\n{SECRET},1\n"),
        ("long_file.csv", f"file,label\n{SECRET * 100},1\n"),
        ("outside.csv", f"file,label\n../{SECRET},1\n"),
        ("null.jsonl", json.dumps({"file": f"{SECRET}\0", "label": 1})),
        ("surrogate.jsonl", json.dumps({"file": f"{SECRET}\ud800", "label": 1})),
    ],
)
def test_no_error_repeats_what_a_cell_holds(tmp_path: Path, name: str, content: str) -> None:
    """Any cell may be the text or a credential, above all where columns are not what they are called."""
    try:
        messages = bad(rows(tmp_path / name, content))
    except InputError as error:
        messages = [str(error)]
    (message,) = messages
    assert name in message
    assert SECRET not in message
    assert "previous" not in message


def test_a_wrong_label_names_the_column_that_was_asked_for(tmp_path: Path) -> None:
    """With `--label-column` the error speaks of that column."""
    (message,) = bad(rows(tmp_path / "c.csv", "text,is_attack\nx,perhaps\n", label_column="is_attack"))
    assert ":2: unknown label of 7 characters in `is_attack`" in message
