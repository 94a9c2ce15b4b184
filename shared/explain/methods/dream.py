"""Deep Dream: an input is changed so that a layer responds more strongly."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from shared.errors import UserError
from shared.explain.adapter import InputAdapter, Inputs
from shared.explain.explanation import Example, Explanation, Shown
from shared.explain.method import method
from shared.explain.units import Target, activations, last_maps
from shared.network import Network
from shared.training import Classifier

OCTAVES = (4, 2, 1)  # cells of the input that one cell of the change covers: coarse structure first
STEPS = 40  # an octave
RATE = 0.05  # of the range, a step of Adam's


@method("Deep Dream", "input", reading="what the layer responds to, made stronger in the example")
def dream(
    model: Classifier, example: Example, target: Target, adapter: InputAdapter, layer: str | None = None
) -> Explanation:
    """The input changed so that a layer's output grows, above zero and below (Mordvintsev et al. 2015).

    Gradient ascent on the output's mean square, at several octaves: the change is first sought among coarse
    structures, then among finer ones. So it works on any layer, also behind those that take one size of
    input. ``value`` and ``baseline`` are the mean squares after and before.

    The target does not matter: all units of the layer grow.

    Options:
        layer: its name; None: the last convolution's before the logits.

    Raises:
        UserError: the adapter's inputs are no pictures, or there is no such layer.
    """
    if not adapter.pictures:
        raise UserError("dream: works on pictures and spectrograms; leave it out of methods")
    name = layer or last_maps(model.network)[0]
    x = dreamt(model.network, name, example.x, adapter.bounds)
    with torch.no_grad():
        before, after = mean_square(model.network, name, torch.stack([example.x, x])).tolist()
    made = adapter.make(x, f"{example.name} dreamt", of=example)
    shown = (
        Shown(example, f"as it is: mean square {before:.3g}"),
        Shown(made, f"dreamt: mean square {after:.3g}"),
    )
    ratio = after / before if before > 0 else None
    meta = {"layer": name, "octaves": len(OCTAVES), "ratio": ratio}
    return Explanation(x, after, before, meta, shown, made=made)


def mean_square(network: Network, layer: str, x: Inputs) -> Float[Tensor, " n"]:
    """The mean square of a layer's output over its own cells."""
    output = activations(network, layer, x)
    cells = output.own.sum((1, 2, 3, 4)) * output.values.size(1)
    return output.values.square().sum((1, 2, 3, 4)) / cells


def dreamt(
    network: Network, layer: str, x: Float[Tensor, "channels a1 a2"], bounds: tuple[Tensor, Tensor]
) -> Float[Tensor, "channels a1 a2"]:
    """The input after all octaves."""
    low, high = (bound.to(x) for bound in bounds)
    x = x[None]
    for octave in OCTAVES:
        coarse = [max(cells // octave, 1) for cells in x.shape[2:]]
        change = torch.zeros(1, x.size(1), *coarse, dtype=x.dtype, requires_grad=True)
        optimizer = torch.optim.Adam([change], lr=RATE)
        for _ in range(STEPS):
            optimizer.zero_grad()
            (-mean_square(network, layer, _changed(x, change, low, high)).sum()).backward()
            optimizer.step()
        x = _changed(x, change, low, high).detach()
    return x[0]


def _changed(x: Inputs, change: Float[Tensor, "n channels c1 c2"], low: Tensor, high: Tensor) -> Inputs:
    """The input with a change, in shares of the range and of a coarser grid, added to it."""
    fine = F.interpolate(change, x.shape[2:], mode="bilinear", align_corners=False)
    return torch.minimum(torch.maximum(x + (high - low) * fine, low), high)
