"""Overlapping windows along axis 2, and the recurrent layer that reads them in order."""

from dataclasses import replace

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from shared.errors import UserError
from shared.network.layers.base import Layer, beyond, clear
from shared.network.shape import Axis, Shape, slid


class Windows(Layer):
    """A map cut along axis 2 into windows, which the layers after it take one by one.

    The windows of all samples stand one after the other, in the place of the samples: (windows, planes,
    axis 1, size). A sample has as many as a filter of that size has places; one shorter than a window is
    filled up with zeros; padding makes no windows.

    Args:
        shape: What it takes: maps.
        size: Cells of a window along axis 2.
        hop: Cells from one window to the next.

    Raises:
        UserError: The window is larger than axis 2, or axis 1 varies.
    """

    def __init__(self, shape: Shape, *, size: int, hop: int):
        rows, columns = shape.axes
        if rows.extent is None:
            raise UserError("axis 1 varies from sample to sample; windows need that to be axis 2, or none")
        if columns.extent is not None and size > columns.extent:
            raise UserError(
                f"size: {size} is larger than axis 2 of the map: "
                f"it has {columns.extent} cells; use at most so many"
            )
        window = Axis(size, columns.start, columns.size, columns.stride)
        super().__init__(Shape(shape.planes, (rows, window), windows=columns.slide(size, hop)))
        self.size, self.hop, self.varies = size, hop, columns.extent is None

    def forward(
        self, x: Float[Tensor, "n planes a1 a2"], lengths: Int[Tensor, " n"] | None = None
    ) -> Float[Tensor, "windows planes a1 size"]:
        """The windows of all samples."""
        if lengths is not None:
            x = clear(x, lengths, 1, self.size, 0.0)
        windows = x.unfold(3, self.size, self.hop).movedim(3, 1)  # (n, windows, planes, a1, size)
        if lengths is None:
            return windows.flatten(0, 1)
        return windows[~beyond(self.out_lengths(lengths), windows.size(1))]

    def out_lengths(self, lengths: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
        """Windows of each sample, one at least."""
        return slid(lengths, self.size, self.hop).clamp(min=1)


class Lstm(Layer):
    """The state of an LSTM after a sample's last window (Hochreiter & Schmidhuber 1997).

    Args:
        shape: What it takes: windows of vectors.
        units: Size of the state.
        bidirectional: Whether a second one reads from the last window to the first: twice the features.
    """

    def __init__(self, shape: Shape, *, units: int, bidirectional: bool = False):
        assert shape.windows is not None
        rows, columns = shape.axes  # what one window sees
        every = replace(columns, extent=shape.windows.extent, stride=shape.windows.stride).span()
        super().__init__(Shape(2 * units if bidirectional else units, (rows, every), flat=True))
        self.windows = shape.windows.extent
        self.lstm = nn.LSTM(shape.planes, units, batch_first=True, bidirectional=bidirectional)

    def forward(
        self, x: Float[Tensor, "windows features"], lengths: Int[Tensor, " n"] | None = None
    ) -> Float[Tensor, "samples units"]:
        """The last state, forwards and then backwards."""
        if lengths is None:
            sequences = x.unflatten(0, (-1, self.windows))
        else:
            own = ~beyond(lengths, int(lengths.max()))
            padded = x.new_zeros(*own.shape, x.size(1)).index_put((own,), x)
            sequences = pack_padded_sequence(padded, lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (state, _) = self.lstm(sequences)
        return state.movedim(0, 1).flatten(1)
