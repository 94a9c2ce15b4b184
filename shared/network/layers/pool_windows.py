"""Pooling over windows: one vector of a sequence of any length."""

from dataclasses import replace
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from shared.network.layers.base import Layer, Lengths, beyond
from shared.network.layers.windows import in_rows
from shared.network.shape import Shape


class PoolWindows(Layer, name="pool_windows"):
    """Each feature's maximum over the windows of an example, its mean, or both side by side.

    ``both`` gives the maxima and then the means. Unlike an LSTM's last state, which has to be carried through
    all windows, it reads each window directly.
    """

    takes = "sequences"
    main = "type"
    computes = False

    def __init__(self, shape: Shape, *, type: Literal["max", "avg", "both"] = "both"):
        assert shape.windows is not None
        rows, columns = shape.axes  # what one window sees
        seen = replace(columns, size=shape.windows.size, stride=shape.windows.stride).span()
        features = shape.channels * (2 if type == "both" else 1)
        super().__init__(Shape(features, (rows, seen), flat=True))
        self.windows, self.pools = shape.windows.size, type

    def forward(self, x: Float[Tensor, "windows features"], lengths: Lengths = None) -> Tensor:
        """(N, features), or twice as many."""
        if lengths is None:
            sequences = x.unflatten(0, (-1, self.windows))
            return self._pooled(sequences.amax(1), sequences.mean(1))
        if torch.compiler.is_exporting():  # padding has windows, see Lstm
            sequences = x.unflatten(0, (lengths.size(0), -1))
            own = ~beyond(lengths, sequences.size(1))
        else:
            sequences, own = in_rows(x, lengths)
        padding = ~own[..., None]
        mean = sequences.masked_fill(padding, 0.0).sum(1) / lengths[:, None]
        return self._pooled(sequences.masked_fill(padding, -torch.inf).amax(1), mean.to(x.dtype))

    def _pooled(self, most: Tensor, mean: Tensor) -> Tensor:
        return {"max": most, "avg": mean}.get(str(self.pools), torch.cat([most, mean], 1))
