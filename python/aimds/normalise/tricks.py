"""What each trick means to a reader, and how bad it is when somebody did it on purpose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["MEANINGS", "TrickMeaning"]


@dataclass(frozen=True, slots=True)
class TrickMeaning:
    """Severity in [0, 1] of a deliberate use, and one sentence for the reader."""

    severity: float
    message: str


# Severity follows how little honest use the channel has. Text nobody can see (tags, selectors, zero-width bytes) is
# made for machines alone: high. Disguises that a person could read are medium. Encodings are merely information: what
# they say is judged by the rooms that follow.
MEANINGS: Final[dict[str, TrickMeaning]] = {
    "invisible_characters": TrickMeaning(0.5, "invisible characters inside words"),
    "tag_characters": TrickMeaning(0.8, "text hidden in Unicode tag characters"),
    "variation_selectors": TrickMeaning(0.8, "bytes hidden in variation selectors"),
    "zero_width_binary": TrickMeaning(0.8, "bytes hidden in zero-width characters"),
    "bidi_override": TrickMeaning(0.6, "characters that change the order in which text is shown"),
    "backspace": TrickMeaning(0.5, "control characters that delete others"),
    "mixed_script": TrickMeaning(0.5, "words that mix look-alike letters of several scripts"),
    "styled_letters": TrickMeaning(0.3, "letters from styled character sets"),
    "combining_flood": TrickMeaning(0.4, "letters under a flood of combining marks"),
    "regional_indicators": TrickMeaning(0.4, "words spelled with regional indicators"),
    "upside_down": TrickMeaning(0.4, "upside-down letters"),
    "spaced_letters": TrickMeaning(0.3, "letters set apart one by one"),
    "leet": TrickMeaning(0.3, "digits and signs in place of letters"),
    "cipher": TrickMeaning(0.4, "text in a simple cipher"),
    "encoded_text": TrickMeaning(0.2, "encoded text that reads as language"),
    "hidden_markup": TrickMeaning(0.4, "text that a markup renderer would not show"),
}
