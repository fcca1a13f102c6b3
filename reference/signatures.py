"""The slow, obvious twin of the phrase and proximity matching in `aimds_text::signatures`: for differential tests only.

It covers folding to words, sentences, `any`, `near` and `unless` on one text; not regexes, not context, not views.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any, Final

__all__ = ["Word", "fold", "matching_rules", "words_of"]

SENTENCE_WORDS_MIN: Final = 3
_CONTRACTION: Final = re.compile(r"(?:[tsmd]|re|ve|ll)(?![0-9A-Za-z\u0080-\U0010ffff])", re.IGNORECASE)
_LONE: Final = re.compile(
    r"[\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]"
)
_FULL_STOPS: Final = "。！？।॥؟۔។။"
_LETTERS: Final = {
    "ß": "ss",
    "æ": "ae",
    "œ": "oe",
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "ı": "i",
    "ё": "е",
    "ς": "σ",
}


@dataclass(frozen=True)
class Word:
    """A folded word and the sentence it stands in."""

    text: str
    sentence: int
    glued: bool
    """Whether no space stands between it and the word before it."""


def fold(character: str) -> str:
    """Lower case without the marks that writers leave out (Latin and Greek)."""
    lower = character.lower()
    if lower in _LETTERS:
        return _LETTERS[lower]
    latin_or_greek = (
        "\u00c0" <= character <= "\u024f" or "\u1e00" <= character <= "\u1fff" or "\u0370" <= character <= "\u03ff"
    )
    if latin_or_greek:
        parts = unicodedata.normalize("NFD", character)
        return "".join(_LETTERS.get(p.lower(), p.lower()) for p in parts if not unicodedata.combining(p))
    return lower


def words_of(text: str) -> list[Word]:
    """The words of a text, one pass over its characters, everything spelled out."""
    words: list[Word] = []
    sentence = in_sentence = newlines = 0
    gap = stop = punctuation = sentence_end = False
    lone_before = False
    for place, character in enumerate(text):
        lone = _LONE.match(character) is not None
        if lone or character.isalnum():
            if sentence_end and in_sentence >= SENTENCE_WORDS_MIN:
                sentence, in_sentence = sentence + 1, 0
            begins = gap or lone or lone_before or not words
            glued = not gap or (lone and lone_before and not punctuation)
            if begins:
                in_sentence += 1
                words.append(Word(fold(character), sentence, glued and bool(words)))
            else:
                words[-1] = Word(words[-1].text + fold(character), words[-1].sentence, words[-1].glued)
            gap = stop = punctuation = sentence_end = False
            newlines, lone_before = 0, lone
            continue
        inside = bool(words) and not gap and not lone_before
        if character in "'\u2019" and inside and _CONTRACTION.match(text, place + 1):
            continue
        gap = True
        if character == "\n":
            newlines += 1
            sentence_end = sentence_end or stop or newlines > 1
        elif character.isspace():
            sentence_end = sentence_end or stop
        else:
            punctuation = True
            stop = stop or character in ".!?"
            sentence_end = sentence_end or character in _FULL_STOPS
    return words


def _spans(words: Sequence[Word], phrase: str) -> Iterator[tuple[int, int]]:
    """First and last index of every run of words that the phrase matches."""
    open_start, open_end = phrase.startswith("*"), phrase.endswith("*")
    parts = words_of(phrase.removeprefix("*").removesuffix("*"))
    for start in range(len(words) - len(parts) + 1):
        run = words[start : start + len(parts)]
        fits = True
        for index, (part, word) in enumerate(zip(parts, run, strict=True)):
            first, last = index == 0, index == len(parts) - 1
            if first and last and open_start and open_end:
                fits = fits and part.text in word.text
            elif first and open_start:
                fits = fits and word.text.endswith(part.text)
            elif last and open_end:
                fits = fits and word.text.startswith(part.text)
            else:
                fits = fits and word.text == part.text
            fits = fits and (first or part.glued == word.glued)
        if fits:
            yield start, start + len(parts) - 1


def _near(words: Sequence[Word], near: Mapping[str, Any]) -> Iterator[int]:
    """First word of every way to fill all slots."""
    slots = [[span for phrase in slot for span in _spans(words, phrase)] for slot in near["slots"]]
    for chosen in product(*slots):
        ordered = sorted(chosen)
        if any(before[1] >= after[0] for before, after in pairwise(ordered)):
            continue
        if near.get("ordered", True) and list(chosen) != ordered:
            continue
        first, last = ordered[0][0], ordered[-1][1]
        together = near.get("across_sentences", False) or words[first].sentence == words[last].sentence
        if last - first < near["within"] and together:
            yield first


def matching_rules(rules: Sequence[Mapping[str, Any]], text: str) -> set[str]:
    """Ids of the rules (as parsed from TOML, lists expanded) that match the text."""
    words = words_of(text)
    found: set[str] = set()
    for rule in rules:
        vetoed = {words[first].sentence for phrase in rule.get("unless", ()) for first, _ in _spans(words, phrase)}
        firsts = [first for phrase in rule.get("any", ()) for first, _ in _spans(words, phrase)]
        for near in rule.get("near", ()):
            firsts.extend(_near(words, near))
        if any(words[first].sentence not in vetoed for first in firsts):
            found.add(rule["id"])
    return found
