"""The faces of the kernels: what they accept, what they refuse, and the examples of their documentation."""

from __future__ import annotations

import array
import doctest
import gc
import math
import weakref
from collections.abc import Iterator

import numpy as np
import pytest

from aimds.errors import InputError
from aimds.temporal import attractor, compare, monitors, scheduler
from aimds.temporal.compare import COMPARE_POINTS_MAX, COMPARE_TOKENS_MAX
from aimds.temporal.monitors import Formula, Monitor, Truth, atom, count, historically, number, once, prev
from aimds.temporal.scheduler import RateWindow, Scheduler, restore_scheduler


def slug_of(call, *arguments):
    with pytest.raises(InputError) as refused:
        call(*arguments)
    assert str(refused.value)
    return refused.value.code.slug


@pytest.mark.parametrize("module", [attractor, compare, monitors, scheduler])
def test_the_documented_examples_run(module):
    """What the docstrings show is what happens."""
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    "series",
    [
        [1, 2.5, 3],
        (1, 2.5, 3),
        array.array("d", [1, 2.5, 3]),
        np.array([1, 2.5, 3]),
        np.array([1, 2.5, 3], dtype=np.float32),
        np.array([[1, 0], [2.5, 0], [3, 0]])[:, 0],
        iter([1, 2.5, 3]),
    ],
)
def test_every_kind_of_series_is_read(series):
    """Lists, tuples, arrays, strided views and iterators of the same numbers are the same series."""
    assert compare.dtw_distance(series, [1.0, 2.5, 3.0]) == 0.0


