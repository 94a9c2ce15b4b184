"""Intervals over seeds and items: as wide as they have to be, paired, and within what is possible."""

import numpy as np
import pytest
from scipy import stats

from shared.compare.statistics import (
    Accuracy,
    Components,
    Estimate,
    Sample,
    difference,
    estimate,
    gaps,
    less,
    planned,
)
from shared.results.scores import score
from tests.shared.compare.coverage import Setting, coverage, experiments, folds, rows


def right(rows: np.ndarray, groups: np.ndarray | None = None) -> list[Sample]:
    """A sample of each seed (row); None: every item is a group."""
    return [Sample(row.astype(float), np.arange(len(row)) if groups is None else groups) for row in rows]


def nothing(samples: list[Sample]) -> list[Sample]:
    return [sample._replace(values=0 * sample.values) for sample in samples]


def mean(samples: list[Sample], *, shared: bool = True) -> Estimate:
    """The samples' own mean, as a difference from nothing."""
    return difference(samples, nothing(samples), shared)


def drawn(rng: np.random.Generator, seeds: float, groups: float, rest: float) -> list[Sample]:
    """Five seeds on 40 groups of 3 items; the mean of everything is 0."""
    group = np.repeat(np.arange(40), 3)
    rows = rng.normal(0, seeds, (5, 1)) + rng.normal(0, groups, 40)[group] + rng.normal(0, rest, (5, 120))
    return right(rows, group)


def test_the_variance_is_that_of_seeds_and_of_groups_less_that_of_the_rest() -> None:
    rows = np.random.default_rng(0).normal(0, 0.1, (4, 30)) + np.linspace(0, 0.3, 30)
    actual = mean(right(rows))
    # Mean squares of the two-way table, by the textbook (Cornfield & Tukey 1956).
    seeds, items = rows.mean(1, keepdims=True), rows.mean(0, keepdims=True)
    of_seeds = 30 * seeds.var(ddof=1)
    of_items = 4 * items.var(ddof=1)
    of_rest = ((rows - seeds - items + rows.mean()) ** 2).sum() / (3 * 29)
    variance = (of_seeds + of_items - of_rest) / 120
    assert of_items > of_seeds > of_rest  # else it would be that of the larger
    assert actual.error**2 == pytest.approx(variance + 4 / 30**2)
    parts = of_seeds**2 / 3 + of_items**2 / 29 + of_rest**2 / 87
    floor = (actual.error**2 / variance) ** 2
    assert actual.dof == pytest.approx((120 * variance) ** 2 / parts * floor)
    assert actual.value == pytest.approx(rows.mean())


def test_groups_of_unlike_sizes_have_the_error_of_their_mean() -> None:
    rng, means = np.random.default_rng(1), []
    group = np.repeat(np.arange(12), rng.integers(1, 40, 12))
    for _ in range(400):
        rows = rng.normal(0, 0.1, 12)[group] + rng.normal(0, 0.01, (3, len(group)))
        means.append(mean(right(rows, group)))
    variance = np.mean([one.error**2 for one in means])
    assert variance == pytest.approx(np.var([one.value for one in means]), rel=0.15)


@pytest.mark.parametrize("sizes", [(0.5, 0.05, 0.2), (0.02, 0.5, 0.2), (0.1, 0.2, 0.8)])
def test_nineteen_of_twenty_intervals_hold_the_mean_whatever_varies(
    sizes: tuple[float, float, float],
) -> None:
    rng = np.random.default_rng(2)
    means = [mean(drawn(rng, *sizes)) for _ in range(300)]
    held = np.mean([one.low <= 0 <= one.high for one in means])
    assert 0.91 <= held <= 0.99
    # Not merely wide: the error is that of the means from draw to draw.
    assert np.mean([one.error for one in means]) == pytest.approx(
        np.std([one.value for one in means]), rel=0.2
    )


def test_five_seeds_that_differ_have_four_degrees_of_freedom_and_many_items_many() -> None:
    rng = np.random.default_rng(3)
    assert 4 <= mean(drawn(rng, 0.5, 0.01, 0.1)).dof < 4.5
    assert mean(drawn(rng, 0, 0.3, 0.1)).dof > 30


