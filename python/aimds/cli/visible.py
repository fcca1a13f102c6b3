"""Text from outside made safe to look at, and spans marked so that they are seen without colour as well."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.text import Text

from aimds.records import Span

__all__ = ["excerpt", "visible", "visible_line"]

_HIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SELECTORS: Final = re.compile("[\ufe00-\ufe0e\U000e0100-\U000e01ef]")  # invisible, though Unicode calls them marks
_RUN_SPELLED_MAX: Final = 3  # longer runs of hidden characters are counted: their escapes would bury the text
_WHOLE_CHARACTERS_MAX: Final = 1500
_CONTEXT_CHARACTERS: Final = 100
_MARKED_CHARACTERS_MAX: Final = 600


def _hidden(character: str) -> bool:
    if character in "\n\t" or " " <= character <= "~":
        return False
    return unicodedata.category(character) in _HIDDEN_CATEGORIES or _SELECTORS.match(character) is not None


def visible(text: str) -> str:
    """`text` with hidden and control characters spelled out, so that it can neither hide nor steer the terminal.

    Line ends and tabs stay. A run of more than three hidden characters is shown as its length.
    """
    pieces: list[str] = []
    run: list[str] = []
    for character in (*text, ""):
        if character and _hidden(character):
            run.append(character)
            continue
        if len(run) > _RUN_SPELLED_MAX:
            pieces.append(f"<{len(run)} hidden characters>")
        else:
            pieces.extend(one.encode("unicode_escape").decode("ascii") for one in run)
        run.clear()
        pieces.append(character)
    return "".join(pieces)


def visible_line(text: str) -> str:
    r"""`visible`, with line ends and tabs spelled out too (`\n`): for names, which could forge a line of output."""
    return visible(text).replace("\n", r"\n").replace("\t", r"\t")


@dataclass(frozen=True, slots=True)
class _Mark:
    start: int
    end: int
    number: int
    style: str


def excerpt(text: str, spans: Sequence[tuple[int, Span, str]]) -> Text:
    """The text, or what surrounds the spans of a long one, each span between `[n>` and `<n]` in its style.

    Args:
        text: as it came.
        spans: number, range and style of each mark; ranges may overlap.
    """
    marks = [
        _Mark(min(span.start, len(text)), min(span.end, len(text)), number, style) for number, span, style in spans
    ]
    shown = Text()
    last = 0
    for start, end in _windows(text, marks):
        if start > last:
            shown.append(" ... " if last else "... ", "dim")
        _append(shown, text, start, end, marks)
        last = end
    if last < len(text):
        shown.append(f" ... ({len(text):,} characters)", "dim")
    return shown


def _windows(text: str, marks: Sequence[_Mark]) -> Iterator[tuple[int, int]]:
    """Ranges to show, in order, not overlapping."""
    if len(text) <= _WHOLE_CHARACTERS_MAX:
        yield 0, len(text)
        return
    if not marks:
        yield 0, _CONTEXT_CHARACTERS * 4
        return
    start = end = -1
    for low, high in sorted(
        window
        for mark in marks
        for window in _around(mark, len(text))
    ):  # fmt: skip
        if low > end:
            if end >= 0:
                yield start, end
            start = low
        end = max(end, high)
    yield start, end


def _around(mark: _Mark, total: int) -> list[tuple[int, int]]:
    """The context of a mark; of a long one only that of its ends."""
    before, after = max(0, mark.start - _CONTEXT_CHARACTERS), min(total, mark.end + _CONTEXT_CHARACTERS)
    if mark.end - mark.start <= _MARKED_CHARACTERS_MAX:
        return [(before, after)]
    return [(before, mark.start + _CONTEXT_CHARACTERS), (mark.end - _CONTEXT_CHARACTERS, after)]


def _append(shown: Text, text: str, start: int, end: int, marks: Sequence[_Mark]) -> None:
    cuts = {start, end}
    for mark in marks:
        cuts.update(position for position in (mark.start, mark.end) if start <= position <= end)
    ordered = sorted(cuts)
    for position, following in zip(ordered, [*ordered[1:], None], strict=True):
        for mark in reversed(marks):
            if mark.end == position and mark.start < mark.end:
                shown.append(f"<{mark.number}]", f"bold {mark.style}")
        for mark in marks:
            if mark.start == position and (position < end or mark.start == mark.end):
                empty = f"<{mark.number}]" if mark.start == mark.end else ""
                shown.append(f"[{mark.number}>{empty}", f"bold {mark.style}")
        if following is not None:
            style = next((mark.style for mark in marks if mark.start <= position and following <= mark.end), "")
            shown.append(visible(text[position:following]), f"{style} underline" if style else "")
