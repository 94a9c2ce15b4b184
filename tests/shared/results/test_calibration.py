"""How far the confidence of a test can be trusted."""

import numpy as np
import pytest

from shared.results.calibration import BINS, calibration_bins, calibration_error, reliability_plot

RANDOM = np.random.default_rng(0)


def columns(n: int = 5000, classes: int = 4) -> dict[str, np.ndarray]:
    confidence = RANDOM.uniform(0.3, 1, n)
    label = RANDOM.integers(classes, size=n)
    right = RANDOM.random(n) < confidence
    answer = np.where(right, label, (label + 1) % classes)
    tested = {"confidence": confidence.astype(np.float32), "label": label, "answer": answer}
    return tested | {"group": np.arange(n)}


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


def test_bins_have_equal_counts_and_intervals_that_hold_the_truth() -> None:
    tested = columns()
    bins = calibration_bins(tested)
    assert len(bins) == BINS
    assert {one.accuracy.n for one in bins} <= {333, 334}
    assert all(one.low <= one.confidence <= one.high for one in bins)
    assert sum(one.accuracy.low <= one.confidence <= one.accuracy.high for one in bins) >= BINS - 2
    grouped = calibration_bins(tested | {"group": np.arange(5000) // 500})
    assert grouped[0].accuracy.high - grouped[0].accuracy.low > 0.05


def test_items_of_equal_confidence_share_a_bin_and_few_items_one() -> None:
    tested = columns(1000)
    tested["confidence"][:700] = 1.0
    *_, last = calibration_bins(tested)
    assert (last.high, last.accuracy.n) == (1.0, 700)
    assert len(calibration_bins({name: column[:39] for name, column in tested.items()})) == 1
    [alone] = calibration_bins({name: column[:1] for name, column in tested.items()})
    assert alone.accuracy.n == 1


def test_the_plot_shows_the_error_the_bins_and_their_intervals() -> None:
    tested = columns()
    bins = calibration_bins(tested)
    figure = reliability_plot(tested, bins, "title")
    assert f"{100 * calibration_error(tested):.2f} %, n = 5,000" in figure.get_suptitle()
    above, below = figure.axes
    [drawn] = above.containers
    points, _, [bars] = drawn
    assert points.get_ydata().tolist() == [one.accuracy.value for one in bins]
    ends = [(low, high) for (_, low), (_, high) in bars.get_segments()]
    assert ends == [pytest.approx((one.accuracy.low, one.accuracy.high)) for one in bins]
    assert sum(bar.get_height() for bar in below.patches) == 5000
