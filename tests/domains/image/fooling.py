"""Claim 6: a network is fooled by noise, and with penalties the input made looks more like the digit.

python -m tests.domains.image.fooling MNIST FOLDER

MNIST holds the four idx files. FOLDER gets the trainings and the inputs made, which are kept at the next
start, ``metrics.json``, ``environment.json`` and ``fooling.png``.

MNIST's training pictures are cut into six parts of 10,000. On each of parts 2, 3 and 4 four networks of
different architecture are trained. For each network and digit, activation maximisation makes inputs from
noise, from the blank input and from a picture of another digit: without a penalty, with L1, with L1 and
smoothness. They are judged by the four networks of other architecture that are trained on part 5, and by the
pictures of part 5: the distance to the nearest picture of the digit is one less the correlation, so that more
or less ink alone does not count. The weights of the penalties are those of a grid whose inputs, of networks
trained on part 0, are named most by networks trained on part 1.

The rules, set before the run. Intervals are 95 % and speak of new architectures and digits:

- fooled: without a penalty, the network's mean probability for the digit is above 0.99;
- looks like noise: without a penalty, judges name the digit less often than not (below 50 %), and the
  distance is above that of pictures of other digits;
- looks more like the digit: with a penalty less without, paired, judges name the digit more often, and the
  distance is less;
- a memorising model (the ten nearest pictures) is unsure: the share of its largest vote is below its mean for
  test pictures.

*holds* if the intervals are on the side that is claimed, *fails* if one is on the other, else *not shown*.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from domains.image.reading import SOURCES
from shared.commands.train import train
from shared.compare.statistics import Estimate, Sample, difference, estimate
from shared.config import print_line, progress
from shared.config.cli import compose
from shared.explain import InputAdapter, Target
from shared.explain.checks.relevance_maps import randomised
from shared.explain.command import build_adapter
from shared.explain.methods.actmax import maximise
from shared.files import write_json
from shared.runs import Run, environment
from shared.training import Classifier, load_module

Pictures = UInt8[Tensor, "n 1 28 28"]
Digits = Int[Tensor, " n"]
Weights = tuple[float, float]  # of L1 and of smoothness

NETWORKS = ("lecture", "dense", "lenet5", "tiny")
JUDGING = (*NETWORKS, "digits")
SIZE, TRAINED, MADE, JUDGES = 10_000, 8, (2, 3, 4), 5
STARTS = ("noise", "zeros", "real")
L1, SMOOTH = (1.0, 2.0, 4.0, 8.0), (2.0, 4.0, 8.0)
PENALTIES = ("no penalty", "L1", "L1 and smoothness")
NEIGHBOURS, REAL = 10, 1000
WIDTHS = np.geomspace(0.05, 0.5, 20)  # of the class densities' kernel


class Memory:
    """A model that memorises pictures: their nearest, and a density of each class.

    Pictures are compared by their correlation. The width of the densities' Gaussian kernel is the one that
    gives the labels of other real pictures the highest likelihood.
    """

    def __init__(self, x: Pictures, y: Digits, others: Pictures, labels: Digits):
        self.x, self.y = _normal(x), y
        alike = self.alike(others)
        losses = [
            float(-self._posterior(alike, width).clamp(min=1e-9).log().gather(1, labels[:, None]).mean())
            for width in WIDTHS
        ]
        self.width = float(WIDTHS[int(np.argmin(losses))])

    def alike(self, x: Pictures) -> Float[Tensor, "n pictures"]:
        """Correlations with the pictures of the memory; those of a blank picture are 0."""
        return _normal(x) @ self.x.T

    def distance(self, x: Pictures, digits: Digits) -> Float[Tensor, " n"]:
        """One less the correlation with the nearest picture of the digit."""
        return 1 - self.alike(x).masked_fill(self.y != digits[:, None], -1).amax(1)

    def votes(self, x: Pictures) -> Float[Tensor, "n 10"]:
        """The share of each class among the nearest pictures."""
        nearest = self.y[self.alike(x).topk(NEIGHBOURS).indices]
        return torch.nn.functional.one_hot(nearest, 10).float().mean(1)

    def posterior(self, x: Pictures) -> Float[Tensor, "n 10"]:
        """The probability of each class by the densities."""
        return self._posterior(self.alike(x), self.width)

    def _posterior(self, alike: Tensor, width: float) -> Tensor:
        log = (alike - 1) / width**2  # minus half of the squared distance of normal vectors
        own = [log[:, self.y == digit].logsumexp(1) for digit in range(10)]
        return torch.stack(own, 1).softmax(1)


def _normal(x: Pictures) -> Float[Tensor, "n cells"]:
    flat = x.flatten(1).float()
    flat = flat - flat.mean(1, keepdim=True)
    return flat / flat.norm(dim=1, keepdim=True).clamp(min=1e-6)


@torch.no_grad()
def probabilities(module: Classifier, x: Pictures) -> Float[Tensor, "n 10"]:
    """Of the digits, by a network."""
    return module.network(module.preprocess({"x": x})[0]).softmax(1)


def named(judges: Sequence[Classifier], x: Pictures, digits: Digits) -> Float[Tensor, " n"]:
    """The share of judges that name the digit."""
    return torch.stack([probabilities(judge, x).argmax(1) == digits for judge in judges]).float().mean(0)


def made(
    adapter: InputAdapter, starts: Sequence[str], weights: Weights, other: Pictures, seed: int = 0
) -> Pictures:
    """An input for each start and digit, as a picture; ``other`` are ten, each of another digit."""
    targets = [Target(digit) for digit in range(10)]
    like, _ = adapter.module.preprocess({"x": other})
    black, white = adapter.bounds
    results = [one.x for start in starts for one in maximise(adapter, targets, like, start, *weights, seed)]
    return (255 * (torch.stack(results) - black) / (white - black)).round().clamp(0, 255).to(torch.uint8)


class Study:
    """The data in parts, the networks trained on them, and what they made."""

    def __init__(self, mnist: Path, folder: Path):
        images = SOURCES["mnist"](mnist, 28, 1, "square")
        self.folder = folder
        self.x, self.y = torch.from_numpy(images.x), torch.from_numpy(images.y).long()
        self.of_train, self.of_test = (np.flatnonzero(images.split == split) for split in ("train", "test"))

    def part(self, number: int) -> tuple[Pictures, Digits]:
        """The pictures and labels of a part of the training pictures."""
        chosen = self.of_train[number * SIZE : (number + 1) * SIZE]
        return self.x[chosen], self.y[chosen]

    def test(self, start: int, count: int) -> tuple[Pictures, Digits]:
        """Test pictures, which train no network."""
        chosen = self.of_test[start : start + count]
        return self.x[chosen], self.y[chosen]

    def run(self, name: str, part: int) -> Run:
        """The network of an architecture trained on a part."""
        data, runs = self.folder / f"part-{part}", self.folder / "runs" / f"{name}-{part}"
        if not data.exists():
            data.mkdir(parents=True)
            for prefix, (x, y) in {"train": self.part(part), "t10k": self.test(0, SIZE)}.items():
                write_idx(data / f"{prefix}-images-idx3-ubyte", x[:, 0].numpy())
                write_idx(data / f"{prefix}-labels-idx1-ubyte", y.numpy().astype(np.uint8))
        if not list(runs.glob("image/*/metrics.json")):
            words = [
                *("experiment=image/lecture", f"model=image/{name}", f"data.path={data}", f"seed={part}"),
                *(f"trainer.max_epochs={TRAINED}", "trainer.accelerator=cpu", f"runs={runs}"),
            ]
            train(compose("train", [*words, "trainer.enable_progress_bar=false"]))
        return Run.open(next(runs.glob("image/*/metrics.json")).parent)

    def module(self, name: str, part: int) -> Classifier:
        """That network."""
        return load_module(self.run(name, part)).requires_grad_(False).float().eval()

    def adapter(self, name: str, part: int) -> InputAdapter:
        """What explains it."""
        run = self.run(name, part)
        return build_adapter(run, self.module(name, part), compose("explain", [f"run={run.folder}"]))

    def judges(self, names: Sequence[str], part: int) -> dict[str, Classifier]:
        """The networks of a part by their architecture."""
        return {name: self.module(name, part) for name in names}

    def inputs(
        self, name: str, part: int, weights: Sequence[Weights]
    ) -> UInt8[Tensor, "penalties n 1 28 28"]:
        """Those made of a network, for each start and digit; kept in a file."""
        file = self.folder / "made" / f"{name}-{part} {weights}.npy"
        if not file.exists():
            file.parent.mkdir(exist_ok=True)
            adapter, others = self.adapter(name, part), self.others(part)
            results = torch.stack([made(adapter, STARTS, pair, others, part) for pair in weights])
            np.save(file, results.numpy())
        return torch.from_numpy(np.load(file))

    def others(self, seed: int) -> Pictures:
        """For each digit a test picture of another, drawn at random."""
        x, y = self.test(SIZE // 2, REAL)
        random = np.random.default_rng(seed)
        return torch.stack([x[random.choice(np.flatnonzero(y != digit))] for digit in range(10)])

    def choose(self) -> tuple[list[Weights], dict[str, float]]:
        """The weights of the penalties, and the share of judges that each pair of the grid has."""
        judges, digits = self.judges(NETWORKS, 1), torch.arange(10)
        grid = [(l1, smooth) for l1 in L1 for smooth in (0.0, *SMOOTH)]
        shares: dict[Weights, list[float]] = {weights: [] for weights in grid}
        for name in progress(NETWORKS, "choosing weights"):
            adapter = self.adapter(name, 0)
            own = [judge for other, judge in judges.items() if other != name]
            for weights in grid:
                x = made(adapter, ["noise"], weights, self.others(0))
                shares[weights].append(float(named(own, x, digits).mean()))
        mean = {weights: float(np.mean(share)) for weights, share in shares.items()}
        best = [
            max((w for w in grid if bool(w[1]) == smooth), key=mean.__getitem__) for smooth in (False, True)
        ]
        return [(0.0, 0.0), *best], {f"L1 {l1:g}, smoothness {s:g}": share for (l1, s), share in mean.items()}


def write_idx(path: Path, values: np.ndarray) -> None:
    """A file in MNIST's format."""
    sizes = b"".join(size.to_bytes(4, "big") for size in values.shape)
    path.write_bytes((0x800 + values.ndim).to_bytes(4, "big") + sizes + values.tobytes())


