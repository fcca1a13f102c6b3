"""What a series of measurements settles into: rest, a cycle, chaos, drift, noise; or too little to say.

    >>> analyse_attractor([0.2, 0.4, 0.1, 0.9]).attractor
    <AttractorClass.INSUFFICIENT_DATA: 'insufficient_data'>

For long series: risk scores of a fleet's sessions, gaps between an agent's calls, latencies. A chat of twenty turns
is too short and gets `INSUFFICIENT_DATA`; nothing in AIMDS blocks on this analysis alone. Smooth coloured noise, such
as a noise-driven oscillator, can pass for chaos: no test on one short series tells them apart for sure.

Methods: delay embedding (Takens 1981), delay by mutual information (Fraser and Swinney 1986), dimension by false
nearest neighbours (Kennel et al. 1992), largest Lyapunov exponent after Rosenstein et al. 1993 with a Theiler window,
drift by KPSS (Kwiatkowski et al. 1992).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from aimds._core import ATTRACTOR_POINTS_MAX, ATTRACTOR_POINTS_MIN
from aimds._core import analyse_attractor as _analyse
from aimds.errors import ErrorCode, InputError

__all__ = [
    "ATTRACTOR_POINTS_MAX",
    "ATTRACTOR_POINTS_MIN",
    "AttractorClass",
    "AttractorReason",
    "AttractorReport",
    "Growth",
    "analyse_attractor",
]


class AttractorClass(StrEnum):
    """What a series settles into."""

    FIXED_POINT = "fixed_point"
    LIMIT_CYCLE = "limit_cycle"
    CHAOTIC = "chaotic"
    DRIFTING = "drifting"
    IRREGULAR = "irregular"
    INSUFFICIENT_DATA = "insufficient_data"


class AttractorReason(StrEnum):
    """Why the class was given."""

    TOO_FEW_POINTS = "too_few_points"
    TOO_FEW_PERIODS = "too_few_periods"
    CAME_TO_REST = "came_to_rest"
    RECURS = "recurs"
    LEVEL_MOVES = "level_moves"
    NEIGHBOURS_PART = "neighbours_part"
    NEVER_UNFOLDS = "never_unfolds"
    NO_EXPONENTIAL_GROWTH = "no_exponential_growth"


@dataclass(frozen=True, slots=True)
class Growth:
    """A line through the divergence curve, between two steps: its slope a sample, and how straight the curve is."""

    slope: float
    r_squared: float
    from_step: int
    to_step: int


@dataclass(frozen=True, slots=True)
class AttractorReport:
    """The answer, with everything it was judged by. Times are in samples."""

    attractor: AttractorClass
    reason: AttractorReason
    points: int
    period: float
    """Mean period; infinite for a constant, 0 when there was nothing to analyse."""
    delay: int
    """Delay of the embedding; 0 when there is none."""
    dimension: int
    """Dimension of the embedding; 0 when there is none."""
    theiler: int
    """Steps within which neighbours did not count."""
    false_neighbours: float
    """Share of neighbours that one more dimension tears apart."""
    recurrence: float
    """How well the series repeats itself over a quarter to half of its length, up to 1."""
    drift: float
    """KPSS statistic of the level or of the spread, whichever is larger."""
    growth: Growth | None
    """Growth of neighbour distances, where it was measured."""
    divergence: tuple[float, ...]
    """Mean log distance of neighbours by steps; empty where it was not measured."""
    series: tuple[float, ...]
    sample_interval: float

    @property
    def lyapunov_exponent(self) -> float | None:
        """The largest Lyapunov exponent per unit of time (nats), for a chaotic series only."""
        if self.attractor is not AttractorClass.CHAOTIC or self.growth is None:
            return None
        return self.growth.slope / self.sample_interval


def analyse_attractor(
    series: Iterable[float],
    *,
    sample_interval: float = 1.0,
    delay: int | None = None,
    dimension: int | None = None,
    theiler: int | None = None,
) -> AttractorReport:
    """Analyses evenly spaced measurements, oldest first.

    Args:
        series: at most `ATTRACTOR_POINTS_MAX` finite numbers; below `ATTRACTOR_POINTS_MIN` they are insufficient data.
        sample_interval: time between two of them, in the unit that the exponent shall have.
        delay: samples between coordinates; chosen from the series when `None`, like the next two.
        dimension: coordinates of a delay vector, 1 to 8.
        theiler: steps within which neighbours do not count.

    Raises:
        InputError: `input-too-large`, or `input-bad-value` for numbers or options that cannot be.
    """
    if not 0 < sample_interval < float("inf"):
        raise InputError(ErrorCode.INPUT_BAD_VALUE, place="sample_interval", reason="expected a number above 0")
    values = tuple(series) if isinstance(series, Iterator) else series
    found = _analyse(values, delay, dimension, theiler)
    growth = found.pop("growth")
    return AttractorReport(
        attractor=AttractorClass(found.pop("attractor")),
        reason=AttractorReason(found.pop("reason")),
        growth=None if growth is None else Growth(*growth),
        divergence=tuple(found.pop("divergence")),
        series=tuple(float(value) for value in values),
        sample_interval=sample_interval,
        **found,
    )
