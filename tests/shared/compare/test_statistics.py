"""Intervals over seeds and items: as wide as they have to be, and paired."""

import numpy as np
import pytest
from scipy import stats

from shared.compare import statistics as paired
from shared.compare.statistics import Estimate, Sample, difference, estimate, less
from shared.results.scores import spread_of


def drawn(rng: np.random.Generator, seeds: float, groups: float, rest: float) -> list[Sample]:
    """Five seeds on 40 groups of 3 items; the mean of everything is 0."""
    group = np.repeat(np.arange(40), 3)
    of_group = rng.normal(0, groups, 40)[group]
    return [Sample(rng.normal(0, seeds) + of_group + rng.normal(0, rest, 120), group) for _ in range(5)]


@pytest.mark.parametrize("sizes", [(1, 0.1, 0.5), (0.05, 1, 0.5), (0, 0, 1), (0.2, 0.5, 2)])
def test_nineteen_of_twenty_intervals_hold_the_mean_whatever_varies(
    sizes: tuple[float, float, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paired, "RESAMPLES", 100)
    rng = np.random.default_rng(1)
    means = [estimate(drawn(rng, *sizes), shared=True) for _ in range(120)]
    held = np.mean([mean.low <= 0 <= mean.high for mean in means])
    assert 0.88 <= held <= 0.99
    # Not merely wide: the error is that of the means from draw to draw.
    assert np.mean([mean.error for mean in means]) == pytest.approx(
        np.std([mean.value for mean in means]), rel=0.25
    )


def test_five_seeds_that_differ_have_four_degrees_of_freedom_and_many_items_many() -> None:
    rng = np.random.default_rng(2)
    assert 4 <= estimate(drawn(rng, 5, 0.01, 0.1), shared=True).dof < 4.5
    assert estimate(drawn(rng, 0, 3, 0.1), shared=True).dof > 30


def test_what_two_designs_share_drops_out_of_their_difference() -> None:
    rng = np.random.default_rng(3)
    a = drawn(rng, 1, 1, 1)
    b = [Sample(sample.values - 0.1, sample.groups) for sample in a]
    gap = difference(a, b, shared=True)
    assert (gap.value, gap.error) == pytest.approx((0.1, 0), abs=1e-9)
    assert (gap.low, gap.high) == pytest.approx((0.1, 0.1))
    assert estimate(a, shared=True).error > 0.1


def test_folds_are_students_over_their_means() -> None:
    rng = np.random.default_rng(4)
    folds = [Sample(rng.random(n), np.arange(n)) for n in (10, 20, 30)]
    actual, expected = estimate(folds, shared=False), spread_of([fold.values.mean() for fold in folds])
    assert (actual.value, actual.low, actual.high) == pytest.approx(
        (expected.mean, expected.low, expected.high)
    )
    assert (actual.seeds, actual.items) == (3, 60)


def test_items_that_form_one_group_leave_the_seeds_alone_to_vary() -> None:
    rng = np.random.default_rng(5)
    seeds = [Sample(rng.random(9), np.zeros(9)) for _ in range(4)]
    expected = spread_of([seed.values.mean() for seed in seeds])
    assert estimate(seeds, shared=True).low == pytest.approx(expected.low)


def test_one_seed_has_the_interval_of_its_items() -> None:
    values = np.random.default_rng(6).random(400)
    actual = estimate([Sample(values, np.arange(400))], shared=True)
    low, high = stats.t.interval(0.95, 399, loc=values.mean(), scale=stats.sem(values))
    assert (actual.low, actual.high) == pytest.approx((low, high), abs=0.004)
    assert actual.seeds == 1


def test_a_difference_of_differences_is_welchs() -> None:
    rng = np.random.default_rng(7)
    a, b = rng.normal(1, 1, 8), rng.normal(0, 3, 5)

    def mean(values: np.ndarray) -> Estimate:
        return Estimate(values.mean(), stats.sem(values), len(values) - 1, len(values), 1)

    expected = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    actual = less(mean(a), mean(b))
    assert (actual.low, actual.high) == pytest.approx((expected.low, expected.high))
