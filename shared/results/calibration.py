"""What a run leaves behind of its test: how far its confidence can be trusted, and what it confuses."""

from collections.abc import Mapping

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from torchmetrics.functional.classification import binary_calibration_error

from shared.files import csv_text, write
from shared.results.plots import BLUE, new_figure, png
from shared.runs import Run

BINS = 15  # of confidence, as in Guo et al. 2017
DRAWN = 40  # classes: a larger matrix cannot be read as a picture


def calibration_error(columns: Mapping[str, np.ndarray]) -> float:
    """The expected calibration error: mean gap between confidence and accuracy (Guo et al. 2017, section 2).

    Here and below, of the test items' ``answer`` (the predicted class), its ``confidence`` and ``label``.
    """
    confidence = torch.from_numpy(columns["confidence"].astype(np.float64))
    right = torch.from_numpy(columns["answer"] == columns["label"]).long()
    return float(binary_calibration_error(confidence, right, n_bins=BINS, norm="l1"))


def confusion(columns: Mapping[str, np.ndarray], classes: int) -> np.ndarray:
    """Number of test items by true class (row) and predicted class (column)."""
    cells = columns["label"] * classes + columns["answer"]
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def write_report(run: Run, columns: Mapping[str, np.ndarray], classes: list[str], title: str) -> None:
    """Write ``calibration.png``, ``confusion.csv`` and, while it can be read, ``confusion.png``."""
    write(run.folder / "calibration.png", png(reliability_plot(columns, title)))
    counts = confusion(columns, len(classes))
    rows = ([name, *row] for name, row in zip(classes, counts.tolist(), strict=True))
    write(run.folder / "confusion.csv", csv_text(["true class", *classes], rows))
    if len(classes) <= DRAWN:
        write(run.folder / "confusion.png", png(confusion_plot(counts, classes, title)))


def reliability_plot(columns: Mapping[str, np.ndarray], title: str) -> Figure:
    """Accuracy by confidence, and the number of items: on the diagonal accuracy equals confidence."""
    confidence, right = columns["confidence"], columns["answer"] == columns["label"]
    edges = np.linspace(0, 1, BINS + 1)
    place = np.clip(np.digitize(confidence, edges) - 1, 0, BINS - 1)
    items = np.bincount(place, minlength=BINS)
    filled = items > 0
    accuracy, mean = (
        np.bincount(place, values, BINS)[filled] / items[filled] for values in (right, confidence)
    )
    error = calibration_error(columns)
    title = f"{title}\nexpected calibration error {100 * error:.2f} %, n = {len(right):,}"
    figure, (above, below) = new_figure(title, 4.6, 5.2, 2, 1, sharex=True, height_ratios=[3, 1])
    above.plot([0, 1], [0, 1], color="0.6", linewidth=1, label="accuracy = confidence")
    above.plot(mean, accuracy, "o-", color=BLUE, markersize=4, label="network")
    above.set_ylabel("accuracy")
    above.legend(frameon=False)
    below.bar(edges[:-1], items, 1 / BINS, align="edge", color=BLUE)
    below.set_yscale("symlog", linthresh=1)
    below.set_ylabel("test items")
    below.set_xlabel("confidence in the prediction")
    above.yaxis.set_major_formatter(PercentFormatter(1.0))
    below.xaxis.set_major_formatter(PercentFormatter(1.0))
    return figure


def confusion_plot(counts: np.ndarray, classes: list[str], title: str) -> Figure:
    """Each row is a true class: the share of its items by predicted class; numbers are items."""
    n = len(classes)
    side = 2.2 + 0.42 * n
    figure, axes = new_figure(title, side, side)
    axes.grid(False)
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for row, column in zip(*np.nonzero(counts), strict=True):
        colour = "white" if share[row, column] > 0.5 else "0.2"
        number = f"{counts[row, column]:,}"
        axes.text(column, row, number, ha="center", va="center", fontsize=7, color=colour)
    axes.set_xticks(range(n), classes, rotation=45, ha="right", fontsize=8)
    axes.set_yticks(range(n), classes, fontsize=8)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    return figure
