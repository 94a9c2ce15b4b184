"""Checks of maps of relevance: whether they are faithful to the network."""

import time
from collections.abc import Iterator

import numpy as np
import torch

from shared.explain.adapter import InputAdapter
from shared.explain.checks.base import Measure, Subject, check, required
from shared.explain.checks.faithfulness import curves, edges, foreground, randomised, rank_correlation
from shared.explain.checks.planted_evidence import learn, pointing
from shared.explain.method import METHODS
from shared.explain.methods.saliency import gradient
from shared.explain.units import Target

CELLS = 200  # values of an input that are changed, up and down
STEP = 1e-7  # of a change: small enough to meet no kink


@check
def gradients(subject: Subject) -> Iterator[Measure]:
    """The largest gap between the gradient and central differences, in double precision."""
    network, example = subject.model.network, subject.examples[0]
    random = torch.Generator().manual_seed(subject.seed)
    target = Target(subject.answer(example))
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
    yield required("saliency: largest gap to central differences", gap, len(chosen), "≤", 1e-6)


@check
def faithful(subject: Subject) -> Iterator[Measure]:
    """Deletion and insertion, each method against random orders."""
    random = np.random.default_rng(subject.seed)
    areas: dict[str, list[tuple[float, float]]] = {}
    for example in subject.examples:
        target = Target(subject.answer(example))
        maps = {"random": torch.from_numpy(random.random(subject.adapter.places(example).shape))}
        for name, relevance in (maps | subject.maps(example)).items():
            both = curves(subject.model, example, target, subject.adapter, relevance)
            areas.setdefault(name, []).append(both)
    mean = {name: np.mean(both, 0) for name, both in areas.items()}
    bounds = {"deletion": ("≤", 0.25 * mean["random"][0]), "insertion": ("≥", mean["random"][1] + 0.2)}
    for number, (curve, (sign, bound)) in enumerate(bounds.items()):
        for name, area in mean.items():
            label, value, n = f"{curve}: {name}", float(area[number]), len(subject.examples)
            if name in METHODS and METHODS[name].faithful:
                yield required(label, value, n, sign, bound)
            else:
                yield Measure(label, value, n)


@check
def randomised_weights(subject: Subject) -> Iterator[Measure]:
    """Rank correlation of the maps with those of randomised weights (Adebayo et al. 2018, section 3)."""
    trained = subject.model.network
    edge = "an edge detector"
    correlations: dict[str, list[float]] = {name: [] for name in (*(m.name for m in subject.methods), edge)}
    for n, example in enumerate(subject.examples):
        target, places = Target(subject.answer(example)), foreground(example, subject.adapter)
        other = randomised(trained, subject.seed + n)
        for method in subject.methods:
            before = subject.explain(method, example, target).with_signs
            subject.model.network = other
            try:
                after = subject.explain(method, example, target).with_signs
            finally:
                subject.model.network = trained
            correlations[method.name].append(rank_correlation(before[places], after[places]))
        detected = edges(example, subject.adapter)[places]
        correlations[edge].append(rank_correlation(detected, detected))
    for name, values in correlations.items():
        mean, label = float(np.mean(values)), f"randomised weights: ρ of {name}"
        if name == edge:
            yield required(label, mean, len(values), ">", 0.25)
        else:
            yield Measure(label, mean, len(values), "within ± 0.25", abs(mean) <= 0.25)


@check
def planted(subject: Subject) -> Iterator[Measure]:
    """How often each method points at evidence planted in an input."""
    if type(subject.adapter).plant is InputAdapter.plant:
        return
    random = np.random.default_rng(subject.seed)
    trained, subject.model = subject.model, learn(subject.model, subject.adapter, random)
    subject.adapter.plant(random)  # an extra draw keeps the numbers published for release 0.1.0
    try:
        hits = pointing(subject, random)
    finally:
        subject.model = trained
    best = max((method.name for method in subject.methods), key=lambda name: sum(hits[name]))
    for name, values in hits.items():
        label, n = f"planted evidence: {name} points at it", len(values)
        share = float(np.mean(values)) if values else float("nan")
        if name == best and n:
            yield Measure(label, share, n, "≥ 0.95, the best", share >= 0.95)
        else:
            yield Measure(label, share, n)


@check
def timed(subject: Subject) -> Iterator[Measure]:
    """Seconds that occlusion of one input takes."""
    example = max(subject.examples, key=lambda each: int(subject.adapter.places(each).sum()))
    start = time.perf_counter()
    subject.explain(METHODS["occlusion"], example)
    seconds = time.perf_counter() - start
    regions = len(next(iter(subject.adapter.regions(example).values())))
    yield required(f"occlusion: seconds for one input, {regions} regions", seconds, 1, "<", 60.0)
