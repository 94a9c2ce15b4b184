"""Normalisation over the batch, as a part of other layers and as a layer of its own."""

from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from shared.network.layers.base import Layer, beyond
from shared.network.shape import Shape


class Norm(Layer, name="norm"):
    """Each channel or feature brought to mean 0 and variance 1, then scaled and shifted by learned amounts.

    Args:
        shape: Of its input.
        type: ``batch``: over the examples of a batch and their cells (Ioffe & Szegedy 2015); with ``none`` no
            layer is built.
    """

    takes = "any"
    main = "type"

    def __init__(self, shape: Shape, *, type: Literal["batch", "none"] = "batch"):
        super().__init__(shape)
        self.norm = nn.BatchNorm1d(shape.channels) if shape.flat else nn.BatchNorm2d(shape.channels)

    def forward(self, x: Float[Tensor, "n ..."], lengths: Int[Tensor, " _"] | None = None) -> Tensor:
        """The normalised values."""
        return normalize(self.norm, x, lengths, self.shape.varying)


def normalize(norm: nn.Module, x: Tensor, lengths: Int[Tensor, " n"] | None, axis: int | None) -> Tensor:
    """``norm(x)``; in training the batch's mean and variance are those of the examples' own cells.

    Args:
        norm: over the batch.
        x: vectors, or maps (N, channels, axis 1, axis 2).
        lengths: own cells along ``axis``; None where all are.
        axis: the one that varies (0 or 1), if one does.
    """
    if axis is None or lengths is None or not norm.training:
        return norm(x)
    cells = x.movedim(2 + axis, 1)  # (n, cells, channels, other axis)
    own = ~beyond(lengths, cells.size(1))
    normal = norm(cells[own][..., None])[..., 0]
    padding = torch.zeros_like(cells, dtype=normal.dtype)
    return padding.masked_scatter(own[..., None, None], normal).movedim(1, 2 + axis)
