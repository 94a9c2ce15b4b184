"""Metrics with their number of items, or of trainings, and a 95 % interval."""

from typing import NamedTuple

import numpy as np
from scipy import stats

Z = 1.959963984540054  # two-sided 95 % of the normal distribution


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
    class leave its mean uncertain, also where all are right.

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
    sums: np.ndarray
    _, group = np.unique(np.arange(n) if groups is None else groups, return_inverse=True)
    if classes is None:
        p, most = float(values.mean()), np.inf
        sums = np.bincount(group, values - p) / n
    else:
        _, label, items = np.unique(classes, return_inverse=True, return_counts=True)
        means, shares = np.bincount(label, values) / items, 1 / (len(items) * items[label])
        p, most = float(means.mean()), 1 / float((shares**2).sum())
        sums = np.bincount(group, shares * (values - means[label]))
    return _wilson(name, p, sums, n, most)


def rate(name: str, parts: np.ndarray, sizes: np.ndarray, groups: np.ndarray) -> Score:
    """The sum of ``parts`` (N,) by the sum of ``sizes`` (N,), such as errors by labels, with its interval.

    As ``score``, whose items weigh their sizes here; n is the sum of the sizes. A rate of 1 and more has the
    normal distribution's interval.
    """
    total = float(sizes.sum())
    if total <= 0:
        return Score(name, float("nan"), 0.0, 1.0, 0)
    p = float(parts.sum()) / total
    _, group = np.unique(groups, return_inverse=True)
    sums = np.bincount(group, parts - p * sizes) / total
    n = round(total)
    if p < 1:
        return _wilson(name, p, sums, n)
    half = Z * float((sums**2).sum() * len(sums) / max(len(sums) - 1, 1)) ** 0.5
    return Score(name, p, p - half, p + half, n)


def _wilson(name: str, p: float, sums: np.ndarray, n: int, most: float = np.inf) -> Score:
    """Wilson's interval of ``p``, by what each group adds to its deviation; ``most``: items that count."""
    count = len(sums)
    variance = float((sums**2).sum()) * count / max(count - 1, 1)
    effective = min(p * (1 - p) / variance if variance > 0 else float(count), most)
    centre = (p + Z**2 / (2 * effective)) / (1 + Z**2 / effective)
    half = Z / (1 + Z**2 / effective) * np.sqrt(p * (1 - p) / effective + Z**2 / (4 * effective**2))
    return Score(name, p, max(0.0, float(centre - half)), min(1.0, float(centre + half)), n)


def percent(probability: float) -> str:
    """A probability for people: 31.2%, <0.1%."""
    return "<0.1%" if probability < 0.001 else f"{probability:.1%}"


class Spread(NamedTuple):
    """The mean of a metric over N trainings, with its 95 % interval by Student's t."""

    mean: float
    std: float
    low: float
    high: float
    n: int


def spread_of(values: list[float]) -> Spread:
    """Mean, standard deviation and interval; of one training alone the last three are not known."""
    n, mean = len(values), float(np.mean(values))
    if n < 2:
        return Spread(mean, float("nan"), float("nan"), float("nan"), n)
    std = float(np.std(values, ddof=1))
    half = float(stats.t.ppf(0.975, n - 1)) * std / n**0.5
    return Spread(mean, std, mean - half, mean + half, n)
