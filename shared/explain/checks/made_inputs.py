"""Yardsticks of the inputs that methods make: do they do what they are made for."""

from collections.abc import Iterator
from statistics import median

import numpy as np
import torch

from shared.explain.checks.base import Bench, Measure
from shared.explain.explanation import Example
from shared.explain.methods.actmax import Made, maximise
from shared.explain.methods.adversarial import KINDS
from shared.explain.methods.adversarial import attacked as changed
from shared.explain.methods.ascent import noise
from shared.explain.methods.dream import dreamt as dream_of
from shared.explain.methods.dream import mean_square
from shared.explain.methods.fool import deceive
from shared.explain.methods.style import transfer
from shared.explain.panels import CLASSES, default_layer
from shared.explain.units import Target, learned_layers

UNITS = 32  # of a layer, that are maximised
SMOOTH = 8.0  # weight of the total variation, where smoothness is measured


def maximised(bench: Bench) -> Iterator[Measure]:
    """Activation maximisation against the best real input, and what smoothness does to it."""
    layer = default_layer(bench.model)
    found = bench.reals.search(layer)
    units = np.unique(np.linspace(0, len(found.total) - 1, UNITS).astype(int)).tolist()
    live = [Target(unit, layer) for unit in units if not found.dead(unit)]
    classes = [Target(c) for c in range(min(len(bench.model.classes), CLASSES))]
    ratios, smooth, rough = [], [], []
    for targets in (live, classes):
        for target, plain, smoothed in _made(bench, targets):
            best = float(bench.reals.search(target.layer).total[target.unit])
            if best > 0:
                ratios.append(plain.value / best)
                smooth.append(smoothed.value / best)
                rough.append(smoothed.variation / plain.variation)
    n, over = len(ratios), float(np.mean(np.array(ratios) > 1))
    yield Measure(f"actmax: beats the best of {found.n:,} real inputs", over, n, "≥ 0.95", over >= 0.95)
    yield Measure("actmax: ratio to it, median", median(ratios), n, "≥ 1.5", median(ratios) >= 1.5)
    yield Measure(
        "actmax, smooth: variation against without, median",
        median(rough),
        n,
        "≤ 0.5",
        median(rough) <= 0.5,
    )
    yield Measure(
        "actmax, smooth: ratio to the best real, median", median(smooth), n, "> 1", median(smooth) > 1
    )
    yield Measure(f"dead units of {layer}, of those asked", float(len(units) - len(live)), len(units))


def _made(bench: Bench, targets: list[Target]) -> Iterator[tuple[Target, Made, Made]]:
    """Each target's input without and with smoothness, those of one size together."""
    by_size: dict[tuple[int, ...], list[tuple[Target, Example]]] = {}
    for target in targets:
        real = bench.reals.example(int(bench.reals.search(target.layer).total_item[target.unit]))
        by_size.setdefault(tuple(real.x.shape), []).append((target, real))
    for pairs in by_size.values():
        together = [target for target, _ in pairs]
        like = torch.stack([real.x for _, real in pairs])
        both = [
            maximise(
                bench.model, together, bench.adapter, bench.reals, like, "noise", 0.0, smooth, bench.seed
            )
            for smooth in (0.0, SMOOTH)
        ]
        yield from zip(together, *both, strict=True)


def fooled(bench: Bench) -> Iterator[Measure]:
    """The network's least certainty of an input made from noise, over the classes."""
    classes = torch.arange(min(len(bench.model.classes), CLASSES))
    like = bench.samples[0].x.expand(len(classes), *bench.samples[0].x.shape)
    x = deceive(bench.model, noise(like, bench.adapter, bench.seed), classes, bench.adapter)
    with torch.no_grad():
        sure = bench.model.network(x).softmax(1).gather(1, classes[:, None])
    least = float(sure.min())
    yield Measure("fool: least probability over the classes", least, len(classes), "≥ 0.99", least >= 0.99)


def attacked(bench: Bench) -> Iterator[Measure]:
    """How many right answers each kind of change within ε turns."""
    turned: dict[str, list[bool]] = {kind: [] for kind in KINDS}
    for n, example in enumerate(bench.samples):
        answer = bench.answer(example)
        for kind in KINDS:
            made = changed(
                bench.model,
                example,
                Target(answer),
                bench.adapter,
                kind,
                bench.adapter.epsilon,
                bench.seed + n,
            )
            turned[kind].append(bench.answer(made) != answer)
    size = f"ε = {bench.adapter.epsilon:g} {bench.adapter.epsilon_unit}"
    for kind, asked in (("FGSM", None), ("PGD", (0.95, "≥")), ("random", (0.05, "≤"))):
        share = float(np.mean(turned[kind]))
        holds = None if asked is None else share >= asked[0] if asked[1] == "≥" else share <= asked[0]
        words = "" if asked is None else f"{asked[1]} {asked[0]}"
        yield Measure(f"{KINDS[kind]}, {size}: answers turned", share, len(bench.samples), words, holds)


def dreamt(bench: Bench) -> Iterator[Measure]:
    """How much Deep Dream raises its layer's mean square."""
    if not bench.adapter.pictures:
        return
    network, layer = bench.model.network, default_layer(bench.model)
    ratios = []
    for example in bench.samples[:10]:
        x = dream_of(network, layer, example.x, bench.adapter.bounds)
        with torch.no_grad():
            before = mean_square(network, layer, example.x[None])
            ratios.append(float(mean_square(network, layer, x[None]) / before))
    middle = median(ratios)
    yield Measure("dream: mean square over before, median", middle, len(ratios), "≥ 2", middle >= 2)
    yield Measure("dream: mean square over before, least", min(ratios), len(ratios))


def styled(bench: Bench) -> Iterator[Measure]:
    """How much of the style loss is left, from the content picture on."""
    layers = learned_layers(bench.model.network, maps=True)
    if not bench.adapter.pictures or not layers or len(bench.samples) < 2:
        return
    ratios = []
    for content, manner in zip(bench.samples[:5], bench.samples[1:6], strict=False):
        _, before, after = transfer(bench.model.network, layers, content.x, manner.x, bench.adapter.bounds)
        ratios.append(before / max(after, 1e-12))
    yield Measure(
        "style: style loss before over after, least", min(ratios), len(ratios), "≥ 5", min(ratios) >= 5
    )
