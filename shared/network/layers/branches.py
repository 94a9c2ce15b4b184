"""Composed layers: branches side by side, and residuals."""

from functools import reduce
from typing import Any, Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from shared.errors import UserError
from shared.network.layers.activation import ACTIVATIONS, ActivationName
from shared.network.layers.base import Chain, Layer, Lengths
from shared.network.layers.conv import Conv
from shared.network.layers.dense import Dense
from shared.network.shape import Shape


class SideBySide(Layer):
    """Chains over the same input, their channels or features concatenated.

    Raises:
        UserError: The chains' maps differ in size or stride.
    """

    takes = "any"

    def __init__(self, shape: Shape, *branches: Chain):
        shapes = [branch.shape for branch in branches]
        for number, branch in enumerate(branches):
            if _cells(branch) != _cells(branches[0]):
                raise UserError(
                    f"branch 0 gives {shapes[0]} and branch {number} {branch.shape}: "
                    "they must agree in size, in stride and in what varies"
                )
        out = reduce(Shape.join, shapes)
        super().__init__(Shape(sum(one.channels for one in shapes), out.axes, out.flat, out.windows))
        for number, branch in enumerate(branches, 1):
            self.add_module(f"branch{number}", branch)

    def forward(self, x: Float[Tensor, "n ..."], lengths: Lengths = None) -> Tensor:
        return torch.cat([branch(x, lengths) for branch in self.children()], 1)

    def out_lengths(self, lengths: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
        return self.get_submodule("branch1").out_lengths(lengths)  # type: ignore[operator]


class Residual(Layer):
    """The sum of a chain and its input, then an activation (He et al. 2016, section 3.2).

    Where the chain changes the number of channels, or strides, a projection of its input is added: 1×1
    filters without activation, with ``norm``.

    Raises:
        UserError: The chain changes the size of the map other than by its strides.
    """

    takes = "any"

    def __init__(
        self, shape: Shape, body: Chain, *, norm: Literal["none", "batch"], activation: ActivationName
    ):
        out = body.shape
        stride = [after.stride // before.stride for after, before in zip(out.axes, shape.axes, strict=True)]
        same: dict[str, Any] = {"norm": norm, "activation": "none"}
        projection: Layer | None = None
        if shape.flat and out.channels != shape.channels:
            projection = Dense(shape, units=out.channels, **same)
        elif not shape.flat and (out.channels != shape.channels or stride != [1, 1]):
            projection = Conv(shape, filters=out.channels, kernel=1, stride=stride, **same)
        around = projection or Chain({}, shape)
        if _cells(body) != _cells(around):
            raise UserError(f"its layers turn {shape} into {out}, which cannot be added: pad with zeros")
        super().__init__(out.join(around.shape))
        self.body, self.projection = body, projection
        self.activate = ACTIVATIONS[activation]

    def forward(self, x: Float[Tensor, "n ..."], lengths: Lengths = None) -> Tensor:
        around = x if self.projection is None else self.projection(x, lengths)
        return self.activate(self.body(x, lengths) + around)

    def out_lengths(self, lengths: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
        return self.body.out_lengths(lengths)


def _cells(layer: Chain | Layer) -> tuple[Any, ...]:
    """What outputs must share to be added or concatenated: cells in the same places, whatever they see."""
    shape = layer.shape
    # One cell has no neighbour, so no stride to agree on.
    axes = [(axis.size, axis.stride if axis.size != 1 else 1) for axis in shape.axes]
    lengths = layer.out_lengths(torch.arange(1, 1000, device="cpu"))
    return axes, shape.flat, shape.windows, lengths.tolist()
