"""The pictures of a comparison: accuracy against cost, claims, and design choices across tasks."""

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter, PercentFormatter

from shared.compare.claims import Judged
from shared.compare.results import Result
from shared.compare.statistics import Estimate
from shared.results import GREEN, GREY, ORANGE, PALETTE, new_figure

VERDICTS = {"holds": GREEN, "fails": ORANGE, "not shown": GREY}
MARKERS = "osD^vPX*"


class Style(NamedTuple):
    """How a design is drawn, the same in every picture."""

    colour: str
    marker: str


def styles(designs: Sequence[str]) -> dict[str, Style]:
    """A colour and a marker for each; designs beyond the palette repeat the colours with other markers."""
    n = len(PALETTE)
    return {
        name: Style(PALETTE[i % n], MARKERS[(i + i // n) % len(MARKERS)]) for i, name in enumerate(designs)
    }


def cost_plot(title: str, results: Mapping[str, Result], style: Mapping[str, Style]) -> Figure:
    """Accuracy with its 95 % interval against parameters, FLOPs, training time and latency.

    Args:
        title: of the task.
        results: of the finished entries, by design.
        style: of each design.
    """
    figure, all_axes = new_figure(title, 12, 3.7, 1, 4, sharey=True)
    first = next(iter(results.values()))
    clock = "CPU time" if first.facts["accelerator"] == "cpu" else "time"
    panels = (
        ("parameters", "", {name: result.facts["params"] for name, result in results.items()}),
        ("FLOPs of one prediction", "", {name: result.facts["flops"] for name, result in results.items()}),
        (f"{clock} of a training", "s", {name: result.seconds for name, result in results.items()}),
        ("time of one prediction", "s", {name: result.facts["latency"] for name, result in results.items()}),
    )
    for axes, (label, unit, cost) in zip(all_axes, panels, strict=True):
        for name, result in results.items():
            mean = result.accuracy
            axes.errorbar(
                max(cost[name], 1e-9), mean.value, [[mean.value - mean.low], [mean.high - mean.value]],
                fmt=style[name].marker, color=style[name].colour, markersize=7, capsize=4, linewidth=1.6,
                label=name,
            )  # fmt: skip
        _log_axis(axes, list(cost.values()), label, unit)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    all_axes[0].set_ylabel("test accuracy, 95 % interval")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right center", frameon=False, fontsize=9)
    return figure


def _log_axis(axes: Axes, values: Sequence[int | float], label: str, unit: str) -> None:
    """A logarithmic axis of costs, wide enough to have numbers that can be read."""
    low, high = max(min(values), 1e-9), max(*values, 1e-9)
    spread = max(high / low, 1.0)
    room = 1.35 if spread > 4 else (6 / spread) ** 0.5
    axes.set_xscale("log")
    axes.set_xlim(low / room, high * room)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if spread < 100 else (1,), numticks=6))
    axes.xaxis.set_major_formatter(EngFormatter(unit=unit, sep=" " if unit else ""))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(label)


def claims_plot(judged: Sequence[Judged]) -> Figure:
    """Each difference that a claim is about, in points, with its 95 % interval and the verdict's colour."""
    rows = [(number, finding) for number, each in enumerate(judged, 1) for finding in each.findings]
    figure, axes = new_figure(
        "Accuracy of what a claim says is better, minus that of the other", 10, 1.3 + 0.36 * len(rows)
    )
    axes.axvline(0, color="0.3", linewidth=1)
    for row, (_, finding) in enumerate(rows):
        colour = VERDICTS[finding.verdict]
        if finding.part.margin:
            axes.plot(
                [-100 * finding.part.margin] * 2, [row - 0.35, row + 0.35], ":", color="0.3", linewidth=1.5
            )
        if finding.difference:
            _interval(axes, row, finding.difference, colour)
        else:
            axes.text(0, row, "  no results", va="center", fontsize=8, color=colour)
        axes.text(1.01, row, finding.verdict, transform=axes.get_yaxis_transform(), va="center",
                  fontsize=9, weight="bold", color=colour)  # fmt: skip
    axes.set_yticks(range(len(rows)), [f"{number}   {finding}" for number, finding in rows], fontsize=9)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel(
        "difference of accuracies, points, 95 % interval (dotted: worse by this margin counts as no cost)"
    )
    axes.grid(visible=False, axis="y")
    return figure


def _interval(axes: Axes, row: int, mean: Estimate, colour: str) -> None:
    value, low, high = (100 * share for share in (mean.value, mean.low, mean.high))
    axes.errorbar(value, row, xerr=[[value - low], [high - value]], fmt="o", color=colour, markersize=6,
                  capsize=4, linewidth=1.8)  # fmt: skip


def matrix_plot(
    rows: Sequence[str], columns: Sequence[str], cells: Mapping[tuple[str, str], Estimate | None]
) -> Figure:
    """Design choice × task: what each choice gains over the domain's own, which is marked, in points.

    Args:
        rows: choices, as ``padding: zeros``.
        columns: tasks.
        cells: the difference by row and column; None where the choice is the domain's own.
    """
    figure, axes = new_figure(
        "What a design choice gains over the domain's own", 2.8 + 1.45 * len(columns), 1.5 + 0.62 * len(rows)
    )
    axes.grid(False)
    values = np.full((len(rows), len(columns)), np.nan)
    for (row, column), each in cells.items():
        values[rows.index(row), columns.index(column)] = 100 * each.value if each else 0.0
    limit = max(float(np.nanmax(np.abs(values), initial=0.0)), 1.0)
    shade = np.sign(values) * np.sqrt(np.abs(values) / limit)  # a small difference is seen beside a large one
    for (row, column), each in cells.items():
        if each and each.low <= 0 <= each.high:
            shade[rows.index(row), columns.index(column)] *= 0.35  # what is not shown is pale
    axes.imshow(shade, cmap="RdBu", vmin=-1.25, vmax=1.25, aspect="auto")
    for (row, column), each in cells.items():
        y, x = rows.index(row), columns.index(column)
        if each is None:
            axes.text(
                x, y, "the domain's own", ha="center", va="center", fontsize=8, color="0.35", style="italic"
            )
            continue
        colour = "white" if abs(shade[y, x]) > 0.75 else "black"
        sure = "bold" if each.low > 0 or each.high < 0 else "normal"
        axes.text(x, y - 0.13, f"{100 * each.value:+.1f}", ha="center", va="center", fontsize=11,
                  color=colour, weight=sure)  # fmt: skip
        axes.text(x, y + 0.25, f"{100 * each.low:+.1f} … {100 * each.high:+.1f}", ha="center", va="center",
                  fontsize=7, color=colour)  # fmt: skip
    axes.set_xticks(range(len(columns)), [fill(name, 18) for name in columns], fontsize=9)
    axes.xaxis.tick_top()
    axes.set_yticks(range(len(rows)), rows, fontsize=9)
    axes.set_xticks(np.arange(len(columns) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(rows) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="0.8", linewidth=0.8)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    figure.supxlabel(
        "points of test accuracy, 95 % interval; bold and full: it excludes 0", x=0.01, ha="left", fontsize=8
    )
    return figure
