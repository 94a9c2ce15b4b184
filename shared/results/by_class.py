"""Which classes of a test are recognised, and which are confused."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from shared.results.plots import new_figure
from shared.results.scores import Score, score

LONGEST = 24  # characters of a class's name beside a plot


class ClassScores(NamedTuple):
    """The share of a class's items that are recognised, and of the predictions of it that are right."""

    name: str
    recall: Score
    precision: Score


def scores_by_class(columns: Mapping[str, np.ndarray], classes: Sequence[str]) -> list[ClassScores]:
    """Of the test items' ``label``, ``answer`` (the predicted class) and ``group``; a row each class."""
    right = columns["answer"] == columns["label"]
    recall, precision = (
        [score(name, right[items], columns["group"][items]) for items in _items(columns[key], len(classes))]
        for name, key in (("recall", "label"), ("precision", "answer"))
    )
    return [ClassScores(*row) for row in zip(classes, recall, precision, strict=True)]


def _items(number: np.ndarray, classes: int) -> list[np.ndarray]:
    """The items of each class."""
    ends = np.bincount(number, minlength=classes).cumsum()
    return np.split(np.argsort(number, kind="stable"), ends[:-1])


def confusion(columns: Mapping[str, np.ndarray], classes: int) -> np.ndarray:
    """Number of test items by true class (row) and predicted class (column)."""
    cells = columns["label"] * classes + columns["answer"]
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def confusion_plot(counts: np.ndarray, classes: Sequence[str], title: str) -> Figure:
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
        axes.text(column, row, number, ha="center", va="center", fontsize=9, color=colour)
    names = [name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…" for name in classes]
    axes.set_xticks(range(n), names, rotation=45, ha="right", fontsize=9, parse_math=False)
    axes.set_yticks(range(n), names, fontsize=9, parse_math=False)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    return figure
