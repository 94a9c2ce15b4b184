"""Differences that can be believed: over seeds and over test items, paired, with a 95 % interval."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

RESAMPLES = 1000
CHUNK = 100  # resamples at a time: each weighs every group of items


class Estimate(NamedTuple):
    """A mean over seeds and test items, its standard error, and the degrees of freedom of that error."""

    value: float
    error: float
    dof: float
    seeds: int  # number of them
    items: int  # number of them

    @property
    def half(self) -> float:
        """Half of the 95 % interval."""
        return float(stats.t.ppf(0.975, self.dof)) * self.error if self.error else 0.0

    @property
    def low(self) -> float:
        """Where the interval begins."""
        return self.value - self.half

    @property
    def high(self) -> float:
        """Where it ends."""
        return self.value + self.half


class Sample(NamedTuple):
    """What one seed gave: for each test item a value (N,), such as 1 for right, and its group (N,)."""

    values: np.ndarray
    groups: np.ndarray


def estimate(samples: Sequence[Sample], shared: bool) -> Estimate:
    """The mean over seeds and items, its error by a two-level bootstrap, for Student's interval.

    Where all seeds were tested on the same items in the same order (``shared``), a resample draws seeds
    and, apart from them, whole groups of items (games, speakers): the pigeonhole bootstrap (Owen 2007).
    One seed, or group, fewer than there are is drawn, so that the variance of few is not too small (Rao &
    Wu 1988). What is due to neither seed nor item alone comes three times in this bootstrap's variance
    (Owen 2007, section 3), so two parts of it are taken out. The degrees of freedom are those of the two
    sources, of which five seeds have but four (Satterthwaite 1946). Where each seed has test items of its
    own, as in folds, its mean holds the chance of both, and the interval is Student's over the seeds.
    """
    count = len(samples)
    items = len(samples[0].values) if shared else sum(len(sample.values) for sample in samples)
    means = np.array([sample.values.mean() for sample in samples])
    by_seed = float(means.var(ddof=1)) / count if count > 1 else 0.0
    _, group = np.unique(samples[0].groups, return_inverse=True)
    size = np.bincount(group).astype(float)
    if not shared or len(size) == 1:
        return Estimate(float(means.mean()), by_seed**0.5, max(count - 1, 1), count, items)
    sums = np.stack([np.bincount(group, sample.values) for sample in samples])  # (seeds, groups)
    excess = 2 * _remainder(sums, size) if count > 1 else 0.0
    variance = max(float(_resampled(sums, size).var(ddof=1)) - excess, by_seed)
    parts = by_seed**2 / max(count - 1, 1) + (variance - by_seed) ** 2 / (len(size) - 1)
    dof = variance**2 / parts if parts else float("inf")
    return Estimate(float(means.mean()), variance**0.5, dof, count, items)


def _remainder(sums: np.ndarray, size: np.ndarray) -> float:
    """The variance of the mean that is left once seeds and groups have had their own means."""
    seeds, groups = sums.shape
    rest = sums - sums.sum(1, keepdims=True) / size.sum() * size
    rest -= rest.mean(0)
    return float((rest**2).sum()) / ((seeds - 1) * (groups - 1) * seeds) * groups / size.sum() ** 2


def _resampled(sums: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Means (RESAMPLES,) of values whose sums (seeds, groups) and numbers (groups,) are given."""
    rng = np.random.default_rng(0)  # the same numbers each time
    seeds, groups = sums.shape
    means = []
    for _ in range(0, RESAMPLES, CHUNK):
        drawn = rng.multinomial(max(seeds - 1, 1), np.full(seeds, 1 / seeds), CHUNK)
        weight = rng.multinomial(groups - 1, np.full(groups, 1 / groups), CHUNK)
        means.append(((drawn @ sums) * weight).sum(1) / (drawn.sum(1) * (weight @ size)))
    return np.concatenate(means)


def difference(a: Sequence[Sample], b: Sequence[Sample], shared: bool) -> Estimate:
    """``a`` less ``b``, seed by seed and item by item: what both find easy or hard drops out."""
    return estimate([Sample(x.values - y.values, x.groups) for x, y in zip(a, b, strict=True)], shared)


def less(a: Estimate, b: Estimate) -> Estimate:
    """``a`` less ``b``, which have nothing in common (Welch 1947)."""
    error = (a.error**2 + b.error**2) ** 0.5
    parts = sum(mean.error**4 / mean.dof for mean in (a, b))
    dof = error**4 / parts if parts else float("inf")
    return Estimate(a.value - b.value, error, dof, min(a.seeds, b.seeds), a.items + b.items)
