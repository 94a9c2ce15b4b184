"""A search of the training inputs for those that activate a unit most."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from shared.explain.explanation import Inputs
from shared.explain.units import activations
from shared.network import Network

TOP = 9  # inputs that are kept of each unit
Batch = tuple[np.ndarray, Inputs, Tensor | None, Tensor | None]  # numbers of items, inputs, lengths, classes


class Excitement(NamedTuple):
    """The largest activations of the units of a layer over the training inputs."""

    value: Float[Tensor, "top units"]  # the largest values of a cell, one of each input, from the first
    item: Int[Tensor, "top units"]  # these inputs
    total: Float[Tensor, " units"]  # the largest degree of activation a_k of an input
    total_item: Int[Tensor, " units"]  # that input
    n: int  # inputs searched

    def dead(self, unit: int) -> bool:
        """Whether no input searched moves the unit from 0."""
        return float(self.value[0, unit]) == 0.0 and float(self.total[unit]) == 0.0


@torch.no_grad()
def search(network: Network, layer: str | None, batches: Iterable[Batch]) -> Excitement:
    """The largest activations of a layer's units by the inputs of batches."""
    parts = []
    for items, x, lengths, _ in batches:
        seen = activations(network, layer, x, lengths)
        parts.append((torch.as_tensor(items), seen.peak()[0], seen.total))
    numbers, values, totals = (torch.cat(part) for part in zip(*parts, strict=True))
    best = values.argsort(dim=0, descending=True, stable=True)[:TOP]
    total, first = totals.max(0)
    return Excitement(values.gather(0, best), numbers[best], total, numbers[first], len(numbers))
