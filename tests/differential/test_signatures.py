"""The engine finds the rules that its slow twin finds, on random texts from the rules' own vocabulary."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st
from reference.signatures import matching_rules, words_of

from aimds._core import fold_words, normalise
from aimds.signatures import build_engine

PACK = """
[pack]
name = "twin"
version = 1
description = "Small rules whose vocabularies meet."
[[rule]]
id = "twin.phrases"
category = "tool_abuse"
severity = 0.5
confidence = 0.5
message = "m"
any = ["open the door", "door*", "don't", "忽略"]
unless = ["never open", "closed"]
positive = ["a", "b"]
negative = ["c", "d"]
[[rule]]
id = "twin.ordered"
category = "tool_abuse"
severity = 0.5
confidence = 0.5
message = "m"
positive = ["a", "b"]
negative = ["c", "d"]
[[rule.near]]
slots = [["open", "push"], ["the", "之前"], ["door*", "指令"]]
within = 5
[[rule]]
id = "twin.any_order"
category = "tool_abuse"
severity = 0.5
confidence = 0.5
message = "m"
positive = ["a", "b"]
negative = ["c", "d"]
[[rule.near]]
slots = [["key"], ["door", "window"]]
within = 4
ordered = false
across_sentences = true
"""
RULES = tomllib.loads(PACK)["rule"]
ENGINE = build_engine([("twin.toml", PACK)])
PIECES = st.sampled_from(
    [
        "open",
        "push",
        "the",
        "door",
        "Doors",
        "window",
        "key",
        "never",
        "closed",
        "don't",
        "dont",
        "x",
        "ÓPEN",
        "忽略",
        "之前",
        "指令",
    ]
)
GAPS = st.sampled_from([" ", "  ", ", ", ". ", ".", "! ", "\n", "\n\n", "-", "_", "", "。"])


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Words of the rules with gaps of every kind between them."""
    parts = draw(st.lists(st.tuples(PIECES, GAPS), max_size=14))
    return "".join(word + gap for word, gap in parts)


@given(texts())
def test_engine_and_twin_match_the_same_rules(text: str) -> None:
    """Phrases, proximity, sentences and vetoes: the automaton and the plain loops agree on the canonical text."""
    normalised = normalise(text)
    matches, _, overflow = ENGINE.scan(normalised, "prompt")
    found = {match.rule_id for match in matches if match.chain in ((), ("canonical",))}
    assert not overflow
    assert found == matching_rules(RULES, normalised.canonical)


@given(texts())
def test_folding_agrees(text: str) -> None:
    """The folded text is the twin's words, joined where they are not glued."""
    joined = "".join(("" if word.glued or index == 0 else " ") + word.text for index, word in enumerate(words_of(text)))
    assert fold_words(text) == joined
