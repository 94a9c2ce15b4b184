"""Differences that can be believed: over seeds and over test items, paired, with a 95 % interval."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from shared.results import collapsed

NOTHING = 1e-9  # a standard error below this is one of arithmetic: nothing varies
FEWEST = 3  # seeds: how much two differ says too little of how much others would


class Estimate(NamedTuple):
    """A mean over seeds and test items, its standard error, and the degrees of freedom of that error."""

    value: float
    error: float
    dof: float
    seeds: int  # number of them
    items: int  # number of them
    means: tuple[float, ...] = ()  # of each seed; of a difference of estimates: of each pair of seeds
    limit: float = 1.0  # it cannot be larger than this, or smaller than minus this

    @property
    def low(self) -> float:
        """Where the 95 % interval begins: Student's, cut at what is possible."""
        return max(self.value - self._quantile * self.error, -self.limit)

    @property
    def high(self) -> float:
        """Where it ends."""
        return min(self.value + self._quantile * self.error, self.limit)

    @property
    def robust(self) -> float:
        """The median over the seeds, which a single seed that collapsed does not move."""
        return float(np.median(self.means))

    def p_above(self, x: int | float) -> float:
        """The one-sided p-value of "it is above ``x``"."""
        return float(stats.t.sf((self.value - x) / self.error, self.dof))

    def p_below(self, x: int | float) -> float:
        """The one-sided p-value of "it is below ``x``"."""
        return float(stats.t.cdf((self.value - x) / self.error, self.dof))

    @property
    def detectable(self) -> float:
        """The true distance from a margin that an interval as wide as this shows in 80 of 100 repetitions."""
        return float(self._quantile + stats.t.ppf(0.8, self.dof)) * self.error

    @property
    def wins(self) -> float:
        """P(A > B): the probability that a difference of another seed, on the same test items, is above 0.

        By Student's predictive distribution: a share of wins, as Bouthillier et al. (2021) have it, has too
        few values with five seeds.
        """
        if self.seeds < 2:
            return float("nan")
        spread = max(float(np.std(self.means, ddof=1)), 1 / self.items) * (1 + 1 / self.seeds) ** 0.5
        return float(stats.t.cdf(self.value / spread, self.seeds - 1))

    @property
    def _quantile(self) -> float:
        return min(float(stats.t.ppf(0.975, self.dof)), 1e6)  # of almost one group: anything is possible


class Accuracy(Estimate):
    """A mean of values in [0, 1]."""

    @property
    def low(self) -> float:
        """Where the 95 % interval begins: Wilson's (1927), as of the items that its error is worth."""
        return max(self._wilson()[0], 0.0)

    @property
    def high(self) -> float:
        """Where it ends."""
        return min(self._wilson()[1], 1.0)

    @property
    def collapsed(self) -> list[tuple[int, float]]:
        """The seeds, by their place, that learned much less than the others, and how far below the median."""
        return collapsed(self.means)

    def _wilson(self) -> tuple[float, float]:
        p, error = self.value, self.error
        ratio = self._quantile**2 * error**2 / max(p * (1 - p), error * (1 - error))  # z² / n
        half = (ratio * (p * (1 - p) + ratio / 4)) ** 0.5
        return (p + ratio / 2 - half) / (1 + ratio), (p + ratio / 2 + half) / (1 + ratio)


class Sample(NamedTuple):
    """What one seed gave: for each test item a value (N,), such as 1 for right, and its group (N,)."""

    values: np.ndarray
    groups: np.ndarray
    share: float = 0.0  # number of test items, divided by that of training items; asked of folds only


def estimate(samples: Sequence[Sample], shared: bool) -> Accuracy:
    """The mean over seeds and items of values in [0, 1], such as accuracy.

    Where nothing varies, such as all right, Wilson's interval is that of as many items as there are groups.
    """
    mean, draws = _mean(samples, shared)
    return Accuracy(*(mean if mean.error > NOTHING else mean._replace(error=1 / (draws + 1))))


def difference(a: Sequence[Sample], b: Sequence[Sample], shared: bool) -> Estimate:
    """``a`` less ``b``, seed by seed and item by item: what both find easy or hard drops out.

    Its variance has four items more, two of which differ each way (Agresti & Coull 1998): where no item
    differs, a difference is not excluded, and the interval is at least that of the rule of three. There
    groups count as items, since it is not known how alike the items of one are.
    """
    less_b = [x._replace(values=x.values - y.values) for x, y in zip(a, b, strict=True)]
    mean, draws = _mean(less_b, shared)
    if mean.error < NOTHING:
        return mean._replace(error=2 / draws, dof=float("inf"))
    variance = mean.error**2 + 4 / mean.items**2
    return mean._replace(error=variance**0.5, dof=mean.dof * (variance / mean.error**2) ** 2)


