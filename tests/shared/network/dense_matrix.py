"""A convolution as the equivalent dense layer."""

import torch
from jaxtyping import Float
from torch import Tensor

from shared.network.layers.conv import Conv


def as_dense_matrix(
    conv: Conv, size: tuple[int, int]
) -> tuple[Float[Tensor, "outputs inputs"], Float[Tensor, " outputs"]]:
    """Weights and bias of the dense layer that equals a convolution before norm and activation.

    Each row is one output cell, seen as a neuron wired to the cells under its filter: all other weights
    are zero, and the rows of one channel share their weights. Inputs and outputs are in the order of
    ``flatten``: channel by channel, row by row. ``matrix @ x.flatten() + bias`` equals
    ``conv.convolve(x).flatten()``.

    Args:
        conv: Any convolution.
        size: Spatial shape of its input.
    """
    channels = conv.weight.size(1)
    k1, k2 = conv.kernel
    with torch.no_grad():
        nothing = conv.weight.new_zeros(1, channels, *size)
        filters, rows, columns = conv.convolve(nothing).shape[1:]
        (s1, s2), (p1, p2) = conv.stride, conv.pad
        # The input with its zero padding, from which a neuron takes the cells under its filter.
        matrix = conv.weight.new_zeros(filters, rows, columns, channels, size[0] + 2 * p1, size[1] + 2 * p2)
        for row in range(rows):
            for column in range(columns):
                top, left = row * s1, column * s2
                matrix[:, row, column, :, top : top + k1, left : left + k2] = conv.weight
        inside = matrix[..., p1 : p1 + size[0], p2 : p2 + size[1]]
        return inside.flatten(3).flatten(0, 2), conv.convolve(nothing).flatten()
