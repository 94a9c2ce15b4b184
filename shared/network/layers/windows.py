"""Overlapping windows along axis 2, and the recurrent layer that reads them in order."""

from dataclasses import replace
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from shared.config import Count
from shared.errors import UserError
from shared.network.layers.base import Layer, Lengths, Maps, beyond
from shared.network.layers.sliding import Sliding
from shared.network.shape import WHOLE, Shape


class Windows(Sliding, name="windows"):
    """A map cut along axis 2 into windows of ``size`` cells, one every ``hop``, for the layers after it.

    The windows of all examples come one after the other, in place of the examples. An example has as many as
    a filter of that size has places; one shorter than a window is extended with zeros; padding makes none.
    ``pad=zeros`` puts (size - 1) / 2 zeros before and after each example, so that the first window has the
    example's first cell in its middle, and the last cells have windows as well.

    Raises:
        UserError: The window is larger than axis 2, axis 1 varies, or the map is a window already.
    """

    computes = False
    key = "size"

    def __init__(self, shape: Shape, *, size: Count, hop: Count, pad: Literal["none", "zeros"] = "none"):
        if shape.windows is not None:
            raise UserError("its input is cut into windows already: leave one of the two out")
        if shape.varying == 0:
            raise UserError(
                "its windows are cut along axis 2, so axis 1 must not vary from example to example"
            )
        if pad == "zeros" and size % 2 == 0:
            raise UserError(f"size: must be odd with pad: zeros, to pad both sides alike, got {size}")
        super().__init__(shape, shape.channels, (1, size), (1, hop), (0, size // 2 if pad == "zeros" else 0))
        self.pads = pad if self.pad[1] else None
        rows, columns = shape.axes
        # A window of cells that see all of the axis sees all of it, wherever it lies.
        window = replace(columns, size=size, view=columns.view and WHOLE)
        self.shape = Shape(shape.channels, (rows, window), windows=self.shape.axes[1])

    def forward(self, x: Maps, lengths: Lengths = None) -> Float[Tensor, "windows channels a1 size"]:
        x = F.pad(self.fill(x, lengths, 0.0), (self.pad[1], self.pad[1]))
        windows = x.unfold(3, int(self.kernel[1] or 0), self.stride[1])
        windows = windows.movedim(3, 1)  # (n, windows, channels, a1, size)
        if lengths is None or torch.compiler.is_exporting():  # see Lstm.exported
            return windows.flatten(0, 1)
        return windows[~beyond(self.out_lengths(lengths), windows.size(1))]


def in_rows(
    x: Float[Tensor, "windows features"], lengths: Int[Tensor, " n"]
) -> tuple[Float[Tensor, "n longest features"], Bool[Tensor, "n longest"]]:
    """The windows of each example as a row, zeros beyond its end, and which are the example's own."""
    own = ~beyond(lengths, int(lengths.max()))
    return x.new_zeros(*own.shape, x.size(1)).index_put((own,), x), own


class Lstm(Layer, name="lstm"):
    """The state of an LSTM after an example's last window (Hochreiter & Schmidhuber 1997).

    ``bidirectional`` adds a second one, which reads from the last window to the first. With ``every`` its
    output is the sequence of states, one a window (Graves & Schmidhuber 2005).
    """

    takes = "sequences"
    main = width = "units"

    def __init__(self, shape: Shape, *, units: Count, bidirectional: bool = False, every: bool = False):
        assert shape.windows is not None
        rows, columns = shape.axes  # what one window sees
        seen = replace(columns, size=shape.windows.size, stride=shape.windows.stride).span()
        features, windows = 2 * units if bidirectional else units, shape.windows if every else None
        super().__init__(Shape(features, (rows, seen), flat=True, windows=windows))
        self.windows, self.every = shape.windows.size, every
        self.lstm = nn.LSTM(shape.channels, units, batch_first=True, bidirectional=bidirectional)

    def forward(self, x: Float[Tensor, "windows features"], lengths: Lengths = None) -> Tensor:
        """(N, units): the last state, forwards and then backwards; with ``every`` (windows, units)."""
        if lengths is not None and torch.compiler.is_exporting():
            return self._exported(x, lengths)
        if lengths is None:
            sequences = x.unflatten(0, (-1, self.windows))
        else:
            padded, own = in_rows(x, lengths)
            sequences = pack_padded_sequence(padded, lengths.cpu(), batch_first=True, enforce_sorted=False)
        states, (state, _) = self.lstm(sequences)
        if not self.every:
            return state.movedim(0, 1).flatten(1)
        return (
            states.flatten(0, 1) if lengths is None else pad_packed_sequence(states, batch_first=True)[0][own]
        )

    def _exported(self, x: Float[Tensor, "windows features"], lengths: Tensor) -> Tensor:
        """The same in an exported program, in which no size depends on values: padding has windows, too."""
        forwards = x.unflatten(0, (lengths.size(0), -1))
        place = torch.arange(forwards.size(1), device=x.device)
        turned = (lengths[:, None] - 1 - place).clamp(min=0)[..., None]
        start = x.new_zeros(1, lengths.size(0), self.lstm.hidden_size)
        last = (lengths - 1)[:, None, None].expand(-1, 1, self.lstm.hidden_size)
        outputs = []
        for backwards, weights in enumerate(self.lstm.all_weights):
            sequence = forwards.gather(1, turned.expand_as(forwards)) if backwards else forwards
            states = torch.lstm(sequence, (start, start), [*weights], True, 1, 0.0, False, False, True)[0]
            if not self.every:
                outputs.append(states.gather(1, last).squeeze(1))
            else:
                # Gathered in any case: the program takes the number of windows from the indices, while what
                # torch.lstm returns has in it that of the example that was exported.
                order = turned if backwards else place[:, None].expand_as(turned)
                states = states.gather(1, order.expand(-1, -1, self.lstm.hidden_size))
                outputs.append(states.flatten(0, 1))
        return torch.cat(outputs, 1)
