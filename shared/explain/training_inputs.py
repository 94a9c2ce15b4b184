"""Real inputs, searched: which of the training inputs excite a unit most."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from rich.console import Console
from rich.progress import track
from torch import Tensor

from shared.explain.adapter import InputAdapter
from shared.explain.explanation import Example
from shared.explain.units import activations
from shared.training import Classifier

TOP = 9  # inputs that are kept of each unit


class Excitement(NamedTuple):
    """What the training inputs do to the U units of a layer.

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
        """What the inputs do to a layer's units; None: to the classes' scores."""
        name = layer or list(self.model.network.named_children())[-1][0]
        if name not in self._known:
            self._known[name] = self._search(name)
        return self._known[name]

    @torch.no_grad()
    def _search(self, name: str) -> Excitement:
        dataset = self.adapter.data.train_set
        items = self.adapter.items(dataset, self.most)
        best: list[Tensor] = []
        total, total_item = torch.empty(0), torch.empty(0)
        batches = self.adapter.batches(dataset, items)
        bar = Console(stderr=True)
        told = track(batches, f"searching real inputs of {name}", console=bar, transient=True)
        for numbers, x, lengths, _ in told:
            found = activations(self.model.network, name, x, lengths)
            value, *place = found.peak()
            item = torch.as_tensor(numbers)[:, None].expand_as(value)
            parts = [value, item, *place]
            if best:
                parts = [torch.cat(pair) for pair in zip(best, parts, strict=True)]
            order = parts[0].argsort(dim=0, descending=True, stable=True)[:TOP]
            best = [part.gather(0, order) for part in parts]
            sums = found.total if not len(total) else torch.cat([total[None], found.total])
            numbers_of = item if not len(total) else torch.cat([total_item[None], item])
            total, which = sums.max(0)
            total_item = numbers_of.gather(0, which[None])[0]
        value, item, window, row, column = best
        return Excitement(value, item, window, row, column, total, total_item, len(items))
