"""Calibration and confusion of a test."""

import csv
from pathlib import Path

import numpy as np
import pytest

from shared.results.calibration import (
    BINS,
    DRAWN,
    calibration_error,
    confusion,
    reliability_plot,
    write_report,
)
from shared.runs.run import Run

RANDOM = np.random.default_rng(0)


def columns(n: int = 5000, classes: int = 4) -> dict[str, np.ndarray]:
    confidence = RANDOM.uniform(0.3, 1, n)
    label = RANDOM.integers(classes, size=n)
    right = RANDOM.random(n) < confidence
    answer = np.where(right, label, (label + 1) % classes)
    return {"confidence": confidence.astype(np.float32), "label": label, "answer": answer}


def by_hand(tested: dict[str, np.ndarray]) -> float:
    """Guo et al. 2017, equation 3."""
    right = tested["answer"] == tested["label"]
    total = 0.0
    for m in range(BINS):
        inside = (tested["confidence"] > m / BINS) & (tested["confidence"] <= (m + 1) / BINS)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - tested["confidence"][inside].mean())
    return total


def test_the_error_is_the_papers() -> None:
    tested = columns()
    assert calibration_error(tested) == pytest.approx(by_hand(tested), abs=1e-6)
    assert calibration_error(tested) < 0.04
    boastful = tested | {"confidence": np.ones_like(tested["confidence"])}
    expected = 1 - (tested["answer"] == tested["label"]).mean()
    assert calibration_error(boastful) == pytest.approx(expected, abs=1e-6)


def test_the_confusion_counts_every_item() -> None:
    tested = columns(classes=3)
    counts = confusion(tested, 3)
    for true in range(3):
        for answer in range(3):
            cell = ((tested["label"] == true) & (tested["answer"] == answer)).sum()
            assert counts[true, answer] == cell


@pytest.mark.parametrize("classes", [4, DRAWN + 1])
def test_the_report_of_a_run_is_written_to_its_folder(tmp_path: Path, classes: int) -> None:
    tested = columns(300, classes)
    names = [f"class {i}, so" for i in range(classes)]
    write_report(Run(tmp_path), tested, names, "a test")
    with (tmp_path / "confusion.csv").open() as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["true class", *names]
    assert np.array_equal(np.array([row[1:] for row in rows[1:]], int), confusion(tested, classes))
    assert (tmp_path / "calibration.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "confusion.png").exists() == (classes <= DRAWN)


def test_the_plot_shows_the_error_and_the_bins() -> None:
    tested = columns()
    figure = reliability_plot(tested, "title")
    assert f"{100 * calibration_error(tested):.2f} %, n = 5,000" in figure.get_suptitle()
    above, below = figure.axes
    mean, accuracy = above.lines[1].get_data()
    assert np.abs(np.asarray(mean) - np.asarray(accuracy)).max() < 0.1
    assert sum(bar.get_height() for bar in below.patches) == 5000
