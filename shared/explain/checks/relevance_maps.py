"""Checks of maps of relevance: whether they are faithful to the network."""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy.stats import rankdata
from torch import Tensor

from shared.explain import Example, InputAdapter, Inputs, Target
from shared.explain.checks.base import Measure, Subject, check, share_of, share_of_attainable
from shared.explain.checks.controls import perturbed, randomised
from shared.explain.methods.occlusion import BATCH
from shared.explain.methods.saliency import gradient
from shared.explain.units import learned_layers

CELLS = 200  # values of an input that are changed, up and down
STEP = 1e-7  # of a change: small enough to meet no kink
GAP = 1e-6  # between the gradient and central differences
POINTS = 11  # of a deletion or insertion curve
STAGES = 4  # at most, in which the layers are randomised from the top
ATTAINED = 0.25  # of what deletion and insertion could attain


@check
def gradients(subject: Subject) -> Iterator[Measure]:
    """The share of values whose gradient is the central difference, in double precision."""
    adapter, example = subject.adapter, subject.examples[0]
    target, random = Target(adapter.answer(example)), torch.Generator().manual_seed(subject.seed)
    x = example.x.double()
    # Without noise max-pooling has ties, at which there is no gradient.
    x = x + 0.1 * torch.randn(x.shape, generator=random, dtype=x.dtype)
    chosen = torch.randperm(x.numel(), generator=random)[:CELLS]
    moves = torch.zeros(len(chosen), x.numel(), dtype=x.dtype)
    moves[torch.arange(len(chosen)), chosen] = STEP
    moves = moves.view(-1, *x.shape)
    network = adapter.network.double()
    try:
        with torch.no_grad():
            ahead, behind = (
                torch.cat([target.score(network, x + sign * part) for part in moves.split(BATCH)])
                for sign in (1, -1)
            )
        slopes = {"saliency": gradient(network, target, x[None])}
    finally:
        network.float()
    with subject.with_network(subject.randomised):
        slopes["saliency of a randomised network"] = gradient(adapter.network, target, x[None].float())
    for name, slope in slopes.items():
        gap = (slope.flatten()[chosen] - (ahead - behind) / (2 * STEP)).abs()
        share = share_of((gap <= GAP).double().tolist())
        yield Measure("gradient equals central differences", name, share, 0.95, name != "saliency")


@check
def deletion_and_insertion(subject: Subject) -> Iterator[Measure]:
    """The areas under both curves (Petsiuk et al. 2018, section 4.1), as shares of what was attainable.

    An order of places, the most relevant for the answer first, is compared with a random order and with the
    same method's order for the second most likely class, whichever does better: a map that is the same for
    all classes gains nothing. The bound is the lowest (insertion: highest) probability on any of the curves.
    """
    adapter = subject.adapter
    gains: dict[str, dict[str, list[float]]] = {kind: defaultdict(list) for kind in ("deletion", "insertion")}
    attainable: dict[str, dict[str, list[float]]] = {kind: defaultdict(list) for kind in gains}
    for example in subject.examples:
        answer, second = adapter.logits(example.x[None])[0].topk(2).indices.tolist()
        both = [subject.maps(example, Target(number)) for number in (answer, second)]
        drawn = torch.from_numpy(subject.random.random(adapter.places(example).shape))
        chance = curves(adapter, example, answer, drawn)
        probability = {
            name: np.stack([curves(adapter, example, answer, maps[name]) for maps in both])
            for name in both[0]
        }  # by name (class, kind, point)
        met = np.concatenate([chance[None], *probability.values()])
        for number, (kind, sign) in enumerate((("deletion", -1), ("insertion", 1))):
            best = float((sign * met[:, number]).max())
            for name, values in probability.items():
                own, other, random = (sign * area(curve[number]) for curve in (*values, chance))
                gains[kind][name].append(own - max(other, random))
                attainable[kind][name].append(best - max(other, random))
    for kind in gains:
        shares = {
            name: share_of_attainable(gains[kind][name], attainable[kind][name]) for name in gains[kind]
        }
        yield from subject.judge(kind, shares, ATTAINED)


