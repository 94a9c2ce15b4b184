"""The pictures of a comparison: accuracy against cost, claims, and design choices across tasks."""

from collections.abc import Mapping, Sequence
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter, PercentFormatter

from shared.compare.claims import Judged
from shared.compare.results import Result
from shared.compare.statistics import Estimate
from shared.results import GREEN, GREY, ORANGE, PALETTE, new_figure

VERDICTS = {"holds": GREEN, "equivalent": GREEN, "fails": ORANGE, "not shown": GREY}
MARKERS = "osD^vPX*"


def styles(designs: Sequence[str]) -> dict[str, tuple[str, str]]:
    """A colour and a marker for each; designs beyond the palette repeat the colours with other markers."""
    n = len(PALETTE)
    return {name: (PALETTE[i % n], MARKERS[(i + i // n) % len(MARKERS)]) for i, name in enumerate(designs)}


def cost_plot(title: str, results: Mapping[str, Result], style: Mapping[str, tuple[str, str]]) -> Figure:
    """Accuracy with its 95 % interval against parameters, FLOPs, training time and latency, by design."""
    figure, all_axes = new_figure(title, 12, 3.7, 1, 4, sharey=True)
    first = next(iter(results.values()))
    clock = "CPU time" if first.machine["accelerator"] == "cpu" else "time"
    panels: tuple[tuple[str, str, Sequence[float]], ...] = (
        ("parameters", "", [result.facts["params"] for result in results.values()]),
        ("FLOPs of one prediction", "", [result.facts["flops"] for result in results.values()]),
        (f"{clock} of a training", "s", [result.seconds for result in results.values()]),
        ("time of one prediction", "s", [result.latency or 0.0 for result in results.values()]),
    )
    for axes, (label, unit, costs) in zip(all_axes, panels, strict=True):
        costs = [max(cost, 1e-9) for cost in costs]
        for (name, result), cost in zip(results.items(), costs, strict=True):
            mean, (colour, marker) = result.accuracy, style[name]
            look = {"fmt": marker, "color": colour, "markersize": 7, "linewidth": 1.6}
            ends = [[mean.value - mean.low], [mean.high - mean.value]]
            axes.errorbar(cost, mean.value, yerr=ends, capsize=4, label=name, **look)
        _log_axis(axes, costs, label, unit)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    all_axes[0].set_ylabel("test accuracy, 95 % interval")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right center", frameon=False, fontsize=9)
    return figure


def _log_axis(axes: Axes, values: Sequence[int | float], label: str, unit: str) -> None:
    """A logarithmic axis of costs, wide enough to have numbers that can be read."""
    spread = max(values) / min(values)
    room = 1.35 if spread > 4 else (6 / spread) ** 0.5
    axes.set_xscale("log")
    axes.set_xlim(min(values) / room, max(values) * room)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if spread < 100 else (1,), numticks=6))
    axes.xaxis.set_major_formatter(EngFormatter(unit=unit, sep=" " if unit else ""))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(label)


def claims_plot(judged: Sequence[Judged]) -> Figure:
    """Each difference that a claim is about, in points, with its 95 % interval and the verdict's colour."""
    rows = [(number, finding) for number, each in enumerate(judged, 1) for finding in each.findings]
    title = "Accuracy of what a claim says is better, minus that of the other"
    figure, axes = new_figure(title, 10, 1.3 + 0.36 * len(rows))
    axes.axvline(0, color="0.3", linewidth=1)
    for row, (_, finding) in enumerate(rows):
        colour, margin = VERDICTS[finding.verdict], -100 * finding.part.margin
        if margin:
            axes.plot([margin, margin], [row - 0.35, row + 0.35], ":", color="0.3", linewidth=1.5)
        if finding.difference:
            look = {"fmt": "o", "color": colour, "markersize": 6, "linewidth": 1.8}
            value, low, high = (
                100 * number
                for number in (finding.difference.value, finding.difference.low, finding.difference.high)
            )
            axes.errorbar(value, row, xerr=[[value - low], [high - value]], capsize=4, **look)
        else:
            axes.text(0, row, "  no results", va="center", fontsize=9, color=colour)
        beside = {"transform": axes.get_yaxis_transform(), "va": "center", "weight": "bold"}
        axes.text(1.01, row, finding.verdict, fontsize=9, color=colour, **beside)
    axes.set_yticks(range(len(rows)), [f"{number}   {finding}" for number, finding in rows], fontsize=9)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel(
        "difference of accuracies, points, 95 % interval (dotted: worse by this margin counts as no cost)"
    )
    axes.grid(visible=False, axis="y")
    return figure


def matrix_plot(
    rows: Sequence[str], columns: Sequence[str], cells: Mapping[tuple[str, str], Estimate | None]
) -> Figure:
    """Design choice (row) × task: what each choice gains over the domain's own (None), in points."""
    title = "What a design choice gains over the domain's own"
    figure, axes = new_figure(title, 2.8 + 1.45 * len(columns), 1.5 + 0.62 * len(rows))
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
    axes.set_yticks(range(len(rows)), rows, fontsize=9)
    axes.set_xticks(np.arange(len(columns) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(rows) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="0.8", linewidth=0.8)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    note = "points of test accuracy, 95 % interval; bold and full: it excludes 0"
    figure.supxlabel(note, x=0.01, ha="left", fontsize=9)
    return figure