class Values(NamedTuple):
    """What was measured of each input of a network: (N,) each."""

    sure: np.ndarray  # the network's own probability of the digit
    named: np.ndarray  # share of judges that name it
    distance: np.ndarray  # to the nearest picture of the digit
    vote: np.ndarray  # of the nearest pictures, for the digit
    largest: np.ndarray  # vote of the nearest pictures
    density: np.ndarray  # largest probability by the class densities


def measured(
    module: Classifier, judges: Sequence[Classifier], memory: Memory, x: Pictures, digits: Digits
) -> Values:
    """All values of pictures that are meant as digits."""
    votes = memory.votes(x)
    columns = (
        probabilities(module, x).gather(1, digits[:, None])[:, 0],
        named(judges, x, digits),
        memory.distance(x, digits),
        votes.gather(1, digits[:, None])[:, 0],
        votes.amax(1),
        memory.posterior(x).amax(1),
    )
    return Values(*(column.double().numpy() for column in columns))


Measured = dict[tuple[str, int, str], Values]  # by architecture, part and penalty


def judged(study: Study, weights: Sequence[Weights]) -> tuple[Measured, dict[str, Values]]:
    """The values of all inputs; beside them those of real pictures, and of networks with random weights."""
    judges, memory = study.judges(JUDGING, JUDGES), Memory(*study.part(JUDGES), *study.test(0, REAL))
    digits, results = torch.arange(10).repeat(len(STARTS)), {}
    blind: dict[str, list[Values]] = {penalty: [] for penalty in PENALTIES}
    for name in progress(NETWORKS, "making inputs"):
        others = [judge for other, judge in judges.items() if other != name]
        for part in MADE:
            for penalty, x in zip(PENALTIES, study.inputs(name, part, weights), strict=True):
                module = study.module(name, part)
                results[name, part, penalty] = measured(module, others, memory, x, digits)
        adapter = study.adapter(name, MADE[0])
        adapter.module.network = randomised(adapter.module.network, 0)
        for penalty, pair in zip(PENALTIES, weights, strict=True):
            x = made(adapter, ["noise"], pair, study.others(0))
            blind[penalty].append(measured(adapter.module, others, memory, x, digits[:10]))
    x, y = study.test(REAL, REAL)
    another = (y + torch.randint(1, 10, y.shape, generator=torch.Generator().manual_seed(0))) % 10
    everyone = list(judges.values())
    beside = {f"random weights, {penalty}": joined(values) for penalty, values in blind.items()}
    beside["real"] = measured(everyone[0], everyone, memory, x, y)
    beside["another digit"] = measured(everyone[0], everyone, memory, x, another)
    return results, beside


