"""What differs between domains when a network is explained: one small adapter each."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from shared.classifier import Classifier
from shared.data import DataModule, Dataset, Draw
from shared.explain.explanation import Box, Sample, Shown
from shared.explain.units import Target

Planes = Float[Tensor, "n planes a1 a2"]
Masks = Bool[Tensor, "n a1 a2"]


class Planted(NamedTuple):
    """An input with evidence put in at a known place, and the class that the evidence stands for."""

    sample: Sample
    evidence: Bool[Tensor, "a1 a2"]
    label: int


class Domain(ABC):
    """A domain's way to read, cover, change and draw an input; ``conf/domain/NAME.yaml`` names it.

    Attributes:
        filling: what stands where a region was taken away, in words.
        epsilon, epsilon_unit: how far an adversarial input may go, and the unit that this is told in.
        collapse: dimensions of (planes, axis 1, axis 2) that carry no place.
        pictures: whether its inputs are pictures: what Deep Dream and style work on.
        cell: width and height of an input in a grid of them, in inches.
    """

    filling: str
    epsilon: float
    epsilon_unit: str
    collapse: tuple[int, ...] = (0,)
    pictures: bool = False
    cell: tuple[float, float] = (2.4, 2.85)

    def __init__(self, module: Classifier, data: DataModule):
        self.module, self._data = module, data

    @cached_property
    def data(self) -> DataModule:
        """The run's data, read when they are first asked for: not every method needs them."""
        self._data.setup()
        return self._data

    # What every domain has to say.

    @abstractmethod
    def read(self, source: Path | None, **options: Any) -> list[Sample]:
        """A user's own inputs; the keywords are what the domain's own kind of input needs.

        Raises:
            UserError: there is none that can be read.
        """

    @abstractmethod
    def describe(self, dataset: Dataset, item: int) -> tuple[str, Any]:
        """Name and source of an item of a data set."""

    @property
    @abstractmethod
    def bounds(self) -> tuple[Tensor, Tensor]:
        """Lowest and highest value that an input may have, each to be spread over (planes, axis 1, axis 2)."""

    @abstractmethod
    def regions(self, sample: Sample) -> dict[str, Masks]:
        """The regions to be taken away one at a time, by kind; the first kind is the usual one."""

    @abstractmethod
    def show(self, axes: Axes, sample: Sample, heat: np.ndarray | None = None, box: Box | None = None) -> None:
        """Draw an input, with the relevance (axis 1, axis 2) of its places or with a box."""

    @abstractmethod
    def show_filter(self, axes: Axes, weight: Tensor, layer: str) -> None:
        """Draw one filter (planes, kernel 1, kernel 2) of a layer that reads the input."""

    @abstractmethod
    def plant(self, random: np.random.Generator) -> Planted:
        """An input with evidence at a random place."""

    # What most have in common.

    def step(self, sample: Sample) -> Tensor | float:
        """How much of ``x`` is one unit of epsilon."""
        return 1.0

    def blank(self, sample: Sample) -> Float[Tensor, "planes a1 a2"]:
        """The input that says nothing: what integrated gradients starts from."""
        return torch.zeros_like(sample.x)

    def keep(self, sample: Sample, masks: Masks) -> Planes:
        """The input with nothing left but each mask's places."""
        return torch.where(masks[:, None], sample.x, self.blank(sample))

    def places(self, sample: Sample) -> Bool[Tensor, "a1 a2"]:
        """The places that can be taken away, of the grid that a map has."""
        return torch.ones_like(sample.x.sum(self.collapse, keepdim=True)[0], dtype=torch.bool)

    def make(self, x: Float[Tensor, "planes a1 a2"], name: str, of: Sample | None = None) -> Sample:
        """An input that a method made, of another one if it changed that."""
        return Sample(x, name)

    def nearest(self, x: Float[Tensor, "planes a1 a2"]) -> Sample | None:
        """Of a discrete domain the input that exists and is closest to ``x``; None: ``x`` exists itself."""
        return None

    def attack(self, sample: Sample, kind: str, epsilon: float, seed: int) -> Sample | None:
        """An adversarial input of a domain whose changes are no numbers; None: changes are numbers."""
        return None

    def sounds(self, sample: Sample) -> dict[str, bytes]:
        """Files beside a made input, such as its sound, by suffix."""
        return {}

    def map_figure(self, sample: Sample, heat: np.ndarray, target: Target) -> Figure:
        """An input, and beside it the relevance of its places for the target."""
        width, height = (1.7 * length for length in self.cell)
        tall = height + HEAD - 0.4
        figure = Figure(figsize=(2 * width, tall), dpi=130)
        room = {"left": 0.03, "right": 0.97, "top": 1 - (HEAD - 0.2) / tall, "bottom": 0.1 / tall, "wspace": 0.12}
        left, right = figure.subplots(1, 2, gridspec_kw=room)
        self.show(left, sample)
        self.show(right, sample, heat)
        return figure

    def filter_figure(self, weight: Float[Tensor, "filters planes k1 k2"], chosen: list[int], layer: str) -> Figure:
        """Filters side by side, by their numbers."""
        columns = min(len(chosen), 8)
        rows = -(-len(chosen) // columns)
        tall = 1.5 * rows + HEAD
        figure = Figure(figsize=(max(1.35 * columns, 5.5), tall), dpi=130)
        room = {"left": 0.04, "right": 0.98, "top": 1 - (HEAD + 0.1) / tall, "bottom": 0.1 / tall}
        grid = figure.subplots(rows, columns, squeeze=False, gridspec_kw={**room, "hspace": 0.35, "wspace": 0.25})
        for axes, number in zip_longest(grid.flat, chosen):
            if number is None:
                axes.axis("off")
            else:
                self.show_filter(axes, weight[number], layer)
                axes.set_title(f"{number}", fontsize=7.5, pad=3)
        return figure

    def grid_figure(self, shown: Sequence[Shown], columns: int) -> Figure:
        """Inputs in so many columns, each with what is said of it."""
        width, height = self.cell
        rows = -(-len(shown) // columns)
        tall = height * rows + HEAD
        figure = Figure(figsize=(max(width * columns, 5.5), tall), dpi=130)
        room = {"left": 0.03, "right": 0.97, "top": 1 - (HEAD + 0.35) / tall, "bottom": 0.1 / tall}
        grid = figure.subplots(
            rows, columns, squeeze=False, gridspec_kw={**room, "hspace": 0.45 / (height - 0.45), "wspace": 0.12}
        )
        for axes, each in zip_longest(grid.flat, shown):
            if each is None or each.sample is None:
                axes.axis("off")
            else:
                self.show(axes, each.sample, box=each.box)
            if each is not None:
                axes.set_title(each.words, fontsize=7.5, parse_math=False)
        return figure

    # What follows from these.

    def items(self, dataset: Dataset, most: int) -> np.ndarray:
        """So many items of a data set at most, evenly drawn, like lengths together."""
        chosen = np.linspace(0, len(dataset) - 1, min(most, len(dataset))).astype(np.int64)
        lengths = getattr(dataset, "lengths", None)
        return chosen if lengths is None else chosen[np.argsort(lengths[chosen], kind="stable")]

    @torch.no_grad()
    def batch(self, dataset: Dataset, items: np.ndarray) -> tuple[Planes, Tensor | None, Tensor]:
        """What the layers take of some items, the lengths, and the classes (N,)."""
        batch = dataset[Draw(items, None)]
        x, y = torch.as_tensor(batch["x"]), torch.as_tensor(batch["y"])
        lengths = torch.as_tensor(batch["lengths"]) if "lengths" in batch else None
        x, lengths = self.module.front_end(x, lengths)
        return x.contiguous(), lengths, y

    def batches(
        self, dataset: Dataset, items: np.ndarray, size: int = 64
    ) -> Iterator[tuple[np.ndarray, Planes, Tensor | None, Tensor]]:
        """The items a batch at a time, each with its numbers."""
        for start in range(0, len(items), size):
            part = items[start : start + size]
            yield part, *self.batch(dataset, part)

    def sample(self, dataset: Dataset, item: int) -> Sample:
        """One item of a data set."""
        x, lengths, y = self.batch(dataset, np.array([item]))
        name, source = self.describe(dataset, item)
        return Sample(self.own(x[0], lengths), name, int(y[0]), source)

    def own(self, x: Float[Tensor, "planes a1 a2"], lengths: Tensor | None) -> Float[Tensor, "planes _ _"]:
        """An input without its padding."""
        varying = self.module.network.input_shape.varying
        return x if lengths is None or varying is None else x.narrow(1 + varying, 0, int(lengths[0]))

    def signed(self, relevance: Float[Tensor, "planes a1 a2"]) -> Float[Tensor, "1 _ _"]:
        """Relevance of places: the sum over what carries no place."""
        return relevance.sum(self.collapse, keepdim=True)

    def strongest(self, relevance: Float[Tensor, "planes a1 a2"]) -> Float[Tensor, "1 _ _"]:
        """Size of relevance of places: the largest over what carries no place."""
        return relevance.abs().amax(self.collapse, keepdim=True)


HEAD = 1.0  # inches at the top of a panel, for what is said of it
