"""How far the explanations of a run can be trusted: each method by several yardsticks, each with its n."""

import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table

from shared.classifier import Classifier
from shared.explain.actmax import Made, maximise
from shared.explain.adversarial import KINDS, attacked
from shared.explain.ascent import noise
from shared.explain.domain import Domain
from shared.explain.dream import dreamt, mean_square
from shared.explain.explain import explain
from shared.explain.explanation import Sample
from shared.explain.faithfulness import (
    curves,
    edges,
    foreground,
    randomised,
    rank_correlation,
    signed_map,
    usable,
)
from shared.explain.fool import deceive
from shared.explain.panels import CLASSES, default_layer
from shared.explain.planted import learn, pointing
from shared.explain.reals import Reals
from shared.explain.saliency import gradient
from shared.explain.style import transfer
from shared.explain.units import Target, layer_names
from shared.layers.conv import Conv

UNITS = 32  # of a layer, that are maximised
SMOOTH = 8.0  # weight of the total variation, where smoothness is measured
CELLS = 200  # values of an input that are moved to either side
STEP = 1e-7  # by so much: a kink within it would be felt


class Measure(NamedTuple):
    """One figure: of how many, and whether it is what is asked of it (None: nothing is asked)."""

    name: str
    value: float
    n: int
    asked: str = ""
    holds: bool | None = None


