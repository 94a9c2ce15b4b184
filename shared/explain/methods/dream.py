"""Deep Dream: an input is changed so that a layer responds more strongly."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from shared.explain import Example, Explanation, Input, InputAdapter, Inputs, Method, Shown, Target
from shared.explain.units import activations, default_layer
from shared.network import Network

OCTAVES = (4, 2, 1)  # cells of the input that one cell of the change covers: coarse structure first
STEPS = 40  # an octave
RATE = 0.05  # of the range, a step of Adam's


@Method(
    "Deep Dream",
    "input",
    "What the layer sees a little of becomes strong.",
    "The mean square of the layer's output rises from {baseline} to {value}.",
    pictures=True,
)
def dream(adapter: InputAdapter, example: Example, target: Target, layer: str | None = None) -> Explanation:
    """The input changed so that a layer's output grows, above zero and below (Mordvintsev et al. 2015).

    Gradient ascent on the output's mean square, at several octaves: the change is first sought among coarse
    structures, then among finer ones. So it works on any layer, also behind those that take one size of
    input; None: the last convolution before the logits. ``value`` and ``baseline`` are the mean squares after
    and before. The target does not matter: all units of the layer grow.
    """
    name = layer or default_layer(adapter.network)
    x = dreamt(adapter.network, name, example.x, adapter.bounds)
    with torch.no_grad():
        before, after = mean_square(adapter.network, name, torch.stack([example.x, x])).tolist()
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


def dreamt(network: Network, layer: str, x: Input, bounds: tuple[Tensor, Tensor]) -> Input:
    """The input after all octaves."""
    (low, high), x = bounds, x[None]

    def changed(change: Float[Tensor, "n channels c1 c2"]) -> Inputs:
        """The input with a change, in shares of the range and of a coarser grid, added to it."""
        fine = F.interpolate(change, x.shape[2:], mode="bilinear", align_corners=False)
        return torch.minimum(torch.maximum(x + (high - low) * fine, low), high)

    for octave in OCTAVES:
        coarse = [max(cells // octave, 1) for cells in x.shape[2:]]
        change = torch.zeros(1, x.size(1), *coarse, dtype=x.dtype, requires_grad=True)
        optimizer = torch.optim.Adam([change], lr=RATE)
        for _ in range(STEPS):
            optimizer.zero_grad()
            (-mean_square(network, layer, changed(change)).sum()).backward()
            optimizer.step()
        x = changed(change).detach()
    return x[0]
