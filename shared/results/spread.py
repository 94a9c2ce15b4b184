"""The mean of a metric over several trainings, and how sure it is."""

from typing import NamedTuple

import numpy as np
from scipy import stats


class Spread(NamedTuple):
    """A metric over several trainings.

    Attributes:
        mean: of the trainings' values.
        std: their standard deviation.
        low, high: 95 % interval of the mean by Student's t, for other seeds or folds.
        n: trainings.
    """

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
