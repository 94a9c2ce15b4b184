"""Checks of the inputs that methods make: whether they have the effect that the method promises."""

from collections.abc import Iterator
from itertools import islice, pairwise
from statistics import median

import numpy as np
import torch

from shared.explain.checks.base import Measure, Subject, check, required
from shared.explain.explanation import Example
from shared.explain.methods.actmax import Made, maximise
from shared.explain.methods.adversarial import KINDS, attacked
from shared.explain.methods.ascent import noise
from shared.explain.methods.dream import dreamt, mean_square
from shared.explain.methods.fool import deceive
from shared.explain.methods.style import transfer
from shared.explain.units import Target, default_layer, learned_layers

UNITS = 32  # of a layer, maximised
CLASSES = 10  # at most, maximised and fooled
SMOOTH = 8.0  # weight of the total variation, where smoothness is measured


@check
def actmax(subject: Subject) -> Iterator[Measure]:
    """Activation maximisation against the best real input, and the effect of smoothness on it."""
    layer = default_layer(subject.model.network)
    excitement = subject.reals.search(layer)
    units = np.unique(np.linspace(0, len(excitement.total) - 1, UNITS).astype(int)).tolist()
    live = [Target(unit, layer) for unit in units if not excitement.dead(unit)]
    classes = [Target(number) for number in range(min(len(subject.model.classes), CLASSES))]
    ratios, smooth, rough = [], [], []
    for targets in (live, classes):
        for target, plain, smoothed in _made(subject, targets):
            best = float(subject.reals.search(target.layer).total[target.unit])
            if best > 0:
                ratios.append(plain.value / best)
                smooth.append(smoothed.value / best)
                rough.append(smoothed.variation / plain.variation if plain.variation else 1.0)
    n, over = len(ratios), float(np.mean(np.array(ratios) > 1))
    yield required(f"actmax: beats the best of {excitement.n:,} real inputs", over, n, "≥", 0.95)
    yield required("actmax: ratio to it, median", median(ratios), n, "≥", 1.5)
    yield required("actmax, smooth: variation against without, median", median(rough), n, "≤", 0.5)
    yield required("actmax, smooth: ratio to the best real, median", median(smooth), n, ">", 1.0)
    yield Measure(f"dead units of {layer}", float(len(units) - len(live)), len(units))


def _made(subject: Subject, targets: list[Target]) -> Iterator[tuple[Target, Made, Made]]:
    """Each target's input without and with smoothness, those of one size together."""
    by_size: dict[tuple[int, ...], list[tuple[Target, Example]]] = {}
    for target in targets:
        real = subject.reals.example(int(subject.reals.search(target.layer).total_item[target.unit]))
        by_size.setdefault(tuple(real.x.shape), []).append((target, real))
    model, adapter, reals = subject.model, subject.adapter, subject.reals
    for pairs in by_size.values():
        together = [target for target, _ in pairs]
        like = torch.stack([real.x for _, real in pairs])
        both = [
            maximise(model, together, adapter, reals, like, "noise", 0.0, smooth, subject.seed)
            for smooth in (0.0, SMOOTH)
        ]
        yield from zip(together, *both, strict=True)


@check
def fool(subject: Subject) -> Iterator[Measure]:
    """The network's lowest probability, over the classes, for an input made from noise."""
    network, adapter, x = subject.model.network, subject.adapter, subject.examples[0].x
    classes = torch.arange(min(len(subject.model.classes), CLASSES))
    start = noise(x.expand(len(classes), *x.shape), adapter, subject.seed)
    made = deceive(subject.model, start, classes, adapter)
    with torch.no_grad():
        least = float(network(made).softmax(1).gather(1, classes[:, None]).min())
    yield required("fool: least probability over the classes", least, len(classes), "≥", 0.99)


@check
def adversarial(subject: Subject) -> Iterator[Measure]:
    """The number of right predictions that each kind of change within ε turns."""
    adapter, n = subject.adapter, len(subject.examples)
    turned = dict.fromkeys(KINDS, 0)
    for number, example in enumerate(subject.examples):
        answer = subject.answer(example)
        for kind in KINDS:
            seed = subject.seed + number
            made = attacked(subject.model, example, Target(answer), adapter, kind, adapter.epsilon, seed)
            turned[kind] += subject.answer(made) != answer
    names = {
        kind: f"{words}, ε = {adapter.epsilon:g} {adapter.epsilon_unit}: predictions turned"
        for kind, words in KINDS.items()
    }
    yield Measure(names["FGSM"], turned["FGSM"] / n, n)
    yield required(names["PGD"], turned["PGD"] / n, n, "≥", 0.95)
    yield required(names["random"], turned["random"] / n, n, "≤", 0.05)


@check
def dream(subject: Subject) -> Iterator[Measure]:
    """The factor by which Deep Dream raises its layer's mean square."""
    if not subject.adapter.pictures:
        return
    network, layer = subject.model.network, default_layer(subject.model.network)
    ratios = []
    for example in subject.examples[:10]:
        x = dreamt(network, layer, example.x, subject.adapter.bounds)
        with torch.no_grad():
            before, after = (mean_square(network, layer, made[None]) for made in (example.x, x))
        ratios.append(float(after / before))
    yield required("dream: mean square over before, median", median(ratios), len(ratios), "≥", 2.0)
    yield Measure("dream: mean square over before, least", min(ratios), len(ratios))


@check
def style(subject: Subject) -> Iterator[Measure]:
    """The factor by which style transfer lowers the style loss."""
    network, examples = subject.model.network, subject.examples
    layers = learned_layers(network, maps=True)
    if not subject.adapter.pictures or not layers:
        return
    ratios = []
    for content, other in islice(pairwise(examples), 5):
        _, before, after = transfer(network, layers, content.x, other.x, subject.adapter.bounds)
        ratios.append(before / max(after, 1e-12))
    yield required("style: style loss before over after, least", min(ratios), len(ratios), "≥", 5.0)
