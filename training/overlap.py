"""Rows of our banks that share a run of words with the corpora or with given files: none may come from elsewhere.

    python -m training.overlap [FILE ...]

Prints each such row with one run that it shares, and where that stands. Everyday phrases are among them ("the
difference between ... and ..."): a person decides. Files may be licences or documents of other projects; what is not
UTF-8 is passed over.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from training.banks import bank_rows
from training.corpus import Row, data_folder

RUN_WORDS = 8
"""So many words in a row are seldom an accident."""

_WORD = re.compile(r"[^\W\d_]{2,}")
"""Letters alone and digits are left out: spelled words and codes are alike everywhere."""


def runs(text: str) -> set[str]:
    """Every run of `RUN_WORDS` words of a text, in small letters."""
    words = _WORD.findall(text.lower())
    return {" ".join(words[start : start + RUN_WORDS]) for start in range(len(words) - RUN_WORDS + 1)}


def shared(rows: Sequence[Row], others: Iterable[tuple[str, str]]) -> dict[int, tuple[str, str]]:
    """Places of the rows that share a run with another text: the name of that text, and the run."""
    places: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        for run in runs(row.text):
            places.setdefault(run, []).append(place)
    found: dict[int, tuple[str, str]] = {}
    for name, text in others:
        for run in runs(text) & places.keys():
            for place in places[run]:
                found.setdefault(place, (name, run))
    return found


def corpora() -> Iterator[tuple[str, str]]:
    """File and line of every text and trace, with all that its fields say."""
    for path in sorted(data_folder().glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                yield f"{path.name}:{number}", "\n".join(_strings(json.loads(line)))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)


def texts_of_files(paths: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """Name and text of files."""
    for path in paths:
        try:
            yield path.name, path.read_text("utf-8")
        except UnicodeDecodeError:
            continue


def report(rows: Sequence[Row], found: Mapping[int, tuple[str, str]]) -> str:
    """One line a row, and their number."""
    lines = [f"{rows[place].source}: {name}: {run}" for place, (name, run) in sorted(found.items())]
    return "\n".join([*lines, f"{len(found)} of {len(rows)} rows share {RUN_WORDS} words in a row"])


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="compared besides the corpora")
    options = parser.parse_args()
    if missing := [str(path) for path in options.files if not path.is_file()]:
        parser.error(f"no such file: {', '.join(missing)}")
    rows = bank_rows()
    found = shared(rows, corpora()) | shared(rows, texts_of_files(options.files))
    print(report(rows, found))


if __name__ == "__main__":
    main()
