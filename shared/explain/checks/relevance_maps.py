"""Yardsticks of maps of relevance: are they true to the network."""

import time
from collections.abc import Iterator

import numpy as np
import torch

from shared.explain.checks.base import Bench, Measure
from shared.explain.checks.faithfulness import (
    curves,
    edges,
    foreground,
    randomised,
    rank_correlation,
    signed_map,
    usable,
)
from shared.explain.checks.planted_evidence import learn, pointing
from shared.explain.explain import explain
from shared.explain.methods.saliency import gradient
from shared.explain.units import Target

CELLS = 200  # values of an input that are moved to either side
STEP = 1e-7  # by so much: a kink within it would be felt


def differentiated(bench: Bench) -> Iterator[Measure]:
    """The largest gap between the gradient and central differences, in double precision."""
    network, example = bench.model.network, bench.samples[0]
    random = torch.Generator().manual_seed(bench.seed)
    target = Target(bench.answer(example))
    x = example.x.double()
    x = x + 0.1 * torch.randn(
        x.shape, generator=random, dtype=x.dtype
    )  # else max-pool ties: no gradient there
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
    yield Measure("saliency: largest gap to central differences", gap, len(chosen), "≤ 1e-6", gap <= 1e-6)


def faithful(bench: Bench) -> Iterator[Measure]:
    """Deletion and insertion, each method against random orders."""
    random = np.random.default_rng(bench.seed)
    methods = usable(bench.model, bench.samples[0], Target(bench.answer(bench.samples[0])), bench.adapter)
    areas: dict[str, list[tuple[float, float]]] = {}
    for example in bench.samples:
        target = Target(bench.answer(example))
        shape = bench.adapter.places(example).shape
        maps = {"random": torch.from_numpy(random.random(shape))}
        maps |= {name: explain(bench.model, example, name, target, bench.adapter).map[0] for name in methods}
        for name, relevance in maps.items():
            found = curves(bench.model, example, target, bench.adapter, relevance.detach())
            areas.setdefault(name, []).append(found)
    mean = {name: np.mean(found, 0) for name, found in areas.items()}
    n = len(bench.samples)
    for name, (deleted, _) in mean.items():
        asked = name in ("occlusion", "integrated_gradients")
        most = 0.25 * mean["random"][0]
        told = (f"≤ {most:.3f}", bool(deleted <= most)) if asked else ("", None)
        yield Measure(f"deletion: {name}", float(deleted), n, *told)
    for name, (_, inserted) in mean.items():
        asked = name in ("occlusion", "integrated_gradients")
        least = mean["random"][1] + 0.2
        told = (f"≥ {least:.3f}", bool(inserted >= least)) if asked else ("", None)
        yield Measure(f"insertion: {name}", float(inserted), n, *told)


def sane(bench: Bench) -> Iterator[Measure]:
    """What is left of the maps once the weights are drawn anew (Adebayo et al. 2018, section 3)."""
    trained = bench.model.network
    methods = usable(bench.model, bench.samples[0], Target(bench.answer(bench.samples[0])), bench.adapter)
    found: dict[str, list[float]] = {name: [] for name in (*methods, "edge detector")}
    for n, example in enumerate(bench.samples):
        target, places = Target(bench.answer(example)), foreground(example, bench.adapter)
        other = randomised(trained, bench.seed + n)
        for name in methods:
            before = signed_map(bench.model, example, name, target, bench.adapter)
            bench.model.network = other
            try:
                after = signed_map(bench.model, example, name, target, bench.adapter)
            finally:
                bench.model.network = trained
            found[name].append(rank_correlation(before[places], after[places]))
        seen = edges(example, bench.adapter)[places]
        found["edge detector"].append(rank_correlation(seen, seen))
    for name, values in found.items():
        size = float(np.mean(values))
        if name == "edge detector":
            yield Measure(
                "randomised weights: ρ of an edge detector", size, len(values), "> 0.25", abs(size) > 0.25
            )
        else:
            yield Measure(
                f"randomised weights: ρ of {name}", size, len(values), "within ± 0.25", abs(size) <= 0.25
            )


def planted(bench: Bench) -> Iterator[Measure]:
    """How often each method points at evidence planted in an input."""
    random = np.random.default_rng(bench.seed)
    module = learn(bench.model, bench.adapter, random)
    first = bench.adapter.plant(random)
    methods = usable(module, first.example, Target(first.label), bench.adapter)
    hits = pointing(module, bench.adapter, methods, bench.n, random)
    best = max(methods, key=lambda name: sum(hits[name])) if hits["random"] else None
    for name, each in hits.items():
        share = float(np.mean(each)) if each else float("nan")
        asked = ("≥ 0.95, the best", share >= 0.95) if name == best else ("", None)
        yield Measure(f"planted evidence: {name} points at it", share, len(each), *asked)


def timed(bench: Bench) -> Iterator[Measure]:
    """Seconds that occlusion of one input takes."""
    example = max(bench.samples, key=lambda each: int(bench.adapter.places(each).sum()))
    start = time.perf_counter()
    explain(bench.model, example, "occlusion", Target(bench.answer(example)), bench.adapter)
    seconds = time.perf_counter() - start
    regions = len(next(iter(bench.adapter.regions(example).values())))
    yield Measure(f"occlusion: seconds for one input, {regions} regions", seconds, 1, "< 60", seconds < 60)
