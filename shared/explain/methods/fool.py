"""Fooling inputs: they look like noise and are classified with high confidence."""

import torch
from jaxtyping import Float
from torch import Tensor

from shared.explain import Example, Explanation, InputAdapter, Inputs, Method, Shown, Target
from shared.explain.methods.ascent import ascend, nearest_shown, noise
from shared.results import percent

STEPS = 200


@Method(
    "An input from noise that fools the network",
    "input",
    "The network is sure of {target} although no person would see it: its probability is no proof.",
    "The probability of {target} rises from {baseline} to {value}.",
)
def fool(adapter: InputAdapter, example: Example, target: Target, seed: int = 0) -> Explanation:
    """Noise changed until the network is sure of a class, the target (Nguyen et al. 2015, section 3).

    ``value`` is the class's probability, ``baseline`` what the noise had. The input gives the size alone.
    """
    begin = noise(example.x[None], adapter, seed)
    x = deceive(adapter, begin, torch.tensor([target.unit]))[0]
    before, after = adapter.probabilities(torch.stack([begin[0], x]))[:, target.unit].tolist()
    name = adapter.module.classes[target.unit]
    shown = [
        Shown(adapter.make(begin[0], "noise"), f"noise: {name} {percent(before)}"),
        Shown(adapter.make(x, "made"), f"made: {name} {percent(after)}"),
    ]
    if exists := adapter.nearest(x):
        there = float(adapter.probabilities(exists.x[None])[0, target.unit])
        shown.append(nearest_shown(exists, f"{name} {percent(there)}"))
    return Explanation(x, after, before, {"seed": seed, "steps": STEPS}, tuple(shown))


def deceive(adapter: InputAdapter, start: Inputs, classes: Tensor) -> Inputs:
    """N inputs of which the network is sure of N classes."""

    def sureness(x: Inputs) -> Float[Tensor, " n"]:
        return adapter.network(x).log_softmax(1).gather(1, classes[:, None])[:, 0]

    return ascend(start, adapter.bounds, sureness, STEPS)
