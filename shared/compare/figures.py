"""The pictures of a comparison: differences and accuracies over budgets, and design choices across tasks."""

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, NullLocator

from shared.compare.claims import Finding
from shared.compare.markdown import MARKS
from shared.compare.statistics import Estimate
from shared.results import BLUE, GREEN, GREY, ORANGE, new_figure

VERDICTS = {"holds": GREEN, "fails": ORANGE, "equivalent": BLUE, "not shown": GREY}
Curve = Sequence[tuple[int, Estimate]]  # by budget


def difference_plot(finding: Finding, title: str) -> Figure:
    """What a part of a claim is about: the difference over the budgets, in points, with its 95 % intervals.

    The last point, of the largest budget, is the one that is judged; dotted lines are margins.
    """
    figure, axes = new_figure(fill(title, 42), 4.6, 3.1)
    colour, part = VERDICTS[finding.verdict], finding.part
    axes.axhline(0, color="0.3", linewidth=1)
    for margin in {-part.margin, part.margin if part.equivalent else -part.margin} - {0.0}:
        axes.axhline(100 * margin, color="0.3", linewidth=1.2, linestyle=":")
    if finding.curve:
        _curve(axes, finding.curve, color=colour, marker="o")
        limit = round(100 * finding.curve[-1][1].limit)
        _scale(axes, -limit, limit)
        budgets, last = [budget for budget, _ in finding.curve], 100 * finding.curve[-1][1].value
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        look = {"textcoords": "offset points", "va": "center", "weight": "bold", "color": colour, "bbox": box}
        axes.annotate(f"{last:+.1f}", (budgets[-1], last), (9, 0), fontsize=11, **look)
        axes.margins(x=0.25)
        axes.set_xticks(budgets)
    else:
        axes.text(0.5, 0.6, "no results", transform=axes.transAxes, ha="center", color="0.35")
        axes.set_xticks([])
        axes.set_yticks([])
    axes.set_xlabel("training examples")
    axes.set_ylabel("points of accuracy")
    verdict = f"{MARKS[finding.verdict]} {finding.verdict}"
    axes.set_title(verdict, loc="right", fontsize=10, color=colour, weight="bold")
    return figure


def accuracy_plot(title: str, curves: Mapping[str, Curve], flops: Mapping[str, float]) -> Figure:
    """A row for each design, the best on top: accuracy with its 95 % interval, darker for larger budgets.

    Args:
        title: What the designs were trained on.
        curves: By design.
        flops: Of the largest training, by design.
    """
    rows = sorted(curves, key=lambda name: curves[name][-1][1].value)
    budgets = sorted({budget for curve in curves.values() for budget, _ in curve})
    figure, axes = new_figure(fill(title, 54), 5.6, 1.6 + 0.3 * len(rows))
    depths = np.linspace(1, 0.45, len(budgets))[::-1]
    shades = {budget: colormaps["Blues"](depth) for budget, depth in zip(budgets, depths, strict=True)}
    for y, name in enumerate(rows):
        for budget, mean in curves[name]:
            axes.plot([100 * mean.low, 100 * mean.high], [y, y], color=shades[budget], linewidth=2)
            axes.plot(100 * mean.value, y, "o", color=shades[budget], markersize=7)
    left, right = axes.get_xlim()
    axes.set_xlim(max(left, 0), min(right, 100))
    axes.set_ylim(-0.6, len(rows) - 0.4)
    count = EngFormatter(places=1, sep="")
    axes.set_yticks(range(len(rows)), [f"{name}, {count(flops[name])}FLOPs" for name in rows])
    axes.set_xlabel("test accuracy, %")
    look: Any = {"marker": "o", "linestyle": "", "markersize": 7}
    dots = [Line2D([], [], color=shades[budget], **look) for budget in budgets]
    names = [f"budget ×{budget}" for budget in budgets]
    figure.legend(dots, names, loc="outside lower left", frameon=False, fontsize=9, ncols=3)
    return figure


def _curve(axes: Axes, curve: Curve, **look: Any) -> None:
    """Estimates over budgets, in per cent; an interval that was cut at its limit ends in an arrow there."""
    budgets = [budget for budget, _ in curve]
    axes.plot(budgets, [100 * mean.value for _, mean in curve], linewidth=1.6, markersize=6, **look)
    for budget, mean in curve:
        ends = [100 * mean.low, 100 * mean.high]
        axes.plot([budget] * 2, ends, color=look["color"], linewidth=1.6)
        for end, edge, arrow in zip(ends, (-100 * mean.limit, 100 * mean.limit), "v^", strict=True):
            sign = arrow if end == edge != 100 * mean.value else "_"
            axes.plot(budget, end, sign, color=look["color"], markersize=8, clip_on=False)


def _scale(axes: Axes, least: int, most: int) -> None:
    """No axis beyond what is possible; budgets by their logarithm."""
    bottom, top = axes.get_ylim()
    axes.set_ylim(max(bottom, least), min(top, most))
    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))


def matrix_plot(
    rows: Sequence[str], columns: Sequence[str], cells: Mapping[tuple[str, str], Estimate | None]
) -> Figure:
    """Design choice (row) × task: what each choice gains over the domain's own (None), in points."""
    title = "What a design choice gains over the domain's own"
    figure, axes = new_figure(title, max(2.8 + 1.45 * len(columns), 5.2), 1.5 + 0.62 * len(rows))
    axes.grid(False)
    gains = {(rows.index(row), columns.index(column)): gain for (row, column), gain in cells.items()}
    values = np.full((len(rows), len(columns)), np.nan)
    pale = np.ones_like(values)  # what is not shown
    for place, gain in gains.items():
        values[place] = 100 * gain.value if gain else 0.0
        pale[place] = 0.35 if gain and gain.low <= 0 <= gain.high else 1.0
    limit = max(float(np.nanmax(np.abs(values), initial=0.0)), 1.0)
    # By the root, a small difference is seen beside a large one.
    shade = pale * np.sign(values) * np.sqrt(np.abs(values) / limit)
    axes.imshow(shade, cmap="RdBu", vmin=-1.25, vmax=1.25, aspect="auto")
    for (y, x), gain in gains.items():
        middle = {"ha": "center", "va": "center"}
        if gain is None:
            axes.text(x, y, "the domain's own", fontsize=9, color="0.35", style="italic", **middle)
            continue
        colour = "white" if abs(shade[y, x]) > 0.75 else "black"
        sure = "bold" if gain.low > 0 or gain.high < 0 else "normal"
        interval = f"{100 * gain.low:+.1f} … {100 * gain.high:+.1f}"
        axes.text(x, y - 0.13, f"{100 * gain.value:+.1f}", fontsize=11, color=colour, weight=sure, **middle)
        axes.text(x, y + 0.25, interval, fontsize=9, color=colour, **middle)
    axes.set_xticks(range(len(columns)), [fill(name, 18) for name in columns], fontsize=9)
    axes.xaxis.tick_top()
    axes.set_yticks(range(len(rows)), [fill(row, 34) for row in rows], fontsize=9)
    axes.set_xticks(np.arange(len(columns) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(rows) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="0.8", linewidth=0.8)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    note = "points of test accuracy, 95 % interval; bold and full: it excludes 0"
    figure.supxlabel(note, x=0.01, ha="left", fontsize=9)
    return figure
