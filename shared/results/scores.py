"""Metrics with their number of items, or of trainings, and a 95 % interval."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

Z = 1.959963984540054  # two-sided 95 % of the normal distribution
FEWEST = 1.2  # groups, effectively: one, or one that outweighs all others, says nothing of others


class Score(NamedTuple):
    """A metric over test items, with its 95 % interval; NaN where the metric is no mean of items."""

    name: str
    value: float
    low: float
    high: float
    n: int


def score(
    name: str, values: np.ndarray, groups: np.ndarray | None = None, classes: np.ndarray | None = None
) -> Score:
    """The mean of per-item values in [0, 1] with Wilson's interval, items of one group counted as one draw.

    With classes, the mean over the classes that have items of each class's mean, such as balanced accuracy.

    Positions of one game and clips of one speaker resemble each other, so n items are worth fewer than
    n independent ones. The interval is Wilson's (1927) with the effective number of items
    n_eff = p (1 - p) / var, where var is the variance of the mean over groups (ratio estimator, Cochran 1977,
    section 9A). Without groups, and for right-or-wrong values, n_eff = n up to the usual n - 1. With classes,
    n_eff is at most 1 / (sum of the squared weights of the items) (Kish 1965, section 11.7): few items of a
    class leave its mean uncertain, also where all are right. The quantile is Student's, see ``_deviation``.
    Near 0 and 1 the few groups that are otherwise may be missing: of 24 unlike groups at 0.98 it holds the
    truth 89 times in 100, so ``per_group.csv`` of a run lists the groups.

    Args:
        name: What was measured.
        values: (N,) each item's value, such as 1 for right and 0 for wrong.
        groups: (N,) each item's group; None: every item stands alone.
        classes: (N,) each item's class; None: every item counts the same.
    """
    n = len(values)
    if n == 0:
        return Score(name, float("nan"), 0.0, 1.0, 0)
    values = np.asarray(values, dtype=np.float64)
    if classes is None:
        p, most, shares, away = float(values.mean()), np.inf, np.full(n, 1 / n), values - values.mean()
    else:
        _, label, items = np.unique(classes, return_inverse=True, return_counts=True)
        means = np.bincount(label, values) / items
        shares, away = 1 / (len(items) * items[label]), values - means[label]
        p, most = float(means.mean()), 1 / float((shares**2).sum())
    return _wilson(name, p, n, *_deviation(shares, away, groups), most)


def rate(name: str, parts: np.ndarray, sizes: np.ndarray, groups: np.ndarray) -> Score:
    """The sum of ``parts`` (N,) by the sum of ``sizes`` (N,), such as errors by labels, with its interval.

    As ``score``, whose items weigh their sizes here; n is the sum of the sizes. A rate of a half and more,
    which may exceed 1, has Student's interval.
    """
    total = float(sizes.sum())
    if total <= 0:
        return Score(name, float("nan"), 0.0, 1.0, 0)
    p, n = float(parts.sum()) / total, round(total)
    away = np.divide(parts, sizes, out=np.zeros(len(parts)), where=sizes > 0) - p
    variance, draws = _deviation(sizes / total, away, groups)
    if p < 0.5 or draws < FEWEST:
        return _wilson(name, p, n, variance, draws)
    half = _student(variance, draws)
    return Score(name, p, max(0.0, p - half), p + half, n)


def _deviation(shares: np.ndarray, away: np.ndarray, groups: np.ndarray | None) -> tuple[float, float]:
    """The variance of a weighted mean over groups, and the effective number of groups.

    ``shares`` (N,) of the items sum to 1, ``away`` (N,) is each item's distance from the mean. The number is
    Kish's (1965): groups of unlike sizes are worth fewer than there are. One less, it gives Student's degrees
    of freedom (Korn & Graubard 1998).
    """
    _, group = np.unique(np.arange(len(away)) if groups is None else groups, return_inverse=True)
    sums, weights = np.bincount(group, shares * away), np.bincount(group, shares)
    count = len(sums)
    return float((sums**2).sum()) * count / max(count - 1, 1), 1 / float((weights**2).sum())


def _wilson(name: str, p: float, n: int, variance: float, draws: float, most: float = np.inf) -> Score:
    """Wilson's interval of a mean with this variance over ``draws`` groups; at most ``most`` items count."""
    if draws < FEWEST:
        return Score(name, p, 0.0, 1.0, n)
    z = float(stats.t.ppf(0.975, draws - 1))
    effective = min(p * (1 - p) / variance if variance > 0 else draws, most)
    centre = (p + z**2 / (2 * effective)) / (1 + z**2 / effective)
    half = z / (1 + z**2 / effective) * np.sqrt(p * (1 - p) / effective + z**2 / (4 * effective**2))
    return Score(name, p, max(0.0, float(centre - half)), min(1.0, float(centre + half)), n)


