"""Every second row or column dropped: does the meaning stay?"""

from dataclasses import replace
from typing import Literal

import torch

from shared.errors import UserError
from shared.network.layers.base import Layer, Lengths, Maps
from shared.network.shape import Shape

Number = Literal[1, 2]


class Halve(Layer, name="halve"):
    """Every second cell along the axes dropped, and the cell before it in its place, so that sizes stay.

    A picture stays itself so, and a position of Go does not. ``none`` builds no layer.

    Raises:
        UserError: An axis is named twice, or none.
    """

    main = switch = "axes"
    computes = False

    def __init__(self, shape: Shape, *, axes: Number | list[Number] | Literal["none"]):
        numbers = axes if isinstance(axes, list) else [axes]
        if not numbers or len(set(numbers)) < len(numbers):
            raise UserError(f"axes: must be none, 1, 2 or [1, 2], got {axes}")
        chosen = sorted(int(number) - 1 for number in numbers)
        rows, columns = (
            replace(axis, start=axis.start - axis.stride, field=axis.field + axis.stride)
            if i in chosen
            else axis
            for i, axis in enumerate(shape.axes)
        )
        super().__init__(replace(shape, axes=(rows, columns)))
        self.axes = chosen

    def forward(self, x: Maps, lengths: Lengths = None) -> Maps:
        """Of an example's own cells each is replaced by one of its own."""
        for axis in self.axes:
            place = torch.arange(x.size(2 + axis), device=x.device)
            x = x.index_select(2 + axis, place // 2 * 2)
        return x
