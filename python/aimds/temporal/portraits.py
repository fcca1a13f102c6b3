"""Phase portraits: the series, its delay embedding and its divergence curve in one picture (extra `plots`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from aimds.errors import AimdsError, ErrorCode, InputError
from aimds.temporal.attractor import AttractorClass, AttractorReport

__all__ = ["render_portrait"]

_FORMATS: Final = {".png": "png", ".svg": "svg"}
_INK: Final = "#1f2933"
_MUTED: Final = "#7b8794"
_LINE: Final = "#2f6f9f"
_FIT: Final = "#d1495b"
_LAGS_SHARE: Final = 0.05  # of the points: the delay shown when the analysis chose none
_STYLE: Final[Any] = {
    "axes.edgecolor": _MUTED, "axes.labelcolor": _INK, "axes.titlecolor": _INK, "axes.titlesize": 11,
    "axes.titlelocation": "left", "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
    "grid.color": "#e4e7eb", "grid.linewidth": 0.7, "xtick.color": _MUTED, "ytick.color": _MUTED,
    "font.size": 9, "svg.hashsalt": "aimds", "svg.fonttype": "none", "text.parse_math": False,
}  # fmt: skip

_TITLES: Final = {
    AttractorClass.FIXED_POINT: "fixed point",
    AttractorClass.LIMIT_CYCLE: "limit cycle",
    AttractorClass.CHAOTIC: "chaotic",
    AttractorClass.DRIFTING: "drifting",
    AttractorClass.IRREGULAR: "irregular",
    AttractorClass.INSUFFICIENT_DATA: "insufficient data",
}


def render_portrait(report: AttractorReport, path: str | Path, *, name: str = "x", unit: str = "samples") -> Path:
    """Draws a report into a PNG or SVG file.

    Args:
        report: what `analyse_attractor` found.
        path: the file; its suffix decides the format.
        name: what was measured, for the axes.
        unit: the unit of `sample_interval`, for the axes.

    Returns:
        The path of the file.

    Raises:
        AimdsError: `extra-missing` when matplotlib is not installed.
        InputError: `input-bad-value` for another suffix or a series of fewer than two points.
    """
    path = Path(path)
    if path.suffix.lower() not in _FORMATS:
        raise InputError(ErrorCode.INPUT_BAD_VALUE, place=str(path), reason="expected a name that ends in .png or .svg")
    if report.points < 2:
        raise InputError(ErrorCode.INPUT_BAD_VALUE, place="series", reason="expected at least two points")
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError:
        raise AimdsError(ErrorCode.EXTRA_MISSING, place="render_portrait", extra="plots") from None
    # No date and no random ids: the same report gives the same file.
    metadata = {"Date": None} if path.suffix.lower() == ".svg" else {"Software": None}
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(10.5, 6.2), layout="constrained")
        _draw(figure, report, name, unit)
        figure.savefig(path, format=_FORMATS[path.suffix.lower()], dpi=150, metadata=metadata)
    return path


def _draw(figure: Any, report: AttractorReport, name: str, unit: str) -> None:
    panels = figure.add_gridspec(2, 2, width_ratios=(1.35, 1.0))
    _draw_portrait(figure, panels[:, 0], report, name)
    _draw_series(figure.add_subplot(panels[0, 1]), report, name, unit)
    _draw_divergence(figure.add_subplot(panels[1, 1]), report, unit)
    figure.suptitle(_headline(report, unit), x=0.01, ha="left", fontsize=14, color=_INK, fontweight="bold")


def _headline(report: AttractorReport, unit: str) -> str:
    title = f"{_TITLES[report.attractor]} ({report.reason.replace('_', ' ')})"
    if report.lyapunov_exponent is not None:
        title += f", largest Lyapunov exponent {report.lyapunov_exponent:.3g} per {unit.removesuffix('s')}"
    return title


def _draw_portrait(figure: Any, panel: Any, report: AttractorReport, name: str) -> None:
    delay = report.delay or max(1, min(report.points - 1, round(report.points * _LAGS_SHARE)))
    series = report.series
    spatial = report.dimension >= 3 and report.points > 2 * delay
    coordinates = [series[at * delay :] for at in range(3 if spatial else 2)]
    rows = len(coordinates[-1])
    coordinates = [values[:rows] for values in coordinates]
    axes = figure.add_subplot(panel, projection="3d" if spatial else None)
    labels = [f"{name}(t)", f"{name}(t + {delay})", f"{name}(t + {2 * delay})"]
    # Short series are dots joined by a line; long ones a thin line that darkens where the orbit returns.
    joined = {"color": _LINE, "linewidth": 0.9 if rows < 500 else 0.5, "alpha": 0.85 if rows < 500 else 0.6}
    if report.period < 8:
        axes.plot(*coordinates, linestyle="none", marker=".", markersize=3, color=_LINE, alpha=0.7)
    else:
        axes.plot(*coordinates, **joined)
    axes.plot(*[values[-1:] for values in coordinates], marker="o", markersize=6, color=_FIT, label="last")
    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[1])
    if spatial:
        axes.set_zlabel(labels[2])
        axes.view_init(elev=22, azim=-58)
        for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
            axis.set_pane_color((1.0, 1.0, 1.0, 0.0))
    axes.set_title(f"Phase portrait: delay {delay}, dimension {report.dimension or '-'}")
    axes.legend(loc="upper left", frameon=False)


def _draw_series(axes: Any, report: AttractorReport, name: str, unit: str) -> None:
    times = [at * report.sample_interval for at in range(report.points)]
    axes.plot(times, report.series, color=_LINE, linewidth=0.7 if report.points < 1000 else 0.4)
    axes.set_title(f"Series: {report.points} points")
    axes.set_xlabel(f"t in {unit}")
    axes.set_ylabel(name)


def _draw_divergence(axes: Any, report: AttractorReport, unit: str) -> None:
    axes.set_title("Divergence of neighbours")
    axes.set_xlabel(f"steps on in {unit}")
    axes.set_ylabel("mean log distance")
    if not report.divergence:
        axes.text(0.5, 0.5, "not measured", ha="center", va="center", transform=axes.transAxes, color=_MUTED)
        axes.set_xticks([])
        axes.set_yticks([])
        return
    times = [at * report.sample_interval for at in range(len(report.divergence))]
    axes.plot(times, report.divergence, color=_LINE, linewidth=1.1)
    growth = report.growth
    if growth is not None:
        region = range(growth.from_step, growth.to_step + 1)
        heights = [report.divergence[at] for at in region]
        middle, mean = (growth.from_step + growth.to_step) / 2, sum(heights) / len(heights)
        line = [mean + growth.slope * (at - middle) for at in region]
        label = f"slope {growth.slope / report.sample_interval:.3g}, R² {growth.r_squared:.3f}"
        axes.plot([times[at] for at in region], line, color=_FIT, linewidth=2, label=label)
        axes.legend(loc="lower right", frameon=False)
