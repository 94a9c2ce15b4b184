"""The metrics of validation and test: one list. A new metric is one entry of it."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import torchmetrics
from torchmetrics.classification import MulticlassAccuracy

from shared.training.balanced_accuracy import BalancedAccuracy


class Metric(NamedTuple):
    """A metric of validation and test, reported as ``val/NAME`` and ``test/NAME``.

    Attributes:
        running: Over batches, from logits (n, classes) and labels (n,).
        values: In [0, 1], of each test item (N,), from the columns of ``Classifier.test_columns``: the test
            reports their mean with its 95 % interval. None: the test reports ``running``, without interval.
        by_class: The test reports the mean of the values' means in each class, not that over all items.
    """

    running: torchmetrics.Metric
    values: Callable[[Mapping[str, np.ndarray]], np.ndarray] | None = None
    by_class: bool = False


def metrics(classes: int) -> dict[str, Metric]:
    """The metrics of every network with this number of classes, by name."""

    def accuracy(k: int) -> Metric:
        running = MulticlassAccuracy(classes, top_k=k, average="micro", validate_args=False)
        return Metric(running, lambda columns: columns["label_rank"] < k)

    first = accuracy(1)
    balanced = Metric(BalancedAccuracy(classes), first.values, by_class=True)
    return {"acc": first} | ({"top5": accuracy(5)} if classes > 5 else {}) | {"balanced_acc": balanced}
