"""The convolution: filters that slide along an axis or span it."""

from dataclasses import replace
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from shared.config import Count
from shared.errors import UserError
from shared.network.layers.activation import ACTIVATIONS, ActivationName, initialize, normalize
from shared.network.layers.base import Lengths, Maps
from shared.network.layers.sliding import PadName, Size, Sliding, pair
from shared.network.shape import Axis, Shape


class Conv(Sliding, name="conv"):
    """Filters as deep as their input, at every place where they fit, then norm and activation.

    A filter slides along an axis on which a pattern can appear anywhere, and spans one on which position
    carries meaning. The weights are always (filters, channels, kernel 1, kernel 2); a filter that spans an
    axis runs as a 1-D convolution along the other, one as large as the map as a matrix product.

    ``pad=zeros`` puts (kernel - 1) / 2 zeros before and after an axis that it slides along, which keeps its
    size at stride 1; ``replicate`` repeats the outermost cells there, ``reflect`` mirrors the map at them,
    and ``circular`` goes on at the other end, so that the map has no edge. A norm's shift is the filter's
    bias (Ioffe & Szegedy 2015). ``bias=position`` is one for every cell of every channel (AlphaGo's last
    layer; Silver et al. 2016, Methods), ``bias=global`` one that is linear in the means and maxima of the
    input's channels over the map (Wu 2019, section 3.3).

    Raises:
        UserError: The filter does not fit the map, or the bias not the rest.
    """

    main = width = "filters"
    gives_logits = True
    instead = "; or use span or pad: zeros"

    def __init__(
        self,
        shape: Shape,
        *,
        filters: Count,
        kernel: Size | list[Size],
        stride: Count | list[Count] = 1,
        pad: PadName = "none",
        norm: Literal["none", "batch"] = "none",
        activation: ActivationName = "relu",
        bias: bool | Literal["position", "global"] = True,
    ):
        kernels, pads = [], [0, 0]
        for i, (cells, axis) in enumerate(zip(pair("kernel", kernel), shape.axes, strict=True)):
            if not isinstance(cells, int):
                cells = axis.size
                if cells is None:
                    raise UserError(
                        f"kernel: must be a number on axis {i + 1}, which varies from example to example, "
                        "got span; slide along it, and take all of it with pool: {kernel: span, ...}"
                    )
            elif pad != "none":
                pads[i] = _half(cells, pad, axis, i)
            kernels.append(cells)
        rows, columns = (
            axis.whole() if p and pad == "circular" else axis
            for axis, p in zip(shape.axes, pads, strict=True)
        )
        seen = shape.whole() if bias == "global" else replace(shape, axes=(rows, columns))
        super().__init__(seen, filters, kernels, pair("stride", stride), pads)

        self.pads = pad if any(pads) else None
        spans = [k == axis.size and p == 0 for axis, k, p in zip(shape.axes, kernels, pads, strict=True)]
        self.spans, self.slides = spans, (not spans[0], not spans[1])
        if isinstance(bias, str) and (self.varying is not None or (bias, norm) == ("position", "batch")):
            must = "must be true, false or global beside a norm, which has its own"
            if self.varying is not None:
                must = f"must be true or false where axis {self.varying + 1} varies from example to example"
            raise UserError(f"bias: {must}, got {bias}")
        self.weight = nn.Parameter(torch.empty(filters, shape.channels, *kernels))
        self.norm = nn.BatchNorm2d(filters) if norm == "batch" else None
        self.pooled = nn.Parameter(torch.zeros(filters, 2 * shape.channels)) if bias == "global" else None
        places = map(int, self.shape.size) if bias == "position" else ()  # type: ignore[arg-type]
        self.bias = nn.Parameter(torch.empty(filters, *places)) if bias and self.norm is None else None
        self.activate = ACTIVATIONS[activation]
        initialize(self.weight, self.bias, activation, norm == "batch")

    def forward(self, x: Maps, lengths: Lengths = None) -> Float[Tensor, "n filters b1 b2"]:
        """The filters' maps; an example shorter than the filter is extended with zeros."""
        x = self.convolve(self.fill(x, lengths, 0.0))
        if self.norm is not None:
            own = None if lengths is None else self.out_lengths(lengths)
            x = normalize(self.norm, x, own, self.varying)
        return self.activate(x)

    def convolve(self, x: Maps) -> Float[Tensor, "n filters b1 b2"]:
        """Weights and bias alone, in the cheapest form that is exact."""
        weight: Tensor = self.weight
        added: Tensor | None = None
        if self.pooled is not None:
            pooled = torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)
            # Scaled, so that the effect of a step does not grow with the number of channels.
            added = F.linear(pooled * pooled.size(1) ** -0.5, self.pooled)[:, :, None, None]
        position = self.bias if self.bias is not None and self.bias.dim() > 1 else None
        bias = self.bias if position is None else None
        zeros = self.pad
        if self.pads not in (None, "zeros"):
            x, zeros = F.pad(x, (zeros[1], zeros[1], zeros[0], zeros[0]), self.pads), (0, 0)
        if all(self.spans):
            x = F.linear(x.flatten(1), weight.flatten(1), bias)[:, :, None, None]
        elif self.spans[0]:
            x = F.conv1d(x.flatten(1, 2), weight.flatten(1, 2), bias, self.stride[1], zeros[1])[:, :, None]
        elif self.spans[1]:
            x, weight = x.transpose(2, 3).flatten(1, 2), weight.transpose(2, 3).flatten(1, 2)
            x = F.conv1d(x, weight, bias, self.stride[0], zeros[0])[..., None]
        else:
            x = F.conv2d(x, weight, bias, self.stride, zeros)
        x = x if position is None else x + position
        return x if added is None else x + added

    def filters(self, shape: Shape) -> Float[Tensor, "filters channels k1 k2"]:
        return self.weight.detach()


def _half(kernel: int, pad: PadName, axis: Axis, number: int) -> int:
    """The cells that ``pad`` puts before and after the axis of this number (0 or 1)."""
    half, odd = divmod(kernel, 2)
    if not odd:
        raise UserError(f"kernel: must be odd with pad: {pad}, to pad both sides alike, got {kernel}")
    if pad == "zeros" or not half:
        return half
    if axis.size is None:
        must = f"must be none or zeros where axis {number + 1} varies from example to example"
        raise UserError(f"pad: {must}, got {pad}")
    most = {"reflect": axis.size - 1, "circular": axis.size}.get(pad, half)
    if half > most:
        must = f"must be at most {2 * most + 1} with pad: {pad} on axis {number + 1} of {axis.size} cells"
        raise UserError(f"kernel: {must}, got {kernel}")
    return half
