"""The style of all figures, and the learning curve of a run."""

import io
import warnings
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, PercentFormatter

from shared.files import write

BLUE, ORANGE = "#0072b2", "#d55e00"  # distinguishable for the colour-blind as well (Okabe & Ito 2008)
RELEVANCE = LinearSegmentedColormap.from_list("relevance", [ORANGE, "white", BLUE])  # against … for
GREEN, PURPLE, AMBER, SKY, GREY, BLACK = "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#000000"
PALETTE = (BLUE, ORANGE, GREEN, PURPLE, AMBER, SKY, GREY, BLACK)  # for things by name, in this order


def new_figure(
    title: str, width: int | float, height: int | float, rows: int = 1, columns: int = 1, **subplots: Any
) -> tuple[Figure, Any]:
    """A figure and its axes, as ``Figure.subplots`` gives them, in the style of all plots.

    No mathematics is read from the title. Width and height are in inches.
    """
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, weight="bold", parse_math=False)
    made = figure.subplots(rows, columns, **subplots)
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
        axes.set_axisbelow(True)
        axes.tick_params(labelsize=9)
    return figure, made


def draw(figure: Figure, also: str = "png", **settings: Any) -> dict[str, bytes]:
    """The files of a figure by suffix: PNG of 130 dots an inch, and another format.

    Args:
        figure: what is drawn.
        also: svg or pdf; png: nothing else.
        settings: as ``Figure.savefig`` takes them.
    """
    files = {}
    for kind in dict.fromkeys(("png", also)):
        file, dated = io.BytesIO(), {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
        with warnings.catch_warnings(), rc_context({"svg.hashsalt": "figure"}):  # the same file each time
            warnings.filterwarnings("ignore", "Glyph .* missing from")  # a file's name in another script
            figure.savefig(file, format=kind, dpi=130, metadata=dated, **settings)
        files[f".{kind}"] = file.getvalue()
    return files


def write_figure(path: Path, figure: Figure, also: str = "png", **settings: Any) -> bytes:
    """Write the files of ``draw`` at a path without suffix; return the PNG.

    Raises:
        UserError: A file cannot be written.
    """
    files = draw(figure, also, **settings)
    for suffix, contents in files.items():
        write(path.with_name(path.name + suffix), contents)
    return files[".png"]


def learning_curve(rows: list[dict[str, Any]], samples: int, title: str) -> Figure:
    """Accuracy and loss on training and validation items: a point for each row of ``metrics.csv``.

    ``samples`` is the number of examples of an epoch.
    """
    figure, both = new_figure(title, 9, 3.6, 1, 2)
    seen = [(row["epoch"] + 1) * samples for row in rows]
    for axes, name, label in zip(both, ("acc", "loss"), ("accuracy", "loss"), strict=True):
        for part, colour, word in (("train", ORANGE, "training"), ("val", BLUE, "validation")):
            values = [row[f"{part}/{name}"] for row in rows]
            axes.plot(seen, values, "o-", color=colour, markersize=4, label=word)
        axes.set_xlabel("training examples seen")
        axes.set_ylabel(label)
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        axes.legend(frameon=False)
    both[0].yaxis.set_major_formatter(PercentFormatter(1.0))
    return figure
