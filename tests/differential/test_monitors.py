"""The incremental monitor against brute-force evaluation of the whole past."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from reference.monitors import evaluate, text_of

from aimds.temporal.monitors import Monitor, Truth

TRUTH = {0.0: Truth.FALSE, 0.5: Truth.UNKNOWN, 1.0: Truth.TRUE}

intervals = st.tuples(st.integers(0, 6), st.none() | st.integers(0, 8)).map(
    lambda ends: (ends[0], None if ends[1] is None else ends[0] + ends[1])
)
leaves = st.one_of(
    st.sampled_from("pqr").map(lambda name: ("atom", name)),
    st.tuples(
        st.just("compare"),
        st.just("x"),
        st.sampled_from(["<", "<=", "==", "!=", ">=", ">"]),
        st.sampled_from([0.0, 0.5, 1.0]),
    ),
    st.booleans().map(lambda value: ("constant", value)),
)


def larger(inner):
    return st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.sampled_from(["and", "or", "implies"]), inner, inner),
        st.tuples(st.sampled_from(["prev", "once", "historically"]), intervals, inner),
        st.tuples(st.just("since"), intervals, inner, inner),
        st.tuples(
            st.just("count"), st.none() | st.integers(0, 8), inner,
            st.sampled_from(["<", "<=", "==", "!=", ">=", ">"]), st.integers(0, 4),
        ),
    )  # fmt: skip


formulas = st.recursive(leaves, larger, max_leaves=6)
maybe = st.sampled_from([True, False, None])
events = st.fixed_dictionaries({"p": maybe, "q": maybe, "r": maybe, "x": st.sampled_from([0.0, 0.5, 1.0, None])})
traces = st.lists(st.tuples(st.integers(0, 4), events), min_size=1, max_size=14)


@settings(max_examples=400, deadline=None)
@given(formulas, traces)
def test_every_event_gets_the_verdict_of_the_definitions(formula, gaps):
    """Over random formulas and traces with missing atoms, the verdicts are those of the definitions at every event."""
    monitor = Monitor(text_of(formula))
    time_ns, trace = 0, []
    for gap, values in gaps:
        time_ns += gap
        trace.append((time_ns, values))
        assert monitor.update(time_ns, values) is TRUTH[evaluate(formula, trace, len(trace) - 1)]


@given(formulas)
def test_the_text_of_a_monitor_reads_back(formula):
    """What `Monitor.formula` prints is read as the same formula."""
    printed = Monitor(text_of(formula)).formula
    assert Monitor(printed).formula == printed
