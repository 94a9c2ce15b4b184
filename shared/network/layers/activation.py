"""The functions between layers, by name, and as a layer of its own."""

from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from shared.network.layers.base import Layer
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
    """A function of each value, as a layer of its own.

    The weights of the layer before it start as torch's do: see ``initialize``.
    """

    takes = "any"
    main = "type"

    def __init__(self, shape: Shape, *, type: ActivationName):
        super().__init__(shape)
        self.activate = ACTIVATIONS[type]

    def forward(self, x: Float[Tensor, "n ..."], lengths: Int[Tensor, " _"] | None = None) -> Tensor:
        """The function's values."""
        return self.activate(x)


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
