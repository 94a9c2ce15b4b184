"""Activation maximisation: the input that maximises a unit's activation."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from shared.errors import require_choice
from shared.explain import Example, Explanation, Input, InputAdapter, Inputs, Method, Shown, Target
from shared.explain.methods.ascent import ascend, distance, nearest_shown, noise, variation
from shared.explain.units import activations

STEPS = 200
STARTS = ("noise", "zeros", "real")


@Method(
    "The input that maximises {target}",
    "units",
    "Inputs made to be as typical as can be for the network, each beside the best real one: "
    "what they share is what the network looks for.",
    "The sum over the cells is {value} for the made input, {baseline} for the best real one.",
    of_classes=True,
)
def actmax(
    adapter: InputAdapter,
    example: None,
    target: Target,
    start: str = "noise",
    l1: float = 0.0,
    smooth: float = 0.0,
    seed: int = 0,
) -> Explanation:
    """The input in the adapter's range that maximises a unit's a_k = Σ_ij a_k,ij, or a class's score.

    It starts from ``noise``, from ``zeros`` (the blank input), or from the ``real`` training input that
    activates the unit most. It is as large as that one, whose value is the ``baseline``. ``l1`` weighs the
    mean distance from the blank input, ``smooth`` the total variation, both against a_k in units of the
    baseline (Simonyan et al. 2014, section 2; Mahendran & Vedaldi 2015, section 3).
    """
    require_choice("start", start, STARTS)
    maxima = adapter.search(target.layer)
    best = float(maxima.total[target.unit])
    real = adapter.example(adapter.data.train_set, int(maxima.total_item[target.unit]))
    meta = {
        "dead": maxima.dead(target.unit), "start": start, "l1": l1, "smooth": smooth, "seed": seed,
        "searched": f"{maxima.n:,} training inputs",
    }  # fmt: skip
    if meta["dead"]:
        return Explanation(torch.zeros_like(real.x), 0.0, 0.0, meta)
    [made] = maximise(adapter, [target], real.x[None], start, l1, smooth, seed)
    meta |= {"ratio": made.value / best if best > 0 else None, "total variation": made.variation}
    ratio = f", {meta['ratio']:.1f} × real" if meta["ratio"] else ""
    shown = [
        Shown(adapter.make(made.x, "made"), f"made: {made.value:.2f}{ratio}"),
        Shown(real, f"best real: {best:.2f}\n{real.name}"),
    ]
    if exists := adapter.nearest(made.x):
        with torch.no_grad():
            reached = float(target.score(adapter.network, exists.x[None]))
        shown.insert(1, nearest_shown(exists, f"{reached:.2f}"))
        meta["nearest that exists"] = reached
    return Explanation(made.x, made.value, best, meta, tuple(shown))


class Made(NamedTuple):
    """A made input, its degree of activation, and its total variation."""

    x: Input
    value: float
    variation: float


def maximise(
    adapter: InputAdapter,
    targets: list[Target],
    like: Inputs,
    start: str,
    l1: float,
    smooth: float,
    seed: int,
) -> list[Made]:
    """An input for each of several units of one layer, in one batch, like the real ones; see ``actmax``."""
    layer = targets[0].layer
    units = torch.tensor([target.unit for target in targets])
    scale = adapter.search(layer).total[units].abs().clamp(min=1e-6)

    def degree(x: Inputs) -> Float[Tensor, " n"]:
        return activations(adapter.network, layer, x).total.gather(1, units[:, None])[:, 0]

    def objective(x: Inputs) -> Float[Tensor, " n"]:
        value = degree(x) / scale
        if l1:
            value = value - l1 * distance(x, adapter)
        return value - smooth * variation(x, adapter) if smooth else value

    begin = like
    if start == "noise":
        begin = noise(like, adapter, seed)
    elif start == "zeros":
        begin = adapter.blank(Example(like[0], "")).expand_as(like)
    x = ascend(begin, adapter.bounds, objective, STEPS)
    with torch.no_grad():
        reached, rough = degree(x).tolist(), variation(x, adapter).tolist()
    return [Made(*values) for values in zip(x, reached, rough, strict=True)]
