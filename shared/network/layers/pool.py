"""Pooling: subsampling where rows and columns can be dropped without changing the meaning."""

from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from shared.config import Count
from shared.errors import UserError
from shared.network.layers.base import Lengths, Maps
from shared.network.layers.sliding import Size, Sliding, pair
from shared.network.shape import Shape


class Pool(Sliding, name="pool"):
    """The maximum of each window of each channel, its mean, or both side by side.

    Left-over rows are dropped. Padding is ignored, also in means. ``both`` gives the maxima and then the
    means; with ``none`` no layer is built. Without ``stride``, windows lie side by side. ``pad`` lets them
    reach beyond the edges by (kernel - 1) / 2 cells, which keeps the map's size at stride 1; what lies there
    is ignored as well.

    Raises:
        UserError: The window does not fit the map, or is even with ``pad``.
    """

    main = "kernel"
    computes = False
    instead = "; or use span"

    def __init__(
        self,
        shape: Shape,
        *,
        kernel: Size | list[Size],
        type: Literal["max", "avg", "both", "none"] = "max",
        stride: Count | list[Count] | None = None,
        pad: bool = False,
    ):
        kernels: tuple[Size, Size] = pair("kernel", kernel)
        strides = kernels if stride is None else pair("stride", stride)
        pads = [0, 0]
        for i, (cells, axis) in enumerate(zip(kernels, shape.axes, strict=True)):
            if pad and isinstance(cells, int) and cells > 1:
                pads[i], odd = divmod(cells, 2)
                if not odd:
                    raise UserError(f"kernel: must be odd with pad, to pad both sides alike, got {cells}")
                if axis.size is None and type != "max":
                    must = f"must be max with pad where axis {i + 1} varies from example to example"
                    raise UserError(f"type: {must}, got {type}")
        super().__init__(
            shape,
            shape.channels * 2 if type == "both" else shape.channels,
            [k if isinstance(k, int) else axis.size for k, axis in zip(kernels, shape.axes, strict=True)],
            [1 if k == "span" else int(s) for k, s in zip(kernels, strides, strict=True)],
            pads,
        )
        self.pools = type

    def forward(self, x: Maps, lengths: Lengths = None) -> Float[Tensor, "n more b1 b2"]:
        if self.pools == "max":
            return self._max(x, lengths)
        if self.pools == "avg":
            return self._mean(x, lengths)
        return torch.cat([self._max(x, lengths), self._mean(x, lengths)], 1)

    def _max(self, x: Tensor, lengths: Lengths) -> Tensor:
        x = self._spanned(self.fill(x, lengths, -torch.inf), torch.amax)
        return F.max_pool2d(x, self._window(x), self.stride, self.pad)

    def _mean(self, x: Tensor, lengths: Lengths) -> Tensor:
        x = self.fill(x, lengths, 0.0)
        kernel, x = self._window(x), self._spanned(x, torch.mean)
        mean = F.avg_pool2d(x, self._window(x), self.stride, self.pad, count_include_pad=False)
        if self.varying is None or lengths is None:
            return mean
        cells = kernel[self.varying]
        share = cells / lengths.clamp(max=cells)  # of a window, filled by an example shorter than it
        return mean * share.to(x.dtype)[:, None, None, None]

    def _spanned(self, x: Tensor, statistic: Callable[..., Tensor]) -> Tensor:
        """In an exported program, the statistic of all of an axis that varies: torch's pools fix its size."""
        if self.varying is None or self.kernel[self.varying] is not None or not torch.compiler.is_exporting():
            return x
        return statistic(x, 2 + self.varying, keepdim=True)

    def _window(self, x: Tensor) -> list[int]:
        return [size if k is None else k for k, size in zip(self.kernel, x.shape[2:], strict=True)]
