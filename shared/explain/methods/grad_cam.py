"""Grad-CAM: the last feature maps, weighted by their gradients."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from shared.errors import UserError
from shared.explain import Example, Explanation, InputAdapter, Method, Target
from shared.explain.methods.saliency import BLANK, explained
from shared.explain.units import Seen, last_maps, watched
from shared.network import Axis


@Method(
    "Grad-CAM",
    "map",
    "The darker the blue, the more the last feature maps support {target} there; "
    "what opposes it is not shown.",
    BLANK,
    unit="weighted feature maps",
)
def grad_cam(
    adapter: InputAdapter, example: Example, target: Target, layer: str | None = None
) -> Explanation:
    """The feature maps weighted by their mean gradient (Selvaraju et al. 2017, section 3).

    Of the sum only the part above zero remains, which supports the target (ReLU). The map is interpolated
    between the centres of its cells' receptive fields; maps of branches and of windows are added up. Without
    a layer, they are the last before the logits that have several cells.
    """
    names = [layer] if layer else last_maps(adapter.network)
    if not names:
        raise UserError("grad_cam: no layer with weights gives a map of several cells; leave it out")
    x = example.x[None].detach().requires_grad_()
    with watched(adapter.network, [*names, target.layer]) as seen:
        adapter.network(x)
    score, outputs = seen[target.layer].arrange().total[0, target.unit], [seen[name].output for name in names]
    gradients = torch.autograd.grad(score, outputs, allow_unused=True)
    relevance = torch.zeros_like(example.x[:1])
    for name, slope in zip(names, gradients, strict=True):
        if slope is None:
            where = target.words(adapter.module.classes)
            raise UserError(f"layer: must come before {where}, got {name}")
        relevance += spread(seen[name], class_map(seen[name], slope), example.x.shape[1:])
    if without_place := [axis for axis in adapter.collapse if axis]:
        relevance = relevance.mean(without_place, keepdim=True)
    return explained(adapter, example, target, relevance.detach(), {"maps of": ", ".join(names)})


def class_map(seen: Seen, slope: Tensor) -> Float[Tensor, "windows rows columns"]:
    """ReLU(Σ_k α_k A_k) of one example, α_k being the mean gradient over the cells of map k."""
    maps, slopes = seen.arrange(), seen.arrange(slope)
    alpha = slopes.values[0].sum((1, 2, 3)) / maps.own[0].sum()
    return (alpha[:, None, None, None] * maps.values[0]).sum(0).clamp(min=0)


def spread(seen: Seen, cells: Float[Tensor, "windows rows columns"], size: tuple[int, ...]) -> Tensor:
    """A map's cells as values of the input's places: linear between the centres of what they see."""
    shape = seen.layer.shape
    rows = _interpolation(shape.axes[0], cells.size(1), range(size[0])).to(cells)
    total, count = (torch.zeros(size, dtype=cells.dtype) for _ in range(2))
    for window in range(cells.size(0)):
        first, last = (
            shape.sees((0, column), (size[0], size[1]), window)[1] for column in (0, cells.size(2) - 1)
        )
        stretch = range(first.start, last.stop)
        shift = 0 if shape.windows is None else window * shape.windows.stride
        columns = _interpolation(shape.axes[1], cells.size(2), stretch, shift).to(cells)
        total[:, stretch.start : stretch.stop] += rows @ cells[window] @ columns.T
        count[:, stretch.start : stretch.stop] += 1
    return total / count.clamp(min=1)


def _interpolation(axis: Axis, cells: int, places: range, shift: int = 0) -> Float[Tensor, "places cells"]:
    """Weights by which cells are interpolated at places of the input."""
    centres = axis.start + shift + axis.stride * np.arange(cells) + (axis.field - 1) / 2
    return torch.from_numpy(np.stack([np.interp(places, centres, row) for row in np.eye(cells)], 1))
