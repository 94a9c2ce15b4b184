"""Overlapping windows along axis 2, and the recurrent layer that reads them in order."""

from dataclasses import replace

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from shared.errors import UserError
from shared.network.layers.base import Layer, beyond, clear
from shared.network.shape import WHOLE, Shape, slid


class Windows(Layer, name="windows"):
    """A map cut along axis 2 into windows, which the layers after it take one by one.

    The windows of all examples come one after the other, in place of the examples: (windows, channels,
    axis 1, size). An example has as many as a filter of that size has places; one shorter than a window is
    extended with zeros; padding makes no windows.

    Args:
        shape: Of its input: maps.
        size: Cells of a window along axis 2.
        hop: Cells from one window to the next.

    Raises:
        UserError: The window is larger than axis 2, axis 1 varies, or the map is a window already.
    """

    computes = False

    def __init__(self, shape: Shape, *, size: int, hop: int):
        if shape.windows is not None:
            raise UserError("its input is cut into windows already: leave one of the two out")
        rows, columns = shape.axes
        if rows.size is None:
            raise UserError(
                "its windows are cut along axis 2, so axis 1 must not vary from example to example"
            )
        if columns.size is not None and size > columns.size:
            raise UserError(f"size: must be at most {columns.size}, the size of axis 2, got {size}")
        # A window of cells that see all of the axis sees all of it, wherever it lies.
        window = replace(columns, size=size, view=columns.view and WHOLE)
        super().__init__(Shape(shape.channels, (rows, window), windows=columns.slide(size, hop)))
        self.size, self.hop, self.varies = size, hop, columns.size is None

    def forward(
        self, x: Float[Tensor, "n channels a1 a2"], lengths: Int[Tensor, " n"] | None = None
    ) -> Float[Tensor, "windows channels a1 size"]:
        """The windows of all examples."""
        if lengths is not None:
            x = clear(x, lengths, 1, self.size, 0.0)
        windows = x.unfold(3, self.size, self.hop).movedim(3, 1)  # (n, windows, channels, a1, size)
        if lengths is None:
            return windows.flatten(0, 1)
        return windows[~beyond(self.out_lengths(lengths), windows.size(1))]

    def out_lengths(self, lengths: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
        """Windows of each example, at least one."""
        return slid(lengths, self.size, self.hop).clamp(min=1)


class Lstm(Layer, name="lstm"):
    """The state of an LSTM after an example's last window (Hochreiter & Schmidhuber 1997).

    Args:
        shape: Of its input: windows of vectors.
        units: Size of the state.
        bidirectional: Whether a second one reads from the last window to the first: twice the features.
    """

    takes = "sequences"
    main = width = "units"

    def __init__(self, shape: Shape, *, units: int, bidirectional: bool = False):
        assert shape.windows is not None
        rows, columns = shape.axes  # what one window sees
        every = replace(columns, size=shape.windows.size, stride=shape.windows.stride).span()
        super().__init__(Shape(2 * units if bidirectional else units, (rows, every), flat=True))
        self.windows = shape.windows.size
        self.lstm = nn.LSTM(shape.channels, units, batch_first=True, bidirectional=bidirectional)

    def forward(
        self, x: Float[Tensor, "windows features"], lengths: Int[Tensor, " n"] | None = None
    ) -> Float[Tensor, "n units"]:
        """The last state, forwards and then backwards."""
        if lengths is None:
            sequences = x.unflatten(0, (-1, self.windows))
        else:
            own = ~beyond(lengths, int(lengths.max()))
            padded = x.new_zeros(*own.shape, x.size(1)).index_put((own,), x)
            sequences = pack_padded_sequence(padded, lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (state, _) = self.lstm(sequences)
        return state.movedim(0, 1).flatten(1)
