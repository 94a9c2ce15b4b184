"""A law of the loss, fitted to trainings: L = E + A / params^α + B / examples^β.

Hoffmann et al. 2022, "Training compute-optimal large language models", approach 3.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from shared.errors import UserError

HUBER = 1e-3  # of the logarithm of the loss: from here on a training counts as an outlier (as in the paper)
STARTS = [(exponent, share) for exponent in (0.2, 0.5, 1.0) for share in (0.3, 0.6, 0.9)]
LOW, HIGH = (-10.0, -10.0, -10.0, 0.01, 0.01), (10.0, 60.0, 60.0, 3.0, 3.0)
LEAST = 6  # trainings: there are five parameters

Values = NDArray[np.float64]


class Trained(NamedTuple):
    """Columns of K trainings."""

    params: Values
    examples: Values  # seen in training
    flops: Values  # of the whole training
    loss: Values
    accuracy: Values

    def some(self, rows: NDArray[np.int64]) -> "Trained":
        """The chosen trainings."""
        return Trained(*(column[rows] for column in self))


class Law(NamedTuple):
    """The fitted law, the operations of an example by parameter, and accuracy as a line over loss."""

    floor: float  # E
    a: float  # logarithm of A
    b: float
    alpha: float
    beta: float
    flops: float  # of a training, for each parameter and example
    at_zero: float  # the accuracy at which the line ends
    slope: float  # of accuracy over loss

    def loss(self, params: Values | float, examples: Values | float) -> Values:
        """That of networks of these sizes and lengths."""
        return np.asarray(
            self.floor
            + np.exp(self.a - self.alpha * np.log(params))
            + np.exp(self.b - self.beta * np.log(examples))
        )

    @property
    def power(self) -> float:
        """Of the operations, with which the best size grows."""
        return self.beta / (self.alpha + self.beta)

    def best(self, flops: float) -> "Best":
        """The size that has the least loss for a number of operations in training."""
        product, total = np.log(flops / self.flops), self.alpha + self.beta  # of parameters and examples
        size = (np.log(self.alpha / self.beta) + self.a - self.b + self.beta * product) / total
        loss = self.loss(np.exp(size), np.exp(product - size))
        return Best(
            *map(float, (np.exp(size), np.exp(product - size), loss, self.at_zero + self.slope * loss))
        )


class Best(NamedTuple):
    """The network for a number of operations."""

    params: float
    examples: float
    loss: float
    accuracy: float


def fit(trained: Trained, start: Law | None = None) -> Law:
    """The law of trainings, from several starts or from an earlier law.

    Raises:
        UserError: There are too few trainings, sizes or lengths.
    """
    enough = all(len(np.unique(column)) > 1 for column in (trained.params, trained.examples))
    if len(trained.loss) < LEAST or not enough:
        raise UserError(
            f"scaling: must have at least {LEAST} trainings of two sizes and two budgets, "
            f"got {len(trained.loss)}"
        )
    size, length, target = (np.log(column) for column in (trained.params, trained.examples, trained.loss))

    def misses(x: Values) -> Values:
        floor, a, b, alpha, beta = x
        terms = [np.full_like(size, floor), a - alpha * size, b - beta * length]
        return np.asarray(np.logaddexp.reduce(terms) - target)

    if start:
        begins: Sequence[tuple[float, ...]] = [(float(np.log(start.floor)), *start[1:5])]
    else:
        least = float(target.min())
        begins = [
            (
                least + np.log(share),
                least + exponent * size.mean(),
                least + exponent * length.mean(),
                exponent,
                exponent,
            )
            for exponent, share in STARTS
        ]
    fits = [
        least_squares(
            misses, np.clip(x, LOW, HIGH), bounds=(LOW, HIGH), loss="huber", f_scale=HUBER, x_scale="jac"
        )
        for x in begins
    ]
    floor, a, b, alpha, beta = min(fits, key=lambda one: one.cost).x
    slope, at_zero = np.polyfit(trained.loss, trained.accuracy, 1)
    by_parameter = np.median(trained.flops / trained.params / trained.examples)
    return Law(*map(float, (np.exp(floor), a, b, alpha, beta, by_parameter, at_zero, slope)))


def resampled(trained: Trained, law: Law, times: int) -> list[Law]:
    """Laws of as many trainings drawn with replacement, by which intervals are judged (the bootstrap)."""
    random, laws = np.random.default_rng(0), list[Law]()
    while len(laws) < times:
        part = trained.some(random.integers(len(trained.loss), size=len(trained.loss)))
        if len(np.unique(part.params)) > 1 and len(np.unique(part.examples)) > 1:
            laws.append(fit(part, law))
    return laws


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The middle 95 %."""
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)
