"""Relevance from gradients: saliency, input × gradient, integrated gradients."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from shared.explain.adapter import InputAdapter
from shared.explain.explanation import Example, Explanation
from shared.explain.method import method
from shared.explain.units import Target
from shared.network import Network
from shared.training import Classifier

STEPS = 64  # points of the path of integrated gradients


def gradient(network: Network, target: Target, x: Float[Tensor, "n channels a1 a2"]) -> Tensor:
    """∂y/∂x of the target's score for each of N inputs of one size."""
    x = x.detach().requires_grad_()
    return torch.autograd.grad(target.score(network, x).sum(), x)[0]


def explained(
    model: Classifier,
    example: Example,
    target: Target,
    adapter: InputAdapter,
    relevance: Float[Tensor, "1 _ _"],
    meta: dict[str, Any] | None = None,
    signed: Tensor | None = None,
) -> Explanation:
    """A map with the scores of the example and of its blank input."""
    blank = adapter.blank(example).to(example.x)
    with torch.no_grad():
        value, baseline = target.score(model.network, torch.stack([example.x, blank])).tolist()
    return Explanation(relevance, value, baseline, meta or {}, signed=signed)


@method("Saliency |∂y/∂x|", "map", signed=False)
def saliency(model: Classifier, example: Example, target: Target, adapter: InputAdapter) -> Explanation:
    """|∂y/∂x| (Simonyan et al. 2014, section 3): of several channels, the largest at each place."""
    slope = gradient(model.network, target, example.x[None])[0]
    relevance, signed = adapter.strongest(slope), adapter.signed(slope)
    return explained(model, example, target, adapter, relevance, signed=signed)


@method("Input × gradient", "map")
def input_x_gradient(
    model: Classifier, example: Example, target: Target, adapter: InputAdapter
) -> Explanation:
    """X · ∂y/∂x: what each place adds to the score of a linear network (Shrikumar et al. 2016)."""
    relevance = example.x * gradient(model.network, target, example.x[None])[0]
    return explained(model, example, target, adapter, adapter.signed(relevance))


@method("Integrated gradients", "map", faithful=True)
def integrated_gradients(
    model: Classifier, example: Example, target: Target, adapter: InputAdapter
) -> Explanation:
    """(x - x₀) times the mean gradient on the way from x₀ to x (Sundararajan et al. 2017, section 3).

    The mean is a Gauss–Legendre sum over STEPS points; x₀ is the blank input. The map adds up to the
    difference of the two scores: ``meta["completeness gap"]`` is what is missing of it.
    """
    blank = adapter.blank(example).to(example.x)
    relevance = path_attribution(model.network, target, example.x, blank)
    explanation = explained(model, example, target, adapter, adapter.signed(relevance))
    gap = float(relevance.sum()) - (explanation.value - explanation.baseline)
    explanation.meta.update({"steps": STEPS, "completeness gap": gap})
    return explanation


def path_attribution(
    network: Network,
    target: Target,
    x: Float[Tensor, "channels a1 a2"],
    blank: Float[Tensor, "channels a1 a2"],
) -> Float[Tensor, "channels a1 a2"]:
    """Integrated gradients of every value of an input."""
    nodes, weights = (torch.as_tensor(values).to(x) for values in np.polynomial.legendre.leggauss(STEPS))
    total = torch.zeros_like(x)
    for places, shares in zip((0.5 * (nodes + 1)).split(16), (0.5 * weights).split(16), strict=True):
        way = blank + places[:, None, None, None] * (x - blank)
        total += (shares[:, None, None, None] * gradient(network, target, way)).sum(0)
    return (x - blank) * total
