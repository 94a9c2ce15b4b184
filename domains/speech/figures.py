"""A recording as its spectrogram, with the predictions."""

import math
from collections.abc import Collection, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.textpath import TextPath
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from shared.results import BLUE, ORANGE, new_figure, percent

RANGE = 60  # decibels below the loudest that are shown
TICKS = (100, 200, 500, 1000, 2000, 3000, 4000, 6000, 8000)  # Hz
NAMED = 40  # stretches of a long recording whose word there is room for
LINE = 10.5  # points between two labels of an axis, at least
BARS = 15  # words of a clip that there is room for
ROW = (2.0, 20.0)  # seconds of a row of a picture of labels over time, at least and at most
LABELS = 40  # of a row, on average at most
ROWS = 6  # at most
LONGEST = ROWS * ROW[1]  # seconds that are drawn
TINTS = ("#dbe9f4", "#f6f0dc")  # of labels that follow each other
LETTERS = (9.0, 6.0)  # points of a label's letters: usual, and the least that can be read


class Label(NamedTuple):
    """A phone or word, from ``start`` to ``end`` (seconds); both are its peak where no more is known."""

    name: str
    start: float
    end: float


def clip_picture(
    decibels: NDArray[np.float32],
    centres: NDArray[np.float32],
    seconds: float,
    likeliest: Sequence[dict[str, Any]],
    title: str,
) -> Figure:
    """The spectrogram of a word (see ``draw_spectrogram``), and its likeliest words, sorted, as bars."""
    title = f"{title}: {likeliest[0]['name']}, {percent(likeliest[0]['probability'])}"
    figure, (left, right) = new_figure(title, 9, 4, 1, 2, width_ratios=(2.4, 1))
    draw_spectrogram(left, decibels, centres, seconds)
    shown = likeliest[:BARS][::-1]
    probabilities = [row["probability"] for row in shown]
    bars = right.barh([row["name"] for row in shown], probabilities, color=BLUE)
    right.bar_label(bars, map(percent, probabilities), padding=3, fontsize=9)
    right.set(xlim=(0, 1.25), xticks=[])
    right.grid(False)
    right.spines["bottom"].set_visible(False)
    right.set_title("likeliest words", fontsize=10, loc="left")
    return figure


def long_picture(
    decibels: NDArray[np.float32],
    centres: NDArray[np.float32],
    times: NDArray[np.float64],
    probabilities: NDArray[np.float64],
    words: Sequence[str],
    seconds: float,
    title: str,
) -> Figure:
    """The spectrogram of a long recording (see ``draw_spectrogram``), and the likeliest word of W stretches.

    ``times`` (W,) are the middles of the stretches in seconds.
    """
    figure, (above, below) = new_figure(title, 12, 5, 2, 1, sharex=True, height_ratios=(2.2, 1))
    draw_spectrogram(above, decibels, centres, seconds)
    above.set_xlabel("")
    below.plot(times, probabilities, ".-", color=BLUE, linewidth=1, markersize=4)
    runs = [list(run) for _, run in groupby(range(len(words)), key=words.__getitem__)]
    surest = [max(run, key=probabilities.__getitem__) for run in runs]
    style = {"xytext": (0, 3), "textcoords": "offset points", "ha": "center", "fontsize": 9}
    for i in sorted(surest, key=probabilities.__getitem__, reverse=True)[:NAMED]:
        below.annotate(words[i], (times[i], probabilities[i]), **style)
    below.set(ylim=(0, 1.2), yticks=[0, 0.5, 1], xlabel="seconds", ylabel="likeliest word")
    below.yaxis.set_major_formatter(PercentFormatter(1.0))
    return figure


