"""Figures of a policy's predictions: one move on the board, and the curve of a game."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from domains.go.board import point_name
from domains.go.drawing.board import draw_board, heat_colours
from shared.results import ORANGE, percent

LABELLED = 3  # best moves with their probability on the board
BARS = 15  # largest number of bars beside the board
GREY = "#555555"


def move_picture(
    stones: NDArray[np.int8],
    probabilities: NDArray[np.floating],
    *,
    played: int | None,
    last: int | None,
    top: int,
    title: str,
    subtitle: str,
) -> Figure:
    """The board with the policy as a heat map, and the best moves as bars.

    Args:
        stones: (size, size) 0 empty, 1 black, 2 white.
        probabilities: (size * size,) of the moves.
        played: the point of the move that was played.
        last: the point of the move before it.
        top: number of bars, at most BARS.
        title: first line.
        subtitle: second line.
    """
    size = len(stones)
    order = np.argsort(-probabilities, kind="stable")
    labels = {int(point): _on_board(probabilities[point]) for point in order[:LABELLED]}
    if played is not None:
        labels.setdefault(played, _on_board(probabilities[played]))

    figure = _figure(10, 7.4, title, subtitle)
    axes = figure.add_axes((0.02, 0.02, 0.648, 0.875))
    heat = probabilities.reshape(size, size)
    draw_board(axes, stones, heat, labels=labels, last=last, chosen=played)
    rows = [int(point) for point in order[: min(top, BARS)]]
    if played is not None and played not in rows:
        rows.append(played)
    ranks = {int(point): rank for rank, point in enumerate(order, start=1)}
    axes = figure.add_axes((0.80, 0.84 - 0.043 * len(rows), 0.12, 0.043 * len(rows)))
    _draw_bars(axes, [(ranks[p], point_name(p, size), float(probabilities[p]), p == played) for p in rows])
    figure.text(0.69, 0.865, "the policy's choices, in %", fontsize=12, color=GREY, va="center")
    rings = (("played", played, ORANGE, 9, 2), ("last move before", last, "black", 6, 1))
    marks = [
        Line2D([], [], marker="o", color=colour, fillstyle="none", ms=size, mew=width, lw=0, label=label)
        for label, point, colour, size, width in rings
        if point is not None
    ]
    figure.legend(handles=marks, loc="lower left", bbox_to_anchor=(0.685, 0.015), frameon=False, fontsize=10)
    return figure


def _draw_bars(axes: Axes, rows: Sequence[tuple[int, str, float, bool]]) -> None:
    """A bar per (rank, name, probability, whether it was played), from the top."""
    values = np.array([probability for _, _, probability, _ in rows])
    axes.barh(
        range(len(rows)), values, height=0.72, color=heat_colours(values), edgecolor=GREY, linewidth=0.5
    )
    axes.set(ylim=(len(rows) - 0.5, -0.5), xlim=(0, values.max()))
    axes.axis("off")
    for place, (rank, point, probability, was_played) in enumerate(rows):
        style: dict[str, Any] = {"va": "center", "fontsize": 11, "weight": "bold" if was_played else "normal"}
        left, colour = axes.get_yaxis_transform(), ORANGE if was_played else "black"
        axes.text(-0.58, place, f"{rank}.", ha="right", transform=left, color=GREY, **style)
        axes.text(-0.50, place, point, ha="left", transform=left, color=colour, **style)
        axes.annotate(percent(probability), (probability, place), (5, 0), textcoords="offset points", **style)


def game_picture(
    probability: NDArray[np.floating],
    rank: NDArray[np.int64],
    black: NDArray[np.bool_],
    number: NDArray[np.int64],
    *,
    points: int,
    named: dict[int, str],
    title: str,
    subtitle: str,
) -> Figure:
    """Probability and rank of the moves of a game.

    Args:
        probability: (N,) of each move by the policy.
        rank: (N,) of each move among the legal moves, from 1.
        black: (N,) whether black played it.
        number: (N,) of the move, from 1.
        points: of the board: the largest rank.
        named: labels of moves, by their index in the arrays.
        title: first line.
        subtitle: second line.
    """
    figure = _figure(11, 6.6, title, subtitle)
    room = {"left": 0.1, "right": 0.98, "top": 0.86, "bottom": 0.085, "hspace": 0.08}
    above, below = figure.subplots(2, 1, sharex=True, gridspec_kw=room)
    chosen = list(named)
    for axes, values in ((above, np.maximum(probability, 1e-4)), (below, rank)):
        axes.plot(number, values, color="#BBBBBB", linewidth=0.8, zorder=1)
        for colour, own in (("black", black), ("white", ~black)):
            style = {"color": colour, "label": colour, "edgecolors": "black", "linewidths": 0.7}
            axes.scatter(number[own], values[own], s=22, zorder=2, **style)
        axes.set(yscale="log")
        axes.yaxis.set_minor_locator(NullLocator())
        axes.grid(axis="y", color="#E4E4E4")
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        ring = {"facecolors": "none", "edgecolors": ORANGE, "linewidths": 2}
        axes.scatter(number[chosen], values[chosen], s=150, zorder=3, **ring)
    label = {"textcoords": "offset points", "ha": "center", "color": ORANGE, "weight": "bold", "fontsize": 10}
    labels = [
        above.annotate(text, (number[place], max(probability[place], 1e-4)), (0, 11), zorder=4, **label)
        for place, text in sorted(named.items())
    ]
    for axes, ticks, form in (
        (above, [1e-4, 1e-3, 1e-2, 1e-1, 1], lambda value, _: f"{100 * value:g}%"),
        (below, [1, 2, 5, 10, 20, 50, 100, 200, 300], lambda value, _: f"{value:g}"),
    ):
        axes.yaxis.set_major_locator(FixedLocator(ticks))
        axes.yaxis.set_major_formatter(FuncFormatter(form))
    above.set(ylabel="probability of the move played", ylim=(6e-5, 1.6))
    above.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False)
    below.set(ylabel="its rank (1: the policy's own)", ylim=(1.2 * points, 0.8), xlabel="number of the move")
    below.set_xlim(number.min() - 1.5, number.max() + 1.5)
    figure.align_ylabels()
    for last, moved in enumerate(labels):  # upwards, until it is beside no label before it
        while any(moved.get_window_extent().overlaps(one.get_window_extent()) for one in labels[:last]):
            moved.xyann = (0, moved.xyann[1] + 12)
    return figure


def _on_board(probability: float) -> str:
    """Per cent without their sign, so short that it stays on its point."""
    return "<1" if probability < 0.01 else f"{100 * probability:.0f}"


def _figure(width: float, height: float, title: str, subtitle: str) -> Figure:
    figure = Figure(figsize=(width, height), dpi=130)
    # Names of files come from strangers: no mathematics is read from them.
    figure.text(0.02, 0.953, title, fontsize=15, weight="bold", va="center", parse_math=False)
    figure.text(0.02, 0.918, subtitle, fontsize=12, color=GREY, va="center", parse_math=False)
    return figure
