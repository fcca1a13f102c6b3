"""What a site has looked at and lets pass."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Final, NoReturn

from aimds._core import LinearPatterns, NormalisedText
from aimds.errors import ConfigurationError, ErrorCode
from aimds.records import Event, Span

__all__ = ["ALLOWED_SPANS_MAX", "AllowList"]

ALLOWED_SPANS_MAX: Final = 4096
"""Places of allowed passages looked up in one text; a text that holds more of them gets no further exemption."""

_PASSAGE_CHARACTERS_MIN: Final = 4
"""A shorter passage would exempt half of any text."""

_DIGEST: Final = re.compile("[0-9a-f]{64}")


class AllowList:
    """Exemptions from rule findings. A canary leak is never exempt.

    Args:
        texts: literal passages, case sensitive; a finding that lies inside one is dropped.
        digests: SHA-256 (hexadecimal) of whole texts in UTF-8; such a text has no findings.
        rules: ids of rules that never fire; `pack.*` stands for all rules of a pack.
        patterns: linear-time regexes, case ignored; like `texts`.
        tools: for the tool of an event, further rules that do not fire.

    Raises:
        ConfigurationError: a digest, passage or pattern that cannot be used.
    """

    def __init__(
        self,
        texts: Iterable[str] = (),
        digests: Iterable[str] = (),
        rules: Iterable[str] = (),
        patterns: Iterable[str] = (),
        tools: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        self._texts: Final = tuple(texts)
        listed_digests = [digest.lower() for digest in digests]
        self._digests: Final = frozenset(listed_digests)
        self._rules: Final = frozenset(rules)
        self._tools: Final = {tool: frozenset(allowed) for tool, allowed in (tools or {}).items()}
        for number, text in enumerate(self._texts, start=1):
            if len(text) < _PASSAGE_CHARACTERS_MIN:
                _wrong("allow_texts", f"passage {number} is shorter than {_PASSAGE_CHARACTERS_MIN} characters")
        for number, digest in enumerate(listed_digests, start=1):
            if not _DIGEST.fullmatch(digest):
                _wrong("allow_digests", f"entry {number} is not a SHA-256 in 64 hexadecimal digits")
        listed = list(patterns)
        try:
            self._patterns: Final = LinearPatterns(listed) if listed else None
        except ValueError as fault:
            _wrong("allow_patterns", str(fault))

    def allows_text(self, text: str) -> bool:
        """Whether the whole text is exempt."""
        if not self._digests:
            return False
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() in self._digests

    def allows_rule(self, rule_id: str, event: Event) -> bool:
        """Whether a rule is switched off, for all or for the event's tool."""
        names = (rule_id, f"{rule_id.split('.', 1)[0]}.*")
        allowed = self._tools.get(event.tool or "", frozenset())
        return any(name in self._rules or name in allowed for name in names)

    def spans(self, text: NormalisedText) -> tuple[Span, ...]:
        """Places of exempt passages in the original text."""
        found: list[Span] = []
        for passage in self._texts:
            start = text.original.find(passage)
            while start >= 0 and len(found) < ALLOWED_SPANS_MAX:
                found.append(Span(start, start + len(passage)))
                start = text.original.find(passage, start + len(passage))
        if self._patterns is not None:
            found.extend(Span(start, end) for start, end in self._patterns.find(text))
        return tuple(found[:ALLOWED_SPANS_MAX])

    @property
    def has_passages(self) -> bool:
        """Whether `spans` can find anything."""
        return bool(self._texts) or self._patterns is not None


def _wrong(setting: str, reason: str) -> NoReturn:
    place = f"allow list: signatures.{setting}"
    raise ConfigurationError(ErrorCode.CONFIGURATION_INVALID, place=place, reason=reason)