def gaps(training: Sequence[float], samples: Sequence[Sample]) -> list[Sample]:
    """The training accuracy of each seed less each test item's value: the gap, as an item may vary it."""
    return [x._replace(values=own - x.values) for own, x in zip(training, samples, strict=True)]


def less(a: Estimate, b: Estimate) -> Estimate:
    """``a`` less ``b``, which have nothing in common (Welch 1947)."""
    error = (a.error**2 + b.error**2) ** 0.5
    parts = sum(mean.error**4 / mean.dof for mean in (a, b))
    dof = error**4 / parts if parts else float("inf")
    means = tuple(np.subtract.outer(a.means, b.means).ravel().tolist())
    seeds, items, limit = min(a.seeds, b.seeds), a.items + b.items, a.limit + b.limit
    return Estimate(a.value - b.value, error, dof, seeds, items, means, limit)


def _mean(samples: Sequence[Sample], shared: bool) -> tuple[Estimate, float]:
    """The mean with its error, and the number of groups, those of unlike sizes worth fewer (Kish 1965).

    Where all seeds were tested on the same items in the same order (``shared``), it varies by seeds, by
    groups of items (games, speakers) and by what is left of both, as in a two-way analysis of variance:
    the variance is that of seeds plus that of groups less that of the rest, which both contain (Cornfield
    & Tukey 1956, Obuchowski & Rockette 1995), and never below either. Degrees of freedom are
    Satterthwaite's (1946).

    Where each seed has test items of its own, as in folds, its mean holds the chance of both. The trainings
    have items in common, so that their means vary together: the variance of one seed counts, divided by their
    number and once more times the share of test to training items (Nadeau & Bengio 2003).
    """
    count = len(samples)
    means = np.array([sample.values.mean() for sample in samples])
    of_seed = float(means.var(ddof=1)) if count > 1 else 0.0
    groups = samples[0].groups if shared else np.concatenate([sample.groups for sample in samples])
    _, group = np.unique(groups, return_inverse=True)
    size = np.bincount(group)
    share = size / size.sum()
    draws = 1 / float((share**2).sum())
    if not shared or len(size) == 1:
        overlap = 0.0 if shared else float(np.mean([sample.share for sample in samples]))
        variance, dof = of_seed * (1 / count + overlap), float(max(count - 1, 1))
    else:
        sums = np.stack([np.bincount(group, sample.values) for sample in samples]) / size.sum()
        rest = sums - np.outer(means, share)  # (seeds, groups), each with its part of the mean taken away
        kept = 1 - 2 * share + 1 / draws  # of the variance of a group once the mean of all is taken away
        by_group = float((rest.mean(0) ** 2 / kept).sum())
        by_rest = float((rest.var(0) / kept).sum()) / max(count - 1, 1)
        variance, dof = _combined(of_seed / count, by_group, by_rest, count, draws)
    return Estimate(
        float(means.mean()), variance**0.5, dof, count, int(size.sum()), tuple(means.tolist())
    ), draws


def _combined(
    by_seed: float, by_group: float, by_rest: float, seeds: int, draws: int | float
) -> tuple[float, float]:
    """The variance of a mean from its three parts, each with the rest inside, and the degrees of freedom."""
    variance = max(by_seed + by_group - by_rest, by_seed, by_group)
    of_seeds, of_groups = max(seeds - 1, 1), draws - 1
    parts = by_seed**2 / of_seeds + (by_group**2 + by_rest**2 / of_seeds) / of_groups
    return variance, variance**2 / parts if parts else of_groups


class Components(NamedTuple):
    """Standard deviations of the paired difference of two designs: of this project, before results."""

    seed: float = 0.01  # of a seed's difference over all items
    group: float = 0.05  # of a group's over all its items and all seeds, such as a speaker's
    item: float = 0.3  # of an item's within its group, over all seeds
    rest: float = 0.3  # of an item's from seed to seed


TYPICAL = Components()


def planned(
    seeds: int, groups: int, items: int, *, shared: bool = True, varies: Components = TYPICAL
) -> float:
    """The smallest difference that these numbers of seeds and test items will show with 80 % power.

    Args:
        seeds: Number of seeds; with items of their own, such as folds, if not ``shared``.
        groups: Number of groups of the test items, of all folds together.
        items: Number of test items, of all folds together.
        shared: Whether all seeds are tested on the same items.
        varies: How much differences vary.
    """
    seed, group, item, rest = (deviation**2 for deviation in varies)
    if shared:
        by_rest = rest / (seeds * items)
        by_group = group / groups + item / items + by_rest
        variance, dof = _combined(seed / seeds + by_rest, by_group, by_rest, seeds, groups)
    else:
        fold = seed + group * seeds / groups + (item + rest) * seeds / items
        variance, dof = fold * (1 / seeds + 1 / max(seeds - 1, 1)), max(seeds - 1, 1)
    return Estimate(0.0, (variance + 4 / items**2) ** 0.5, dof, seeds, items).detectable
