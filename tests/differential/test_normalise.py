"""The kernel against its slow twin in `reference/normalise.py`."""

from __future__ import annotations

import base64
import unicodedata

from hypothesis import assume, given
from hypothesis import strategies as st
from reference import normalise as twin

from aimds._core import NormalisedText, normalise

# Characters that the interpreter's Unicode tables know: newer ones would compare two versions of Unicode.
_CHARACTERS = st.characters(exclude_categories=["Cs", "Cn", "Co"])
_RICH = st.one_of(
    st.text(_CHARACTERS, max_size=40),
    st.lists(
        st.one_of(
            st.text("abc \t\n.,é", min_size=1, max_size=4),
            st.text("\u200b\u200c\u200d\u2060\ufeff\u00ad\u202e\ufe0f\x08\x1b", min_size=1, max_size=2),
            st.text("\u0301\u0316\u0334\u035c\u0489\u3099\u0591", min_size=1, max_size=7),
            st.text("ＡａＺ𝐚𝟘①ﬁ½ﷺ가한글각ｶﾞ🅰🅐", min_size=1, max_size=3),
        ),
        max_size=12,
    ).map("".join),
)
_SENTENCE = st.text("abcdefghijklmnopqrstuvwxyz ", min_size=12, max_size=60).filter(lambda text: len(text.strip()) > 8)


def texts_of(handle: NormalisedText, step: str) -> list[str]:
    return [view.text for view in handle.views if view.chain and view.chain[-1] == step]


@given(_RICH)
def test_canonical(text: str):
    """Canonical text is what the definitions say."""
    handle = normalise(text)
    assume("output_bytes" not in handle.incomplete)
    assert handle.canonical == twin.canonical(text)


@given(_SENTENCE)
def test_tag_characters(sentence: str):
    """Tag characters read as the ASCII they mirror."""
    text = "x" + "".join(chr(0xE0000 + ord(character)) for character in sentence)
    assert texts_of(normalise(text), "tag_characters") == [twin.tag_characters(text)]


@given(_SENTENCE)
def test_variation_selectors(sentence: str):
    """Variation selectors read as bytes."""
    codes = [0xFE00 + byte if byte < 16 else 0xE0100 + byte - 16 for byte in sentence.encode()]
    text = "x" + "".join(map(chr, codes))
    assert texts_of(normalise(text), "variation_selectors") == [twin.variation_selectors(text).decode()]


@given(_SENTENCE, st.booleans(), st.booleans())
def test_base64(sentence: str, url_safe: bool, padded: bool):
    """Base64 reads the same in both alphabets, padded or not."""
    encode = base64.urlsafe_b64encode if url_safe else base64.b64encode
    run = encode((sentence + " ÿ?>~").encode()).decode()
    run = run if padded else run.rstrip("=")
    assert any(twin.base64_text(run) in text for text in texts_of(normalise("note: " + run), "base64"))


@given(st.lists(st.one_of(st.sampled_from(["%41", "%c3%a9", "%20", "a", " b"]), st.sampled_from("xyz.,"))).map("".join))
def test_percent(text: str):
    """Percent escapes are replaced where they stand."""
    expected = twin.percent(text)
    assume(expected != text and len(text) >= 4)
    assert expected in [view.text for view in normalise(text).views]


@given(st.text(_CHARACTERS, min_size=2, max_size=20))
def test_unicode_escapes(plain: str):
    """Escapes of any character, also beyond the basic plane, are replaced."""
    assume("\0" not in plain and twin.canonical(plain) == plain)
    units = plain.encode("utf-16-be").hex()
    text = "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
    assert twin.unicode_escapes(text) == plain
    assert texts_of(normalise(text), "unicode_escape")[:1] == [plain]


_QUOTED = st.lists(st.sampled_from(["\\a", "\\b", "\\n", "\\ ", "\\:", "a", " ", "\\\\"]), max_size=12).map("".join)


@given(_QUOTED, st.text("abcdefghn", min_size=6, max_size=20), _QUOTED)
def test_quoted_characters(before: str, word: str, behind: str):
    """A backslash before every single character is removed where enough stand side by side."""
    text = before + "".join(f"\\{letter}" for letter in word) + behind
    expected = twin.quoted_characters(text)
    assume(expected != text)
    assert expected in texts_of(normalise(text), "quoted_characters")


@given(st.text(_CHARACTERS, min_size=2, max_size=20))
def test_html_entities(plain: str):
    """Numeric entities are replaced."""
    text = "".join(f"&#{ord(character)};" for character in plain)
    assume(twin.html_entities(text) == plain)
    assert plain in texts_of(normalise(text), "html_entities")


@given(st.integers(1, 25))
def test_rotation(by: int):
    """A sentence rotated by any number of letters comes back."""
    plain = "Please remember that the children should always eat their breakfast before going to school"
    views = normalise(twin.rotated(plain, 26 - by)).views
    assert plain in [view.text for view in views if view.chain in {("rot13",), ("caesar",)}]


def test_the_tables_agree():
    """The twin's tables are not newer than the kernel's, so that the comparison is fair."""
    assert tuple(map(int, unicodedata.unidata_version.split("."))) <= (18, 0, 0)