class Yardsticks:
    """Measures one network on items of its validation set.

    Args:
        model: the network.
        domain: its adapter.
        reals: its training inputs.
        n: inputs that each yardstick is measured on.
        seed: of all that is drawn.
    """

    def __init__(self, model: Classifier, domain: Domain, reals: Reals, n: int, seed: int):
        self.model, self.domain, self.reals, self.n, self.seed = model, domain, reals, n, seed
        dataset = domain.data.val_set
        found = (domain.sample(dataset, int(item)) for item in domain.items(dataset, 2 * n))
        self.samples = [each for each in found if self.answer(each) == each.label][:n]

    @torch.no_grad()
    def answer(self, sample: Sample) -> int:
        """The class that the network names."""
        return int(self.model.network(sample.x[None]).argmax())

    def measure(self) -> list[Measure]:
        """All figures."""
        parts: list[Callable[[], Iterator[Measure]]] = [
            self.maximised, self.fooled, self.attacked, self.differentiated, self.faithful, self.sane,
            self.planted, self.dreamt, self.styled, self.timed,
        ]  # fmt: skip
        found: list[Measure] = []
        bar = Console(stderr=True)
        for part in track(parts, "measuring", console=bar, transient=True):
            found += part()
        return found

    def maximised(self) -> Iterator[Measure]:
        """Activation maximisation against the best real input, and what smoothness does to it."""
        layer = default_layer(self.model)
        found = self.reals.search(layer)
        units = np.unique(np.linspace(0, len(found.total) - 1, UNITS).astype(int)).tolist()
        live = [Target(unit, layer) for unit in units if not found.dead(unit)]
        classes = [Target(c) for c in range(min(len(self.model.classes), CLASSES))]
        ratios, smooth, rough = [], [], []
        for targets in (live, classes):
            for target, plain, smoothed in self._made(targets):
                best = float(self.reals.search(target.layer).total[target.unit])
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

    def _made(self, targets: list[Target]) -> Iterator[tuple[Target, Made, Made]]:
        """Each target's input without and with smoothness, those of one size together."""
        by_size: dict[tuple[int, ...], list[tuple[Target, Sample]]] = {}
        for target in targets:
            real = self.reals.sample(int(self.reals.search(target.layer).total_item[target.unit]))
            by_size.setdefault(tuple(real.x.shape), []).append((target, real))
        for pairs in by_size.values():
            together = [target for target, _ in pairs]
            like = torch.stack([real.x for _, real in pairs])
            both = [
                maximise(self.model, together, self.domain, self.reals, like, "noise", 0.0, smooth, self.seed)
                for smooth in (0.0, SMOOTH)
            ]
            yield from zip(together, *both, strict=True)

    def fooled(self) -> Iterator[Measure]:
        """The network's least certainty of an input made from noise, over the classes."""
        classes = torch.arange(min(len(self.model.classes), CLASSES))
        like = self.samples[0].x.expand(len(classes), *self.samples[0].x.shape)
        x = deceive(self.model, noise(like, self.domain, self.seed), classes, self.domain)
        with torch.no_grad():
            sure = self.model.network(x).softmax(1).gather(1, classes[:, None])
        least = float(sure.min())
        yield Measure(
            "fool: least probability over the classes", least, len(classes), "≥ 0.99", least >= 0.99
        )

    def attacked(self) -> Iterator[Measure]:
        """How many right answers each kind of change within ε turns."""
        turned: dict[str, list[bool]] = {kind: [] for kind in KINDS}
        for n, sample in enumerate(self.samples):
            answer = self.answer(sample)
            for kind in KINDS:
                made = attacked(
                    self.model, sample, Target(answer), self.domain, kind, self.domain.epsilon, self.seed + n
                )
                turned[kind].append(self.answer(made) != answer)
        size = f"ε = {self.domain.epsilon:g} {self.domain.epsilon_unit}"
        for kind, asked in (("FGSM", None), ("PGD", (0.95, "≥")), ("random", (0.05, "≤"))):
            share = float(np.mean(turned[kind]))
            holds = None if asked is None else share >= asked[0] if asked[1] == "≥" else share <= asked[0]
            words = "" if asked is None else f"{asked[1]} {asked[0]}"
            yield Measure(f"{KINDS[kind]}, {size}: answers turned", share, len(self.samples), words, holds)

    def differentiated(self) -> Iterator[Measure]:
        """The largest gap between the gradient and central differences, in double precision."""
        network, sample = self.model.network, self.samples[0]
        random = torch.Generator().manual_seed(self.seed)
        target = Target(self.answer(sample))
        x = sample.x.double()
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

    def faithful(self) -> Iterator[Measure]:
        """Deletion and insertion, each method against random orders."""
        random = np.random.default_rng(self.seed)
        methods = usable(self.model, self.samples[0], Target(self.answer(self.samples[0])), self.domain)
        areas: dict[str, list[tuple[float, float]]] = {}
        for sample in self.samples:
            target = Target(self.answer(sample))
            shape = self.domain.places(sample).shape
            maps = {"random": torch.from_numpy(random.random(shape))}
            maps |= {name: explain(self.model, sample, name, target, self.domain).map[0] for name in methods}
            for name, relevance in maps.items():
                found = curves(self.model, sample, target, self.domain, relevance.detach())
                areas.setdefault(name, []).append(found)
        mean = {name: np.mean(found, 0) for name, found in areas.items()}
        n = len(self.samples)
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

    def sane(self) -> Iterator[Measure]:
        """What is left of the maps once the weights are drawn anew (Adebayo et al. 2018, section 3)."""
        trained = self.model.network
        methods = usable(self.model, self.samples[0], Target(self.answer(self.samples[0])), self.domain)
        found: dict[str, list[float]] = {name: [] for name in (*methods, "edge detector")}
        for n, sample in enumerate(self.samples):
            target, places = Target(self.answer(sample)), foreground(sample, self.domain)
            other = randomised(trained, self.seed + n)
            for name in methods:
                before = signed_map(self.model, sample, name, target, self.domain)
                self.model.network = other
                try:
                    after = signed_map(self.model, sample, name, target, self.domain)
                finally:
                    self.model.network = trained
                found[name].append(rank_correlation(before[places], after[places]))
            seen = edges(sample, self.domain)[places]
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

    def planted(self) -> Iterator[Measure]:
        """How often each method points at evidence planted in an input."""
        random = np.random.default_rng(self.seed)
        module = learn(self.model, self.domain, random)
        first = self.domain.plant(random)
        methods = usable(module, first.sample, Target(first.label), self.domain)
        hits = pointing(module, self.domain, methods, self.n, random)
        best = max(methods, key=lambda name: sum(hits[name])) if hits["random"] else None
        for name, each in hits.items():
            share = float(np.mean(each)) if each else float("nan")
            asked = ("≥ 0.95, the best", share >= 0.95) if name == best else ("", None)
            yield Measure(f"planted evidence: {name} points at it", share, len(each), *asked)

    def dreamt(self) -> Iterator[Measure]:
        """How much Deep Dream raises its layer's mean square."""
        if not self.domain.pictures:
            return
        network, layer = self.model.network, default_layer(self.model)
        ratios = []
        for sample in self.samples[:10]:
            x = dreamt(network, layer, sample.x, self.domain.bounds)
            with torch.no_grad():
                before = mean_square(network, layer, sample.x[None])
                ratios.append(float(mean_square(network, layer, x[None]) / before))
        yield Measure(
            "dream: mean square against before, least", min(ratios), len(ratios), "≥ 2", min(ratios) >= 2
        )

    def styled(self) -> Iterator[Measure]:
        """How much of the style loss is left, from the content picture on."""
        layers = [
            n
            for n in layer_names(self.model.network)
            if isinstance(self.model.network.get_submodule(n), Conv)
        ]
        if not self.domain.pictures or not layers or len(self.samples) < 2:
            return
        ratios = []
        for content, manner in zip(self.samples[:5], self.samples[1:6], strict=False):
            _, before, after = transfer(self.model.network, layers, content.x, manner.x, self.domain.bounds)
            ratios.append(before / max(after, 1e-12))
        yield Measure(
            "style: style loss before over after, least", min(ratios), len(ratios), "≥ 5", min(ratios) >= 5
        )

    def timed(self) -> Iterator[Measure]:
        """Seconds that occlusion of one input takes."""
        sample = max(self.samples, key=lambda each: int(self.domain.places(each).sum()))
        start = time.perf_counter()
        explain(self.model, sample, "occlusion", Target(self.answer(sample)), self.domain)
        seconds = time.perf_counter() - start
        regions = len(next(iter(self.domain.regions(sample).values())))
        yield Measure(
            f"occlusion: seconds for one input, {regions} regions", seconds, 1, "< 60", seconds < 60
        )


HEADS = ["yardstick", "value", "n", "asked", ""]


def told(measures: dict[str, dict[str, Any]]) -> list[list[str]]:
    """The rows of the table: figure, value, n, what is asked, whether it holds."""
    words = {True: "holds", False: "does not hold", None: ""}
    return [
        [name, f"{each['value']:.3g}", f"{each['n']:,}", each["asked"], words[each["holds"]]]
        for name, each in measures.items()
    ]


def as_table(measures: dict[str, dict[str, Any]]) -> Table:
    """For the terminal."""
    found = Table(*HEADS)
    for row in told(measures):
        found.add_row(*row)
    return found


def plainly(measures: list[Measure]) -> dict[str, dict[str, Any]]:
    """Plain values by name, as a file holds them."""
    return {m.name: {"value": m.value, "n": m.n, "asked": m.asked, "holds": m.holds} for m in measures}
