"""A network over time as a network with one answer: that of one window."""

from dataclasses import replace

from jaxtyping import Float, Int
from torch import Tensor

from shared.network import Chain, Layer, Network, Shape


class Moment(Layer):
    """Of the answers of all windows those of one window, the same of each example."""

    takes = "sequences"
    computes = False

    def __init__(self, shape: Shape, window: int):
        super().__init__(replace(shape, windows=None))
        self.window, self.windows = window, shape.windows.size if shape.windows else None

    def forward(
        self, x: Float[Tensor, "windows classes"], lengths: Int[Tensor, " n"] | None = None
    ) -> Tensor:
        """(N, classes)."""
        if lengths is None:  # all have the same number
            return x.unflatten(0, (-1, self.windows or 1))[:, self.window]
        return x[lengths.cumsum(0) - lengths + self.window]


def at_window(network: Network, window: int) -> Network:
    """The network, of whose answers only that of one window counts; its layers are the same."""
    last = Moment(network.shape, window)
    layers: dict[str, Layer] = {**network._modules, "moment": last}  # type: ignore[dict-item]
    return Network(Chain(layers, last.shape), network.input_shape)
