"""Fooling inputs: they look like noise and are classified with high confidence."""

import torch
from jaxtyping import Float
from torch import Tensor

from shared.explain.adapter import InputAdapter, Inputs
from shared.explain.explanation import Example, Explanation, Shown
from shared.explain.method import method
from shared.explain.methods.ascent import ascend, noise
from shared.explain.units import Target
from shared.results import percent
from shared.training import Classifier

STEPS = 200


@method(
    "An input from noise that fools the network",
    "input",
    reading="a confident prediction for what means nothing",
)
def fool(
    model: Classifier, example: Example, target: Target, adapter: InputAdapter, seed: int = 0
) -> Explanation:
    """Noise changed until the network is sure of a class (Nguyen et al. 2015, section 3).

    ``value`` is the class's probability, ``baseline`` what the noise had.

    The target is a class; the input gives the size alone.

    Options:
        seed: of the noise.
    """
    begin = noise(example.x[None], adapter, seed)
    x = deceive(model, begin, torch.tensor([target.unit]), adapter)[0]
    with torch.no_grad():
        before, after = model.network(torch.stack([begin[0], x])).softmax(1)[:, target.unit].tolist()
    name = model.classes[target.unit]
    shown = [
        Shown(adapter.make(begin[0], "noise"), f"noise: {name} {percent(before)}"),
        Shown(adapter.make(x, "made"), f"made: {name} {percent(after)}"),
    ]
    exists = adapter.nearest(x)
    if exists is not None:
        with torch.no_grad():
            there = float(model.network(exists.x[None]).softmax(1)[0, target.unit])
        shown.append(Shown(exists, f"nearest that exists: {name} {percent(there)}\n{exists.name}"))
    return Explanation(x, after, before, {"seed": seed, "steps": STEPS}, tuple(shown))


def deceive(model: Classifier, start: Inputs, classes: Tensor, adapter: InputAdapter) -> Inputs:
    """Inputs (N, …) of which the network is sure of N classes."""

    def sureness(x: Inputs) -> Float[Tensor, " n"]:
        return model.network(x).log_softmax(1).gather(1, classes[:, None])[:, 0]

    return ascend(start, adapter.bounds, sureness, STEPS)
