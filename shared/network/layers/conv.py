"""The convolution: filters that slide along an axis or span it."""

from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from shared.errors import UserError
from shared.network.layers.activation import ACTIVATIONS, ActivationName, initialize
from shared.network.layers.base import Layer, beyond, clear
from shared.network.layers.settings import Extent, pair
from shared.network.shape import Axis, Shape, slid


class Conv(Layer):
    """Filters as deep as their input, at every place where they fit, then norm and activation.

    A filter slides along an axis on which a pattern can stand anywhere, and spans one on which place carries
    meaning. The weights are (filters, planes, kernel 1, kernel 2) in every case; a filter as long as an axis
    runs as a 1-D convolution along the other, one as large as the map as a matrix product.

    Args:
        shape: What it takes: maps.
        filters: How many; each gives a plane.
        kernel: Cells that a filter covers, or ``span``: one for both axes or ``[axis 1, axis 2]``.
        stride: Cells from one place of a filter to the next.
        pad: ``zeros`` puts (kernel - 1) / 2 zeros before and after each axis that the filter slides along,
            which keeps its size at stride 1.
        norm: ``batch`` normalises each plane (Ioffe & Szegedy 2015); its shift is then the filter's bias.
        activation: After norm and bias.
        bias: ``true`` for one a filter, ``position`` for one of its own at every place of every plane
            (AlphaGo's last layer; Silver et al. 2016, Methods).

    Raises:
        UserError: The filter does not fit the map, or the bias not the rest.
    """

    def __init__(
        self,
        shape: Shape,
        *,
        filters: int,
        kernel: Extent | list[Extent],
        stride: int | list[int] = 1,
        pad: Literal["none", "zeros"] = "none",
        norm: Literal["none", "batch"] = "none",
        activation: ActivationName = "relu",
        bias: bool | Literal["position"] = True,
    ):
        (a1, a2), (s1, s2) = shape.axes, pair(stride)
        extents: tuple[Extent, Extent] = pair(kernel)
        (k1, p1), (k2, p2) = _fit(1, a1, extents[0], pad), _fit(2, a2, extents[1], pad)
        axes = a1.slide(k1, s1, p1), a2.slide(k2, s2, p2)
        super().__init__(Shape(filters, axes, windows=shape.windows))

        self.kernel, self.stride, self.pad = (k1, k2), (s1, s2), (p1, p2)
        self.varying = shape.varying
        self.spans = k1 == a1.extent and p1 == 0, k2 == a2.extent and p2 == 0
        self.weight = nn.Parameter(torch.empty(filters, shape.planes, k1, k2))
        self.norm = nn.BatchNorm2d(filters) if norm == "batch" else None
        self.bias: nn.Parameter | None = None
        if bias == "position":
            if self.norm is not None:
                raise UserError("bias: position needs norm: none: a norm has a bias of its own, one a filter")
            if self.shape.varying is not None:
                raise UserError(
                    f"bias: position needs a map of one size, and axis {self.shape.varying + 1} varies "
                    "from sample to sample: use bias: true"
                )
            self.bias = nn.Parameter(torch.empty(filters, *map(int, self.shape.extent)))  # type: ignore[arg-type]
        elif bias and self.norm is None:
            self.bias = nn.Parameter(torch.empty(filters))
        self.activate = ACTIVATIONS[activation]
        initialize(self.weight, self.bias, activation, norm == "batch")

    def forward(
        self, x: Float[Tensor, "n planes a1 a2"], lengths: Int[Tensor, " _"] | None = None
    ) -> Float[Tensor, "n filters b1 b2"]:
        """The filters' maps; a sample shorter than the filter is filled up with zeros."""
        axis = self.varying
        if axis is None or lengths is None:
            x = self.convolve(x)
            return self.activate(x if self.norm is None else self.norm(x))
        x = self.convolve(clear(x, lengths, axis, self.kernel[axis] - 2 * self.pad[axis], 0.0))
        if self.norm is not None:
            x = self._normalize(x, self.out_lengths(lengths), axis) if self.training else self.norm(x)
        return self.activate(x)

    def convolve(self, x: Float[Tensor, "n planes a1 a2"]) -> Float[Tensor, "n filters b1 b2"]:
        """Weights and bias alone, in the cheapest form that is exact."""
        weight: Tensor = self.weight
        position = self.bias if self.bias is not None and self.bias.dim() > 1 else None
        bias = self.bias if position is None else None
        if all(self.spans):
            x = F.linear(x.flatten(1), weight.flatten(1), bias)[:, :, None, None]
        elif self.spans[0]:
            x = F.conv1d(x.flatten(1, 2), weight.flatten(1, 2), bias, self.stride[1], self.pad[1])[:, :, None]
        elif self.spans[1]:
            x, weight = x.transpose(2, 3).flatten(1, 2), weight.transpose(2, 3).flatten(1, 2)
            x = F.conv1d(x, weight, bias, self.stride[0], self.pad[0])[..., None]
        else:
            x = F.conv2d(x, weight, bias, self.stride, self.pad)
        return x if position is None else x + position

    def _normalize(
        self, x: Float[Tensor, "n filters b1 b2"], lengths: Int[Tensor, " n"], axis: int
    ) -> Float[Tensor, "n filters b1 b2"]:
        """The batch's mean and variance are those of the samples' own cells."""
        assert self.norm is not None
        cells = x.movedim(2 + axis, 1)  # (n, cells, filters, other axis)
        own = ~beyond(lengths, cells.size(1))
        normal = self.norm(cells[own][..., None])[..., 0]
        padding = torch.zeros_like(cells, dtype=normal.dtype)
        return padding.masked_scatter(own[..., None, None], normal).movedim(1, 2 + axis)

    def out_lengths(self, lengths: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
        """One place of the filter at least: the filled-up sample's."""
        if self.varying is None:
            return lengths
        axis = self.varying
        return slid(lengths, self.kernel[axis], self.stride[axis], self.pad[axis]).clamp(min=1)


def _fit(number: int, axis: Axis, kernel: Extent, pad: str) -> tuple[int, int]:
    """The filter's cells along an axis, and the zeros before and after it."""
    if kernel == "span":
        if axis.extent is None:
            raise UserError(
                f"kernel: span is not possible on axis {number}, which varies from sample to sample: "
                "slide a number of cells along it, and take all of it with pool: {kernel: span, ...}"
            )
        return axis.extent, 0
    assert isinstance(kernel, int)
    if pad == "zeros":
        if kernel % 2 == 0:
            raise UserError(
                f"kernel: {kernel} is even and pad: zeros needs odd ones, to pad both sides alike"
            )
        return kernel, (kernel - 1) // 2
    if axis.extent is not None and kernel > axis.extent:
        raise UserError(
            f"kernel: {kernel} is larger than axis {number} of the map: "
            f"it has {axis.extent} cells; use at most so many, or span, or pad: zeros"
        )
    return kernel, 0
