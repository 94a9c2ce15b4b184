"""A network from its list of layers."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from shared.errors import UserError
from shared.network.layers import LAYERS
from shared.network.layers.base import Chain, Layer
from shared.network.reader import Item, Reader
from shared.network.shape import Axis, Shape

INPUT_LIMIT = 2**24  # numbers of an input: 64 MiB


class Network(Chain):
    """Layers by name (``conv1``, ``pool1``, ``dense2``), from channels over two axes to logits."""

    def __init__(self, chain: Chain, input_shape: Shape):
        super().__init__(dict(chain.named_children()), chain.shape)  # type: ignore[arg-type]
        self.input_shape = input_shape

    @property
    def head(self) -> str:
        """The name of the layer that gives the logits: the last that computes."""
        return [name for name, layer in self.named_children() if isinstance(layer, Layer) and layer.computes][
            -1
        ]

    @property
    def over_time(self) -> bool:
        """Whether it has an answer for each window instead of one for each example."""
        return self.shape.windows is not None

    def windows(self, x: Float[Tensor, "n channels a1 a2"], lengths: Int[Tensor, " n"] | None) -> Tensor:
        """The number of windows (n,) of each example of a network that has an answer for each."""
        assert self.shape.windows is not None
        if self.shape.windows.size is not None:
            return torch.full((len(x),), self.shape.windows.size, device=x.device)
        if lengths is None:
            lengths = torch.full((len(x),), x.size(3), device=x.device)
        return self.out_lengths(lengths)

    def forward(
        self, x: Float[Tensor, "n channels a1 a2"], lengths: Int[Tensor, " n"] | None = None
    ) -> Float[Tensor, "answers classes"]:
        """Logits of each example, or of each window of one example after the other (see ``over_time``).

        Without lengths, see ``Layer``, all examples fill the axis that varies.
        """
        varying = self.input_shape.varying
        if varying is None and lengths is not None:
            raise ValueError(f"lengths for a network on {self.input_shape}, in which nothing varies")
        if varying is not None and lengths is None:
            lengths = torch.full((len(x),), x.size(2 + varying), device=x.device)
        return super().forward(x, lengths)


def build_network(
    layers: Any, channels: int, size: tuple[int | None, int | None], classes: int | None
) -> Network:
    """The network that a list of layers describes.

    A layer is a name (``flatten``), a name with its main setting (``dense: 100``) or with its settings
    (``conv: {filters: 25, kernel: 3}``). Composed layers are ``repeat: {times: 3, layers: [...]}``,
    ``residual: [...]`` and ``side_by_side: [[...], [...]]``. ``defaults: {conv: {pad: zeros}}`` holds
    settings for the layers after it, also those in lists among them, that do not set these themselves.

    The last layer that computes gives the logits, so neither activation nor norm follows it. The
    activation of a residual's last layer follows the sum.

    Args:
        layers: The list, as plain containers.
        channels: Channels of the input.
        size: Cells along its two axes; None for the one that varies from example to example.
        classes: Number of logits; None where it is not known yet: ``classes`` stands for 2, and any number of
            logits is right.

    Raises:
        UserError: The list has a mistake; names the layer, the key, the value and what is allowed.
    """
    if size == (None, None):
        raise ValueError("one axis may vary, not both")
    number = 2 if classes is None else classes
    sizes = [channels, *(cells for cells in size if cells is not None)]
    if min(number, *sizes) < 1 or math.prod(sizes) > INPUT_LIMIT:
        raise UserError(
            f"layers: must have an input of 1 to {INPUT_LIMIT:,} numbers and at least 1 class, got "
            f"{channels} channels of {size[0]}×{size[1]} and {number} classes"
        )
    shape = Shape(channels, (Axis(size[0]), Axis(size[1])))
    chain = _build(_with_logits(Reader(number).read(layers, "layers")), shape)
    _check_end(chain.shape, classes)
    return Network(chain, shape)


def _with_logits(items: tuple[Item, ...]) -> Sequence[Item]:
    """The items, of which the last that computes gives logits."""
    number = max((n for n, item in enumerate(items) if item.layer.computes), default=len(items) - 1)
    last = items[number] if items else None
    if last is None or not last.layer.gives_logits:
        able = " or ".join(name for name, layer in LAYERS.items() if layer.gives_logits)
        got = last.place if last else "none"
        raise UserError(f"layers: the one that gives the logits must be {able}, got {got}")
    for key in ("activation", "norm"):
        if key in last.own:
            must = "must not be set in the layer that gives the logits"
            raise UserError(f"{last.place}.{key}: {must}, got {last.settings[key]}")
    return (*items[:number], last.without("activation", "norm"), *items[number + 1 :])


def _build(items: Sequence[Item], shape: Shape) -> Chain:
    """A chain of the items' layers, each named by its kind and its number among those in the chain."""
    numbers: Counter[str] = Counter()
    layers: dict[str, Layer] = {}
    for item in items:
        numbers[item.kind] += 1
        parts = [_build(part, shape) for part in item.parts]
        try:
            item.layer.check_input(shape)
            layer = item.layer(shape, *parts, **item.settings)
        except UserError as error:  # ``layers[1].conv.kernel: must be … (its input: …)``
            key = "." if re.match(r"\w+: ", str(error)) else ": "
            raise UserError(f"{item.place}{key}{error} (its input: {shape})") from None
        layer.kind, layer.settings = item.kind, item.settings
        layers[f"{item.kind}{numbers[item.kind]}"] = layer
        shape = layer.shape
    return Chain(layers, shape)


def _check_end(shape: Shape, classes: int | None) -> None:
    if not shape.flat:
        raise UserError(f"layers: must end in logits, got {shape}; add `flatten`")
    if classes is not None and shape.channels != classes:
        raise UserError(
            f"layers: must end in {classes} logits, one a class, got {shape}; let the last layer be "
            "`dense: classes`, or choose filters and sizes that give as many"
        )
