"""The cells of an axis in another order: do neighbours mean anything?"""

from dataclasses import replace
from typing import Literal

import numpy as np
import torch

from shared.config import Seed
from shared.errors import UserError
from shared.network.layers.base import Layer, Lengths, Maps
from shared.network.shape import Shape


class Permute(Layer, name="permute"):
    """The cells along an axis in an order that ``seed`` draws, the same for all examples.

    What filters that span the axis can learn stays the same; filters that slide along it look for patterns
    among cells that are no neighbours any more. With the seed ``none`` no layer is built.

    Raises:
        UserError: The axis varies.
    """

    main = switch = "seed"
    computes = False

    order: torch.Tensor  # (cells,) which cell stands in each place

    def __init__(self, shape: Shape, *, axis: Literal[1, 2], seed: Seed | Literal["none"] = 0):
        cells = shape.axes[axis - 1].size
        if cells is None:
            other = f"must be {3 - axis} where axis {axis} varies from example to example"
            raise UserError(f"axis: {other}, got {axis}")
        rows, columns = (one.whole() if i == axis else one for i, one in enumerate(shape.axes, 1))
        super().__init__(replace(shape, axes=(rows, columns)))
        self.axis = axis + 1
        order = np.random.RandomState(int(seed)).permutation(cells)  # whose numbers numpy keeps forever
        self.register_buffer("order", torch.from_numpy(order), persistent=False)

    def forward(self, x: Maps, lengths: Lengths = None) -> Maps:
        return x.index_select(self.axis, self.order)
