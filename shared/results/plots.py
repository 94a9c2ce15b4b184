"""Pictures that every run leaves behind."""

import io
import warnings
from typing import Any

from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, PercentFormatter

BLUE, ORANGE = "#0072b2", "#d55e00"  # told apart by the colour-blind as well (Okabe & Ito 2008)
RELEVANCE = LinearSegmentedColormap.from_list("relevance", [ORANGE, "white", BLUE])  # against … for
GREEN, PURPLE, AMBER, SKY, GREY, BLACK = "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#000000"
PALETTE = (BLUE, ORANGE, GREEN, PURPLE, AMBER, SKY, GREY, BLACK)  # for things by name, in this order


def png(figure: Figure) -> bytes:
    """The picture as a PNG file."""
    picture = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # a file's name in another script
        figure.savefig(picture, format="png")
    return picture.getvalue()


def learning_curve(rows: list[dict[str, Any]], samples: int, title: str) -> Figure:
    """Accuracy and loss on training and validation items, an epoch a point.

    Args:
        rows: as in ``metrics.csv``.
        samples: of an epoch.
        title: what was trained on what.
    """
    figure = Figure(figsize=(9, 3.6), dpi=130, layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, weight="bold")
    seen = [(row["epoch"] + 1) * samples for row in rows]
    for axes, name, label in zip(figure.subplots(1, 2), ("acc", "loss"), ("accuracy", "loss"), strict=True):
        for part, colour, word in (("train", ORANGE, "training"), ("val", BLUE, "validation")):
            values = [row[f"{part}/{name}"] for row in rows]
            axes.plot(seen, values, "o-", color=colour, markersize=4, label=word)
        axes.set_xlabel("training samples seen")
        axes.set_ylabel(label)
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        axes.tick_params(labelsize=8)
        axes.legend(frameon=False)
        if name == "acc":
            axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    return figure
