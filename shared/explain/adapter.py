"""The parts of an explanation that differ between domains: an adapter for each domain."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from shared.config import progress
from shared.explain.explanation import Box, Example, Input, Inputs, Shown
from shared.explain.moment import at_window
from shared.explain.training_inputs import Batch, Excitement, search
from shared.explain.units import Target
from shared.network import Network
from shared.results import ORANGE, RELEVANCE
from shared.training import (
    UNLABELLED,
    Classifier,
    DataModule,
    Dataset,
    Draw,
    Windows,
    as_tensors,
    evenly_by_length,
    longest,
)

Masks = Bool[Tensor, "n b1 b2"]  # an axis that carries no place has one cell
Map = Float[Tensor, "1 _ _"]
WORDS = 0.42  # inches above an input, for two lines
BAR = 0.52  # inches below a map, for its colours and what they mean
WIDEST = 9.6  # inches of a map's picture
LETTER = 5.6  # points of a caption's letter, on average
RANGED = 500  # training inputs whose values give the bounds


class Planted(NamedTuple):
    """An input with evidence at a known place, and the class that it stands for.

    Decoys, which stand for no class, look as strange to whoever does not know it; ``without`` is the same
    input with one more decoy in the place of the evidence.
    """

    example: Example
    without: Example
    evidence: Bool[Tensor, "a1 a2"]
    label: int


class InputAdapter:
    """A domain's way to read, cover, change and draw an input: the part ``explain`` of its description.

    Every method but ``read`` has a default: a domain may name this class itself, or override what its inputs
    need. An input is (channels, axis 1, axis 2), as the layers take it.

    ``read(source, …)`` gives a user's own inputs from a path (None where ``text`` is given instead), and sets
    ``remarks``, lines on what it skipped; keywords are the domain's own options. Without inputs it raises a
    UserError.
    """

    filling: str = "zeros"  # in words, what replaces a region that is removed
    epsilon: float = 0.1  # how far an adversarial input may go
    epsilon_unit: str = "of a value"
    changes: Mapping[str, str] = {
        "FGSM": "FGSM",
        "PGD": "PGD",
        "random": "random signs",
    }  # within it, and names
    collapse: tuple[int, ...] = (0,)  # dimensions of an input that carry no place
    alike: tuple[int, ...] = (0, 2, 3)  # dimensions of several inputs along which the bounds are the same
    pictures: bool = False  # which Deep Dream and style transfer need
    cell: tuple[float, float] = (2.2, 2.62)  # width and height of an input in a grid of them, in inches
    margin: tuple[float, float] = (0.08, 0.08)  # left of and below it, for the labels of its axes
    columns: int = 4  # inputs in a row of a grid, at most
    filters: int = 32  # that are drawn of a layer where no number is given
    filter_columns: int = 6  # filters in a row, at most
    filter_cell: tuple[float, float] = (1.5, 1.8)  # width and height of each, in inches
    drawn: str = ""  # a sentence on how inputs are drawn
    decoys: int = 3  # in an input with planted evidence
    searched: int = 2000  # training inputs, evenly drawn, among which the best real ones are sought

    def __init__(self, module: Classifier, data: DataModule):
        self.module, self._data = module, data
        self.read_data: Callable[[], None] = data.setup
        self.remarks: list[str] = []
        self._window: int | None = None
        self._at_moment: tuple[Network, Network] | None = None  # a network, and the same at the window
        self._found: dict[str | None, Excitement] = {}

    read: Callable[..., Sequence[Example]]

    # What domains override.

    def describe(self, dataset: Dataset, item: int) -> tuple[str, Any]:
        """Name of an item of a dataset, and what ``show`` and ``keep`` need of it (``Example.source``)."""
        return f"item {item}", None

    @cached_property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """Lowest and highest value, broadcast over an input; here those of training inputs."""
        parts = [x for _, x, _, _ in self.batches(self.data.train_set, RANGED)]
        low = torch.stack([x.amin(self.alike, keepdim=True)[0] for x in parts]).amin(0)
        return low, torch.stack([x.amax(self.alike, keepdim=True)[0] for x in parts]).amax(0)

    def regions(self, example: Example) -> dict[str, Masks]:
        """The regions to be removed one at a time, by kind, the usual kind first.

        Here boxes of about a seventh of each axis, which overlap by half.
        """
        cells = self.places(example).shape
        return {"boxes": boxes(cells, [max(number // 7, 1) for number in cells])}

    def show(self, axes: Axes, example: Example, heat: np.ndarray | None = None) -> None:
        """Draw an input, here in grey, with the relevance of its places (axis 1, axis 2)."""
        axes.axis("off")
        axes.imshow(example.x.mean(0).numpy(), cmap="Greys", aspect="auto")
        if heat is not None:
            draw_signed(axes, np.broadcast_to(heat, example.x.shape[1:]), alpha=0.6, aspect="auto")

    def show_box(self, axes: Axes, example: Example, box: Box) -> None:
        """Frame a box of cells of the input that was drawn."""
        draw_box(axes, box)

    def show_labels(self, axes: Axes, example: Example, labels: Sequence[tuple[range, str]]) -> None:
        """Name the runs of cells, along the axis of the windows, of an input over time that was drawn."""
        for cells, name in labels:
            axes.axvline(cells.start - 0.5, color=ORANGE, linewidth=0.5)
            axes.text(cells.start, 0, name, fontsize=7, rotation=90, parse_math=False)

    def show_filter(self, axes: Axes, weight: Tensor, layer: str) -> None:
        """Draw one filter (channels, kernel 1, kernel 2): here its mean, blue above zero and orange below."""
        axes.axis("off")
        draw_signed(axes, weight.mean(0).numpy(), float(weight.abs().max()))

    def plant(self, random: np.random.Generator) -> Planted:
        """An input with the evidence for a class at a random place, and decoys, which stand for none.

        Here, in noise, the pattern of one of two classes and other patterns drawn from the same distribution,
        so that only their shape differs. All inputs have the same size.
        """
        like, classes, patterns = self._patterns
        number, size = int(random.integers(2)), patterns.shape[2:]
        noise = torch.from_numpy(0.5 * random.standard_normal(like.x.shape)).to(like.x)
        slots = [cells // part for cells, part in zip(like.x.shape[1:], size, strict=True)]
        places = random.permutation(slots[0] * slots[1])[: 1 + self.decoys].tolist()
        decoys = random.choice(range(2, len(patterns)), 1 + self.decoys, replace=False).tolist()
        boxes = []
        for place in places:
            row, column = (slot * part for slot, part in zip(divmod(place, slots[1]), size, strict=True))
            boxes.append((slice(row, row + size[0]), slice(column, column + size[1])))
        examples = []
        for first in (number, decoys[0]):
            x = noise.clone()
            for box, which in zip(boxes, [first, *decoys[1:]], strict=False):
                x[:, *box] += patterns[which]
            x = like.x.std() * x + self.blank(like)
            examples.append(replace(like, x=x, name="a pattern", label=classes[number]))
        evidence = torch.zeros_like(like.x)
        evidence[:, *boxes[0]] = 1
        return Planted(examples[0], examples[1], self.signed(evidence)[0] > 0, classes[number])

    @cached_property
    def _patterns(self) -> tuple[Example, list[int], Inputs]:
        """An example of the usual size, two classes, and patterns of 1 and -1: theirs, and of decoys."""
        random = np.random.default_rng(0)
        like = self.explained(self.data.val_set, 0)
        size = [n if axis in self.collapse else max(n // 4, 1) for axis, n in enumerate(like.x.shape)][1:]
        drawn = torch.from_numpy(random.choice([-1.0, 1.0], (2 + 2 * self.decoys, len(like.x), 3, 3)))
        classes = random.choice(len(self.module.classes), 2, replace=False).tolist()
        return like, classes, F.interpolate(drawn.to(like.x), size=size)

    # What few domains override.

    def step(self, example: Example) -> Tensor | float:
        """How much of an input is one unit of epsilon, broadcast over it."""
        return 1.0

    def blank(self, example: Example) -> Input:
        """The input without information: the start of integrated gradients."""
        return torch.zeros_like(example.x)

    def keep(self, example: Example, masks: Masks) -> Inputs:
        """N copies of the input, in which only the places of each mask are left."""
        return torch.where(masks[:, None], example.x, self.blank(example))

    def places(self, example: Example) -> Bool[Tensor, "a1 a2"]:
        """Which places of a map can be removed."""
        return torch.ones_like(self.signed(example.x)[0], dtype=torch.bool)

    def make(self, x: Input, name: str, of: Example | None = None) -> Example:
        """An input that a method made; ``of`` is the one that it changed, if any."""
        return Example(x, name)

    def nearest(self, x: Input) -> Example | None:
        """Where inputs are discrete, the closest that exists; None: ``x`` itself exists."""
        return None

    def attack(self, example: Example, kind: str, epsilon: float, seed: int) -> Example | None:
        """An adversarial input where changes are not numbers; None: they are."""
        return None

    def sounds(self, example: Example) -> dict[str, bytes]:
        """Files beside a made input, such as its sound, by suffix."""
        return {}

    def map_figure(
        self, example: Example, maps: dict[str, np.ndarray], target: Target, unit: str, scale: float = 1.0
    ) -> Figure:
        """The relevance of an input's places (axis 1, axis 2) for the target, by the kind of region.

        ``unit`` is what the colours measure; ``scale`` is the picture's, of the adapter's ``cell``.
        """
        width, height = self.cell
        scale, above = min(scale, WIDEST / width / len(maps)), WORDS if len(maps) > 1 else 0.05
        cell = scale * width, scale * (height - WORDS) + above + BAR
        figure, axes = self.new_figure(len(maps), len(maps), cell, above, BAR)
        for part, (kind, heat) in zip(axes, maps.items(), strict=True):
            self.show(part, example, heat)
            if len(maps) > 1:
                part.set_title(kind, fontsize=9)
            self.draw_scale(part, heat, unit)
        return figure

    def colours(self, values: Float[np.ndarray, " n"]) -> Float[np.ndarray, "n c"]:
        """RGB or RGBA of relevance from -1 to 1, as ``show`` draws it."""
        return RELEVANCE(0.5 + 0.5 * values)

    def filter_figure(
        self, weight: Float[Tensor, "filters channels k1 k2"], chosen: list[int], layer: str
    ) -> Figure:
        """Filters side by side, by their numbers; in the last cell the colours."""
        count = len(chosen) + bool(self.filter_unit)
        figure, axes = self.new_figure(count, min(count, self.filter_columns), self.filter_cell, 0.25)
        for part, number in zip(axes, chosen, strict=False):
            self.show_filter(part, weight[number], layer)
            part.set_title(f"filter {number}", fontsize=9, pad=3)
        if self.filter_unit:
            box, bar = axes[-1].get_position(), axes[-1]
            bar.set_position((box.x0, box.y0 + box.height / 2, box.width, 0.12 / figure.get_figheight()))
            draw_bar(bar, RELEVANCE(np.linspace(0, 1, 256)), ("−1", "1"), self.filter_unit)
        return figure

    @property
    def filter_unit(self) -> str:
        """What the colours of filters measure; empty: they have none."""
        return "of its largest weight"

    # What follows from these.

    @property
    def network(self) -> Network:
        """The network that is explained; over time its answer at the moment of the example in question."""
        network = self.module.network
        if self._window is None or not network.over_time:
            return network
        if self._at_moment is None or self._at_moment[0] is not network:
            self._at_moment = network, at_window(network, self._window)
        return self._at_moment[1]

    def turn_to(self, example: Example | None) -> None:
        """Explain this example next; None: units and classes, over time in all windows."""
        self._window, self._at_moment = None if example is None else example.window, None

    @torch.no_grad()
    def logits(self, x: Inputs) -> Float[Tensor, "n classes"]:
        """The network's scores of the classes."""
        return self.network(x)

    def probabilities(self, x: Inputs) -> Float[Tensor, "n classes"]:
        """The probabilities of the classes, calibrated as those of ``predict.py``."""
        record = self.module.record
        return (self.logits(x) / (record.temperature if record else 1.0)).softmax(1)

    def answer(self, example: Example) -> int:
        """The class that the network predicts."""
        self.turn_to(example)
        return int(self.logits(example.x[None]).argmax())

    @cached_property
    def data(self) -> DataModule:
        """The run's data, read at first use: not every method needs them."""
        self.read_data()
        return self._data

    @torch.no_grad()
    def batch(self, dataset: Dataset, items: np.ndarray) -> Batch:
        """Some items as the layers take them."""
        batch = as_tensors(dataset[Draw(items, None)])
        x, lengths = self.module.preprocess(batch)
        return items, x.contiguous(), lengths, batch.get("y")

    def batches(self, dataset: Dataset, most: int) -> Iterator[Batch]:
        """At most N items of a dataset, evenly drawn, sorted by length."""
        return (self.batch(dataset, items) for items in evenly_by_length(dataset, most, 64))

    def example(self, dataset: Dataset, item: int) -> Example:
        """One item of a dataset; over time without a label."""
        _, x, lengths, y = self.batch(dataset, np.array([item]))
        name, source = self.describe(dataset, item)
        label = None if y is None or self.module.network.over_time else int(y[0])
        return Example(self.own(x[0], lengths), name, label, source)

    @torch.no_grad()
    def explained(self, dataset: Dataset, item: int) -> Example:
        """One item; over time with the window in the middle of its longest label (if unknown, that found)."""
        example, network = self.example(dataset, item), self.module.network
        if not network.over_time:
            return example
        y, logits = self.batch(dataset, np.array([item]))[3], network(example.x[None])
        windows = Windows(logits, torch.tensor([len(logits)]))
        if y is None or network.shape.windows is None:
            answers = windows.answers()[0]
        else:
            answers = windows.labels(y, network.shape.windows).numpy()
        segment = longest(answers, self.module.between_classes)
        known = y is not None and segment.answer != UNLABELLED
        return replace(example, window=segment.middle, label=segment.answer if known else None)

    def own(self, x: Input, lengths: Tensor | None) -> Input:
        """An input without its padding."""
        varying = self.network.input_shape.varying
        return x if lengths is None or varying is None else x.narrow(1 + varying, 0, int(lengths[0]))

    def search(self, layer: str | None) -> Excitement:
        """The largest activations of a layer's units by training inputs; None: of the classes' scores."""
        if layer not in self._found:
            batches = self.batches(self.data.train_set, self.searched)
            shown = progress(batches, f"searching real inputs of {layer or 'the classes'}")
            self._found[layer] = search(self.module.network, layer, shown)
        return self._found[layer]

    def signed(self, relevance: Input) -> Map:
        """Relevance of places: the sum over what carries no place."""
        return relevance.sum(self.collapse, keepdim=True)

    def cell_for(self, shown: Sequence[Shown]) -> tuple[float, float]:
        """Width and height (inches) of the cells of inputs and their captions."""
        return self.cell

    def grid_figure(self, shown: Sequence[Shown], columns: int, head: float = 0.0) -> Figure:
        """Inputs in N columns, with captions; ``head`` (inches) is for a title."""
        width, height = self.cell_for(shown)
        figure, axes = self.new_figure(len(shown), columns, (width, height), head=head)
        letters = int(width * 72 / LETTER) - 1
        for part, (example, words, box) in zip(axes, shown, strict=True):
            if example is None:
                part.axis("off")
            else:
                self.show(part, example)
                if box is not None:
                    self.show_box(part, example, box)
            lines = [line[:letters] + "…" * (len(line) > letters) for line in words.split("\n")]
            part.set_title("\n".join(lines), fontsize=9, parse_math=False)
        return figure

    def new_figure(
        self,
        count: int,
        columns: int,
        cell: tuple[float, float],
        above: float = WORDS,
        below: float = 0.0,
        head: float = 0.0,
    ) -> tuple[Figure, list[Axes]]:
        """A figure with axes in cells (inches), each with room above for a caption and below for colours."""
        (width, height), (beside, under) = cell, self.margin
        wide, tall, under = width * columns, head + height * -(-count // columns), under + below
        figure = Figure(figsize=(wide, tall))
        size = (width - beside - 0.14) / wide, (height - under - above) / tall
        for place in range(count):
            row, column = divmod(place, columns)
            corner = (width * column + beside) / wide, 1 - (head + height * (row + 1) - under) / tall
            figure.add_axes((*corner, *size))
        return figure, figure.axes

    def draw_scale(self, axes: Axes, heat: np.ndarray, unit: str) -> None:
        """The colours of a map below it, from its least value (at most 0) to its largest (at least 0)."""
        figure, box = axes.figure, axes.get_position()
        low, high, most = min(heat.min(), 0.0), max(heat.max(), 0.0), np.abs(heat).max() or 1.0
        tall, below = figure.bbox.height / figure.dpi, self.margin[1] + 0.16
        bar = figure.add_axes((box.x0, box.y0 - below / tall, box.width, 0.12 / tall))
        words = (f"{low:.3g} against", f"for {high:.3g}") if low else ("0", f"{high:.3g}")
        draw_bar(bar, self.colours(np.linspace(low, high, 256) / most), words, unit)


def draw_bar(axes: Axes, colours: np.ndarray, ends: tuple[str, str], unit: str) -> None:
    """A row of colours, with words at its ends and below it."""
    axes.imshow(colours[None], aspect="auto", extent=(0, 1, 0, 1))
    axes.set_xticks([0, 1], ends, fontsize=9)
    axes.set(yticks=[])
    axes.tick_params(length=0, pad=2)
    left, right = axes.get_xticklabels()
    left.set_horizontalalignment("left")
    right.set_horizontalalignment("right")
    axes.set_xlabel(unit, fontsize=9, labelpad=1)


def draw_signed(axes: Axes, values: np.ndarray, most: float | None = None, **style: Any) -> None:
    """Values (axis 1, axis 2) in colours about white: blue above zero, orange below; ``most`` is full."""
    most = most or float(np.nanmax(np.abs(values))) or 1.0
    axes.imshow(values, cmap=RELEVANCE, vmin=-most, vmax=most, interpolation="nearest", **style)


def draw_box(axes: Axes, box: Box, left: float = -0.5, width: float = 1.0) -> None:
    """A frame around a box of cells, the first of which begins at ``left`` and is ``width`` wide."""
    rows, columns = box
    corner, size = (left + columns.start * width, rows.start - 0.5), (len(columns) * width, len(rows))
    axes.add_patch(Rectangle(corner, *size, fill=False, edgecolor=ORANGE, linewidth=2, zorder=7))


def boxes(size: Sequence[int], box: Sequence[int], stride: Sequence[int] | None = None) -> Masks:
    """Boxes that slide over a grid of cells by half a box, or by a stride.

    Those at the far edges are cut off by it, as Captum's are.
    """
    stride = stride or [max(length // 2, 1) for length in box]
    starts = [
        range(0, max(cells - length, 0) + by, by) for cells, length, by in zip(size, box, stride, strict=True)
    ]
    masks = torch.zeros(len(starts[0]), len(starts[1]), *size, dtype=torch.bool)
    for i, row in enumerate(starts[0]):
        for j, column in enumerate(starts[1]):
            masks[i, j, row : row + box[0], column : column + box[1]] = True
    return masks.flatten(0, 1)