@check
def randomised_weights(subject: Subject) -> Iterator[Measure]:
    """How far maps become others, as the layers are randomised from the top (Adebayo et al. 2018, section 3).

    Likeness is the size |ρ| of the rank correlation. What it loses on average over the stages is a share of
    what it could lose: from its value after faint noise in the weights, in which a map repeats itself, to its
    value with the map of another input.
    """
    adapter = subject.adapter
    network = adapter.module.network
    layers = learned_layers(network)[::-1]
    stages = np.unique(np.linspace(1, len(layers), STAGES).round().astype(int)).tolist()
    likeness: dict[str, list[list[float]]] = defaultdict(list)  # of each input: repeated, stages, chance
    earlier: tuple[Tensor, dict[str, Tensor]] | None = None
    for number, example in enumerate([*subject.examples, subject.examples[0]]):
        target, places = Target(adapter.answer(example)), foreground(adapter, example)
        others = [perturbed(network, subject.random)]
        others += [randomised(network, subject.seed + number, layers[:count]) for count in stages]
        maps = subject.maps(example, target)
        changed = []
        for other in others:
            with subject.with_network(other):
                changed.append({name: one[places] for name, one in subject.maps(example, target).items()})
        for name, one in maps.items():
            row = [abs(rank_correlation(one[places], other[name])) for other in changed]
            if earlier:
                nearest = nearest_places(places, earlier[0])
                row.append(abs(rank_correlation(one[places], earlier[1][name][nearest])))
                likeness[name].append(row)
        earlier = places, changed[-1]
    shares, notes = {}, {}
    for name, rows in likeness.items():
        repeated, *after, chance = np.array(rows).T
        shares[name] = share_of_attainable(repeated - np.mean(after, 0), repeated - chance)
        steps = ", ".join(f"{value:.2f}" for value in np.mean(after, 1))
        notes[name] = f"|ρ| {repeated.mean():.2f}; from the top {steps}; by chance {chance.mean():.2f}"
    yield from subject.judge("randomised weights", shares, notes=notes)


def curves(
    adapter: InputAdapter, example: Example, number: int, relevance: Float[Tensor, "a1 a2"]
) -> Float[np.ndarray, "2 points"]:
    """The deletion and the insertion curve: a class's probability at each point.

    Places are removed from the input, or put into the blank one, the most relevant first.
    """
    places = adapter.places(example)
    order = relevance[places].argsort(descending=True, stable=True)
    ranks = torch.full(places.shape, len(order))
    ranks[places] = order.argsort()
    counts = torch.linspace(0, len(order), POINTS).round().long()
    put = places & (ranks < counts[:, None, None])

    def probability(x: Inputs) -> Tensor:
        return torch.cat([adapter.logits(part).softmax(1)[:, number] for part in x.split(BATCH)])

    both = (probability(adapter.keep(example, masks)) for masks in (places & ~put, put))
    return torch.stack(list(both)).numpy()


def area(curve: Float[np.ndarray, " points"]) -> float:
    """The area under a curve, over the share of places."""
    return float(np.trapezoid(curve, dx=1 / (len(curve) - 1)))


def foreground(adapter: InputAdapter, example: Example) -> Bool[Tensor, "a1 a2"]:
    """The places that differ from the most frequent value of a channel."""
    usual = example.x.flatten(1).mode(1).values[:, None, None]
    differs = (example.x != usual).sum(adapter.collapse, keepdim=True)[0] > 0
    return differs & adapter.places(example)


def nearest_places(places: Bool[Tensor, "a1 a2"], others: Bool[Tensor, "b1 b2"]) -> Tensor:
    """For each place of one input the number of the nearest place of another, as if both had one size."""
    one, other = (where.nonzero() / torch.tensor(where.shape) for where in (places, others))
    return torch.cdist(one, other).argmin(1)


def rank_correlation(a: Float[Tensor, " n"], b: Float[Tensor, " n"]) -> float:
    """Spearman's ρ; 0 where one of the two does not vary."""
    ranks = [rankdata(values.double().numpy()) for values in (a, b)]
    return float(np.corrcoef(*ranks)[0, 1]) if min(rank.std() for rank in ranks) else 0.0
