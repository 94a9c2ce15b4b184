"""Checks of the inputs that methods make: whether they have the effect that the method promises."""

from collections.abc import Iterator
from itertools import islice, pairwise
from statistics import median
from typing import Any

import numpy as np
import torch

from shared.explain import Target
from shared.explain.checks.base import Measure, Subject, check, measure
from shared.explain.methods.actmax import Made, maximise
from shared.explain.methods.adversarial import KINDS
from shared.explain.methods.ascent import noise
from shared.explain.methods.fool import deceive
from shared.explain.units import default_layer, learned_layers

UNITS = 32  # of a layer, maximised
CLASSES = 10  # at most, maximised and fooled
SMOOTH = 8.0  # weight of the total variation, where smoothness is measured


@check
def actmax(subject: Subject) -> Iterator[Measure]:
    """Activation maximisation against the best real input, and the effect of smoothness on it."""
    adapter = subject.adapter
    adapter.turn_to(None)
    layer = default_layer(adapter.network)
    maxima = adapter.search(layer)
    units = np.unique(np.linspace(0, len(maxima.total) - 1, UNITS).astype(int)).tolist()
    live = [Target(unit, layer) for unit in units if not maxima.dead(unit)]
    classes = [Target(number) for number in range(min(len(adapter.module.classes), CLASSES))]
    ratios, smooth, rough = [], [], []
    for targets in (live, classes):
        for target, plain, smoothed in _made(subject, targets):
            best = float(adapter.search(target.layer).total[target.unit])
            if best > 0:
                ratios.append(plain.value / best)
                smooth.append(smoothed.value / best)
                rough.append(smoothed.variation / plain.variation if plain.variation else 1.0)
    n, over = len(ratios), float(np.mean(np.array(ratios) > 1))
    yield measure(f"actmax: beats the best of {maxima.n:,} real inputs", over, n, "≥", 0.95)
    yield measure("actmax: ratio to it, median", median(ratios), n, "≥", 1.5)
    yield measure("actmax, smooth: variation against without, median", median(rough), n, "≤", 0.5)
    yield measure("actmax, smooth: ratio to the best real, median", median(smooth), n, ">", 1.0)
    yield measure(f"dead units of {layer}", float(len(units) - len(live)), len(units))


def _made(subject: Subject, targets: list[Target]) -> Iterator[tuple[Target, Made, Made]]:
    """Each target's input without and with smoothness, those of one size together."""
    adapter = subject.adapter
    by_size: dict[torch.Size, dict[Target, torch.Tensor]] = {}
    for target in targets:
        item = int(adapter.search(target.layer).total_item[target.unit])
        x = adapter.example(adapter.data.train_set, item).x
        by_size.setdefault(x.shape, {})[target] = x
    for reals in by_size.values():
        together, like = list(reals), torch.stack(list(reals.values()))
        both = [
            maximise(adapter, together, like, "noise", 0.0, smooth, subject.seed) for smooth in (0.0, SMOOTH)
        ]
        yield from zip(together, *both, strict=True)


@check
def fool(subject: Subject) -> Iterator[Measure]:
    """The network's lowest probability, over the classes, for an input made from noise."""
    adapter, x = subject.adapter, subject.examples[0].x
    adapter.turn_to(subject.examples[0])
    classes = torch.arange(min(len(adapter.module.classes), CLASSES))
    start = noise(x.expand(len(classes), *x.shape), adapter, subject.seed)
    made = deceive(adapter, start, classes)
    least = float(adapter.logits(made).softmax(1).gather(1, classes[:, None]).min())
    yield measure("fool: least probability over the classes", least, len(classes), "≥", 0.99)


@check
def adversarial(subject: Subject) -> Iterator[Measure]:
    """The share of right predictions that each kind of change within ε turns."""
    adapter, examples = subject.adapter, subject.examples
    answers = [adapter.module.classes[adapter.answer(example)] for example in examples]
    made = [subject.explain("adversarial", x, seed=subject.seed + n).meta for n, x in enumerate(examples)]
    bounds: dict[str, Any] = {"FGSM": (), "PGD": ("≥", 0.95), "random": ("≤", 0.05)}
    for kind, words in KINDS.items():
        turned = [meta[f"answer after {words}"] != name for meta, name in zip(made, answers, strict=True)]
        label = f"{words}, ε = {adapter.epsilon:g} {adapter.epsilon_unit}: predictions turned"
        yield measure(label, sum(turned) / len(turned), len(turned), *bounds[kind])


@check
def dream(subject: Subject) -> Iterator[Measure]:
    """The factor by which Deep Dream raises its layer's mean square."""
    if not subject.adapter.pictures:
        return
    made = [subject.explain("dream", example) for example in subject.examples[:10]]
    ratios = [one.value / max(one.baseline, 1e-12) for one in made]
    yield measure("dream: mean square over before, median", median(ratios), len(ratios), "≥", 2.0)
    yield measure("dream: mean square over before, least", min(ratios), len(ratios))


@check
def style(subject: Subject) -> Iterator[Measure]:
    """The factor by which style transfer lowers the style loss."""
    if not subject.adapter.pictures or not learned_layers(subject.adapter.network, maps=True):
        return
    pairs = islice(pairwise(subject.examples), 5)
    made = [subject.explain("style", content, style=other) for content, other in pairs]
    ratios = [one.baseline / max(one.value, 1e-12) for one in made]
    yield measure("style: style loss before over after, least", min(ratios), len(ratios), "≥", 5.0)
