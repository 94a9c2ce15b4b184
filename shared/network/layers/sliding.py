"""What layers share whose window slides along the axes of a map."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, TypeAlias, TypeVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from shared.config import Count
from shared.errors import UserError
from shared.network.layers.base import Layer, Lengths, Maps, clear
from shared.network.shape import Shape, slid

Size: TypeAlias = Count | Literal["span"]
PadName: TypeAlias = Literal["none", "zeros", "replicate", "reflect", "circular"]
T = TypeVar("T")


def pair(key: str, value: T | list[Any]) -> tuple[T, T]:
    """One value for both axes, or one for each; refuses a list of another length."""
    if isinstance(value, list) and len(value) != 2:
        raise UserError(f"{key}: must be one value or a list of two, one an axis, got {value}")
    first, second = value if isinstance(value, list) else (value, value)
    return first, second


class Sliding(Layer):
    """A layer with a window, which must not be larger than the map.

    ``kernel`` is None along an axis that varies and that the window spans.
    """

    key: ClassVar[str] = "kernel"  # the setting that sizes the window
    instead: ClassVar[str] = ""  # the remedy for one that is too large

    def __init__(
        self,
        shape: Shape,
        channels: int,
        kernel: Sequence[int | None],
        stride: Sequence[int],
        pad: Sequence[int] = (0, 0),
    ):
        axes = []
        for number, (axis, k, s, p) in enumerate(zip(shape.axes, kernel, stride, pad, strict=True), 1):
            if axis.size is not None and k is not None and k > axis.size + 2 * p:
                at_most = f"must be at most {axis.size}, the size of axis {number}"
                raise UserError(f"{self.key}: {at_most}, got {k}{self.instead}")
            axes.append(axis.slide(k, s, p))
        super().__init__(Shape(channels, (axes[0], axes[1]), windows=shape.windows))
        self.kernel, self.stride, self.pad = tuple(kernel), tuple(stride), tuple(pad)
        self.varying = shape.varying

    def fill(self, x: Maps, lengths: Lengths, value: float) -> Float[Tensor, "n channels _ _"]:
        """``x`` with ``value`` as padding; an example shorter than the window is extended with it."""
        axis = self.varying
        if axis is None or lengths is None:
            return x
        return clear(x, lengths, axis, (self.kernel[axis] or 1) - 2 * self.pad[axis], value)

    def out_lengths(self, lengths: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
        """Places of the window, at least one."""
        axis = self.varying
        if axis is None:
            return lengths
        kernel = self.kernel[axis]
        if kernel is None:
            return torch.ones_like(lengths)
        return slid(lengths, kernel, self.stride[axis], self.pad[axis]).clamp(min=1)
