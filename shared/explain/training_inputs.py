"""A search of the training inputs for those that activate a unit most."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from shared.config import progress
from shared.explain.adapter import InputAdapter
from shared.explain.explanation import Example
from shared.explain.units import activations
from shared.training import Classifier

TOP = 9  # inputs that are kept of each unit


class Excitement(NamedTuple):
    """The largest activations of the U units of a layer over the training inputs.

    Attributes:
        value: (TOP, U) the largest values of a cell, one of each input, from the first.
        item: (TOP, U) the items.
        window, row, column: (TOP, U) the cells.
        total: (U,) the largest degree of activation a_k of an input.
        total_item: (U,) that item.
        n: inputs searched.
    """

    value: Float[Tensor, "top units"]
    item: Int[Tensor, "top units"]
    window: Int[Tensor, "top units"]
    row: Int[Tensor, "top units"]
    column: Int[Tensor, "top units"]
    total: Float[Tensor, " units"]
    total_item: Int[Tensor, " units"]
    n: int

    def dead(self, unit: int) -> bool:
        """Whether no input searched moves the unit from 0."""
        return float(self.value[0, unit]) == 0.0 and float(self.total[unit]) == 0.0


class Reals:
    """The training inputs, searched once a layer.

    Args:
        model: the network.
        adapter: its adapter.
        most: inputs searched, evenly drawn.
    """

    def __init__(self, model: Classifier, adapter: InputAdapter, most: int):
        self.model, self.adapter, self.most = model, adapter, most
        self._known: dict[str, Excitement] = {}

    def example(self, item: int) -> Example:
        """A training input."""
        return self.adapter.example(self.adapter.data.train_set, item)

    def search(self, layer: str | None) -> Excitement:
        """The largest activations of a layer's units; None: the largest scores of the classes."""
        name = layer or list(self.model.network.named_children())[-1][0]
        if name not in self._known:
            self._known[name] = self._search(name)
        return self._known[name]

    @torch.no_grad()
    def _search(self, name: str) -> Excitement:
        dataset = self.adapter.data.train_set
        items = self.adapter.items(dataset, self.most)
        best: list[Tensor] = []
        most: list[Tensor] = []
        batches = self.adapter.batches(dataset, items)
        for numbers, x, lengths, _ in progress(batches, f"searching real inputs of {name}"):
            layer = activations(self.model.network, name, x, lengths)
            value, *place = layer.peak()
            item = torch.as_tensor(numbers)[:, None].expand_as(value)
            best = _largest(best, [value, item, *place], TOP)
            most = _largest(most, [layer.total, item], 1)
        value, item, window, row, column = best
        return Excitement(value, item, window, row, column, most[0][0], most[1][0], len(items))


def _largest(best: list[Tensor], more: list[Tensor], n: int) -> list[Tensor]:
    """The N largest rows of each column so far, by the first of several tensors (N, units)."""
    parts = [torch.cat(pair) for pair in zip(best, more, strict=True)] if best else more
    order = parts[0].argsort(dim=0, descending=True, stable=True)[:n]
    return [part.gather(0, order) for part in parts]
