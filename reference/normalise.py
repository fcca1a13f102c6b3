"""Slow, obvious twin of the normalise kernel: canonical text and the simple decoders.

It follows the definitions with the standard library alone; `tests/differential/test_normalise.py` holds the kernel to
it. What the kernel decides by statistics (does this read as language?) is not repeated here.
"""

from __future__ import annotations

import base64
import html
import re
import unicodedata

MARKS_MAX = 4
"""More combining marks on one letter are a flood, and all of them go."""

_INVISIBLE_RANGES = (
    (0x00, 0x08), (0x0E, 0x1F), (0x7F, 0x84), (0x86, 0x9F), (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C),
    (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F),
    (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB), (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip


def is_invisible(character: str) -> bool:
    """Whether a reader sees nothing of it and it is not white space."""
    code = ord(character)
    return any(first <= code <= last for first, last in _INVISIBLE_RANGES)


def canonical(text: str) -> str:
    """Without terminal colours and invisible characters, odd line ends and spaces made plain, NFKC, no mark floods."""
    text = re.sub("\x1b\\[[ -?]{0,32}[@-~]", "", text)
    text = "".join(character for character in text if not is_invisible(character))
    text = re.sub("[\x85\u2028\u2029]", "\n", text).replace("\u1680", " ")
    text = "".join(map(_negative_letter, text))
    return unicodedata.normalize("NFKC", _without_floods(text))


def _negative_letter(character: str) -> str:
    code = ord(character)
    for first in (0x1F150, 0x1F170):
        if first <= code < first + 26:
            return chr(ord("A") + code - first)
    return character


def _is_mark(character: str) -> bool:
    return unicodedata.combining(character) != 0 or ord(character) in (0x488, 0x489, *range(0x20DD, 0x20E1))


def _without_floods(text: str) -> str:
    kept: list[str] = []
    marks: list[str] = []
    for character in [*text, ""]:
        if character and _is_mark(character):
            marks.append(character)
            continue
        if len(unicodedata.normalize("NFKD", "".join(marks))) <= MARKS_MAX:  # some marks are two in one
            kept.extend(marks)
        marks = []
        kept.append(character)
    return "".join(kept)


def tag_characters(text: str) -> str:
    """The ASCII text that tag characters mirror, pieces set apart by spaces."""
    pieces = re.findall("[\U000e0020-\U000e007e]+", text)
    return " ".join("".join(chr(ord(character) - 0xE0000) for character in piece) for piece in pieces)


def variation_selectors(text: str) -> bytes:
    """The bytes that variation selectors stand for: 16 in the basic plane, 240 in the supplement."""
    codes = [ord(character) for character in text]
    return bytes(
        code - 0xFE00 if code < 0x10000 else code - 0xE0100 + 16
        for code in codes
        if 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF
    )


def base64_text(run: str) -> str:
    """A run of base64 in either alphabet, padded or not, as text."""
    run = run.rstrip("=").replace("-", "+").replace("_", "/")
    return base64.b64decode(run + "=" * (-len(run) % 4)).decode()


def percent(text: str) -> str:
    """Percent escapes replaced; neighbouring ones are UTF-8 together."""
    return re.sub("(?:%[0-9A-Fa-f]{2})+", lambda run: bytes.fromhex(run[0].replace("%", "")).decode(), text)


def unicode_escapes(text: str) -> str:
    r"""`\uXXXX` replaced, surrogate pairs joined."""

    def replaced(run: re.Match[str]) -> str:
        units = b"".join(int(unit, 16).to_bytes(2, "big") for unit in run[0].split("\\u")[1:])
        return units.decode("utf-16-be")

    return re.sub(r"(?:\\u[0-9A-Fa-f]{4})+", replaced, text)


def quoted_characters(text: str) -> str:
    r"""A backslash before every character removed: six pairs or more side by side, half of them letters."""

    def replaced(run: re.Match[str]) -> str:
        plain = run[0][1::2]
        return plain if 2 * sum(map(str.isalpha, plain)) >= len(plain) else run[0]

    return re.sub(r"(?:\\[^\\]){6,}", replaced, text, flags=re.DOTALL)


def html_entities(text: str) -> str:
    """Numeric entities replaced."""
    return re.sub("&#(?:[0-9]{1,7}|[xX][0-9A-Fa-f]{1,6});", lambda entity: html.unescape(entity[0]), text)


def rotated(text: str, by: int) -> str:
    """Each ASCII letter moved `by` places."""

    def moved(letter: re.Match[str]) -> str:
        first = ord("a") if letter[0].islower() else ord("A")
        return chr((ord(letter[0]) - first + by) % 26 + first)

    return re.sub("[A-Za-z]", moved, text)
