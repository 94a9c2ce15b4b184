"""Activation maximisation: the input that maximises a unit's activation."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from shared.errors import UserError, nearest
from shared.explain.adapter import InputAdapter, Inputs
from shared.explain.explanation import Explanation, Shown
from shared.explain.method import method
from shared.explain.methods.ascent import ascend, distance, noise, variation
from shared.explain.training_inputs import Reals
from shared.explain.units import Target, activations
from shared.training import Classifier

STEPS = 200
STARTS = ("noise", "zeros", "real")


@method(
    "The input that maximises {target}",
    "units",
    of_classes=True,
    reading="compare what it reaches with the best real input",
)
def actmax(
    model: Classifier,
    example: None,
    target: Target,
    adapter: InputAdapter,
    reals: Reals,
    start: str = "noise",
    l1: float = 0.0,
    smooth: float = 0.0,
    seed: int = 0,
) -> Explanation:
    """The input in the adapter's range that maximises a unit's a_k = Σ_ij a_k,ij, or a class's score.

    It is as large as the training input that activates the unit most; ``baseline`` is that one's value.
    Penalties are weighed against a_k in units of that baseline (Simonyan et al. 2014, section 2; Mahendran &
    Vedaldi 2015, section 3).

    Options:
        reals: the training inputs.
        start: ``noise``, ``zeros`` (the blank input) or ``real`` (the training input that activates it most).
        l1: weight of the mean distance from the blank input.
        smooth: weight of the total variation.
        seed: of the noise.

    Raises:
        UserError: there is no such start.
    """
    if start not in STARTS:
        raise UserError(f"start: must be a kind of start, got {start}; {nearest(str(start), list(STARTS))}")
    search = reals.search(target.layer)
    item, best = int(search.total_item[target.unit]), float(search.total[target.unit])
    real = reals.example(item)
    meta = {
        "dead": search.dead(target.unit), "start": start, "l1": l1, "smooth": smooth, "seed": seed,
        "searched": f"{search.n:,} training inputs",
    }  # fmt: skip
    if meta["dead"]:
        return Explanation(torch.zeros_like(real.x), 0.0, 0.0, meta)
    [made] = maximise(model, [target], adapter, reals, real.x[None], start, l1, smooth, seed)
    meta |= {"ratio": made.value / best if best > 0 else None, "total variation": made.variation}
    ratio = f", {meta['ratio']:.1f} times the best real" if meta["ratio"] else ""
    shown = [
        Shown(adapter.make(made.x, "made"), f"made: {made.value:.2f}{ratio}"),
        Shown(real, f"best real: {best:.2f}\n{real.name}"),
    ]
    exists = adapter.nearest(made.x)
    if exists is not None:
        with torch.no_grad():
            reached = float(target.score(model.network, exists.x[None]))
        shown.insert(1, Shown(exists, f"nearest that exists: {reached:.2f}\n{exists.name}"))
        meta["nearest that exists"] = reached
    return Explanation(made.x, made.value, best, meta, tuple(shown))


class Made(NamedTuple):
    """A made input, its degree of activation, and its total variation in shares of the range."""

    x: Float[Tensor, "channels a1 a2"]
    value: float
    variation: float


def maximise(
    model: Classifier,
    targets: list[Target],
    adapter: InputAdapter,
    reals: Reals,
    like: Inputs,
    start: str,
    l1: float,
    smooth: float,
    seed: int,
) -> list[Made]:
    """An input for each of several units of one layer, in one batch.

    Args:
        model: the network.
        targets: units of one layer.
        adapter: its adapter.
        reals: the training inputs.
        like: (units, channels, axis 1, axis 2) real inputs, which give the size, and ``real`` its start.
        start: one of STARTS.
        l1: weight of the mean distance from the blank input.
        smooth: weight of the total variation.
        seed: of the noise.
    """
    layer, units = targets[0].layer, torch.tensor([target.unit for target in targets])
    search = reals.search(layer)
    scale = search.total[units].abs().clamp(min=1e-6)

    def degree(x: Inputs) -> Float[Tensor, " n"]:
        scores = model.network(x) if layer is None else activations(model.network, layer, x).total
        return scores.gather(1, units[:, None])[:, 0]

    def objective(x: Inputs) -> Float[Tensor, " n"]:
        value = degree(x) / scale
        if l1:
            value = value - l1 * distance(x, adapter)
        return value - smooth * variation(x, adapter) if smooth else value

    begin = {
        "noise": lambda: noise(like, adapter, seed),
        "zeros": lambda: torch.stack([adapter.blank(adapter.make(x, "")) for x in like]),
        "real": lambda: like,
    }[start]()
    x = ascend(begin, adapter.bounds, objective, STEPS)
    with torch.no_grad():
        reached, rough = degree(x).tolist(), variation(x, adapter).tolist()
    return [Made(*values) for values in zip(x, reached, rough, strict=True)]
