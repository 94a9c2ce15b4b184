"""A map enlarged by repeating its cells: what pooling has dropped stays lost."""

from dataclasses import replace

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from shared.config import Count
from shared.errors import UserError
from shared.network.layers.base import Layer, Lengths, Maps, checked
from shared.network.layers.sliding import pair
from shared.network.shape import Axis, Shape


class Upsample(Layer, name="upsample"):
    """Each cell ``times`` times along both axes; up to the size ``to``, the last row and column once more.

    After 2×2 pooling of a 19×19 map, which leaves 9×9, ``times: 2`` and ``to: 19`` give each cell its place
    and the map its size again.

    Raises:
        UserError: ``to`` is smaller than the repeated cells, or the map too large.
    """

    main = "times"
    computes = False
    varies = False

    def __init__(self, shape: Shape, *, times: Count | list[Count], to: Count | list[Count] | None = None):
        repeats: tuple[int, int] = pair("times", times)
        axes, more = [], list[int]()
        for number, (axis, n, cells) in enumerate(zip(shape.axes, repeats, pair("to", to), strict=True), 1):
            repeated = n * (axis.size or 0)
            if cells is not None and cells < repeated:
                raise UserError(f"to: must be at least {repeated} on axis {number}, got {cells}")
            rest = 0 if cells is None else cells - repeated
            axes.append(_repeated(axis, n, rest))
            more = [0, rest, *more]  # the last axis first
        super().__init__(checked("to" if to else "times", replace(shape, axes=(axes[0], axes[1]))))
        self.times, self.more = repeats, more

    def forward(self, x: Maps, lengths: Lengths = None) -> Float[Tensor, "n channels b1 b2"]:
        x = F.interpolate(x, scale_factor=self.times, mode="nearest")
        return F.pad(x, self.more, "replicate") if any(self.more) else x


def _repeated(axis: Axis, times: int, rest: int) -> Axis:
    """An axis whose cells are repeated, and then the last of them ``rest`` times: what each sees at most."""
    step, uneven = divmod(axis.stride, times)
    size = times * (axis.size or 0) + rest
    if uneven:  # the places of its cells are no cells of the input
        return replace(axis.whole(), size=size, stride=max(step, 1))
    slack = (times - 1 + rest) * step
    return replace(axis, size=size, start=axis.start - slack, field=axis.field + slack, stride=step)
