"""Relevance from gradients: saliency, input × gradient, integrated gradients, Grad-CAM."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from shared.errors import UserError
from shared.explain.adapter import InputAdapter
from shared.explain.explanation import Example, Explanation
from shared.explain.units import Seen, Target, learned_layers, watched
from shared.network import Axis, Layer, Network, SideBySide
from shared.training import Classifier

STEPS = 64  # points of the path of integrated gradients


def gradient(network: Network, target: Target, x: Float[Tensor, "n planes a1 a2"]) -> Tensor:
    """∂y/∂x of the target's score for each of N inputs of one size."""
    x = x.detach().requires_grad_()
    return torch.autograd.grad(target.score(network, x).sum(), x)[0]


def saliency(model: Classifier, input: Example, target: Target, adapter: InputAdapter) -> Explanation:
    """|∂y/∂x| (Simonyan et al. 2014, section 3): of several planes, the largest at each place."""
    return _explained(model, input, target, adapter, adapter.strongest(_gradient(model, input, target)))


def input_x_gradient(model: Classifier, input: Example, target: Target, adapter: InputAdapter) -> Explanation:
    """X · ∂y/∂x: what each place adds to the score of a linear network (Shrikumar et al. 2016)."""
    relevance = input.x * _gradient(model, input, target)
    return _explained(model, input, target, adapter, adapter.signed(relevance))


def integrated_gradients(
    model: Classifier, input: Example, target: Target, adapter: InputAdapter
) -> Explanation:
    """(x - x₀) times the mean gradient on the way from x₀ to x (Sundararajan et al. 2017, section 3).

    The mean is a Gauss–Legendre sum over STEPS points; x₀ is the blank input. The map adds up to the
    difference of the two scores: ``meta["completeness gap"]`` is what is missing of it.
    """
    blank = adapter.blank(input).to(input.x)
    relevance = path_attribution(model.network, target, input.x, blank)
    found = _explained(model, input, target, adapter, adapter.signed(relevance))
    gap = float(relevance.sum()) - (found.value - found.baseline)
    found.meta.update({"steps": STEPS, "completeness gap": gap})
    return found


def path_attribution(
    network: Network,
    target: Target,
    x: Float[Tensor, "planes a1 a2"],
    blank: Float[Tensor, "planes a1 a2"],
) -> Float[Tensor, "planes a1 a2"]:
    """Integrated gradients of every value of an input."""
    nodes, weights = (torch.as_tensor(each).to(x) for each in np.polynomial.legendre.leggauss(STEPS))
    total = torch.zeros_like(x)
    for places, shares in zip((0.5 * (nodes + 1)).split(16), (0.5 * weights).split(16), strict=True):
        way = blank + places[:, None, None, None] * (x - blank)
        total += (shares[:, None, None, None] * gradient(network, target, way)).sum(0)
    return (x - blank) * total


def grad_cam(
    model: Classifier, input: Example, target: Target, adapter: InputAdapter, layer: str | None = None
) -> Explanation:
    """The feature maps weighted by their mean gradient (Selvaraju et al. 2017, section 3).

    Of the sum, what speaks for the target counts (their ReLU). Between the centres of what its cells see, the
    map is interpolated; maps of branches side by side, and of windows, are put together.

    Options:
        layer: whose maps; None: the last convolution's before the logits.

    Raises:
        UserError: the network has no such maps, or they come after the target.
    """
    names = [layer] if layer else last_maps(model.network)
    relevance = torch.zeros(input.x.shape[1:], dtype=input.x.dtype)
    x = input.x[None].detach().requires_grad_()
    with watched(model.network, names if target.layer is None else [*names, target.layer]) as seen:
        scores = model.network(x)
    if target.layer is None:
        score = scores[0, target.unit]
    else:
        score = seen[target.layer].arrange().total[0, target.unit]
    maps = [seen[name] for name in names]
    gradients = torch.autograd.grad(score, [each.output for each in maps], allow_unused=True)
    for name, each, slope in zip(names, maps, gradients, strict=True):
        if slope is None:
            raise UserError(f"layer={name}: {target.words(model.classes)} does not come after it")
        relevance += spread(each, class_map(each, slope), (x.size(2), x.size(3)))
    carried = relevance if adapter.collapse == (0,) else relevance.mean(1, keepdim=True)
    return _explained(model, input, target, adapter, carried[None].detach(), {"maps of": ", ".join(names)})


def class_map(seen: Seen, slope: Tensor) -> Float[Tensor, "windows rows columns"]:
    """ReLU(Σ_k α_k A_k) of one example, α_k being the mean gradient over the cells of map k."""
    maps, slopes = seen.arrange(), seen.arrange(slope)
    cells = maps.own[0].sum()
    alpha = slopes.values[0].sum((1, 2, 3)) / cells
    return (alpha[:, None, None, None] * maps.values[0]).sum(0).clamp(min=0)


def spread(seen: Seen, cells: Float[Tensor, "windows rows columns"], extent: tuple[int, int]) -> Tensor:
    """A map's cells as values of the input's places: linear between the centres of what they see."""
    shape = seen.layer.shape
    rows = _interpolation(shape.axes[0], cells.size(1), range(extent[0])).to(cells)
    total, count = (torch.zeros(extent, dtype=cells.dtype) for _ in range(2))
    for window in range(cells.size(0)):
        first = shape.sees((0, 0), extent, window)[1]
        last = shape.sees((0, cells.size(2) - 1), extent, window)[1]
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


def last_maps(network: Network) -> list[str]:
    """The last layers with weights before the logits whose maps have several cells: one, or one a branch.

    Raises:
        UserError: there is none.
    """
    found = _last(network, "", set(learned_layers(network)[:-1]))
    if not found:
        raise UserError("grad_cam: no layer with weights gives a map of several cells; leave it out")
    return found


def _last(chain: nn.Module, prefix: str, allowed: set[str]) -> list[str]:
    for name, layer in reversed(list(chain.named_children())):
        if isinstance(layer, SideBySide):
            parts = layer.named_children()
            found = [
                each for part, branch in parts for each in _last(branch, f"{prefix}{name}.{part}.", allowed)
            ]
            if found:
                return found
        elif isinstance(layer, Layer):
            inner = {each for each, _ in layer.named_modules(prefix=prefix + name)}
            if inner & allowed and layer.shape.size != (1, 1):
                return [prefix + name]
    return []


def _gradient(model: Classifier, input: Example, target: Target) -> Float[Tensor, "planes a1 a2"]:
    return gradient(model.network, target, input.x[None])[0]


def _explained(
    model: Classifier,
    input: Example,
    target: Target,
    adapter: InputAdapter,
    relevance: Tensor,
    meta: dict[str, Any] | None = None,
) -> Explanation:
    """The map, with the scores of the input and of the blank one."""
    blank = adapter.blank(input).to(input.x)
    with torch.no_grad():
        value, baseline = target.score(model.network, torch.stack([input.x, blank])).tolist()
    return Explanation(relevance, value, baseline, meta or {})


GRADIENTS: dict[str, Callable[..., Explanation]] = {
    "saliency": saliency,
    "input_x_gradient": input_x_gradient,
    "integrated_gradients": integrated_gradients,
    "grad_cam": grad_cam,
}
