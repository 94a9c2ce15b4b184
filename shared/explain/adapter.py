"""The parts of an explanation that differ between domains: an adapter for each domain."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from shared.explain.explanation import Box, Example, Shown
from shared.explain.units import Target
from shared.files import Inventory
from shared.results import ORANGE, RELEVANCE
from shared.training import Classifier, DataModule, Dataset, Draw, as_tensors

Inputs = Float[Tensor, "n channels a1 a2"]
Masks = Bool[Tensor, "n b1 b2"]  # an axis that carries no place has one cell


class Planted(NamedTuple):
    """An input with evidence put in at a known place, and the class that the evidence stands for."""

    example: Example
    evidence: Bool[Tensor, "a1 a2"]
    label: int


class Accounted(Protocol):
    """The files, or lines, that were read: used or skipped."""

    def summary(self) -> list[str]:
        """Lines to print; none if everything was used."""


class InputAdapter:
    """A domain's way to read, cover, change and draw an input: the part ``explain`` of its description.

    Every method but ``read`` has a default: a domain may name this class itself, or override what its inputs
    need. An input is (channels, axis 1, axis 2), as the layers take it.

    Attributes:
        read: ``read(source, …)`` gives a user's own inputs from a path (None where ``text`` is given
            instead); keywords are the domain's own options. A UserError where there is none.
        seen: what ``read`` was given last, used or skipped; filled in by ``read``.
        filling: in words, what replaces a region that is removed.
        epsilon, epsilon_unit: how far an adversarial input may go, and the unit of that.
        collapse: dimensions of (channels, axis 1, axis 2) that carry no place.
        pictures: whether its inputs are pictures, which Deep Dream and style transfer need.
        cell: width and height of an input in a grid of them, in inches.
        margin: left of and below it, for the labels of its axes.
    """

    filling: str = "zeros"
    epsilon: float = 0.1
    epsilon_unit: str = "of a value"
    collapse: tuple[int, ...] = (0,)
    pictures: bool = False
    cell: tuple[float, float] = (2.2, 2.56)
    margin: tuple[float, float] = (0.08, 0.08)

    def __init__(self, module: Classifier, data: DataModule):
        self.module, self._data = module, data
        self.read_data: Callable[[], None] = data.setup
        self.seen: Accounted = Inventory()

    read: Callable[..., Sequence[Example]]

    @cached_property
    def data(self) -> DataModule:
        """The run's data, read at first use: not every method needs them."""
        self.read_data()
        return self._data

    # What domains override.

    def describe(self, dataset: Dataset, item: int) -> tuple[str, Any]:
        """Name of an item of a dataset, and what ``show`` and ``keep`` need of it (``Example.source``)."""
        return f"item {item}", None

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """Lowest and highest value of an input, broadcast over (channels, axis 1, axis 2).

        Here those of each channel over at most 500 training inputs.
        """
        return self._bounds_of_training

    @cached_property
    def _bounds_of_training(self) -> tuple[Tensor, Tensor]:
        dataset = self.data.train_set
        parts = [x for _, x, _, _ in self.batches(dataset, self.items(dataset, 500))]
        low = torch.stack([x.amin((0, 2, 3)) for x in parts]).amin(0)
        high = torch.stack([x.amax((0, 2, 3)) for x in parts]).amax(0)
        return low[:, None, None], high[:, None, None]

    def regions(self, example: Example) -> dict[str, Masks]:
        """The regions to be removed one at a time, by kind: masks (N, axis 1, axis 2), the usual kind first.

        Here boxes of about a seventh of each axis, which overlap by half.
        """
        rows, columns = self.places(example).shape
        size = max(rows // 7, 1), max(columns // 7, 1)
        return {"boxes": boxes((rows, columns), size, (max(size[0] // 2, 1), max(size[1] // 2, 1)))}

    def show(
        self, axes: Axes, example: Example, heat: np.ndarray | None = None, box: Box | None = None
    ) -> None:
        """Draw an input, here in grey, with the relevance (axis 1, axis 2) of its places or with a box."""
        axes.axis("off")
        axes.imshow(example.x.mean(0).numpy(), cmap="Greys", aspect="auto")
        if heat is not None:
            most = np.abs(heat).max() or 1.0
            over = np.broadcast_to(heat, example.x.shape[1:])
            axes.imshow(over, cmap=RELEVANCE, vmin=-most, vmax=most, alpha=0.6, aspect="auto")
        if box is not None:
            draw_box(axes, box)

    def show_filter(self, axes: Axes, weight: Tensor, layer: str) -> None:
        """Draw one filter (channels, kernel 1, kernel 2): here its mean, blue above zero and orange below."""
        most = float(weight.abs().max()) or 1.0
        axes.axis("off")
        axes.imshow(weight.mean(0).numpy(), cmap=RELEVANCE, vmin=-most, vmax=most, interpolation="nearest")

    def plant(self, random: np.random.Generator) -> Planted:
        """An input with evidence at a random place; the check of it is skipped where a domain has none."""
        raise NotImplementedError

    # What few domains override.

    def step(self, example: Example) -> Tensor | float:
        """How much of ``x`` is one unit of epsilon, broadcast over (channels, axis 1, axis 2)."""
        return 1.0

    def blank(self, example: Example) -> Float[Tensor, "channels a1 a2"]:
        """The input without information: the start of integrated gradients."""
        return torch.zeros_like(example.x)

    def keep(self, example: Example, masks: Masks) -> Inputs:
        """N copies of the input, in which only the places of each mask (N, axis 1, axis 2) are left."""
        return torch.where(masks[:, None], example.x, self.blank(example))

    def places(self, example: Example) -> Bool[Tensor, "a1 a2"]:
        """Which places of a map can be removed."""
        return torch.ones_like(example.x.sum(self.collapse, keepdim=True)[0], dtype=torch.bool)

    def make(self, x: Float[Tensor, "channels a1 a2"], name: str, of: Example | None = None) -> Example:
        """An input that a method made; ``of`` is the one that it changed, if any."""
        return Example(x, name)

    def nearest(self, x: Float[Tensor, "channels a1 a2"]) -> Example | None:
        """Where inputs are discrete, the closest that exists; None: ``x`` itself exists."""
        return None

    def attack(self, example: Example, kind: str, epsilon: float, seed: int) -> Example | None:
        """An adversarial input where changes are not numbers; None: they are."""
        return None

    def sounds(self, example: Example) -> dict[str, bytes]:
        """Files beside a made input, such as its sound, by suffix."""
        return {}

    def map_figure(self, example: Example, heat: np.ndarray, target: Target) -> Figure:
        """An input, and beside it the relevance (axis 1, axis 2) of its places for the target."""
        width, height = (1.6 * length for length in self.cell)
        figure = Figure(figsize=(2 * width, HEAD - WORDS + height), dpi=130)
        for column, shown in enumerate((None, heat)):
            self.show(self._axes(figure, column * width, HEAD - WORDS, width, height), example, shown)
        return figure

    def filter_figure(
        self, weight: Float[Tensor, "filters channels k1 k2"], chosen: list[int], layer: str
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
        """Inputs in N columns, with their captions."""
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
        """Axes in a cell of a figure, in inches from its top left corner, below room for a caption."""
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
        """At most N items of a dataset, evenly drawn, sorted by length."""
        chosen = np.linspace(0, len(dataset) - 1, min(most, len(dataset))).astype(np.int64)
        lengths = getattr(dataset, "lengths", None)
        return chosen if lengths is None else chosen[np.argsort(lengths[chosen], kind="stable")]

    @torch.no_grad()
    def batch(self, dataset: Dataset, items: np.ndarray) -> tuple[Inputs, Tensor | None, Tensor]:
        """Inputs of some items as the layers take them, their lengths, and their classes (N,)."""
        batch = as_tensors(dataset[Draw(items, None)])
        x, lengths = self.module.preprocess(batch)
        return x.contiguous(), lengths, batch["y"]

    def batches(
        self, dataset: Dataset, items: np.ndarray, size: int = 64
    ) -> Iterator[tuple[np.ndarray, Inputs, Tensor | None, Tensor]]:
        """The items a batch at a time, each with its numbers."""
        for start in range(0, len(items), size):
            part = items[start : start + size]
            yield part, *self.batch(dataset, part)

    def example(self, dataset: Dataset, item: int) -> Example:
        """One item of a dataset."""
        x, lengths, y = self.batch(dataset, np.array([item]))
        name, source = self.describe(dataset, item)
        return Example(self.own(x[0], lengths), name, int(y[0]), source)

    def own(
        self, x: Float[Tensor, "channels a1 a2"], lengths: Tensor | None
    ) -> Float[Tensor, "channels _ _"]:
        """An input without its padding."""
        varying = self.module.network.input_shape.varying
        return x if lengths is None or varying is None else x.narrow(1 + varying, 0, int(lengths[0]))

    def signed(self, relevance: Float[Tensor, "channels a1 a2"]) -> Float[Tensor, "1 _ _"]:
        """Relevance of places: the sum over what carries no place."""
        return relevance.sum(self.collapse, keepdim=True)

    def strongest(self, relevance: Float[Tensor, "channels a1 a2"]) -> Float[Tensor, "1 _ _"]:
        """Size of relevance of places: the largest over what carries no place."""
        return relevance.abs().amax(self.collapse, keepdim=True)


HEAD = 0.85  # inches at the top of a panel, for its title and lines
WORDS = 0.36  # inches above an input, for two lines


def draw_box(axes: Axes, box: Box) -> None:
    """A frame around a box of cells."""
    rows, columns = box
    corner = (columns.start - 0.5, rows.start - 0.5)
    axes.add_patch(Rectangle(corner, len(columns), len(rows), fill=False, edgecolor=ORANGE, linewidth=2))


def boxes(size: tuple[int, int], box: tuple[int, int], stride: tuple[int, int]) -> Masks:
    """Boxes that slide over a grid, those at the far edges cut off by it, as Captum's do.

    Args:
        size: cells of the grid along its axes.
        box: cells of a box.
        stride: from box to box.
    """
    starts = [
        [i * by for i in range(-(-max(cells - length, 0) // by) + 1)]
        for cells, length, by in zip(size, box, stride, strict=True)
    ]
    masks = torch.zeros(len(starts[0]), len(starts[1]), *size, dtype=torch.bool)
    for i, row in enumerate(starts[0]):
        for j, column in enumerate(starts[1]):
            masks[i, j, row : row + box[0], column : column + box[1]] = True
    return masks.flatten(0, 1)