def labels_picture(
    decibels: NDArray[np.float32],
    centres: NDArray[np.float32],
    found: Sequence[Label],
    true: Sequence[Label],
    seconds: float,
    title: str,
    marked: Collection[Label] = (),
) -> Figure:
    """The spectrogram of a recording in rows, each with strips of its labels: those found, and the true ones.

    ``decibels`` (mels, frames) last ``seconds``. No true labels: they are not known. ``marked`` as of
    ``draw_strip``.
    """
    row, count = rows_for(max(len(found), len(true)), seconds)
    strips = [("found", found), *([("true", true)] if true else [])]
    ratios = [4.0, *(0.55 for _ in strips)] * count
    figure, axes = new_figure(
        title, 12, 0.6 + 2.4 * count, len(ratios), 1, height_ratios=ratios, squeeze=False
    )
    for number in range(count):
        first = number * row
        above, *below = axes[number * (1 + len(strips)) : (number + 1) * (1 + len(strips)), 0]
        draw_spectrogram(above, decibels, centres, seconds)
        above.set(xlim=(first, first + row), xlabel="", xticklabels=[])
        for part, (name, labels) in zip(below, strips, strict=True):
            draw_strip(part, labels, (first, first + row), name, marked)
        below[-1].tick_params(bottom=True, labelbottom=True)
    axes[-1, 0].set_xlabel("seconds")
    return figure


def rows_for(labels: int, seconds: float) -> tuple[float, int]:
    """The seconds of a row, and the number of rows, of a picture of N labels."""
    row = min(max(LABELS * seconds / max(labels, 1), ROW[0]), ROW[1])
    count = min(math.ceil(seconds / row), ROWS)
    return min(row, seconds / count), count


def draw_strip(
    axes: Axes,
    labels: Sequence[Label],
    seconds: tuple[float, float],
    name: str = "",
    marked: Collection[Label] = (),
) -> None:
    """Draw labels from one second to another as a strip: each in a box, or beside a line at its peak.

    ``name`` stands before the strip; the letters of labels that are ``marked`` are orange.
    """
    axes.set(xlim=seconds, ylim=(0, 1), yticks=[])
    axes.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    axes.grid(False)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(bottom=False, labelbottom=False)
    points = axes.get_window_extent().width * 72 / axes.figure.dpi / (seconds[1] - seconds[0])
    for number, label in enumerate(labels):
        if label.end < seconds[0] or label.start > seconds[1]:
            continue
        start, end = max(label.start, seconds[0]), min(label.end, seconds[1])
        if label.end > label.start:
            look: Any = {"facecolor": TINTS[number % 2], "edgecolor": "white", "linewidth": 0.5}
            axes.add_patch(Rectangle((start, 0), end - start, 1, **look))
        else:
            axes.axvline(start, color=BLUE, linewidth=0.8)
        width = TextPath((0, 0), label.name, LETTERS[0]).get_extents().width
        room = (end - start) * points - 1 if label.end > label.start else width
        size = min(LETTERS[0], LETTERS[0] * room / width)
        if size >= LETTERS[1]:
            style: Any = {"ha": "center", "va": "center", "clip_on": True, "parse_math": False}
            colour = ORANGE if label in marked else "black"
            axes.text((start + end) / 2, 0.5, label.name, fontsize=size, color=colour, **style)


def draw_spectrogram(
    axes: Axes,
    decibels: NDArray[np.float32],
    centres: NDArray[np.float32],
    seconds: float,
    cmap: str = "magma",
    first: float = 0.0,
) -> None:
    """Draw levels (mels, columns) of bands centred at (mels,) Hz: ``seconds``, from ``first`` on."""
    axes.imshow(
        np.maximum(decibels, decibels.max() - RANGE),
        cmap,
        aspect="auto",
        interpolation="nearest",
        origin="lower",
        extent=(first, first + seconds, -0.5, len(centres) - 0.5),
    )
    shown = np.array([hertz for hertz in TICKS if centres[0] <= hertz <= centres[-1]])
    places = np.interp(shown, centres, np.arange(len(centres)))
    tall = axes.get_window_extent().height * 72 / axes.figure.dpi
    apart = np.diff(places, prepend=-np.inf) * tall / len(centres) > LINE
    axes.set_yticks(places[apart], [f"{hertz:,}" for hertz in shown[apart]])
    axes.set(xlabel="seconds", ylabel="Hz")
    axes.tick_params(labelsize=9)
    axes.grid(False)
