"""Each row of a map without its own mean."""

from dataclasses import replace
from typing import Literal

import torch
from jaxtyping import Float

from shared.errors import UserError
from shared.network.layers.base import Layer, Lengths, Maps, beyond
from shared.network.shape import Shape


class Center(Layer, name="center"):
    """The mean of each row along axis 2 taken away, as cepstral mean normalisation does (Atal 1974).

    What colours a whole example alike, such as a microphone or a voice, then counts less. ``none`` builds no
    layer, so that one word switches it off.

    Raises:
        UserError: Its input is cut into windows, or axis 1 varies.
    """

    main = "type"
    computes = False

    def __init__(self, shape: Shape, *, type: Literal["mean", "none"] = "mean"):
        if shape.windows is not None:
            raise UserError("it takes whole examples, not windows: put it before `windows`")
        if shape.varying == 0:
            raise UserError("its means are along axis 2, so axis 1 must not vary from example to example")
        super().__init__(replace(shape, axes=(shape.axes[0], shape.axes[1].whole())))
        self.varying = shape.varying

    def forward(self, x: Maps, lengths: Lengths = None) -> Float[torch.Tensor, "n channels a1 a2"]:
        """Padding becomes zero."""
        if lengths is None or self.varying is None:
            return x - x.mean(3, keepdim=True)
        own = ~beyond(lengths, x.size(3))[:, None, None]
        x = torch.where(own, x, 0.0)
        return torch.where(own, x - x.sum(3, keepdim=True) / lengths[:, None, None, None], 0.0)
