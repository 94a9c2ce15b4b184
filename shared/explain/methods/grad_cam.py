"""Grad-CAM: the last feature maps, weighted by their gradients."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from shared.errors import UserError
from shared.explain.adapter import InputAdapter
from shared.explain.explanation import Example, Explanation
from shared.explain.method import method
from shared.explain.methods.saliency import explained
from shared.explain.units import Seen, Target, last_maps, watched
from shared.network import Axis
from shared.training import Classifier


@method("Grad-CAM", "map", reading="blue supports the target; what opposes it is not shown")
def grad_cam(
    model: Classifier, example: Example, target: Target, adapter: InputAdapter, layer: str | None = None
) -> Explanation:
    """The feature maps weighted by their mean gradient (Selvaraju et al. 2017, section 3).

    Of the sum only the part above zero remains, which supports the target (ReLU). The map is
    interpolated between the centres of its cells' receptive fields; maps of branches and of windows are added
    up.

    Options:
        layer: whose maps; None: the last before the logits that have several cells.

    Raises:
        UserError: the network has no such maps, or they come after the target.
    """
    names = [layer] if layer else last_maps(model.network)
    relevance = torch.zeros(example.x.shape[1:], dtype=example.x.dtype)
    x = example.x[None].detach().requires_grad_()
    with watched(model.network, names if target.layer is None else [*names, target.layer]) as seen:
        scores = model.network(x)
    if target.layer is None:
        score = scores[0, target.unit]
    else:
        score = seen[target.layer].arrange().total[0, target.unit]
    gradients = torch.autograd.grad(score, [seen[name].output for name in names], allow_unused=True)
    for name, slope in zip(names, gradients, strict=True):
        if slope is None:
            raise UserError(f"layer: must come before {target.words(model.classes)}, got {name}")
        relevance += spread(seen[name], class_map(seen[name], slope), (x.size(2), x.size(3)))
    relevance = relevance[None].detach()
    if without_place := [axis for axis in adapter.collapse if axis]:
        relevance = relevance.mean(without_place, keepdim=True)
    return explained(model, example, target, adapter, relevance, {"maps of": ", ".join(names)})


def class_map(seen: Seen, slope: Tensor) -> Float[Tensor, "windows rows columns"]:
    """ReLU(Σ_k α_k A_k) of one example, α_k being the mean gradient over the cells of map k."""
    maps, slopes = seen.arrange(), seen.arrange(slope)
    cells = maps.own[0].sum()
    alpha = slopes.values[0].sum((1, 2, 3)) / cells
    return (alpha[:, None, None, None] * maps.values[0]).sum(0).clamp(min=0)


def spread(seen: Seen, cells: Float[Tensor, "windows rows columns"], size: tuple[int, int]) -> Tensor:
    """A map's cells as values of the input's places: linear between the centres of what they see."""
    shape = seen.layer.shape
    rows = _interpolation(shape.axes[0], cells.size(1), range(size[0])).to(cells)
    total, count = (torch.zeros(size, dtype=cells.dtype) for _ in range(2))
    for window in range(cells.size(0)):
        first = shape.sees((0, 0), size, window)[1]
        last = shape.sees((0, cells.size(2) - 1), size, window)[1]
        stretch = range(first.start, last.stop)
        shift = 0 if shape.windows is None else window * shape.windows.stride
        columns = _interpolation(shape.axes[1], cells.size(2), stretch, shift).to(cells)
        total[:, stretch.start : stretch.stop] += rows @ cells[window] @ columns.T
        count[:, stretch.start : stretch.stop] += 1
    return total / count.clamp(min=1)


def _interpolation(axis: Axis, cells: int, places: range, shift: int = 0) -> Float[Tensor, "places cells"]:
    """Weights by which cells are interpolated at places of the input."""
    centres = axis.start + shift + axis.stride * np.arange(cells) + (axis.field - 1) / 2
    identity = np.eye(cells)
    return torch.from_numpy(np.stack([np.interp(places, centres, row) for row in identity], 1))
