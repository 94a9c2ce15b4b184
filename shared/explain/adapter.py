"""What differs between domains when a network is explained: one small adapter each."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from shared.explain.explanation import Box, Example, Shown
from shared.explain.units import Target
from shared.files import Inventory
from shared.training import Classifier, DataModule, Dataset, Draw, as_tensors

Planes = Float[Tensor, "n planes a1 a2"]
Masks = Bool[Tensor, "n b1 b2"]  # an axis that carries no place has one cell


class Planted(NamedTuple):
    """An input with evidence put in at a known place, and the class that the evidence stands for."""

    example: Example
    evidence: Bool[Tensor, "a1 a2"]
    label: int


class Accounted(Protocol):
    """What became of the files, or lines, that were read."""

    def summary(self) -> list[str]:
        """Lines for people; none if all of it was used."""


class InputAdapter(ABC):
    """A domain's way to read, cover, change and draw an input: the part ``explain`` of its description.

    Attributes:
        read: ``read(source, …)`` gives a user's own inputs from a path (None where ``text`` is given
            instead); keywords are the domain's own options. A UserError where there is none.
        seen: what ``read`` was given last, used or skipped; filled in by ``read``.
        filling: what stands where a region was taken away, in words.
        epsilon, epsilon_unit: how far an adversarial input may go, and the unit that this is told in.
        collapse: dimensions of (planes, axis 1, axis 2) that carry no place.
        pictures: whether its inputs are pictures: what Deep Dream and style work on.
        cell: width and height of an input in a grid of them, in inches.
        margin: left of and below it, for what its axes say.
    """

    read: Callable[..., Sequence[Example]]
    seen: Accounted
    filling: str
    epsilon: float
    epsilon_unit: str
    collapse: tuple[int, ...] = (0,)
    pictures: bool = False
    cell: tuple[float, float] = (2.2, 2.56)
    margin: tuple[float, float] = (0.08, 0.08)

    def __init__(self, module: Classifier, data: DataModule):
        self.module, self._data = module, data
        self.read_data: Callable[[], None] = data.setup
        self.seen = Inventory()

    @cached_property
    def data(self) -> DataModule:
        """The run's data, read when they are first asked for: not every method needs them."""
        self.read_data()
        return self._data

    # What every domain has to say.

    @abstractmethod
    def describe(self, dataset: Dataset, item: int) -> tuple[str, Any]:
        """Name and source of an item of a data set."""

    @property
    @abstractmethod
    def bounds(self) -> tuple[Tensor, Tensor]:
        """Lowest and highest value of an input, each to be spread over (planes, axis 1, axis 2)."""

    @abstractmethod
    def regions(self, example: Example) -> dict[str, Masks]:
        """The regions to be taken away one at a time, by kind; the first kind is the usual one."""

    @abstractmethod
    def show(
        self, axes: Axes, example: Example, heat: np.ndarray | None = None, box: Box | None = None
    ) -> None:
        """Draw an input, with the relevance (axis 1, axis 2) of its places or with a box."""

    @abstractmethod
    def show_filter(self, axes: Axes, weight: Tensor, layer: str) -> None:
        """Draw one filter (planes, kernel 1, kernel 2) of a layer that reads the input."""

    @abstractmethod
    def plant(self, random: np.random.Generator) -> Planted:
        """An input with evidence at a random place."""

    # What most have in common.

    def step(self, example: Example) -> Tensor | float:
        """How much of ``x`` is one unit of epsilon."""
        return 1.0

    def blank(self, example: Example) -> Float[Tensor, "planes a1 a2"]:
        """The input that says nothing: what integrated gradients starts from."""
        return torch.zeros_like(example.x)

    def keep(self, example: Example, masks: Masks) -> Planes:
        """The input with nothing left but each mask's places."""
        return torch.where(masks[:, None], example.x, self.blank(example))

    def places(self, example: Example) -> Bool[Tensor, "a1 a2"]:
        """The places that can be taken away, of the grid that a map has."""
        return torch.ones_like(example.x.sum(self.collapse, keepdim=True)[0], dtype=torch.bool)

    def make(self, x: Float[Tensor, "planes a1 a2"], name: str, of: Example | None = None) -> Example:
        """An input that a method made, of another one if it changed that."""
        return Example(x, name)

    def nearest(self, x: Float[Tensor, "planes a1 a2"]) -> Example | None:
        """Of a discrete domain the input that exists and is closest to ``x``; None: ``x`` exists itself."""
        return None

    def attack(self, example: Example, kind: str, epsilon: float, seed: int) -> Example | None:
        """An adversarial input of a domain whose changes are no numbers; None: changes are numbers."""
        return None

    def sounds(self, example: Example) -> dict[str, bytes]:
        """Files beside a made input, such as its sound, by suffix."""
        return {}

    def map_figure(self, example: Example, heat: np.ndarray, target: Target) -> Figure:
        """An input, and beside it the relevance of its places for the target."""
        width, height = (1.6 * length for length in self.cell)
        figure = Figure(figsize=(2 * width, HEAD - WORDS + height), dpi=130)
        for column, shown in enumerate((None, heat)):
            self.show(self._axes(figure, column * width, HEAD - WORDS, width, height), example, shown)
        return figure

    def filter_figure(
        self, weight: Float[Tensor, "filters planes k1 k2"], chosen: list[int], layer: str
    ) -> Figure:
        """Filters side by side, by their numbers."""
        columns, side = min(len(chosen), 8), 1.4
        rows = -(-len(chosen) // columns)
        figure = Figure(figsize=(max(side * columns, 5.5), HEAD + (side + 0.1) * rows), dpi=130)
        for place, number in enumerate(chosen):
            row, column = divmod(place, columns)
            axes = self._axes(figure, side * column, HEAD - 0.1 + (side + 0.1) * row, side, side + 0.1)
            self.show_filter(axes, weight[number], layer)
            axes.set_title(f"{number}", fontsize=7.5, pad=3)
        return figure

    def grid_figure(self, shown: Sequence[Shown], columns: int) -> Figure:
        """Inputs in so many columns, each with what is said of it."""
        width, height = self.cell
        rows = -(-len(shown) // columns)
        figure = Figure(figsize=(max(width * columns, 5.5), HEAD + height * rows), dpi=130)
        for place, each in enumerate(shown):
            row, column = divmod(place, columns)
            axes = self._axes(figure, width * column, HEAD + height * row, width, height)
            if each.example is None:
                axes.axis("off")
            else:
                self.show(axes, each.example, box=each.box)
            axes.set_title(each.words, fontsize=7.5, parse_math=False)
        return figure

    def _axes(self, figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
        """Axes in a cell of a figure, in inches from its top left corner, with room for words above them."""
        wide, tall = figure.get_size_inches()
        beside, below = self.margin
        return figure.add_axes(
            (
                (left + beside) / wide,
                1 - (top + height - below) / tall,
                (width - beside - 0.08) / wide,
                (height - below - WORDS) / tall,
            )
        )

    # What follows from these.

    def items(self, dataset: Dataset, most: int) -> np.ndarray:
        """So many items of a data set at most, evenly drawn, like lengths together."""
        chosen = np.linspace(0, len(dataset) - 1, min(most, len(dataset))).astype(np.int64)
        lengths = getattr(dataset, "lengths", None)
        return chosen if lengths is None else chosen[np.argsort(lengths[chosen], kind="stable")]

    @torch.no_grad()
    def batch(self, dataset: Dataset, items: np.ndarray) -> tuple[Planes, Tensor | None, Tensor]:
        """What the layers take of some items, the lengths, and the classes (N,)."""
        batch = as_tensors(dataset[Draw(items, None)])
        x, lengths = self.module.preprocess(batch)
        return x.contiguous(), lengths, batch["y"]

    def batches(
        self, dataset: Dataset, items: np.ndarray, size: int = 64
    ) -> Iterator[tuple[np.ndarray, Planes, Tensor | None, Tensor]]:
        """The items a batch at a time, each with its numbers."""
        for start in range(0, len(items), size):
            part = items[start : start + size]
            yield part, *self.batch(dataset, part)

    def example(self, dataset: Dataset, item: int) -> Example:
        """One item of a data set."""
        x, lengths, y = self.batch(dataset, np.array([item]))
        name, source = self.describe(dataset, item)
        return Example(self.own(x[0], lengths), name, int(y[0]), source)

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


HEAD = 0.85  # inches at the top of a panel, for what is said of it
WORDS = 0.36  # inches above an input, for two lines
