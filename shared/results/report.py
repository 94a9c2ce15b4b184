"""The files that a test leaves behind."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from shared.files import csv_text, write
from shared.results.by_class import ClassScores, confusion, confusion_plot
from shared.results.calibration import calibration_bins, reliability_plot
from shared.results.plots import write_figure
from shared.results.scores import Score

DRAWN = 48  # classes, such as the phones of a language: a larger matrix cannot be read as a picture


def write_report(
    folder: Path,
    columns: Mapping[str, np.ndarray],
    by_class: Sequence[ClassScores],
    title: str,
    figures: str | None = "png",
) -> None:
    """Write the predictions of all items, and tables and plots of classes and calibration.

    Args:
        folder: of ``test_items.npz``, ``per_class.csv``, ``per_group.csv`` where a group has several items,
            ``confusion.csv``, ``calibration.csv``, and of the plots ``calibration.png`` and, while it can be
            read, ``confusion.png``.
        columns: of all items, as ``Classifier.test_columns`` has them, and their ``group``.
        by_class: of the same items.
        title: of the plots.
        figures: a format of the plots beside PNG; None: no plots.
    """
    items = io.BytesIO()
    np.savez_compressed(items, **dict(columns))  # type: ignore[arg-type]
    write(folder / "test_items.npz", items.getvalue())
    names = [one.name for one in by_class]
    head = ["class", *_head("n", "recall"), *_head("predicted", "precision")]
    rows = [[one.name, *_cells(one.recall), *_cells(one.precision)] for one in by_class]
    write(folder / "per_class.csv", csv_text(head, rows))
    _, first, group, size = np.unique(
        columns["group"], return_index=True, return_inverse=True, return_counts=True
    )
    if len(size) < len(group):
        accuracy = np.bincount(group, columns["label"] == columns["answer"]) / size
        hardest = np.argsort(accuracy, kind="stable")
        listed = zip(columns["item"][first[hardest]], size[hardest], accuracy[hardest], strict=True)
        write(folder / "per_group.csv", csv_text(["first_item", "n", "accuracy"], listed))
    counts = confusion(columns, len(names))
    lines = ([name, *row] for name, row in zip(names, counts.tolist(), strict=True))
    write(folder / "confusion.csv", csv_text(["true class", *names], lines))
    bins = calibration_bins(columns)
    head = ["confidence_from", "confidence_to", "confidence_mean", *_head("n", "accuracy")]
    write(
        folder / "calibration.csv",
        csv_text(head, ([one.low, one.high, one.confidence, *_cells(one.accuracy)] for one in bins)),
    )
    if not figures:
        return
    write_figure(folder / "calibration", reliability_plot(columns, bins, title), figures)
    if len(names) <= DRAWN:
        write_figure(folder / "confusion", confusion_plot(counts, names, title), figures)


def _head(n: str, name: str) -> list[str]:
    return [n, name, f"{name}_low", f"{name}_high"]


def _cells(score: Score) -> list[int | float | None]:
    """n, value and interval; of no items n alone."""
    return [score.n, *((score.value, score.low, score.high) if score.n else (None, None, None))]
