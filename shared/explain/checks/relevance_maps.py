"""Checks of maps of relevance: whether they are faithful to the network."""

import copy
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy.stats import rankdata
from torch import Tensor

from shared.explain import Example, InputAdapter, Inputs, Target
from shared.explain.checks.base import Measure, Subject, check, measure
from shared.explain.methods.occlusion import BATCH
from shared.explain.methods.saliency import gradient
from shared.network import Network

CELLS = 200  # values of an input that are changed, up and down
STEP = 1e-7  # of a change: small enough to meet no kink
POINTS = 21  # of a deletion or insertion curve


@check
def gradients(subject: Subject) -> Iterator[Measure]:
    """The largest gap between the gradient and central differences, in double precision."""
    example, random = subject.examples[0], torch.Generator().manual_seed(subject.seed)
    target = Target(subject.adapter.answer(example))
    network = subject.adapter.network
    x = example.x.double()
    # Without noise max-pooling has ties, at which there is no gradient.
    x = x + 0.1 * torch.randn(x.shape, generator=random, dtype=x.dtype)
    chosen = torch.randperm(x.numel(), generator=random)[:CELLS]
    network.double()
    try:
        slope = gradient(network, target, x[None]).flatten()[chosen]
        moves = torch.zeros(len(chosen), x.numel(), dtype=x.dtype)
        moves[torch.arange(len(chosen)), chosen] = STEP
        moves = moves.view(-1, *x.shape)
        with torch.no_grad():
            ahead, behind = (
                torch.cat([target.score(network, x + sign * part) for part in moves.split(64)])
                for sign in (1, -1)
            )
    finally:
        network.float()
    gap = float((slope - (ahead - behind) / (2 * STEP)).abs().max())
    yield measure("saliency: largest gap to central differences", gap, len(chosen), "≤", 1e-6)


@check
def relevance_maps(subject: Subject) -> Iterator[Measure]:
    """Deletion, insertion and randomised weights, of each method and of maps that read no weight.

    A method has to pass; each of these maps has to fail at least once, or what passes proves nothing.
    """
    measures = [*deleted_and_inserted(subject), *randomised_weights(subject)]
    yield from (one._replace(required="", holds=None) if one.method in BLIND else one for one in measures)
    for name in BLIND:
        verdicts = [one.holds for one in measures if one.method == name]
        label = f"control: {name}, a map that reads no weight: checks that refuse it"
        yield measure(label, float(verdicts.count(False)), len(verdicts), "≥", 1.0)


def deleted_and_inserted(subject: Subject) -> Iterator[Measure]:
    """The areas under both curves, each method against random orders."""
    adapter, random = subject.adapter, np.random.default_rng(subject.seed)
    areas: dict[str, list[tuple[float, float]]] = {}
    for example in subject.examples:
        target = Target(adapter.answer(example))
        maps = {"random": torch.from_numpy(random.random(adapter.places(example).shape))}
        maps |= subject.maps(example)
        maps |= {name: draw(adapter, example, random) for name, draw in BLIND.items()}
        for name, relevance in maps.items():
            areas.setdefault(name, []).append(curves(adapter, example, target, relevance))
    mean = {name: np.mean(both, 0).tolist() for name, both in areas.items()}
    removed, put = mean.pop("random")
    bounds = {
        "deletion": ("≤", 0.25 * removed, f"with what it marks removed first the probability is {{:.2f}} on "
                     f"average, in random order {removed:.2f}"),
        "insertion": ("≥", put + min(0.2, (1 - put) / 2), f"with it put in first {{:.2f}}, in random order "
                      f"{put:.2f}"),
    }  # fmt: skip
    for number, (curve, (sign, bound, words)) in enumerate(bounds.items()):
        yield measure(f"{curve}: random", (removed, put)[number], len(subject.examples))
        for name, area in mean.items():
            value = area[number]
            label, n = f"{curve}: {name}", len(subject.examples)
            yield measure(label, value, n, sign, bound, name, words.format(value))


def randomised_weights(subject: Subject) -> Iterator[Measure]:
    """Rank correlation of the maps with those of randomised weights (Adebayo et al. 2018, section 3).

    Its size |ρ| is averaged: signs that cancel over the inputs hide that maps are alike.
    """
    adapter, random = subject.adapter, np.random.default_rng(subject.seed)
    correlations: dict[str, list[float]] = {}
    for n, example in enumerate(subject.examples):
        target, places = Target(adapter.answer(example)), foreground(adapter, example)
        before = subject.maps(example, target) | blind(adapter, example, random)
        with subject.with_network(randomised(adapter.network, subject.seed + n)):
            after = subject.maps(example, target) | blind(adapter, example, random)
        for name, one in before.items():
            rho = rank_correlation(one[places], after[name][places])
            correlations.setdefault(name, []).append(abs(rho))
    for name, values in correlations.items():
        mean = float(np.mean(values))
        words = f"|ρ| with maps of randomised weights {mean:.2f}"
        yield measure(f"randomised weights: |ρ| of {name}", mean, len(values), "≤", 0.5, name, words)


