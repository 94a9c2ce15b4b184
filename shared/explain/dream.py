"""Deep Dream: what a layer begins to see in an input is made stronger in it."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from shared.classifier import Classifier
from shared.errors import UserError
from shared.explain.domain import Domain, Planes
from shared.explain.explanation import Explanation, Sample, Shown
from shared.explain.saliency import last_maps
from shared.explain.units import Target, activations
from shared.network import Network

OCTAVES = (4, 2, 1)  # cells of the input that one cell of the change covers: coarse structure first
STEPS = 40  # an octave
STEP = 0.1  # of the range, the root mean square of a step's change


def dream(
    model: Classifier, input: Sample, target: Target, domain: Domain, layer: str | None = None
) -> Explanation:
    """The input changed so that a layer's output grows, above zero and below (Mordvintsev et al. 2015).

    Gradient ascent on the output's mean square, at several octaves: the change is first sought among coarse
    structures, then among finer ones. So it works on any layer, also behind those that take one size of
    input. ``value`` and ``baseline`` are the mean squares after and before.

    The target is not asked: all units of the layer grow.

    Options:
        layer: its name; None: the last convolution's before the logits.

    Raises:
        UserError: the domain's inputs are no pictures, or there is no such layer.
    """
    if not domain.pictures:
        raise UserError("dream: works on pictures and spectrograms; leave it out of methods")
    name = layer or last_maps(model.network)[0]
    x = dreamt(model.network, name, input.x, domain.bounds)
    with torch.no_grad():
        before, after = mean_square(model.network, name, torch.stack([input.x, x])).tolist()
    made = domain.make(x, f"{input.name} dreamt", of=input)
    shown = (
        Shown(input, f"as it is: mean square {before:.3g}"),
        Shown(made, f"dreamt: mean square {after:.3g}"),
    )
    ratio = after / before if before > 0 else None
    return Explanation(x, after, before, {"layer": name, "octaves": len(OCTAVES), "ratio": ratio}, shown)


def mean_square(network: Network, layer: str, x: Planes) -> Float[Tensor, " n"]:
    """The mean square of a layer's output over its own cells."""
    found = activations(network, layer, x)
    cells = found.own.sum((1, 2, 3, 4)) * found.values.size(1)
    return found.values.square().sum((1, 2, 3, 4)) / cells


def dreamt(
    network: Network, layer: str, x: Float[Tensor, "planes a1 a2"], bounds: tuple[Tensor, Tensor]
) -> Float[Tensor, "planes a1 a2"]:
    """The input after all octaves."""
    low, high = (bound.to(x) for bound in bounds)
    x = x[None]
    for octave in OCTAVES:
        extent = [max(cells // octave, 1) for cells in x.shape[2:]]
        for _ in range(STEPS):
            change = torch.zeros(1, x.size(1), *extent, dtype=x.dtype, requires_grad=True)
            changed = x + F.interpolate(change, x.shape[2:], mode="bilinear", align_corners=False)
            slope = torch.autograd.grad(mean_square(network, layer, changed).sum(), change)[0]
            size = slope.square().mean().sqrt()
            if size == 0:
                break
            coarse = F.interpolate(slope / size, x.shape[2:], mode="bilinear", align_corners=False)
            x = torch.minimum(torch.maximum(x + STEP * (high - low) * coarse, low), high)
    return x[0].detach()
