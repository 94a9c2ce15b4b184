"""Pooling: subsampling where rows and columns can be dropped without changing the meaning."""

from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from shared.errors import UserError
from shared.network.layers.base import Layer, clear
from shared.network.layers.settings import Size, pair
from shared.network.shape import Axis, Shape, slid


class Pool(Layer, name="pool"):
    """The maximum of each window of each channel, its mean, or both side by side.

    Left-over rows are dropped. Padding is ignored, also in means.

    Args:
        shape: Of its input: maps.
        kernel: Cells of the window, or ``span`` for all of an axis: one for both or ``[axis 1, axis 2]``.
        type: ``both`` gives the maxima and then the means, twice the channels; with ``none`` no layer is
            built, so that one word switches pooling off.
        stride: Cells from window to window; None: as many as the window has.

    Raises:
        UserError: The window is larger than the map.
    """

    main = "kernel"
    computes = False

    def __init__(
        self,
        shape: Shape,
        *,
        kernel: Size | list[Size],
        type: Literal["max", "avg", "both", "none"] = "max",
        stride: int | list[int] | None = None,
    ):
        kernels: tuple[Size, Size] = pair("kernel", kernel)
        strides = kernels if stride is None else pair("stride", stride)
        a1, a2 = shape.axes
        axes = _pooled(1, a1, kernels[0], strides[0]), _pooled(2, a2, kernels[1], strides[1])
        channels = shape.channels * 2 if type == "both" else shape.channels
        super().__init__(Shape(channels, axes, windows=shape.windows))
        self.pools, self.kernel, self.stride = type, kernels, strides
        self.varying = shape.varying

    def forward(
        self, x: Float[Tensor, "n channels _ _"], lengths: Int[Tensor, " _"] | None = None
    ) -> Float[Tensor, "n more_channels _ _"]:
        """The pooled maps."""
        if self.varying is None:
            lengths = None
        if self.pools == "max":
            return self._max(x, lengths)
        if self.pools == "avg":
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
        share = cells / lengths.clamp(max=cells)  # of a window, filled by an example shorter than it
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
        """At least one window."""
        if self.varying is None:
            return lengths
        kernel, stride = self.kernel[self.varying], self.stride[self.varying]
        if kernel == "span":
            return torch.ones_like(lengths)
        assert isinstance(stride, int)
        return slid(lengths, kernel, stride).clamp(min=1)


def _pooled(number: int, axis: Axis, kernel: Size, stride: Size) -> Axis:
    if kernel == "span":
        return axis.span()
    if axis.size is not None and kernel > axis.size:
        raise UserError(
            f"kernel: must be at most {axis.size}, the size of axis {number}, got {kernel}; or use span"
        )
    assert isinstance(stride, int)
    return axis.slide(kernel, stride)
