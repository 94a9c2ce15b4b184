"""Pooling: subsampling, where rows and columns can be dropped without changing the meaning."""

from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from shared.errors import UserError
from shared.network.layers.base import Layer, clear
from shared.network.layers.settings import Extent, pair
from shared.network.shape import Axis, Shape, slid


class Pool(Layer):
    """Of each window of each plane its largest value, its mean, or both side by side.

    Odd rows left over are dropped. Padding takes no part, in means neither.

    Args:
        shape: What it takes: maps.
        kernel: Cells of the window, or ``span`` for all of an axis: one for both or ``[axis 1, axis 2]``.
        type: ``both`` gives the maxima and then the means, twice the planes; ``none`` leaves the layer out
            when the network is built, so that pooling can be switched off by one word.
        stride: Cells from window to window; left out, the windows lie edge to edge.

    Raises:
        UserError: The window is larger than the map.
    """

    def __init__(
        self,
        shape: Shape,
        *,
        kernel: Extent | list[Extent],
        type: Literal["max", "avg", "both", "none"] = "max",
        stride: int | list[int] | None = None,
    ):
        kernels: tuple[Extent, Extent] = pair(kernel)
        strides = kernels if stride is None else pair(stride)
        a1, a2 = shape.axes
        axes = _pooled(1, a1, kernels[0], strides[0]), _pooled(2, a2, kernels[1], strides[1])
        planes = shape.planes * 2 if type == "both" else shape.planes
        super().__init__(Shape(planes, axes, windows=shape.windows))
        self.takes, self.kernel, self.stride = type, kernels, strides
        self.varying = shape.varying

    def forward(
        self, x: Float[Tensor, "n planes _ _"], lengths: Int[Tensor, " _"] | None = None
    ) -> Float[Tensor, "n more_planes _ _"]:
        """The pooled maps."""
        if self.varying is None:
            lengths = None
        if self.takes == "max":
            return self._max(x, lengths)
        if self.takes == "avg":
            return self._mean(x, lengths)
        return torch.cat([self._max(x, lengths), self._mean(x, lengths)], 1)

    def _max(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        if lengths is not None:
            x = self._clear(x, lengths, -torch.inf)
        return F.max_pool2d(x, *self._window(x))

    def _mean(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        if lengths is None:
            return F.avg_pool2d(x, *self._window(x))
        x = self._clear(x, lengths, 0.0)
        kernel, stride = self._window(x)
        cells = kernel[self.varying]  # type: ignore[index]
        share = cells / lengths.clamp(max=cells)  # of a window, that a sample shorter than it fills
        return F.avg_pool2d(x, kernel, stride) * share.to(x.dtype)[:, None, None, None]

    def _clear(self, x: Tensor, lengths: Tensor, value: float) -> Tensor:
        assert self.varying is not None
        kernel = self.kernel[self.varying]
        return clear(x, lengths, self.varying, 1 if kernel == "span" else kernel, value)

    def _window(self, x: Tensor) -> tuple[list[int], list[int]]:
        """Kernel and stride in cells of this input."""
        sizes = x.shape[2:]
        kernel = [size if k == "span" else k for k, size in zip(self.kernel, sizes, strict=True)]
        stride = [
            size if "span" in (k, s) else s
            for k, s, size in zip(self.kernel, self.stride, sizes, strict=True)
        ]
        return kernel, stride  # type: ignore[return-value]

    def out_lengths(self, lengths: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
        """One window at least."""
        if self.varying is None:
            return lengths
        kernel, stride = self.kernel[self.varying], self.stride[self.varying]
        if kernel == "span":
            return torch.ones_like(lengths)
        assert isinstance(stride, int)
        return slid(lengths, kernel, stride).clamp(min=1)


def _pooled(number: int, axis: Axis, kernel: Extent, stride: Extent) -> Axis:
    if kernel == "span":
        return axis.span()
    if axis.extent is not None and kernel > axis.extent:
        raise UserError(
            f"kernel: {kernel} pools axis {number} of the map away: "
            f"it has {axis.extent} cells; use at most so many, span, or fewer poolings before"
        )
    assert isinstance(stride, int)
    return axis.slide(kernel, stride)
