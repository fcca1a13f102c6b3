"""Twin of `aimds.temporal.monitors`: every event evaluates the whole past anew, straight from the definitions.

A formula is a nested tuple: `("atom", name)`, `("compare", name, sign, number)`, `("constant", value)`, `("not", f)`,
`("and" | "or" | "implies", f, g)`, `("prev" | "once" | "historically", (from, to), f)`, `("since", (from, to), f,
g)`, `("count", window, f, sign, number)`. Truth values are 0, 0.5 (unknown) and 1: strong Kleene logic is min, max
and 1 - x.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["evaluate", "text_of"]

Trace = Sequence[tuple[int, Mapping[str, bool | float | None]]]

_SIGNS = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}


def evaluate(formula: tuple[Any, ...], trace: Trace, at: int) -> float:
    """The value of a formula at event `at` of a trace: 0, 0.5 or 1."""
    kind = formula[0]
    match kind:
        case "constant":
            return float(formula[1])
        case "atom":
            value = trace[at][1].get(formula[1])
            return 0.5 if value is None else float(value)
        case "compare":
            value = trace[at][1].get(formula[1])
            return 0.5 if value is None else float(_SIGNS[formula[2]](value, formula[3]))
        case "not":
            return 1 - evaluate(formula[1], trace, at)
        case "and":
            return min(evaluate(formula[1], trace, at), evaluate(formula[2], trace, at))
        case "or":
            return max(evaluate(formula[1], trace, at), evaluate(formula[2], trace, at))
        case "implies":
            return max(1 - evaluate(formula[1], trace, at), evaluate(formula[2], trace, at))
        case "prev":
            return evaluate(formula[2], trace, at - 1) if at > 0 and at - 1 in _within(formula[1], trace, at) else 0.0
        case "once":
            return max((evaluate(formula[2], trace, j) for j in _within(formula[1], trace, at)), default=0.0)
        case "historically":
            return min((evaluate(formula[2], trace, j) for j in _within(formula[1], trace, at)), default=1.0)
        case "since":
            return _since(formula, trace, at)
        case "count":
            return _count(formula, trace, at)
    raise ValueError(f"no such operator: {kind}")


def _within(interval: tuple[int, int | None], trace: Trace, at: int) -> list[int]:
    """The events whose age at event `at` lies in the interval."""
    low, high = interval
    ages = [(j, trace[at][0] - trace[j][0]) for j in range(at + 1)]
    return [j for j, age in ages if low <= age and (high is None or age <= high)]


def _since(formula: tuple[Any, ...], trace: Trace, at: int) -> float:
    _, interval, first, second = formula
    best = 0.0
    for j in _within(interval, trace, at):
        held = min((evaluate(first, trace, k) for k in range(j + 1, at + 1)), default=1.0)
        best = max(best, min(evaluate(second, trace, j), held))
    return best


def _count(formula: tuple[Any, ...], trace: Trace, at: int) -> float:
    _, window, inner, sign, number = formula
    values = [evaluate(inner, trace, j) for j in _within((0, window), trace, at)]
    least, most = sum(value == 1 for value in values), sum(value > 0 for value in values)
    answers = {_SIGNS[sign](total, number) for total in range(least, most + 1)}
    return 0.5 if len(answers) == 2 else float(answers.pop())


def text_of(formula: tuple[Any, ...]) -> str:
    """The formula in the language that `Monitor` reads."""
    match formula[0]:
        case "constant":
            return str(formula[1]).lower()
        case "atom":
            return str(formula[1])
        case "compare":
            return f"{formula[1]} {formula[2]} {formula[3]!r}"
        case "not":
            return f"not ({text_of(formula[1])})"
        case "and" | "or":
            return f"({text_of(formula[1])}) {formula[0]} ({text_of(formula[2])})"
        case "implies":
            return f"({text_of(formula[1])}) -> ({text_of(formula[2])})"
        case "since":
            return f"({text_of(formula[2])}) since{_interval_text(formula[1])} ({text_of(formula[3])})"
        case "count":
            window = "inf" if formula[1] is None else f"{formula[1]}ns"
            return f"count[{window}] ({text_of(formula[2])}) {formula[3]} {formula[4]}"
    return f"{formula[0]}{_interval_text(formula[1])} ({text_of(formula[2])})"


def _interval_text(interval: tuple[int, int | None]) -> str:
    return f"[{interval[0]}, {'inf' if interval[1] is None else interval[1]}]"