@check
def timed(subject: Subject) -> Iterator[Measure]:
    """Seconds that occlusion of one input takes."""
    adapter = subject.adapter
    example = max(subject.examples, key=lambda example: int(adapter.places(example).sum()))
    start = time.perf_counter()
    subject.explain("occlusion", example)
    seconds = time.perf_counter() - start
    regions = len(next(iter(adapter.regions(example).values())))
    yield measure(f"occlusion: seconds for one input, {regions} regions", seconds, 1, "<", 60.0)


def blind(adapter: InputAdapter, example: Example, random: np.random.Generator) -> dict[str, Tensor]:
    """The maps that read no weight, each with a random sign."""
    return {name: random.choice([-1, 1]) * draw(adapter, example, random) for name, draw in BLIND.items()}


def curves(
    adapter: InputAdapter, example: Example, target: Target, relevance: Float[Tensor, "a1 a2"]
) -> tuple[float, float]:
    """The areas under the deletion and the insertion curve (Petsiuk et al. 2018, section 4.1).

    Places are removed from the input, or put into the blank one, the most relevant first; the area is the
    mean of the class's probability on the way.
    """
    places = adapter.places(example)
    order = relevance[places].argsort(descending=True, stable=True)
    ranks = torch.full(places.shape, len(order))
    ranks[places] = order.argsort()
    counts = torch.linspace(0, len(order), POINTS).round().long()
    put = places & (ranks < counts[:, None, None])

    def area(x: Inputs) -> float:
        parts = [adapter.logits(part).softmax(1)[:, target.unit] for part in x.split(BATCH)]
        return float(torch.trapezoid(torch.cat(parts), dx=1 / (POINTS - 1)))

    return area(adapter.keep(example, places & ~put)), area(adapter.keep(example, put))


def randomised(network: Network, seed: int) -> Network:
    """A copy whose weights are drawn anew, tensor by tensor with the mean and the deviation that they had."""
    random = torch.Generator().manual_seed(seed)
    other = copy.deepcopy(network)
    with torch.no_grad():
        for weight in other.parameters():
            drawn = torch.randn(weight.shape, generator=random, dtype=weight.dtype)
            weight.copy_(weight.mean() + weight.std(correction=0) * drawn)
    return other


def edges(adapter: InputAdapter, example: Example, random: np.random.Generator) -> Float[Tensor, "a1 a2"]:
    """The edges of an input."""
    total = torch.zeros_like(example.x)
    for axis in (1, 2):
        if axis not in adapter.collapse and example.x.size(axis) > 1:
            steps = example.x.diff(dim=axis).abs()
            total.narrow(axis, 1, steps.size(axis)).add_(steps)
    return adapter.signed(total)[0]


def brightness(
    adapter: InputAdapter, example: Example, random: np.random.Generator
) -> Float[Tensor, "a1 a2"]:
    """How far each place is from the blank input's."""
    return adapter.signed((example.x - adapter.blank(example)).abs())[0]


def noise(adapter: InputAdapter, example: Example, random: np.random.Generator) -> Float[Tensor, "a1 a2"]:
    """A random number for each place."""
    return torch.from_numpy(random.random(adapter.places(example).shape))


# Maps that look at no weight, and yet may look like explanations.
BLIND: dict[str, Callable[[InputAdapter, Example, np.random.Generator], Tensor]] = {
    "edges of the input": edges, "its distance from the blank one": brightness, "noise": noise,
}  # fmt: skip


def foreground(adapter: InputAdapter, example: Example) -> Bool[Tensor, "a1 a2"]:
    """The places that differ from the most frequent value of a channel."""
    usual = example.x.flatten(1).mode(1).values[:, None, None]
    differs = (example.x != usual).sum(adapter.collapse, keepdim=True)[0] > 0
    return differs & adapter.places(example)


def rank_correlation(a: Float[Tensor, " n"], b: Float[Tensor, " n"]) -> float:
    """Spearman's ρ; 0 where one of the two does not vary."""
    ranks = [rankdata(values.double().numpy()) for values in (a, b)]
    return float(np.corrcoef(*ranks)[0, 1]) if min(rank.std() for rank in ranks) else 0.0
