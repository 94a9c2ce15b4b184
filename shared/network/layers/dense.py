"""What follows the maps: one vector, layers that see all of it, and dropout."""

from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from shared.errors import UserError
from shared.network.layers.activation import ACTIVATIONS, ActivationName, initialize
from shared.network.layers.base import Layer
from shared.network.shape import Shape


class Flatten(Layer):
    """A map's cells as one vector, plane by plane, row by row.

    Raises:
        UserError: The map's size varies.
    """

    def __init__(self, shape: Shape):
        rows, columns = shape.extent
        if rows is None or columns is None:
            axis = 1 if rows is None else 2
            raise UserError(
                f"axis {axis} varies from sample to sample, and a vector cannot: "
                f"put pool: {{kernel: [{'span, 1' if axis == 1 else '1, span'}]}} before"
            )
        axes = shape.axes[0].span(), shape.axes[1].span()
        super().__init__(Shape(shape.planes * rows * columns, axes, flat=True, windows=shape.windows))

    def forward(
        self, x: Float[Tensor, "n planes a1 a2"], lengths: Int[Tensor, " _"] | None = None
    ) -> Float[Tensor, "n features"]:
        """The vectors."""
        return x.flatten(1)


class Dense(Layer):
    """Every unit sees every feature.

    Args:
        shape: What it takes: vectors.
        units: How many, each giving a feature.
        activation: After norm and bias.
        norm: ``batch`` normalises each unit (Ioffe & Szegedy 2015); its shift is then the unit's bias.
    """

    def __init__(
        self,
        shape: Shape,
        *,
        units: int,
        activation: ActivationName = "relu",
        norm: Literal["none", "batch"] = "none",
    ):
        super().__init__(Shape(units, shape.axes, flat=True, windows=shape.windows))
        self.weight = nn.Parameter(torch.empty(units, shape.planes))
        self.norm = nn.BatchNorm1d(units) if norm == "batch" else None
        self.bias = nn.Parameter(torch.empty(units)) if self.norm is None else None
        self.activate = ACTIVATIONS[activation]
        initialize(self.weight, self.bias, activation, norm == "batch")

    def forward(
        self, x: Float[Tensor, "n features"], lengths: Int[Tensor, " _"] | None = None
    ) -> Float[Tensor, "n units"]:
        """The units' values."""
        x = F.linear(x, self.weight, self.bias)
        if self.norm is not None:
            x = self.norm(x)
        return self.activate(x)


class Dropout(Layer):
    """Each value set to zero with probability ``p`` in training (Srivastava et al. 2014).

    Raises:
        UserError: ``p`` is no probability below 1.
    """

    def __init__(self, shape: Shape, *, p: float):
        if not 0 <= p < 1:
            raise UserError(f"p: {p} is no probability below 1")
        super().__init__(shape)
        self.p = p

    def forward(self, x: Float[Tensor, "n ..."], lengths: Int[Tensor, " _"] | None = None) -> Tensor:
        """The input, thinned out in training."""
        return F.dropout(x, self.p, self.training)
