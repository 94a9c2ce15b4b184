"""What every layer is, and chains of layers."""

from collections.abc import Iterator

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from shared.network.shape import Shape


class Layer(nn.Module):
    """A step of a network: ``forward(x, lengths)`` gives a tensor.

    ``lengths`` (N,) counts each sample's own cells along the axis that varies, or its windows once it is cut
    into windows; what lies beyond is padding, may hold anything, and changes no answer.

    Attributes:
        shape: The shape of what it gives.
    """

    def __init__(self, shape: Shape):
        super().__init__()
        self.shape = shape

    def out_lengths(self, lengths: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
        """The lengths of what it gives, from those of what it takes."""
        return lengths


class Chain(nn.Sequential):
    """Layers one after the other, by name."""

    def __init__(self, layers: dict[str, Layer], shape: Shape):
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.shape = shape

    def __iter__(self) -> "Iterator[Layer]":
        return iter(self._modules.values())  # type: ignore[arg-type]

    def forward(self, x: Float[Tensor, "n ..."], lengths: Int[Tensor, " _"] | None = None) -> Tensor:
        """What the last layer gives."""
        for layer in self:
            x = layer(x, lengths)
            if lengths is not None:
                lengths = layer.out_lengths(lengths)
        return x

    def out_lengths(self, lengths: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
        """The lengths of what the last layer gives."""
        for layer in self:
            lengths = layer.out_lengths(lengths)
        return lengths


def beyond(lengths: Int[Tensor, " n"], cells: int) -> Bool[Tensor, "n cells"]:
    """Which of so many cells are padding."""
    return torch.arange(cells, device=lengths.device) >= lengths[:, None]


def clear(
    x: Float[Tensor, "n planes _ _"], lengths: Int[Tensor, " n"], axis: int, least: int, value: float
) -> Float[Tensor, "n planes _ _"]:
    """``x`` with ``value`` as padding, lengthened by it to at least so many cells along ``axis`` (0 or 1)."""
    missing = least - x.size(2 + axis)
    if missing > 0:
        x = nn.functional.pad(x, (0, missing) if axis == 1 else (0, 0, 0, missing))
    padding = beyond(lengths, x.size(2 + axis))
    # where() keeps the layout of x, which masked_fill() does not: what follows would be several times slower.
    return torch.where(padding[:, None, None] if axis == 1 else padding[:, None, :, None], value, x)
