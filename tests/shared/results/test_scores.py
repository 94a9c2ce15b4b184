"""Intervals, compared with Wilson's computed by hand, and with many repeated draws of the data."""

import numpy as np
import pytest

from shared.results.scores import rate, score


def test_without_groups_it_is_the_textbook_wilson_interval_with_students_quantile() -> None:
    values = np.zeros(1001)
    values[:810] = 1
    result = score("test/acc", values)
    # n - 1 = 1000 effective items, p = 0.80919: centre (p + z²/2n)/(1 + z²/n)
    p, n, z = 810 / 1001, 1000, 1.962339  # of 1000 degrees of freedom
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


def test_a_mean_over_classes_weighs_each_class_alike_and_knows_that_a_rare_one_is_uncertain() -> None:
    classes, right = np.repeat([3, 7], [1000, 4]), np.repeat([1.0, 1.0, 0.0], [1000, 2, 2])
    result = score("test/balanced_acc", right, classes=classes)
    assert result.value == pytest.approx(0.75)
    assert result.n == 1004
    assert result.low < 0.5
    perfect = score("test/balanced_acc", np.ones(1004), classes=classes)
    assert perfect.value == 1
    assert 0.7 < perfect.low < 0.85  # Wilson's interval of 16 items; of 1,004 it would be 0.996
    of_one = score("a", right, classes=np.zeros(1004))
    assert of_one[1:] == pytest.approx(score("a", right)[1:], abs=1e-4)


def test_the_interval_of_a_mean_over_classes_covers_the_truth() -> None:
    random = np.random.default_rng(2)
    classes, groups = np.repeat([0, 1, 2], [40, 80, 400]), random.integers(60, size=520)
    recall, hits = np.array([0.6, 0.8, 0.95]), 0
    for _ in range(300):
        right = random.random(520) < recall[classes]
        result = score("a", right, groups, classes)
        hits += result.low <= recall.mean() <= result.high
    assert 0.92 <= hits / 300 <= 0.99


@pytest.mark.parametrize("p", [0.5, 0.8])
@pytest.mark.parametrize(
    ("groups", "alike"), [(2, False), (3, False), (6, False), (16, False), (3, True), (6, True)]
)
def test_few_groups_of_any_sizes_cover_the_truth(p: float, groups: int, alike: bool) -> None:
    random, hits = np.random.default_rng(3), 0
    for _ in range(400):
        sizes = np.full(groups, 20) if alike else random.lognormal(3, 1, groups).astype(int) + 1
        group = np.repeat(np.arange(groups), sizes)
        right = random.random(len(group)) < random.beta(9 * p, 9 * (1 - p), groups)[group]
        result = score("a", right, group)
        hits += result.low <= p <= result.high
    assert hits / 400 >= 0.9


def test_one_group_says_nothing_of_others() -> None:
    result = score("a", np.tile([1.0, 1.0, 0.0], 100), np.zeros(300))
    assert (result.value, result.low, result.high) == (pytest.approx(2 / 3), 0, 1)
    assert rate("a", np.array([3.0]), np.array([10.0]), np.zeros(1))[1:4] == (0.3, 0, 1)


def test_a_rate_is_a_ratio_of_sums_over_groups() -> None:
    edits, labels, groups = (
        np.array([1.0, 0.0, 3.0, 2.0]),
        np.array([10.0, 10, 20, 10]),
        np.array([0, 0, 1, 2]),
    )
    result = rate("error_rate", edits, labels, groups)
    assert (result.value, result.n) == (0.12, 50)
    assert 0 <= result.low < 0.12 < result.high
    shared_out = rate("error_rate", edits.repeat(5) / 5, labels.repeat(5) / 5, groups.repeat(5))
    assert shared_out[1:] == pytest.approx(result[1:])
    assert rate("a", np.full(9, 12.0), np.full(9, 10.0), np.arange(9)).value == 1.2  # more errors than labels
    assert np.isnan(rate("a", np.zeros(2), np.zeros(2), np.arange(2)).value)


def test_the_interval_of_a_rate_covers_the_truth() -> None:
    random, hits = np.random.default_rng(4), 0
    for _ in range(400):
        labels = random.integers(5, 40, 60)
        speaker = np.repeat(np.arange(12), 5)
        rates = (0.2 * random.gamma(8, 1 / 8, 12))[speaker]
        result = rate("a", random.poisson(labels * rates).astype(float), labels.astype(float), speaker)
        hits += result.low <= 0.2 <= result.high
    assert 0.92 <= hits / 400 <= 0.985
