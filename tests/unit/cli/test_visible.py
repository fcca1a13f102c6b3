"""Texts from outside can be shown without hiding anything and without losing a character that is honest."""

from hypothesis import given
from hypothesis import strategies as st

from aimds.cli.visible import excerpt, visible, visible_line
from aimds.records import Span


def test_honest_text_stays_as_it_is() -> None:
    """Letters of all scripts, emoji, line ends and tabs are shown as they are."""
    text = "Grüße, 你好, नमस्ते, שלום ❤️ \t\nend"
    assert visible(text) == text


def test_hidden_characters_are_spelled_or_counted() -> None:
    """Few are spelled as escapes, a run is counted: tag characters, bidi controls, selectors, escapes, surrogates."""
    assert visible("a\u200bb\u202ec\x1b[0m\ud800") == r"a\u200bb\u202ec\x1b[0m\ud800"
    assert visible("x" + "\U000e0041" * 40 + "y\ufe01") == r"x<40 hidden characters>y\ufe01"


@given(st.text())
def test_nothing_shown_can_steer_a_terminal(text: str) -> None:
    """Whatever comes in, only line ends and tabs are left of the control characters, and no surrogates."""
    shown = visible(text)
    shown.encode("utf-8")
    assert all(character.isprintable() or character in "\n\t" or character.isspace() for character in shown)


@given(st.text())
def test_a_name_stays_on_its_line(text: str) -> None:
    """No character of a name ends a line or moves the cursor, wherever it is shown."""
    shown = visible_line(f"a\n\tb\r\n{text}")
    assert len(shown.splitlines()) == 1
    assert all(character.isprintable() or character.isspace() for character in shown)
    assert "\t" not in shown


def test_marks_nest_and_overlap() -> None:
    """Every mark opens and closes, in order, also where ranges overlap or are empty."""
    spans = [(1, Span(0, 5), "red"), (2, Span(3, 8), "red"), (3, Span(8, 8), "red")]
    assert excerpt("abcdefghij", spans).plain == "[1>abc[2>de<1]fgh<2][3><3]ij"


def test_a_long_text_shows_what_surrounds_its_marks() -> None:
    """Only the context of the marks is shown, the ends of a very long mark, and how long the text is."""
    text = "a" * 5000 + "HIT" + "b" * 5000 + "c" * 2000
    shown = excerpt(text, [(1, Span(5000, 5003), "red"), (2, Span(10003, 12003), "red")]).plain
    assert shown.startswith("... " + "a" * 100 + "[1>HIT<1]" + "b" * 100 + " ... ")
    assert "[2>" + "c" * 100 + " ... " + "c" * 100 + "<2]" in shown
    assert len(shown) < 900
    cut = excerpt(text, []).plain
    assert cut.endswith("(12,003 characters)")


@given(st.text(alphabet="ab\u200b\n", max_size=40), st.data())
def test_the_text_survives_its_marks(text: str, data: st.DataObject) -> None:
    """Taking the marks out gives the visible text back when no run of hidden characters is cut."""
    plain = text.replace("\u200b", "c")
    spans = []
    for number in range(1, data.draw(st.integers(0, 4)) + 1):
        start = data.draw(st.integers(0, len(plain)))
        spans.append((number, Span(start, data.draw(st.integers(start, len(plain)))), "red"))
    shown = excerpt(plain, spans).plain
    for number, _, _ in spans:
        assert shown.count(f"[{number}>") == shown.count(f"<{number}]") == 1
        assert shown.index(f"[{number}>") < shown.index(f"<{number}]")
        shown = shown.replace(f"[{number}>", "").replace(f"<{number}]", "")
    assert shown == plain
