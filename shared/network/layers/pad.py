"""A map in the middle of a larger one of zeros."""

from dataclasses import replace

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from shared.config import Count
from shared.errors import UserError
from shared.network.layers.base import Layer, Lengths, Maps, checked
from shared.network.layers.sliding import pair
from shared.network.shape import Shape


class Pad(Layer, name="pad"):
    """Zeros around a map up to a size, such as after convolutions without padding that have made it smaller.

    Where their number is odd, one more comes after the map than before it.

    Raises:
        UserError: The map is larger, or the size too large.
    """

    main = "to"
    computes = False
    varies = False

    def __init__(self, shape: Shape, *, to: Count | list[Count]):
        axes, around = [], list[int]()
        for number, (axis, cells) in enumerate(zip(shape.axes, pair("to", to), strict=True), 1):
            missing = cells - (axis.size or 0)
            if missing < 0:
                raise UserError(f"to: must be at least {axis.size}, the size of axis {number}, got {cells}")
            before = missing // 2
            axes.append(replace(axis, size=cells, start=axis.start - before * axis.stride))
            around = [before, missing - before, *around]  # the last axis first
        super().__init__(checked("to", replace(shape, axes=(axes[0], axes[1]))))
        self.around = around
        self.pads = "zeros" if any(around) else None

    def forward(self, x: Maps, lengths: Lengths = None) -> Float[Tensor, "n channels b1 b2"]:
        return F.pad(x, self.around)
