"""The measures of the checks of maps: deletion and insertion curves, and randomised weights."""

import copy

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy.stats import rankdata
from torch import Tensor

from shared.explain.adapter import InputAdapter
from shared.explain.explanation import Example
from shared.explain.methods.occlusion import BATCH
from shared.explain.units import Target
from shared.network import Network
from shared.training import Classifier

POINTS = 21  # of a curve


def curves(
    model: Classifier,
    example: Example,
    target: Target,
    adapter: InputAdapter,
    relevance: Float[Tensor, "a1 a2"],
) -> tuple[float, float]:
    """The areas under the deletion and the insertion curve (Petsiuk et al. 2018, section 4.1).

    Places are removed from the input, or put into the blank one, the most relevant first; the area is the
    mean of the class's probability on the way.
    """
    places = adapter.places(example)
    order = relevance[places].argsort(descending=True, stable=True)
    rank = torch.empty_like(order)
    rank[order] = torch.arange(len(order))
    ranks = torch.full(places.shape, len(order))
    ranks[places] = rank
    counts = torch.linspace(0, len(order), POINTS).round().long()
    put = places & (ranks < counts[:, None, None])
    deleted, inserted = (adapter.keep(example, part) for part in (places & ~put, put))
    return _area(model, deleted, target), _area(model, inserted, target)


@torch.no_grad()
def _area(model: Classifier, x: Tensor, target: Target) -> float:
    chances = torch.cat([model.network(part).softmax(1)[:, target.unit] for part in x.split(BATCH)])
    return float(torch.trapezoid(chances, dx=1 / (POINTS - 1)))


def randomised(network: Network, seed: int) -> Network:
    """A copy whose weights are drawn anew, tensor by tensor with the mean and the deviation that they had."""
    random = torch.Generator().manual_seed(seed)
    other = copy.deepcopy(network)
    with torch.no_grad():
        for weight in other.parameters():
            drawn = torch.randn(weight.shape, generator=random, dtype=weight.dtype)
            weight.copy_(weight.mean() + weight.std(correction=0) * drawn)
    return other


def edges(example: Example, adapter: InputAdapter) -> Float[Tensor, "a1 a2"]:
    """The edges of an input. They depend on no weight, and yet may look like an explanation."""
    total = torch.zeros_like(example.x)
    for axis in (1, 2):
        if axis not in adapter.collapse and example.x.size(axis) > 1:
            steps = example.x.diff(dim=axis).abs()
            total.narrow(axis, 1, steps.size(axis)).add_(steps)
    return adapter.signed(total)[0]


def foreground(example: Example, adapter: InputAdapter) -> Bool[Tensor, "a1 a2"]:
    """The places that differ from the most frequent value of a channel."""
    usual = example.x.flatten(1).mode(1).values[:, None, None]
    differs = (example.x != usual).sum(adapter.collapse, keepdim=True)[0] > 0
    return differs & adapter.places(example)


def rank_correlation(a: Float[Tensor, " n"], b: Float[Tensor, " n"]) -> float:
    """Spearman's ρ; 0 where one of the two does not vary."""
    ranks = [rankdata(values.double().numpy()) for values in (a, b)]
    if min(rank.std() for rank in ranks) == 0:
        return 0.0
    return float(np.corrcoef(*ranks)[0, 1])