def difference(values: np.ndarray, others: np.ndarray, groups: np.ndarray) -> Score:
    """The mean of the paired differences of two columns (N,), with Student's interval over the groups.

    Items of one group count as one draw, as in ``score``; a single group says nothing of others.
    """
    change = np.asarray(values, np.float64) - others
    n, value = len(change), float(change.mean())
    variance, draws = _deviation(np.full(n, 1 / n), change - value, groups)
    if draws < FEWEST:
        return Score("difference", value, -1.0, 1.0, n)
    half = _student(variance, draws)
    return Score("difference", value, value - half, value + half, n)


def _student(variance: float, draws: float) -> float:
    """Half of Student's interval of a mean with this variance over ``draws`` groups."""
    return float(stats.t.ppf(0.975, draws - 1)) * variance**0.5


def percent(probability: float) -> str:
    """A probability for people: 31.2%, <0.1%."""
    return "<0.1%" if probability < 0.001 else f"{probability:.1%}"


class Spread(NamedTuple):
    """The mean of a metric over N trainings, with its 95 % interval by Student's t, and the median."""

    mean: float
    std: float
    low: float
    high: float
    n: int
    median: float


def spread_of(values: Sequence[float], draws: Sequence[str] = (), share: float = 0.0) -> Spread:
    """Mean, standard deviation, interval and median; of one draw alone the interval is not known.

    The interval speaks of new trainings tested on the same items, or, over folds, of new ones on such folds.
    That of values in [0, 1], such as accuracies, is cut there.

    Args:
        values: of a metric, one of each training.
        draws: of each training, what names its data, such as a fold: trainings on the same data are one draw
            where there are several. Empty: each training is a draw.
        share: of test to training items, where draws have them in turn. The variance of a draw is multiplied
            by it once more, since the training items of folds overlap (Nadeau & Bengio 2003).
    """
    n, mean, median = len(values), float(np.mean(values)), float(np.median(values))
    names = dict.fromkeys(draws)
    if len(names) > 1:
        pairs = list(zip(values, draws, strict=True))
        means = [float(np.mean([value for value, draw in pairs if draw == name])) for name in names]
    else:
        means, share = list(values), 0.0
    if len(means) < 2:
        return Spread(mean, float("nan"), float("nan"), float("nan"), n, median)
    half = float(stats.t.ppf(0.975, len(means) - 1) * np.std(means, ddof=1) * (1 / len(means) + share) ** 0.5)
    low, high = (0.0, 1.0) if min(values) >= 0 and max(values) <= 1 else (-np.inf, np.inf)
    std = float(np.std(values, ddof=1))
    return Spread(mean, std, max(mean - half, low), min(mean + half, high), n, median)


def collapsed(values: Sequence[float]) -> list[tuple[int, float]]:
    """The trainings, by their place, that learned much less than the others, and how far below the median.

    That is 5 points, and three times the median distance from it.
    """
    below = np.median(values) - np.asarray(values)
    far = max(0.05, 3 * float(np.median(np.abs(below))))
    return [(place, float(distance)) for place, distance in enumerate(below) if distance > far]
