"""What follows a layer's own arithmetic, by name: activation and norm, each also as a layer of its own."""

from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from shared.network.layers.base import Layer, Lengths, beyond
from shared.network.shape import Shape

ActivationName = Literal["relu", "none", "gelu", "silu", "tanh", "sigmoid"]

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "none": lambda x: x,
    "gelu": F.gelu,
    "silu": F.silu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
}


class Activation(Layer, name="activation"):
    """A function of each value. Weights of the layer before it start as torch's do: see ``initialize``."""

    takes = "any"
    main = "type"

    def __init__(self, shape: Shape, *, type: ActivationName):
        super().__init__(shape)
        self.activate = ACTIVATIONS[type]

    def forward(self, x: Float[Tensor, "n ..."], lengths: Lengths = None) -> Tensor:
        return self.activate(x)


class Norm(Layer, name="norm"):
    """Each channel or feature brought to mean 0 and variance 1, then scaled and shifted by learned amounts.

    Over the examples of a batch and their cells (Ioffe & Szegedy 2015); with ``none`` no layer is built.
    """

    takes = "any"
    main = "type"

    def __init__(self, shape: Shape, *, type: Literal["batch", "none"] = "batch"):
        super().__init__(shape)
        self.norm = nn.BatchNorm1d(shape.channels) if shape.flat else nn.BatchNorm2d(shape.channels)

    def forward(self, x: Float[Tensor, "n ..."], lengths: Lengths = None) -> Tensor:
        return normalize(self.norm, x, lengths, self.shape.varying)


def normalize(norm: nn.Module, x: Tensor, lengths: Lengths, axis: int | None) -> Tensor:
    """``norm(x)``; in training the batch's mean and variance are those of the examples' own cells.

    Of maps (N, channels, axis 1, axis 2) that vary along ``axis`` (0 or 1), if one does; else of any values.
    """
    if axis is None or lengths is None or not norm.training:
        return norm(x)
    cells = x.movedim(2 + axis, 1)  # (n, cells, channels, other axis)
    own = ~beyond(lengths, cells.size(1))
    normal = norm(cells[own][..., None])[..., 0]
    padding = torch.zeros_like(cells, dtype=normal.dtype)
    return padding.masked_scatter(own[..., None, None], normal).movedim(1, 2 + axis)


def initialize(
    weight: nn.Parameter, bias: nn.Parameter | None, activation: ActivationName, norm: bool
) -> None:
    """Draw a layer's initial weights.

    Where a rectifier follows directly, as He et al. 2015 (section 2.2): the signal keeps its size at any
    depth, and a deep network without norm learns; with torch's default it would shrink by √6 a layer.
    Elsewhere torch's default, so that results are comparable with nn.Conv2d's and nn.Linear's.
    """
    if activation in ("relu", "gelu", "silu") and not norm:
        nn.init.kaiming_uniform_(weight, nonlinearity="relu")
        if bias is not None:
            nn.init.zeros_(bias)
        return
    nn.init.kaiming_uniform_(weight, a=5**0.5)
    if bias is not None:
        bound = weight[0].numel() ** -0.5
        nn.init.uniform_(bias, -bound, bound)
