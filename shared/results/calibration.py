"""How far the confidence of a tested network can be trusted."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from torchmetrics.functional.classification import binary_calibration_error

from shared.results.plots import BLUE, new_figure
from shared.results.scores import Score, score

BINS = 15  # of confidence, as in Guo et al. 2017
FEWEST = 20  # items of a bin of equal counts: with less, its interval says nothing


class Bin(NamedTuple):
    """Test items of similar confidence: its range and mean, and their accuracy."""

    low: float
    high: float
    confidence: float
    accuracy: Score


def calibration_error(columns: Mapping[str, np.ndarray]) -> float:
    """The expected calibration error: mean gap between confidence and accuracy (Guo et al. 2017, section 2).

    Here and below, of the test items' ``answer`` (the predicted class), its ``confidence`` and ``label``. Its
    bins are of equal width.
    """
    confidence = torch.from_numpy(columns["confidence"].astype(np.float64))
    right = torch.from_numpy(columns["answer"] == columns["label"]).long()
    return float(binary_calibration_error(confidence, right, n_bins=BINS, norm="l1"))


def calibration_bins(columns: Mapping[str, np.ndarray]) -> list[Bin]:
    """Bins of equal counts (Nguyen & O'Connor 2015), items of equal confidence in one; by rising confidence.

    The intervals count the items of one ``group`` as one draw.
    """
    confidence, right = columns["confidence"].astype(np.float64), columns["answer"] == columns["label"]
    number = min(BINS, max(len(right) // FEWEST, 1))
    edges = np.unique(np.quantile(confidence, np.arange(1, number) / number))
    place = np.searchsorted(edges, confidence, side="right")
    bins = []
    for items in (np.flatnonzero(place == n) for n in np.unique(place)):
        own = confidence[items]
        accuracy = score("accuracy", right[items], columns["group"][items])
        bins.append(Bin(float(own.min()), float(own.max()), float(own.mean()), accuracy))
    return bins


def reliability_plot(columns: Mapping[str, np.ndarray], bins: list[Bin], title: str) -> Figure:
    """Accuracy by confidence, and the number of items: on the diagonal accuracy equals confidence."""
    error, n = calibration_error(columns), len(columns["label"])
    title = f"{title}\nexpected calibration error {100 * error:.2f} %, n = {n:,}"
    figure, (above, below) = new_figure(title, 4.6, 5.2, 2, 1, sharex=True, height_ratios=[3, 1])
    above.plot([0, 1], [0, 1], color="0.6", linewidth=1, label="accuracy = confidence")
    accuracy = np.array([one.accuracy.value for one in bins])
    ends = np.array([(one.accuracy.low, one.accuracy.high) for one in bins]).T
    style = {"color": BLUE, "markersize": 4, "linewidth": 1, "elinewidth": 1, "capsize": 2}
    above.errorbar(
        [one.confidence for one in bins], accuracy, np.abs(ends - accuracy), fmt="o-", **style,
        label="network, 95 % intervals",
    )  # fmt: skip
    above.set_ylabel("accuracy")
    above.legend(frameon=False)
    below.hist(columns["confidence"], np.linspace(0, 1, BINS + 1), color=BLUE)
    below.set_yscale("symlog", linthresh=1)
    below.set_ylabel("test items")
    below.set_xlabel("confidence in the prediction")
    above.yaxis.set_major_formatter(PercentFormatter(1.0))
    below.xaxis.set_major_formatter(PercentFormatter(1.0))
    return figure