def test_rows_of_every_kind_are_read():
    """Points of several dimensions come as rows or as a two-dimensional array, in either memory order."""
    rows = [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
    for other in (np.array(rows), np.asfortranarray(rows), [tuple(row) for row in rows]):
        assert compare.dtw_distance(rows, other) == 0.0


def endless() -> Iterator[float]:
    while True:
        yield 0.5


@pytest.mark.parametrize(
    ("left", "right", "slug"),
    [
        ([], [1.0], "input-bad-value"),
        ([math.nan], [1.0], "input-bad-value"),
        ([[1.0, 2.0], [1.0]], [[1.0, 2.0]], "input-bad-value"),
        ([[1.0, 2.0]], [1.0], "input-bad-value"),
        (np.zeros((2, 2, 2)), [1.0], "input-bad-value"),
        ("text", [1.0], "input-bad-value"),
        (None, [1.0], "input-bad-value"),
        ([0.0] * (COMPARE_POINTS_MAX + 1), [1.0], "input-too-large"),
        (endless(), [1.0], "input-too-large"),
        (np.zeros(17_000_000), [1.0], "input-too-large"),
    ],
)
def test_what_is_no_series_is_refused(left, right, slug):
    """Empty, ragged, endless, too long and not finite input gets a typed error, on either side."""
    assert slug_of(compare.dtw_distance, left, right) == slug


@pytest.mark.parametrize(
    ("left", "right", "slug"),
    [
        ("text", [1, 2], "input-bad-value"),
        ([1, "a"], [2], "input-bad-value"),
        ([1], ["a"], "input-bad-value"),
        ([-1], [2], "input-bad-value"),
        ([2**64], [2], "input-bad-value"),
        ([1.5], [2], "input-bad-value"),
        (7, [2], "input-bad-value"),
        ("\ud800", "a", "input-bad-event"),
        ([0] * (COMPARE_TOKENS_MAX + 1), [], "input-too-large"),
        ("a" * (COMPARE_TOKENS_MAX + 1), "", "input-too-large"),
        (np.zeros(COMPARE_TOKENS_MAX + 1, dtype=np.uint64), [], "input-too-large"),
        (np.zeros((2, 2), dtype=np.uint64), [], "input-bad-value"),
    ],
)
@pytest.mark.parametrize("verb", [compare.edit_distance, compare.lcs_length])
def test_what_is_no_token_sequence_is_refused(verb, left, right, slug):
    """Mixed, negative, too large and too long tokens get a typed error."""
    assert slug_of(verb, left, right) == slug


def test_tokens_of_every_kind_are_read():
    """Numbers from lists and from arrays, and words, compare alike; likeness is 1 for equal sequences."""
    assert compare.edit_distance(np.array([1, 2, 3], dtype=np.uint64), [1, 3]) == 1
    assert compare.edit_distance(["read", "pay"], ("pay",)) == 1
    assert compare.edit_similarity([], []) == compare.lcs_similarity(["a"], ["a"]) == 1.0


def test_long_comparisons_let_other_threads_run():
    """A long alignment gives the same answer outside the interpreter lock."""
    left, right = np.linspace(0, 1, 400), np.linspace(0, 1, 500)
    assert compare.dtw_distance(left, right) == pytest.approx(compare.dtw_distance(list(left), list(right)))
    assert compare.edit_distance("ab" * 2000, "ba" * 2000) == 2


def test_a_library_answers_by_name():
    """The nearest series come with their names, nearest first, and none beyond the limit."""
    library = compare.SeriesLibrary(1, 2, [("flat", [0.0] * 5), ("ramp", [0.0, 1.0, 2.0, 3.0, 4.0])])
    library.add("high", [9.0] * 5)
    result = library.nearest([0.0, 1.0, 2.0, 3.0, 5.0], 2)
    assert [match.name for match in result.matches] == ["ramp", "flat"]
    assert len(library) == 3
    assert library.nearest([100.0] * 5, 3, distance_max=1.0).matches == ()
    assert slug_of(library.add, "wide", [[1.0, 2.0]]) == "input-bad-value"
    assert slug_of(library.nearest, [[1.0, 2.0]]) == "input-bad-value"


def test_similarity_and_bounds():
    """Likeness falls with distance, and both bounds stay below it."""
    left, right = [0.0, 1.0, 2.0], [0.0, 3.0, 2.0]
    assert compare.dtw_similarity(left, left) == 1.0
    assert 0 < compare.dtw_similarity(left, right, band=1) < 1
    kim, keogh = compare.dtw_lower_bounds(left, right, 1)
    assert max(kim, keogh) <= compare.dtw_distance(left, right, 1)


def test_timers_carry_any_object_and_let_it_go():
    """A payload lives as long as its timer is pending, and no longer; cycles through a scheduler are collected."""

    class Payload:
        pass

    payload = Payload()
    alive = weakref.ref(payload)
    timers = Scheduler()
    handle = timers.schedule(5, payload)
    del payload
    gc.collect()
    assert alive() is not None
    assert timers.cancel(handle)
    assert alive() is None
    circle = Payload()
    alive = weakref.ref(circle)
    circle.timers = timers
    timers.schedule(7, circle)
    del circle, timers
    gc.collect()
    assert alive() is None


def test_timers_tell_what_they_are():
    """Handles compare, hash and print; fired timers show deadline, priority and handle."""
    timers = Scheduler(now_ns=10, capacity=2)
    first = timers.schedule_after(5, "late", priority=3)
    second = timers.schedule(15, "soon")
    assert first != second
    assert len({first, second, first}) == 2
    assert "TimerHandle" in repr(first)
    assert timers.deadline_ns(first) == timers.next_deadline_ns() == 15
    assert timers.pending() == [(15, 0, "soon"), (15, 3, "late")]
    fired = timers.advance(15)
    assert [timer.payload for timer in fired] == ["soon", "late"]
    assert (fired[0].handle, fired[1].priority, fired[1].deadline_ns) == (second, 3, 15)
    assert "15" in repr(fired[0])
    assert timers.deadline_ns(first) is None
    assert (timers.now_ns, timers.capacity, len(timers)) == (15, 2, 0)


def test_the_scheduler_refuses():
    """Too many timers, time going back, foreign handles and impossible numbers get typed errors."""
    timers = Scheduler(now_ns=10, capacity=1)
    handle = timers.schedule(20, None)
    assert slug_of(timers.schedule, 20, None) == "capacity-reached"
    assert slug_of(timers.schedule_after, 20, None) == "capacity-reached"
    assert slug_of(timers.advance, 9) == "input-bad-value"
    assert slug_of(timers.advance, -1) == "input-bad-value"
    assert slug_of(timers.schedule, 2**64, None) == "input-bad-value"
    assert slug_of(Scheduler().cancel, handle) == "input-bad-value"
    assert slug_of(Scheduler, 0, 0) == "input-bad-value"
    assert slug_of(Scheduler, 0, -5) == "input-bad-value"
    assert slug_of(restore_scheduler, 0, 1, [(1, 0, "a"), (2, 0, "b")]) == "capacity-reached"
    assert timers.cancel(handle)


def test_the_rate_window_refuses():
    """A window without length, without events, or time going back is refused."""
    window = RateWindow(10, 2)
    assert [window.admit(time_ns) for time_ns in (5, 6, 7)] == [True, True, False]
    assert window.count(8) == 2
    assert window.admits_from_ns() == 15
    assert slug_of(window.admit, 7) == "input-bad-value"
    assert slug_of(window.count, 7) == "input-bad-value"
    assert slug_of(RateWindow, 0, 2) == "input-bad-value"
    assert slug_of(RateWindow, 10, 0) == "input-bad-value"


def test_formulas_from_parts_and_from_text_are_one():
    """The builder and the language give the same monitor."""
    approved, risk = atom("approved"), number("risk")
    built = (once(approved, to_ns=10) & (risk >= 0.5)).implies(~historically(risk < 0.9, 1, 5) | prev(approved))
    text = "(once[0, 10] approved and risk >= 0.5) -> not historically[1, 5] risk < 0.9 or prev approved"
    assert Monitor(built).formula == Monitor(text).formula
    others = approved.since(atom("b"), 1, 2) & (count(approved, 5) > 2) & (risk <= 1) & (risk > 0) & risk.equals(0.5)
    spelled = "approved since[1, 2] b and count[5] (approved) > 2 and risk <= 1 and risk > 0 and risk == 0.5"
    assert Monitor(others).formula == Monitor(spelled).formula
    assert Monitor(count(approved) < 3).formula == Monitor("count(approved) < 3").formula
    assert set(Monitor(built).atoms) == {"approved", "risk"}


def test_three_values_cannot_be_mistaken_for_two():
    """Neither a verdict nor a formula has a truth value."""
    with pytest.raises(TypeError):
        bool(Truth.FALSE)
    with pytest.raises(TypeError):
        bool(atom("a") and atom("b"))


def test_a_monitor_reads_any_mapping_and_forgets_on_demand():
    """Names that the formula does not use are ignored; after a reset the past is gone."""
    from types import MappingProxyType

    monitor = Monitor("once seen")
    assert monitor.update(1, MappingProxyType({"seen": True, "other": "anything"})) is Truth.TRUE
    monitor.reset()
    assert monitor.update(0, {"seen": False}) is Truth.FALSE
    assert monitor.update(0, {"seen": None}) is Truth.UNKNOWN


@pytest.mark.parametrize(
    ("text", "part"),
    [("once[5, 2] a", "character 5"), ("a and", "character 5"), ("a & b", "character 2"), ("p and p > 1", "`p`")],
)
def test_a_bad_formula_is_refused_with_its_place(text, part):
    """The error names the character, or the atom that is used in two ways."""
    with pytest.raises(InputError, match=part) as refused:
        Monitor(text)
    assert refused.value.code.slug == "formula-invalid"
    assert slug_of(Monitor, Formula(text)) == "formula-invalid"


@pytest.mark.parametrize("values", [{"p": 1}, {"p": "yes"}, {"x": "high"}, {"p": True, "x": []}])
def test_values_of_the_wrong_kind_are_refused(values):
    """A boolean atom takes no number, a number atom no text; the refused event changes nothing."""
    monitor = Monitor("once p or x > 1")
    assert slug_of(monitor.update, 9, values) == "input-bad-value"
    assert monitor.update(0, {"p": False, "x": 0}) is Truth.FALSE
    assert slug_of(monitor.update, -1, {}) == "input-bad-value"
