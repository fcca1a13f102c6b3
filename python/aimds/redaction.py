"""Text from outside that cannot leak by accident: its `repr`, `str` and format are redacted by type."""

from __future__ import annotations

import hashlib
from typing import Final, final

__all__ = ["UntrustedText"]

_DIGEST_CHARACTERS: Final = 12  # 48 bits: enough to recognise the same text in two log lines, useless to recover it


@final
class UntrustedText:
    """A string that may hold an attack, a secret or personal data.

    Only `reveal()` gives the characters back; whatever prints, formats or logs the object shows its length and a short
    digest. Two objects are equal when their characters are.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str | UntrustedText) -> None:
        self._text: str = text._text if isinstance(text, UntrustedText) else text

    def reveal(self) -> str:
        """The characters themselves. Keep the result out of logs and errors."""
        return self._text

    def digest(self) -> str:
        """The first 12 hexadecimal digits of the SHA-256 of the UTF-8 text (lone surrogates are escaped)."""
        return hashlib.sha256(self._text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_CHARACTERS]

    def __len__(self) -> int:
        return len(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UntrustedText) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return f"<text: {len(self._text)} characters, sha256 {self.digest()}>"

    __str__ = __repr__

    def __format__(self, format_spec: str) -> str:
        return format(repr(self), format_spec)
