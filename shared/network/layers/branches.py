"""Composed layers: branches side by side, and residuals."""

from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from shared.errors import UserError
from shared.network.layers.activation import ACTIVATIONS, ActivationName
from shared.network.layers.base import Chain, Layer
from shared.network.layers.conv import Conv
from shared.network.layers.dense import Dense
from shared.network.shape import Axis, Shape


class SideBySide(Layer):
    """Chains over the same input, their channels or features concatenated.

    Raises:
        UserError: The chains' maps differ in size or stride.
    """

    def __init__(self, branches: list[Chain]):
        first, *others = shapes = [branch.shape for branch in branches]
        for number, other in enumerate(others, 1):
            if not _alike(first, other) or not _same_lengths(branches[0], branches[number]):
                raise UserError(
                    f"branch 0 gives {first} and branch {number} {other}: "
                    "they must agree in size, in stride and in what varies"
                )
        a1, a2 = first.axes
        for other in others:
            a1, a2 = a1.join(other.axes[0]), a2.join(other.axes[1])
        super().__init__(Shape(sum(shape.channels for shape in shapes), (a1, a2), first.flat, first.windows))
        for number, branch in enumerate(branches, 1):
            self.add_module(f"branch{number}", branch)

    def forward(self, x: Float[Tensor, "n ..."], lengths: Int[Tensor, " _"] | None = None) -> Tensor:
        """The branches' channels or features."""
        return torch.cat([branch(x, lengths) for branch in self.children()], 1)

    def out_lengths(self, lengths: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
        """Those of any branch: all agree."""
        return self.get_submodule("branch1").out_lengths(lengths)  # type: ignore[operator]


class Residual(Layer):
    """The sum of a chain and its input, then an activation (He et al. 2016, section 3.2).

    Where the chain changes the number of channels, or strides, a projection of its input is added: 1×1
    filters without activation, with the chain's norm.

    Args:
        shape: Of its input.
        body: The chain; its last layer has no activation of its own.
        norm: Of the projection.
        activation: After the sum.

    Raises:
        UserError: The chain changes the size of the map other than by its strides.
    """

    def __init__(
        self,
        shape: Shape,
        body: Chain,
        norm: Literal["none", "batch"],
        activation: ActivationName,
    ):
        out = body.shape
        stride = [after.stride // before.stride for after, before in zip(out.axes, shape.axes, strict=True)]
        projection: Layer | None = None
        if shape.flat and out.channels != shape.channels:
            projection = Dense(shape, units=out.channels, norm=norm, activation="none")
        elif not shape.flat and (out.channels != shape.channels or stride != [1, 1]):
            projection = Conv(
                shape, filters=out.channels, kernel=1, stride=stride, norm=norm, activation="none"
            )
        around = projection or Chain({}, shape)
        if not _alike(out, around.shape) or not _same_lengths(body, around):
            raise UserError(f"its layers turn {shape} into {out}, which cannot be added: pad with zeros")
        axes = out.axes[0].join(around.shape.axes[0]), out.axes[1].join(around.shape.axes[1])
        super().__init__(Shape(out.channels, axes, out.flat, out.windows))
        self.body, self.projection = body, projection
        self.activate = ACTIVATIONS[activation]

    def forward(self, x: Float[Tensor, "n ..."], lengths: Int[Tensor, " _"] | None = None) -> Tensor:
        """The activated sum."""
        around = x if self.projection is None else self.projection(x, lengths)
        return self.activate(self.body(x, lengths) + around)

    def out_lengths(self, lengths: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
        """The chain's."""
        return self.body.out_lengths(lengths)


def _alike(a: Shape, b: Shape) -> bool:
    """Whether two shapes have the same cells in the same places, whatever each sees around them."""

    def cells(axis: Axis) -> tuple[int | None, int]:
        # One cell has no neighbour, so no stride to agree on.
        return axis.size, axis.stride if axis.size != 1 else 1

    return (
        [cells(axis) for axis in a.axes] == [cells(axis) for axis in b.axes]
        and a.flat == b.flat
        and a.windows == b.windows
    )


def _same_lengths(a: Chain | Layer, b: Chain | Layer) -> bool:
    """Whether two layers give examples of the same lengths."""
    lengths = torch.arange(1, 1000, device="cpu")
    return torch.equal(a.out_lengths(lengths), b.out_lengths(lengths))