def test_what_two_designs_share_drops_out_of_their_difference() -> None:
    a = drawn(np.random.default_rng(4), 0.1, 0.1, 0.1)
    b = [sample._replace(values=sample.values - 0.1) for sample in a]
    gap = difference(a, b, shared=True)
    assert gap.value == pytest.approx(0.1)
    assert gap.error < 0.06
    assert estimate(a, shared=True).error > gap.error / 2


def test_no_difference_anywhere_is_no_certainty() -> None:
    alike = right(np.random.default_rng(5).random((5, 300)) < 0.9)
    none = difference(alike, alike, shared=True)
    assert none.value == 0
    # The rule of three: where 300 items do not differ, a share of 1.2 % (a one-sided 97.5 %) may.
    assert -np.log(0.025) / 300 < none.high < 0.014
    games = [sample._replace(groups=sample.groups // 10) for sample in alike]
    assert difference(games, games, shared=True).high == pytest.approx(10 * none.high)
    one = [sample._replace(groups=0 * sample.groups) for sample in alike]
    assert (difference(one, one, shared=True).low, difference(one, one, shared=True).high) == (-1, 1)
    apart = difference(right(np.ones((3, 50))), right(np.zeros((3, 50))), shared=True)
    assert (apart.value, apart.high) == (1, 1)
    assert 0.9 < apart.low < 1


@pytest.mark.parametrize("accuracy", [0.0, 1.0])
def test_all_right_is_no_certainty_either(accuracy: float) -> None:
    mine = estimate(right(np.full((4, 60), accuracy)), shared=True)
    test = score("test/acc", np.full(60, accuracy))
    assert (mine.low, mine.high) == pytest.approx((test.low, test.high), abs=1e-3)


def test_intervals_stay_within_what_is_possible() -> None:
    rows = np.random.default_rng(6).random((3, 40)) < np.array([[0.99], [0.97], [0.4]])
    low, high = (getattr(estimate(right(rows), shared=True), end) for end in ("low", "high"))
    assert 0 <= low < 0.6
    assert 0.9 < high <= 1
    wide = difference(right(rows), right(~rows), shared=True)
    assert (wide.low, wide.high) == (-1, 1)
    assert less(wide, wide).high <= 2
    unlike = np.repeat([0, 1], [39, 1])  # almost one group
    for accuracies in (rows, np.ones((3, 40)), np.ones((1, 40))):
        one = estimate(right(accuracies, unlike), shared=True)
        assert (one.low, one.high) == pytest.approx((0, 1), abs=5e-3)
        apart = difference(right(accuracies, unlike), right(0 * accuracies, unlike), shared=True)
        assert (apart.low, apart.high) == (-1, 1)


def test_folds_are_wider_than_students_interval_since_their_training_items_overlap() -> None:
    rng = np.random.default_rng(7)
    folds = [Sample((rng.random(n) < 0.7).astype(float), np.arange(n), 0.5) for n in (10, 20, 30)]
    actual = mean(folds, shared=False)
    variance = np.var([fold.values.mean() for fold in folds], ddof=1)
    assert actual.error**2 == pytest.approx(variance * (1 / 3 + 0.5) + 4 / 60**2)
    assert (actual.seeds, actual.items) == (3, 60)
    assert actual.dof >= 2


def test_items_that_form_one_group_leave_the_seeds_alone_to_vary() -> None:
    seeds = right(np.random.default_rng(8).random((4, 9)), np.zeros(9))
    actual = mean(seeds)
    expected = stats.sem([sample.values.mean() for sample in seeds])
    assert actual.error**2 == pytest.approx(expected**2 + 4 / 9**2)


def test_one_seed_has_the_interval_of_its_items() -> None:
    values = np.random.default_rng(9).random(400) < 0.8
    actual, expected = estimate(right(values[None]), shared=True), score("test/acc", values)
    assert (actual.low, actual.high) == pytest.approx((expected.low, expected.high), abs=1e-4)
    assert actual.seeds == 1
    assert np.isnan(actual.wins)


def test_a_seed_that_collapsed_is_named_and_does_not_move_the_robust_estimate() -> None:
    rng = np.random.default_rng(10)
    rows = rng.random((5, 2000)) < np.array([[0.55], [0.54], [0.4], [0.56], [0.57]])
    actual = estimate(right(rows), shared=True)
    [(place, below)] = actual.collapsed
    assert place == 2
    assert below == pytest.approx(0.15, abs=0.03)
    assert actual.robust == pytest.approx(np.median(rows.mean(1)))
    assert actual.value < actual.robust - 0.02
    assert estimate(right(rows[[0, 1, 3, 4]]), shared=True).collapsed == []


def test_p_values_agree_with_the_interval() -> None:
    one = Estimate(0.03, 0.01, 7.0, 5, 900)
    assert one.p_above(one.low) == pytest.approx(0.025)
    assert one.p_below(one.high) == pytest.approx(0.025)
    assert one.p_above(0) + one.p_below(0) == pytest.approx(1)


def test_a_difference_that_is_detectable_is_shown_four_times_in_five() -> None:
    rng, varies = np.random.default_rng(11), Components(seed=0.02, group=0.05, item=0.1, rest=0.1)
    apart, group = planned(5, 30, 600, varies=varies), np.repeat(np.arange(30), 20)
    made, shown = [], 0
    for _ in range(400):
        rows = rng.normal(apart, varies.seed, (5, 1)) + rng.normal(0, varies.group, 30)[group]
        rows = rows + rng.normal(0, varies.item, 600) + rng.normal(0, varies.rest, (5, 600))
        made.append(mean(right(rows, group)))
        shown += made[-1].low > 0
    assert 0.72 <= shown / 400 <= 0.9
    assert np.median([one.detectable for one in made]) == pytest.approx(apart, rel=0.15)
    assert planned(5, 30, 600, shared=False, varies=varies) > apart


def test_the_probability_that_another_seed_wins() -> None:
    seeds = np.array([[0.02], [0.01], [0.03], [-0.01], [0.02]])
    one = mean(right(np.tile(seeds, (1, 200))))
    low, high = stats.t.interval(0.9, 4, loc=seeds.mean(), scale=seeds.std(ddof=1) * (6 / 5) ** 0.5)
    assert one.wins == pytest.approx(stats.t.cdf(seeds.mean() / ((high - low) / 2 / stats.t.ppf(0.95, 4)), 4))
    assert 0.7 < one.wins < 0.9
    assert mean(right(np.zeros((5, 50)))).wins == 0.5


def test_a_gap_is_training_less_test_accuracy_with_the_chance_of_both() -> None:
    rows = np.random.default_rng(12).random((5, 200)) < 0.8
    training = [0.99, 0.95, 0.97, 0.99, 0.98]
    gap = mean(gaps(training, right(rows)))
    assert gap.means == pytest.approx(np.array(training) - rows.mean(1))
    assert gap.error > stats.sem(gap.means)  # new test items change it as well


def test_a_difference_of_differences_is_welchs() -> None:
    rng = np.random.default_rng(13)
    a, b = rng.normal(0.1, 0.1, 8), rng.normal(0, 0.3, 5)

    def of(values: np.ndarray) -> Estimate:
        count = len(values)
        return Estimate(values.mean(), stats.sem(values), count - 1, count, 1, tuple(values.tolist()))

    expected = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    actual = less(of(a), of(b))
    assert (actual.low, actual.high) == pytest.approx((expected.low, expected.high))
    assert min(a) - max(b) < actual.robust < max(a) - min(b)


@pytest.mark.parametrize("setting", [Setting(3, 24, 0.8, "both"), Setting(5, 300, 0.5, "seeds")])
def test_intervals_cover_the_truth(setting: Setting) -> None:
    shares = coverage(experiments(setting, 250))
    assert min(shares.accuracies, shares.differences) >= 0.91
    assert max(shares.above, shares.below) <= 0.055
    assert isinstance(experiments(setting, 1)[0][0], Accuracy)


def test_folds_cover_the_truth() -> None:
    shares = coverage(folds(150, 6, 0.6))
    assert shares.differences >= 0.9


@pytest.mark.slow
@pytest.mark.long
def test_intervals_cover_the_truth_in_every_setting() -> None:
    for place, shares in rows(200):
        accuracies, differences, above, below = np.mean(shares, axis=0)
        assert accuracies >= 0.93, (place, shares)
        assert differences >= 0.94, (place, shares)
        assert max(above, below) <= 0.03, (place, shares)
        assert min(share.differences for share in shares) >= 0.88, (place, shares)
