"""Balanced accuracy: each class counts the same, however few of its items there are."""

import torch
import torchmetrics
from jaxtyping import Float, Int
from torch import Tensor


class BalancedAccuracy(torchmetrics.Metric):
    """The mean over the classes that have items of their recall (Brodersen et al. 2010).

    The macro average of torchmetrics also counts a class without items, if only it is predicted.
    """

    hits: Tensor
    items: Tensor

    def __init__(self, classes: int):
        super().__init__()
        for name in ("hits", "items"):
            self.add_state(name, torch.zeros(classes, dtype=torch.long), dist_reduce_fx="sum")

    def update(self, logits: Float[Tensor, "n classes"], labels: Int[Tensor, " n"]) -> None:
        """Add a batch."""
        # Not bincount: on GPUs its result is not deterministic.
        self.items.scatter_add_(0, labels, torch.ones_like(labels))
        self.hits.scatter_add_(0, labels, (logits.argmax(1) == labels).long())

    def compute(self) -> Float[Tensor, ""]:
        """The value so far."""
        return (self.hits / self.items)[self.items > 0].mean()
