"""Intervals, compared with Wilson's computed by hand, and with many repeated draws of the data."""

import numpy as np
import pytest

from shared.results.scores import score


def test_without_groups_it_is_the_textbook_wilson_interval() -> None:
    values = np.zeros(1001)
    values[:810] = 1
    result = score("test/acc", values)
    # n - 1 = 1000 effective items, p = 0.80919: centre (p + z²/2n)/(1 + z²/n)
    p, n, z = 810 / 1001, 1000, 1.959964
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (p * (1 - p) / n + z**2 / (4 * n**2)) ** 0.5
    assert result.value == pytest.approx(p)
    assert (result.low, result.high) == pytest.approx((centre - half, centre + half), abs=1e-6)
    assert result.n == 1001


def test_items_of_one_group_widen_the_interval_as_if_they_were_one() -> None:
    values = np.repeat(np.random.default_rng(0).integers(0, 2, 50), 20)  # each group all right or all wrong
    groups = np.repeat(np.arange(50), 20)
    grouped, single = score("a", values, groups), score("a", values[::20])
    assert (grouped.low, grouped.high) == pytest.approx((single.low, single.high))
    assert grouped.high - grouped.low > 3 * (score("a", values).high - score("a", values).low)


def test_the_interval_covers_the_truth_about_95_times_in_100_with_groups() -> None:
    random = np.random.default_rng(1)
    groups = np.repeat(np.arange(80), 15)
    hits = 0
    for _ in range(400):
        skill = np.repeat(random.beta(4, 6, 80), 15)  # mean 0.4
        result = score("a", random.random(len(skill)) < skill, groups)
        hits += result.low <= 0.4 <= result.high
    assert 0.92 <= hits / 400 <= 0.98


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_all_wrong_or_all_right_still_has_an_interval(value: float) -> None:
    result = score("a", np.full(100, value))
    assert result.value == value
    assert 0.03 < result.high - result.low < 0.05


def test_without_items_the_interval_is_0_to_1() -> None:
    result = score("a", np.array([]))
    assert result.n == 0
    assert np.isnan(result.value)
    assert (result.low, result.high) == (0, 1)
