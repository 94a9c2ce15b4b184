"""The convolution: filters that slide along an axis or span it."""

from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from shared.errors import UserError
from shared.network.layers.activation import ACTIVATIONS, ActivationName, initialize
from shared.network.layers.base import Layer, clear
from shared.network.layers.norm import normalize
from shared.network.layers.settings import Size, pair
from shared.network.shape import Axis, Shape, slid


class Conv(Layer, name="conv"):
    """Filters as deep as their input, at every place where they fit, then norm and activation.

    A filter slides along an axis on which a pattern can appear anywhere, and spans one on which position
    carries meaning. The weights are always (filters, channels, kernel 1, kernel 2); a filter that spans an
    axis runs as a 1-D convolution along the other, one as large as the map as a matrix product.

    Args:
        shape: Of its input: maps.
        filters: N; each gives a channel.
        kernel: Cells that a filter covers, or ``span``: one for both axes or ``[axis 1, axis 2]``.
        stride: Cells from one place of a filter to the next.
        pad: ``zeros`` puts (kernel - 1) / 2 zeros before and after each axis that the filter slides along,
            which keeps its size at stride 1.
        norm: ``batch`` normalises each channel (Ioffe & Szegedy 2015); its shift is then the filter's bias.
        activation: After norm and bias.
        bias: ``true`` for one a filter, ``position`` for one of its own at every cell of every channel
            (AlphaGo's last layer; Silver et al. 2016, Methods), ``global`` for one that is linear in
            the means and maxima of the input's channels over the map (Wu 2019, section 3.3).

    Raises:
        UserError: The filter does not fit the map, or the bias not the rest.
    """

    main = width = "filters"
    gives_logits = True

    def __init__(
        self,
        shape: Shape,
        *,
        filters: int,
        kernel: Size | list[Size],
        stride: int | list[int] = 1,
        pad: Literal["none", "zeros"] = "none",
        norm: Literal["none", "batch"] = "none",
        activation: ActivationName = "relu",
        bias: bool | Literal["position", "global"] = True,
    ):
        (a1, a2) = shape.whole().axes if bias == "global" else shape.axes
        s1, s2 = pair("stride", stride)
        kernels: tuple[Size, Size] = pair("kernel", kernel)
        (k1, p1), (k2, p2) = _fit(1, a1, kernels[0], pad), _fit(2, a2, kernels[1], pad)
        axes = a1.slide(k1, s1, p1), a2.slide(k2, s2, p2)
        super().__init__(Shape(filters, axes, windows=shape.windows))

        self.kernel, self.stride, self.pad = (k1, k2), (s1, s2), (p1, p2)
        self.varying = shape.varying
        self.pads = p1 + p2 > 0
        self.spans = k1 == a1.size and p1 == 0, k2 == a2.size and p2 == 0
        self.slides = not self.spans[0], not self.spans[1]
        self.weight = nn.Parameter(torch.empty(filters, shape.channels, k1, k2))
        self.norm = nn.BatchNorm2d(filters) if norm == "batch" else None
        self.bias: nn.Parameter | None = None
        if isinstance(bias, str) and self.varying is not None:
            raise UserError(
                f"bias: must be true or false where axis {self.varying + 1} varies from example to example, "
                f"got {bias}"
            )
        self.pooled: nn.Parameter | None = None
        if bias == "global":
            self.pooled = nn.Parameter(torch.zeros(filters, 2 * shape.channels))
        if bias == "position":
            if self.norm is not None:
                raise UserError(
                    "bias: must be true, false or global beside a norm, which has its own, got position"
                )
            self.bias = nn.Parameter(torch.empty(filters, *map(int, self.shape.size)))  # type: ignore[arg-type]
        elif bias and self.norm is None:
            self.bias = nn.Parameter(torch.empty(filters))
        self.activate = ACTIVATIONS[activation]
        initialize(self.weight, self.bias, activation, norm == "batch")

    def forward(
        self, x: Float[Tensor, "n channels a1 a2"], lengths: Int[Tensor, " _"] | None = None
    ) -> Float[Tensor, "n filters b1 b2"]:
        """The filters' maps; an example shorter than the filter is extended with zeros."""
        axis = self.varying
        if axis is not None and lengths is not None:
            x = clear(x, lengths, axis, self.kernel[axis] - 2 * self.pad[axis], 0.0)
            lengths = self.out_lengths(lengths)
        x = self.convolve(x)
        return self.activate(x if self.norm is None else normalize(self.norm, x, lengths, axis))

    def convolve(self, x: Float[Tensor, "n channels a1 a2"]) -> Float[Tensor, "n filters b1 b2"]:
        """Weights and bias alone, in the cheapest form that is exact."""
        weight: Tensor = self.weight
        added: Tensor | None = None
        if self.pooled is not None:
            pooled = torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)
            # Scaled, so that the effect of a step does not grow with the number of channels.
            added = F.linear(pooled * pooled.size(1) ** -0.5, self.pooled)[:, :, None, None]
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
        x = x if position is None else x + position
        return x if added is None else x + added

    def filters(self, shape: Shape) -> Float[Tensor, "filters channels k1 k2"]:
        """The weights."""
        return self.weight.detach()

    def out_lengths(self, lengths: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
        """At least one place of the filter: the extended example's."""
        if self.varying is None:
            return lengths
        axis = self.varying
        return slid(lengths, self.kernel[axis], self.stride[axis], self.pad[axis]).clamp(min=1)


def _fit(number: int, axis: Axis, kernel: Size, pad: str) -> tuple[int, int]:
    """The filter's size along an axis, and the number of zeros before and after it."""
    if kernel == "span":
        if axis.size is None:
            raise UserError(
                f"kernel: must be a number on axis {number}, which varies from example to example, got span; "
                "slide along it, and take all of it with pool: {kernel: span, ...}"
            )
        return axis.size, 0
    assert isinstance(kernel, int)
    if pad == "zeros":
        if kernel % 2 == 0:
            raise UserError(f"kernel: must be odd with pad: zeros, to pad both sides alike, got {kernel}")
        return kernel, (kernel - 1) // 2
    if axis.size is not None and kernel > axis.size:
        raise UserError(
            f"kernel: must be at most {axis.size}, the size of axis {number} of the map, got {kernel}; "
            "or use span or pad: zeros"
        )
    return kernel, 0