def joined(parts: Sequence[Values]) -> Values:
    """Values of several networks one after the other."""
    return Values(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def samples(results: Measured, penalty: str, column: str, names: Sequence[str] = NETWORKS) -> list[Sample]:
    """The values of inputs, by digit: one sample an architecture, of the inputs of all its networks.

    Of one architecture alone, one sample a network.
    """
    values = [[getattr(results[name, part, penalty], column) for part in MADE] for name in names]
    rows = values[0] if len(names) == 1 else [np.concatenate(own) for own in values]
    return [Sample(row, np.tile(np.arange(10), len(row) // 10)) for row in rows]


def side(one: Estimate, sign: str, bound: float) -> tuple[float, float]:
    """How far an interval's ends are on the side of the bound that is claimed."""
    return (one.low - bound, one.high - bound) if sign == ">" else (bound - one.high, bound - one.low)


def verdict(*parts: tuple[float, float]) -> str:
    """*holds* if all intervals are on the side that is claimed, *fails* if one is on the other."""
    if all(low > 0 for low, _ in parts):
        return "holds"
    return "fails" if any(high < 0 for _, high in parts) else "not shown"


def summary(results: Measured, beside: dict[str, Values]) -> tuple[dict[str, Any], dict[str, str]]:
    """All metrics, and the verdicts by the rules above."""

    def mean(penalty: str, column: str, *names: str) -> Estimate:
        return estimate(samples(results, penalty, column, names or NETWORKS), True)

    def less(penalty: str, than: str, column: str) -> Estimate:
        return difference(samples(results, penalty, column), samples(results, than, column), True)

    def plain(one: Estimate, n: int) -> dict[str, Any]:
        return {"value": one.value, "interval": [one.low, one.high], "n": n}

    count = len(STARTS) * 10 * len(MADE)
    metrics: dict[str, Any] = {}
    for penalty in PENALTIES:
        for column in Values._fields:
            metrics[f"{penalty}: {column}"] = plain(mean(penalty, column), count * len(NETWORKS))
        for name in NETWORKS:
            for column in ("sure", "named", "distance"):
                metrics[f"{name}, {penalty}: {column}"] = plain(mean(penalty, column, name), count)
        for place, start in enumerate(STARTS):
            own = np.tile(np.repeat(np.arange(len(STARTS)) == place, 10), len(MADE))
            for column in ("sure", "named", "distance"):
                rows = [Sample(one.values[own], one.groups[own]) for one in samples(results, penalty, column)]
                metrics[f"from {start}, {penalty}: {column}"] = plain(
                    estimate(rows, True), count * len(NETWORKS) // len(STARTS)
                )
    pairs = [("L1", "no penalty"), ("L1 and smoothness", "no penalty"), ("L1 and smoothness", "L1")]
    changes = {
        (a, b): {column: less(a, b, column) for column in ("sure", "named", "distance")} for a, b in pairs
    }
    for (a, b), columns in changes.items():
        for column, one in columns.items():
            metrics[f"{a} less {b}: {column}"] = plain(one, count * len(NETWORKS))
    shown = {"real": Values._fields[1:], "another digit": ("distance",)}
    for name, values in beside.items():
        for column in shown.get(name, Values._fields):
            numbers = getattr(values, column)
            metrics[f"{name}: {column}"] = {"value": float(numbers.mean()), "n": len(numbers)}
    first, real = PENALTIES[0], float(beside["real"].largest.mean())
    verdicts = {
        "fooled": verdict(side(mean(first, "sure"), ">", 0.99)),
        "looks like noise": verdict(
            side(mean(first, "named"), "<", 0.5),
            side(mean(first, "distance"), ">", float(beside["another digit"].distance.mean())),
        ),
        **{
            f"{penalty} looks more like the digit": verdict(
                side(changes[penalty, first]["named"], ">", 0),
                side(changes[penalty, first]["distance"], "<", 0),
            )
            for penalty in PENALTIES[1:]
        },
        "a memorising model is unsure": verdict(side(mean(first, "largest"), "<", real)),
    }
    return metrics, verdicts


def figure(study: Study, weights: Sequence[Weights], name: str = NETWORKS[0]) -> Figure:
    """One network's inputs from noise, with its answer, those of judges and of the nearest pictures."""
    x, digits = study.inputs(name, MADE[0], weights)[:, :10], torch.arange(10)
    module, memory = study.module(name, MADE[0]), Memory(*study.part(JUDGES), *study.test(0, REAL))
    judges = [judge for other, judge in study.judges(JUDGING, JUDGES).items() if other != name]
    drawing = Figure(figsize=(8.4, 10.2))
    axes = drawing.subplots(10, 2 * len(PENALTIES), gridspec_kw={"width_ratios": [1, 1.6] * len(PENALTIES)})
    drawing.subplots_adjust(0.01, 0.005, 0.995, 0.965, 0.08, 0.08)
    for column, (penalty, pictures) in enumerate(zip(PENALTIES, x, strict=True)):
        sure = probabilities(module, pictures)[digits, digits]
        share = named(judges, pictures, digits) * len(judges)
        votes = memory.votes(pictures)
        axes[0, 2 * column].set_title(penalty, fontsize=11, loc="left", x=0)
        for digit in range(10):
            picture, words = axes[digit, 2 * column : 2 * column + 2]
            picture.imshow(pictures[digit, 0], cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            lines = [
                f"{digit}: {sure[digit]:.0%}",
                f"judges: {share[digit]:.0f} of {len(judges)}",
                f"nearest: {votes[digit].argmax()}, {votes[digit].max() * NEIGHBOURS:.0f} of {NEIGHBOURS}",
            ]
            words.text(0, 0.5, "\n".join(lines), fontsize=9, va="center")
            picture.axis("off")
            words.axis("off")
    return drawing


def table(metrics: dict[str, Any], verdicts: dict[str, str]) -> str:
    """The metrics and verdicts as lines."""
    lines = []
    for name, one in metrics.items():
        ends = " ({:.3f} … {:.3f})".format(*one["interval"]) if "interval" in one else ""
        lines.append(f"{name}: {one['value']:.3f}{ends}, n {one['n']}")
    return "\n".join([*lines, *(f"{name}: {words}" for name, words in verdicts.items())])


def main(mnist: Path, folder: Path) -> None:
    """Do what is not there yet, and write the results."""
    study = Study(mnist, folder)
    weights, shares = study.choose()
    metrics, verdicts = summary(*judged(study, weights))
    for name in JUDGING:
        parts = (*MADE, JUDGES) if name in NETWORKS else (JUDGES,)
        accuracy = [study.run(name, part).metrics["test/acc"] for part in parts]
        metrics[f"{name}: accuracy"] = {"value": float(np.mean(accuracy)), "n": len(accuracy)}
    chosen = dict(zip(PENALTIES, weights, strict=True))
    write_json(
        folder / "metrics.json", {"weights": chosen, "chosen from": shares, "verdicts": verdicts, **metrics}
    )
    write_json(folder / "environment.json", environment(torch.device("cpu"), "32-true"))
    figure(study, weights).savefig(folder / "fooling.png", dpi=80)
    with Image.open(folder / "fooling.png") as drawn:
        grey = drawn.convert("L").quantize(16)
    grey.save(folder / "fooling.png", optimize=True)
    print_line(f"weights of L1 and smoothness: {chosen}\n{table(metrics, verdicts)}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
