"""Planted tokens: put one into a system prompt or a document, and a leak of it is certain.

Source of the idea: canary words as in rebuff and vigil; here every view is searched, and reversed, rotated,
hexadecimal and base64 spellings besides.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from typing import Final

from aimds._core import NeedleScanner, NormalisedText
from aimds.errors import ConfigurationError, ErrorCode
from aimds.ports import IdSource
from aimds.records import Span

__all__ = ["CANARIES_MAX", "CanaryHit", "CanaryTokens"]

CANARIES_MAX: Final = 4096
"""Tokens held at once: one a system prompt or protected document is plenty, and each costs memory in the scanner."""

_DIGITS: Final = 16  # 64 bits: a guess or a chance meeting is out of the question, and the token stays short


@dataclass(frozen=True, slots=True)
class CanaryHit:
    """A token that came back."""

    label: str
    span: Span
    chain: tuple[str, ...]
    spelling: str
    """`plain`, `reversed`, `rot13`, `hex` or `base64`."""


class CanaryTokens:
    """The planted tokens of one guard. Safe under threads.

    Args:
        ids: where new tokens come from; they are as hard to guess as its ids are.
    """

    def __init__(self, ids: IdSource) -> None:
        self._ids = ids
        self._lock = threading.Lock()
        self._tokens: tuple[tuple[str, str], ...] = ()
        self._scanner: NeedleScanner | None = None

    def make(self, label: str = "canary") -> str:
        """A new token, registered under `label`. Plant it where no honest answer would repeat it."""
        digest = hashlib.blake2b(self._ids.next_id().encode(), digest_size=_DIGITS // 2).hexdigest()
        token = f"cnry-{digest}"
        self.register(token, label)
        return token

    def register(self, token: str, label: str = "canary") -> None:
        """Adds a token of your own.

        Raises:
            ConfigurationError: it has fewer than 8 letters and digits, or there are too many.
        """
        with self._lock:
            tokens = (*self._tokens, (token, label))
            if len(tokens) > CANARIES_MAX:
                raise ConfigurationError(
                    ErrorCode.CONFIGURATION_INVALID, place="canaries", reason=f"more than {CANARIES_MAX} tokens"
                )
            try:
                NeedleScanner([token])
            except ValueError as fault:
                raise ConfigurationError(ErrorCode.CONFIGURATION_INVALID, place="canaries", reason=str(fault)) from None
            self._tokens, self._scanner = tokens, None

    def forget(self, token: str) -> None:
        """Removes a token; an unknown one is ignored."""
        with self._lock:
            self._tokens = tuple(entry for entry in self._tokens if entry[0] != token)
            self._scanner = None

    def __len__(self) -> int:
        return len(self._tokens)

    def find(self, text: NormalisedText) -> list[CanaryHit]:
        """Every token that stands in the text or in one of its views."""
        with self._lock:
            tokens = self._tokens
            if not tokens:
                return []
            scanner = self._scanner
            if scanner is None:  # built on first use: many registrations cost one build
                scanner = self._scanner = NeedleScanner([token for token, _ in tokens])
        return [
            CanaryHit(tokens[index][1], Span(start, end), chain, spelling)
            for index, start, end, chain, spelling in scanner.find(text)
        ]
