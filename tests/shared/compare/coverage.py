"""How often 95 % intervals hold the truth, in many made experiments: python -m tests.shared.compare.coverage

With the number of experiments of each setting: python -m tests.shared.compare.coverage 1000
"""

import sys
from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from shared.compare.statistics import Estimate, Sample, difference, estimate

SEEDS = (3, 5, 8)
ACCURACIES = (0.5, 0.8, 0.98)
GROUPS = {6: 60, 24: 20, 60: 5, 300: 1, 8000: 1}  # with the mean number of items of each
# Standard deviations, in those of the chance of an answer: of seeds, of groups, of items.
VARIES = {
    "chance": (0.0, 0.0, 0.5),
    "seeds": (0.3, 0.1, 0.5),
    "groups": (0.05, 0.6, 0.5),
    "both": (0.2, 0.4, 0.5),
}


class Setting(NamedTuple):
    """How many seeds and groups there are, how well they do, and what varies."""

    seeds: int
    groups: int
    accuracy: float
    varies: str


class Coverage(NamedTuple):
    """Shares of the experiments: intervals that hold the truth, and those that lie beyond it."""

    accuracies: float
    differences: float
    above: float  # of differences: a claim that is just false, with the margin at the truth, holds
    below: float


def settings() -> Iterator[Setting]:
    """All of them; where a group is an item, groups and items are the same."""
    for setting in map(Setting._make, product(SEEDS, GROUPS, ACCURACIES, VARIES)):
        if setting.varies != "groups" or GROUPS[setting.groups] > 1:
            yield setting


def coverage(pairs: Sequence[tuple[Estimate, Estimate]]) -> Coverage:
    """Of estimates of an accuracy and of a difference, whose truth is their mean over all experiments."""
    accuracies, differences = zip(*pairs, strict=True)
    truth, gap = (np.mean([mean.value for mean in means]) for means in (accuracies, differences))
    above = float(np.mean([mean.low > gap for mean in differences]))
    below = float(np.mean([mean.high < gap for mean in differences]))
    held = float(np.mean([mean.low <= truth <= mean.high for mean in accuracies]))
    return Coverage(held, 1 - above - below, above, below)


def experiments(setting: Setting, number: int) -> list[tuple[Estimate, Estimate]]:
    """Two designs, right where a sum of normal effects of seed, group, item and chance is above 0."""
    rng = np.random.default_rng([setting.seeds, setting.groups, round(100 * setting.accuracy)])
    of_seed, of_group, of_item = VARIES[setting.varies]
    scale = (1 + of_seed**2 + 2 * of_group**2 + 2 * of_item**2) ** 0.5
    made = []
    for _ in range(number):
        size = np.ones(setting.groups, int)
        if (mean := GROUPS[setting.groups]) > 1:  # sizes as unlike as those of games or speakers
            size = np.maximum(1, rng.lognormal(np.log(mean), 0.5, setting.groups).round()).astype(int)
        group = np.repeat(np.arange(setting.groups), size)
        alike = _effects(rng, of_group, of_item, group)
        designs = []
        for better in (0.1, -0.1):
            level = scale * ndtri(setting.accuracy) + better + alike + _effects(rng, of_group, of_item, group)
            chance = rng.standard_normal((setting.seeds, len(group)), dtype=np.float32)
            right = level + rng.normal(0, of_seed, (setting.seeds, 1)) + chance > 0
            designs.append([Sample(row.astype(float), group) for row in right])
        made.append((estimate(designs[0], shared=True), difference(*designs, shared=True)))
    return made


def _effects(rng: np.random.Generator, of_group: float, of_item: float, group: np.ndarray) -> np.ndarray:
    return rng.normal(0, of_group, group[-1] + 1)[group] + rng.normal(0, of_item, len(group))


def folds(number: int, speakers: int, unlike: float) -> list[tuple[Estimate, Estimate]]:
    """Each speaker is the test once: two networks learn from the others, one from half of the numbers.

    They are nearest class means of two classes, of 20 items of each speaker, who lie ``unlike`` apart.
    """
    rng = np.random.default_rng(speakers)
    label = np.tile([0, 1], 10 * speakers)
    speaker = np.repeat(np.arange(speakers), 20)
    made = []
    for _ in range(number):
        x = label[:, None] * 0.9 + rng.standard_normal((len(label), 6))
        x += (unlike * rng.standard_normal((speakers, 2, 6)))[speaker, label]  # a speaker's way with a class
        designs: list[list[Sample]] = [[], []]
        for held_out in range(speakers):
            test = speaker == held_out
            means = np.stack([x[~test & (label == number)].mean(0) for number in (0, 1)])
            for samples, seen in zip(designs, (slice(6), slice(3)), strict=True):
                far = ((x[test, None, seen] - means[:, seen]) ** 2).sum(2)
                right = (far[:, 1] < far[:, 0]) == label[test]
                samples.append(Sample(right.astype(float), speaker[test], 1 / (speakers - 1)))
        made.append((estimate(designs[0], shared=False), difference(*designs, shared=False)))
    return made


def rows(number: int) -> Iterator[tuple[str, list[Coverage]]]:
    """The shares in each setting: by the number of groups, where only chance varies, and of folds."""
    chance = []
    for groups in GROUPS:
        mine = [setting for setting in settings() if setting.groups == groups]
        shares = {setting: coverage(experiments(setting, number)) for setting in mine}
        chance += [share for setting, share in shares.items() if setting.varies == "chance"]
        yield f"{groups:,} groups", [share for setting, share in shares.items() if setting.varies != "chance"]
    yield "only chance varies", chance
    for speakers in (6, 10):
        yield f"{speakers} folds", [coverage(folds(5 * number, speakers, unlike)) for unlike in (0.6, 1.5)]


def line(place: str, shares: Sequence[Coverage]) -> str:
    """A line of the table: of all settings of a row the mean, lowest and highest share, in per cent."""
    cells = []
    for values in zip(*shares, strict=True):
        low, mean, high = 100 * min(values), 100 * float(np.mean(values)), 100 * max(values)
        cells.append(f"{mean:.1f} ({low:.1f} … {high:.1f})")
    return f"| {place} | {' | '.join(cells)} |"


if __name__ == "__main__":
    print("| | accuracies | differences | truth below | truth above |")  # noqa: T201
    print("| --- | --- | --- | --- | --- |")  # noqa: T201
    for row in rows(int(sys.argv[1]) if len(sys.argv) > 1 else 200):
        print(line(*row), flush=True)  # noqa: T201
