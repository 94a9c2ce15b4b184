"""Relevance from gradients: saliency, input × gradient, integrated gradients."""

from typing import Any

import numpy as np
import torch

from shared.explain import Example, Explanation, Input, InputAdapter, Inputs, Method, Target
from shared.explain.adapter import Map
from shared.network import Network

STEPS = 64  # points of the path of integrated gradients


def gradient(network: Network, target: Target, x: Inputs) -> Inputs:
    """∂y/∂x of the target's score for each of N inputs of one size."""
    x = x.detach().requires_grad_()
    return torch.autograd.grad(target.score(network, x).sum(), x)[0]


def explained(
    adapter: InputAdapter,
    example: Example,
    target: Target,
    relevance: Map,
    meta: dict[str, Any] | None = None,
) -> Explanation:
    """A map with the scores of the example and of its blank input."""
    both = torch.stack([example.x, adapter.blank(example)])
    with torch.no_grad():
        value, baseline = target.score(adapter.network, both).tolist()
    return Explanation(relevance, value, baseline, meta or {})


BLANK = "The score of {target} is {value}, that of a blank input {baseline} (before softmax)."


@Method(
    "Saliency |∂y/∂x|",
    "map",
    "The darker the blue, the more a small change of that place would move the score of {target}.",
    BLANK,
    unit="size of the slope",
)
def saliency(adapter: InputAdapter, example: Example, target: Target) -> Explanation:
    """|∂y/∂x| (Simonyan et al. 2014, section 3): of several channels, the largest at each place."""
    slope = gradient(adapter.network, target, example.x[None])[0]
    return explained(adapter, example, target, slope.abs().amax(adapter.collapse, keepdim=True))


@Method(
    "Input × gradient",
    "map",
    "Blue places support {target} and orange or red ones oppose it, were the network linear.",
    BLANK,
    unit="part of the score",
)
def input_x_gradient(adapter: InputAdapter, example: Example, target: Target) -> Explanation:
    """X · ∂y/∂x: what each place adds to the score of a linear network (Shrikumar et al. 2016)."""
    relevance = example.x * gradient(adapter.network, target, example.x[None])[0]
    return explained(adapter, example, target, adapter.signed(relevance))


@Method(
    "Integrated gradients",
    "map",
    "Blue places raise the score of {target} above that of a blank input, orange or red ones lower it; "
    "together they add up to the difference.",
    BLANK,
    unit="part of the difference",
)
def integrated_gradients(adapter: InputAdapter, example: Example, target: Target) -> Explanation:
    """(x - x₀) times the mean gradient on the way from x₀ to x (Sundararajan et al. 2017, section 3).

    The mean is a Gauss–Legendre sum over STEPS points; x₀ is the blank input. The map adds up to the
    difference of the two scores: ``meta["completeness gap"]`` is what is missing of it.
    """
    relevance = path_attribution(adapter.network, target, example.x, adapter.blank(example))
    explanation = explained(adapter, example, target, adapter.signed(relevance))
    gap = float(relevance.sum()) - (explanation.value - explanation.baseline)
    explanation.meta.update({"steps": STEPS, "completeness gap": gap})
    return explanation


def path_attribution(network: Network, target: Target, x: Input, blank: Input) -> Input:
    """Integrated gradients of every value of an input."""
    nodes, weights = (torch.as_tensor(values).to(x) for values in np.polynomial.legendre.leggauss(STEPS))
    total = torch.zeros_like(x)
    for places, shares in zip((0.5 * (nodes + 1)).split(16), (0.5 * weights).split(16), strict=True):
        way = blank + places[:, None, None, None] * (x - blank)
        total += (shares[:, None, None, None] * gradient(network, target, way)).sum(0)
    return (x - blank) * total
