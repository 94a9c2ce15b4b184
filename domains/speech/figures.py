"""A recording as its spectrogram, with the predictions."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from shared.results import BLUE, new_figure, percent

RANGE = 60  # decibels below the loudest that are shown
TICKS = (100, 200, 500, 1000, 2000, 3000, 4000, 6000, 8000)  # Hz
NAMED = 40  # stretches of a long recording whose word there is room for
LINE = 10.5  # points between two labels of an axis, at least
BARS = 15  # words of a clip that there is room for


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


def draw_spectrogram(
    axes: Axes,
    decibels: NDArray[np.float32],
    centres: NDArray[np.float32],
    seconds: float,
    cmap: str = "magma",
) -> None:
    """Draw levels (mels, columns) of bands centred at (mels,) Hz; all columns last ``seconds``."""
    axes.imshow(
        np.maximum(decibels, decibels.max() - RANGE),
        cmap,
        aspect="auto",
        interpolation="nearest",
        origin="lower",
        extent=(0, seconds, -0.5, len(centres) - 0.5),
    )
    shown = np.array([hertz for hertz in TICKS if centres[0] <= hertz <= centres[-1]])
    places = np.interp(shown, centres, np.arange(len(centres)))
    tall = axes.get_window_extent().height * 72 / axes.figure.dpi
    apart = np.diff(places, prepend=-np.inf) * tall / len(centres) > LINE
    axes.set_yticks(places[apart], [f"{hertz:,}" for hertz in shown[apart]])
    axes.set(xlabel="seconds", ylabel="Hz")
    axes.tick_params(labelsize=9)
    axes.grid(False)
