"""Labelled texts from JSONL or CSV: `{"text","label","category","source"}`, one row a text."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Final

from aimds.errors import AimdsError, ErrorCode, InputError
from aimds.evaluation.lines import Line, LineReader
from aimds.limits import FILE_BYTES_MAX, JSONL_ROW_BYTES_MAX
from aimds.records import Event, EventKind, Role, Trust

__all__ = ["ATTACK_WORDS", "BENIGN_WORDS", "EventDefaults", "LabelledRow", "parse_label", "parse_object", "read_rows"]

ATTACK_WORDS: Final = frozenset({"attack", "1", "true", "injection", "jailbreak", "malicious"})
"""Values of the label column that mean an attack; case does not matter. `docs/cli.md` lists them."""

BENIGN_WORDS: Final = frozenset({"benign", "0", "false", "safe"})
"""Values of the label column that mean an honest text."""

_DELIMITERS: Final = {".csv": ",", ".tsv": "\t"}
_LABEL_WORDS: Final = " or ".join(", ".join(sorted(words)) for words in (ATTACK_WORDS, BENIGN_WORDS))


@dataclass(frozen=True, slots=True)
class EventDefaults:
    """What a text is judged as, where its row does not say."""

    kind: EventKind = EventKind.PROMPT
    role: Role | None = None
    trust: Trust | None = None
    tool: str | None = None


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """One text to judge with the truth about it. `place` is `file:line`."""

    place: str
    id: str
    event: Event
    attack: bool
    category: str
    source: str
    language: str = ""
    """As the row names it; empty when it does not."""


def parse_label(value: object, place: str, column: str = "label") -> bool:
    """Whether a label says attack; `column` is the column or key that it stands in.

    Raises:
        InputError: `input-bad-row` for a label that is neither an attack word nor a benign word. The value is not
            repeated: with columns swapped it is the text, and may be an attack or a secret.
    """
    word = str(value).strip().lower()
    if word in ATTACK_WORDS:
        return True
    if word in BENIGN_WORDS:
        return False
    reason = f"unknown label of {len(word)} characters in `{column}`: expected {_LABEL_WORDS}"
    raise InputError(ErrorCode.INPUT_BAD_ROW, place=place, reason=reason)


def parse_object(line: Line, place: str) -> dict[str, Any]:
    """The JSON object on a line.

    Raises:
        InputError: `input-bad-row` when the line is not JSON, or not an object.
    """
    try:
        value = json.loads(line.text)
    except json.JSONDecodeError as error:
        raise InputError(
            ErrorCode.INPUT_BAD_ROW, place=place, reason=f"not valid JSON at column {error.colno}: {error.msg}"
        ) from None
    except RecursionError:
        raise InputError(ErrorCode.INPUT_BAD_ROW, place=place, reason="JSON nested too deeply") from None
    except ValueError as error:
        raise InputError(ErrorCode.INPUT_BAD_ROW, place=place, reason=f"not valid JSON: {error}") from None
    if not isinstance(value, dict):
        reason = f"expected a JSON object, got {type(value).__name__}"
        raise InputError(ErrorCode.INPUT_BAD_ROW, place=place, reason=reason)
    return value


def read_rows(
    reader: LineReader,
    *,
    text_column: str = "text",
    label_column: str = "label",
    defaults: EventDefaults | None = None,
) -> Iterator[LabelledRow | InputError]:
    """Rows of a corpus in order, a bad row as the error that says what is wrong with it.

    CSV and TSV are recognised by name (`.csv`, `.tsv`, also with `.gz`), all else is JSONL. Optional columns: `id`,
    `category`, `source`, `lang`, and `kind`, `role`, `trust`, `tool` of the event. Instead of a text a row may name
    a `file` below the folder of the corpus.

    Raises:
        InputError: `input-bad-row` when the header of a CSV file lacks a column that is needed.
    """
    defaults = defaults or EventDefaults()
    delimiter = _delimiter(reader.name)
    pairs = _json_objects(reader) if delimiter is None else _csv_objects(reader, delimiter, (text_column, label_column))
    source = PurePath(PurePath(reader.name).name.removesuffix(".gz")).stem
    for place, item in pairs:
        if isinstance(item, InputError):
            yield item
            continue
        try:
            yield _row(item, place, text_column, label_column, source, defaults)
        except InputError as error:
            yield error


def _delimiter(name: str) -> str | None:
    return _DELIMITERS.get(PurePath(name.lower().removesuffix(".gz")).suffix)


def _json_objects(reader: LineReader) -> Iterator[tuple[str, Mapping[str, Any] | InputError]]:
    for line in reader:
        if isinstance(line, InputError):
            yield reader.name, line
            continue
        if not line.text.strip():
            continue
        place = reader.place(line.number)
        try:
            yield place, parse_object(line, place)
        except InputError as error:
            yield place, error


class _CsvLines:
    """The lines as the csv module wants them. Not a generator: after an error it must be able to go on."""

    def __init__(self, reader: LineReader) -> None:
        self._lines = iter(reader)
        self.number = 0

    def __iter__(self) -> _CsvLines:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.number += 1
        if isinstance(line, InputError):
            raise line
        return line.text + "\n"


def _csv_objects(
    reader: LineReader, delimiter: str, needed: tuple[str, ...]
) -> Iterator[tuple[str, Mapping[str, Any] | InputError]]:
    csv.field_size_limit(max(csv.field_size_limit(), JSONL_ROW_BYTES_MAX))
    lines = _CsvLines(reader)
    table = csv.reader(lines, delimiter=delimiter, strict=True)
    header: list[str] | None = None
    while True:
        number = lines.number + 1
        try:
            cells = next(table)
        except StopIteration:
            if header is None:
                raise InputError(ErrorCode.INPUT_BAD_ROW, place=reader.name, reason="the file is empty") from None
            return
        except InputError as error:
            yield reader.name, error
            continue
        except csv.Error as error:
            yield reader.name, InputError(ErrorCode.INPUT_BAD_ROW, place=reader.place(number), reason=f"CSV: {error}")
            continue
        if not cells:
            continue
        place = reader.place(number)
        if header is None:
            header = [cell.strip() for cell in cells]
            missing = [name for name in needed if name not in header and not (name == needed[0] and "file" in header)]
            if missing:
                # Without a header this is the first row of data: its cells stay out of the message.
                reason = (
                    f"column {', '.join(missing)} is missing; the first row must name the columns, and none of its "
                    f"{len(header)} cells is called so"
                )
                raise InputError(ErrorCode.INPUT_BAD_ROW, place=place, reason=reason)
        elif len(cells) != len(header):
            reason = f"{len(cells)} columns, the header has {len(header)}"
            yield place, InputError(ErrorCode.INPUT_BAD_ROW, place=place, reason=reason)
        else:
            yield place, {name: cell for name, cell in zip(header, cells, strict=True) if cell}


def _row(
    item: Mapping[str, Any], place: str, text_column: str, label_column: str, source: str, defaults: EventDefaults
) -> LabelledRow:
    if item.get(label_column) is None:
        raise InputError(ErrorCode.INPUT_BAD_ROW, place=place, reason=f"`{label_column}` is missing")
    attack = parse_label(item[label_column], place, label_column)
    text = _text(item, place, text_column)
    try:
        event = Event(
            text,
            kind=item.get("kind") or defaults.kind,
            role=item.get("role") or defaults.role,
            trust=item.get("trust") or defaults.trust,
            tool=item.get("tool") or defaults.tool,
        )
    except AimdsError as error:
        raise InputError(ErrorCode.INPUT_BAD_ROW, place=place, reason=str(error)) from None
    return LabelledRow(
        place=place,
        id=str(item.get("id") or f"row-{place.rpartition(':')[2]}"),
        event=event,
        attack=attack,
        category=str(item.get("category") or ("attack" if attack else "benign")),
        source=str(item.get("source") or source),
        language=str(item.get("lang") or ""),
    )


def _text(item: Mapping[str, Any], place: str, text_column: str) -> str:
    """The row's text, or that of the file it names."""
    text = item.get(text_column)
    if isinstance(text, str):
        return text
    if text is not None:
        reason = f"`{text_column}` must be a string, got {type(text).__name__}"
        raise InputError(ErrorCode.INPUT_BAD_ROW, place=place, reason=reason)
    name = item.get("file")
    if not isinstance(name, str):
        raise InputError(ErrorCode.INPUT_BAD_ROW, place=place, reason=f"`{text_column}` is missing")
    return _file_text(Path(place.rpartition(":")[0]).parent, name, place)


def _file_text(folder: Path, name: str, place: str) -> str:
    """A text file beside the corpus. A corpus comes from others, so it may not name files outside its own folder.

    Errors do not repeat the name: in a file with other columns than it says, that is any text.
    """
    try:
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise _bad_file(place, "it is outside the corpus folder")
        with path.open("rb") as stream:
            data = stream.read(FILE_BYTES_MAX + 1)
        if len(data) > FILE_BYTES_MAX:
            raise _bad_file(place, f"it has over {FILE_BYTES_MAX} bytes")
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        reason = f"byte {error.start} is not valid UTF-8"
    except OSError as error:
        reason = error.strerror or "it cannot be read"
    except ValueError:
        reason = "its name holds a null character or half of a surrogate pair"
    except RuntimeError:
        reason = "its path is a loop of links"
    raise _bad_file(place, reason)


def _bad_file(place: str, reason: str) -> InputError:
    return InputError(ErrorCode.INPUT_BAD_ROW, place=place, reason=f"the file that `file` names: {reason}")
