"""Layers over vectors: flatten, dense and dropout."""

from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from shared.config import Below, Count
from shared.network.layers.activation import ACTIVATIONS, ActivationName, initialize
from shared.network.layers.base import Layer, Lengths, Maps
from shared.network.shape import Shape


class Flatten(Layer, name="flatten"):
    """A map's cells as one vector, channel by channel, row by row."""

    varies = False
    computes = False

    def __init__(self, shape: Shape):
        rows, columns = shape.axes
        features = shape.channels * (rows.size or 1) * (columns.size or 1)
        super().__init__(Shape(features, (rows.span(), columns.span()), flat=True, windows=shape.windows))

    def forward(self, x: Maps, lengths: Lengths = None) -> Float[Tensor, "n features"]:
        return x.flatten(1)


class Dense(Layer, name="dense"):
    """Units that see all features: a matrix product, then norm and activation.

    A norm's shift is the unit's bias (Ioffe & Szegedy 2015).
    """

    takes = "vectors"
    main = width = "units"
    gives_logits = True

    def __init__(
        self,
        shape: Shape,
        *,
        units: Count,
        activation: ActivationName = "relu",
        norm: Literal["none", "batch"] = "none",
    ):
        super().__init__(Shape(units, shape.axes, flat=True, windows=shape.windows))
        self.weight = nn.Parameter(torch.empty(units, shape.channels))
        self.norm = nn.BatchNorm1d(units) if norm == "batch" else None
        self.bias = nn.Parameter(torch.empty(units)) if self.norm is None else None
        self.activate = ACTIVATIONS[activation]
        initialize(self.weight, self.bias, activation, norm == "batch")

    def forward(self, x: Float[Tensor, "n features"], lengths: Lengths = None) -> Float[Tensor, "n units"]:
        x = F.linear(x, self.weight, self.bias)
        return self.activate(x if self.norm is None else self.norm(x))

    def filters(self, shape: Shape) -> Float[Tensor, "units channels a1 a2"]:
        """The weights of each unit, as a filter as large as the map that was flattened."""
        rows, columns = (size or 1 for size in shape.size)
        return self.weight.detach().unflatten(1, (-1, rows, columns))


class Dropout(Layer, name="dropout"):
    """Each value set to zero with probability ``p`` in training (Srivastava et al. 2014)."""

    takes = "any"
    main = "p"
    computes = False

    def __init__(self, shape: Shape, *, p: Below):
        super().__init__(shape)
        self.p = p

    def forward(self, x: Float[Tensor, "n ..."], lengths: Lengths = None) -> Tensor:
        return F.dropout(x, self.p, self.training)
