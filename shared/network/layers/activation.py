"""The functions between layers, by name."""

from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ActivationName = Literal["relu", "none", "gelu", "silu", "tanh", "sigmoid"]

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "none": lambda x: x,
    "gelu": F.gelu,
    "silu": F.silu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
}


def initialize(
    weight: nn.Parameter, bias: nn.Parameter | None, activation: ActivationName, norm: bool
) -> None:
    """Start a layer's weights.

    Where a rectifier follows at once, He et al. 2015 (section 2.2): the signal keeps its size through any
    depth, and a deep network without norm learns; with torch's default it would shrink by √6 a layer.
    Elsewhere torch's default, so that the results stay comparable with nn.Conv2d's and nn.Linear's.
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
