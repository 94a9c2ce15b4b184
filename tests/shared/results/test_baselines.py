"""What a test says of a network that is no better than something simple."""

import numpy as np
import pytest

from shared.results import difference, doubts

RANDOM = np.random.default_rng(0)
LABEL = np.arange(200) % 2


def lines(predicted: np.ndarray, simple: dict[str, np.ndarray], group: np.ndarray | None = None) -> list[str]:
    columns = {"label": LABEL, "answer": predicted, "group": np.arange(200) if group is None else group}
    return doubts(columns, simple, ["no", "yes"], "more epochs")


def wrong(first: int) -> np.ndarray:
    """Predictions of which the first N are wrong."""
    return np.where(np.arange(200) < first, 1 - LABEL, LABEL)


def right(first: int) -> np.ndarray:
    return wrong(first) == LABEL


def test_the_difference_is_students_paired_by_item() -> None:
    a, b = RANDOM.random(50) < 0.8, RANDOM.random(50) < 0.5
    change = a.astype(float) - b
    half = 2.0095752 * change.std(ddof=1) / 50**0.5  # t of 49 degrees of freedom
    result = difference(a, b, np.arange(50))
    expected = (change.mean(), change.mean() - half, change.mean() + half)
    assert (result.value, result.low, result.high) == pytest.approx(expected)
    assert result.n == 50


def test_items_of_one_speaker_count_as_one() -> None:
    a, b = RANDOM.random(20) < 0.8, RANDOM.random(20) < 0.5
    one, many = difference(a, b, np.arange(20)), difference(a.repeat(9), b.repeat(9), np.arange(180) // 9)
    assert (many.low, many.high) == pytest.approx((one.low, one.high))
    single = difference(a, b, np.zeros(20))
    assert (single.low, single.high) == (-1, 1)


def test_a_network_that_beats_the_baselines_gets_no_line() -> None:
    assert lines(wrong(10), {"most frequent class": LABEL == 0, "logistic regression": right(40)}) == []


def test_a_network_below_a_baseline_is_said_to_be_worse_with_the_numbers_and_what_to_try() -> None:
    worse, remedy = lines(wrong(60), {"most frequent class": LABEL == 0, "logistic regression": right(20)})
    assert worse.startswith("the network is worse than the baseline logistic regression: 70.0 against 90.0 %")
    assert "difference -20.0 points (-25.6 … -14.4), n = 200" in worse
    assert remedy == "what to try: more epochs"


def test_a_network_a_little_above_a_baseline_is_not_shown_to_be_better() -> None:
    line, _ = lines(wrong(40), {"logistic regression": right(42)})
    assert line.startswith(
        "the network is not shown to be better than the baseline logistic regression: 80.0"
    )
    # Right by items; but all of its gain is in two speakers of twenty.
    speakers = np.arange(200) // 10
    assert lines(wrong(40), {"logistic regression": right(60)}) == []
    assert len(lines(wrong(40), {"logistic regression": right(60)}, speakers)) == 2


def test_one_class_alone_is_named() -> None:
    line, worse, _ = lines(np.ones(200, int), {"most frequent class": LABEL == 0})
    assert line == "one class alone is predicted: yes, for all 200 test items"
    assert "not shown to be better than the baseline most frequent class: 50.0 against 50.0 %" in worse


def test_test_items_of_one_class_alone_say_nothing() -> None:
    columns = {"label": np.ones(9, int), "answer": np.ones(9, int), "group": np.arange(9)}
    assert doubts(columns, {"most frequent class": np.ones(9)}, ["no", "yes"], "") == []
    assert doubts({key: values[:0] for key, values in columns.items()}, {}, ["no"], "") == []
