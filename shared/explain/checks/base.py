"""Common to all checks: the network and its examples, and a share with its interval and bar."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from itertools import chain, islice
from math import isnan, nan, sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from torch import Tensor

from shared.config import progress
from shared.errors import UserError
from shared.explain.adapter import InputAdapter
from shared.explain.checks.controls import BLIND, perturbed, randomised
from shared.explain.explanation import Example, Explanation
from shared.explain.method import explain, methods_of
from shared.explain.units import Target
from shared.network import Network
from shared.results import score

MOST = 10  # times N examples are tried, until the network was right on N
STRANGER = "input × gradient of a randomised network"  # a control: of weights, but not this network's


class Share(NamedTuple):
    """A share with its 95 % interval; NaN where it is of nothing."""

    value: float
    low: float
    high: float
    n: int


def share_of(hits: Sequence[float]) -> Share:
    """The share of hits, each 0 to 1, with Wilson's interval (1927)."""
    return Share(*score("", np.array(hits, float))[1:])


def share_of_attainable(gains: ArrayLike, attainable: ArrayLike) -> Share:
    """The mean gain by the mean of what was attainable, paired, with Fieller's interval (1954).

    NaN where what was attainable is not above zero by more than chance.
    """
    gains, attainable = np.asarray(gains, float), np.asarray(attainable, float)
    n = len(gains)
    gain, most = float(np.mean(gains)), float(np.mean(attainable))
    (gg, ga), (_, mm) = (np.cov(gains, attainable) / n * stats.t.ppf(0.975, n - 1) ** 2).tolist()
    if most <= 0 or most**2 <= mm:
        return Share(nan, nan, nan, n)
    a, b, c = most**2 - mm, gain * most - ga, gain**2 - gg
    root = sqrt(max(b**2 - a * c, 0.0))
    return Share(gain / most, (b - root) / a, (b + root) / a, n)


class Measure(NamedTuple):
    """What one check found of a method, a made input or a control.

    It passes where its interval begins above the bar. A control knows nothing of the network: it has to fail,
    or the check proves nothing.
    """

    check: str
    of: str
    share: Share
    bar: float = 0.5
    control: bool = False
    note: str = ""

    @property
    def passes(self) -> bool:
        """Whether the interval begins above the bar."""
        return self.share.low > self.bar


class Subject:
    """One network, and N examples of its validation set on which it is right; ``seed`` is of all choices.

    Raises:
        UserError: the network is right on fewer than two of the examples tried.
    """

    def __init__(self, adapter: InputAdapter, n: int, seed: int):
        self.adapter, self.n, self.seed = adapter, n, seed
        self.random = np.random.default_rng(seed)
        dataset = adapter.data.val_set
        drawn = np.random.default_rng(seed).permutation(len(dataset))[: MOST * n]
        examples = (adapter.explained(dataset, int(item)) for item in drawn)
        right = (example for example in examples if example.label in (None, adapter.answer(example)))
        self.examples = list(islice(right, n))
        if len(self.examples) < 2:
            raise UserError(
                f"check: the network must be right on at least 2 of {len(drawn)} validation inputs, got "
                f"{len(self.examples)}; train it further, or give a larger n"
            )
        self.randomised = randomised(adapter.module.network, seed)

    def classes(self, n: int) -> list[int]:
        """N classes drawn at random, each again only when all were drawn."""
        return np.resize(self.random.permutation(len(self.adapter.module.classes)), n).tolist()

    def explain(
        self, method: str, example: Example, target: Target | None = None, **options: Any
    ) -> Explanation:
        """A method's explanation of the predicted class, or of another target."""
        target = target or Target(self.adapter.answer(example))
        return explain(self.adapter, example, method, target, **options)

    @cached_property
    def methods(self) -> list[str]:
        """The methods that give a map for this network."""
        fitting = []
        for method in methods_of("map"):
            with suppress(UserError):
                self.explain(method.name, self.examples[0])
                fitting.append(method.name)
        return fitting

    @property
    def controls(self) -> list[str]:
        """The maps that know nothing of this network."""
        return [*BLIND, STRANGER]

    def maps(self, example: Example, target: Target, controls: bool = True) -> dict[str, Tensor]:
        """The map (axis 1, axis 2) of each method, as users see it, and of each control."""
        maps = {name: self.explain(name, example, target).map[0].detach() for name in self.methods}
        if controls:
            maps |= {name: draw(self.adapter, example, self.random) for name, draw in BLIND.items()}
            with self.with_network(perturbed(self.randomised, self.random)):
                maps[STRANGER] = self.explain("input_x_gradient", example, target).map[0].detach()
        return maps

    def judge(
        self, check: str, shares: dict[str, Share], bar: float = 0.5, notes: Mapping[str, str] | None = None
    ) -> Iterator[Measure]:
        """The measurement of each method and of each control."""
        for name, share in shares.items():
            yield Measure(check, name, share, bar, name not in self.methods, (notes or {}).get(name, ""))

    @contextmanager
    def with_network(self, network: Network) -> Iterator[None]:
        """Inside the context the adapter has another network."""
        module = self.adapter.module
        module.network, trained = network, module.network
        try:
            yield
        finally:
            module.network = trained


Check = Callable[[Subject], Iterator[Measure]]
CHECKS: list[Check] = []


def check(function: Check) -> Check:
    """Make a function one of the checks of ``explain.py check``."""
    CHECKS.append(function)
    return function


Checks = dict[str, dict[str, Any]]  # measurements as plain values, by name


def run_checks(subject: Subject) -> Checks:
    """The measurements of all checks of one network, as plain values by name.

    ``holds`` says of a control that it was refused, of others that they passed a check that refused all of
    its controls.
    """
    measures = list(chain.from_iterable(function(subject) for function in progress(CHECKS, "checking")))
    void = {one.check for one in measures if one.control and one.passes}
    return {f"{one.check}: {one.of}": _row(one, one.check in void) for one in measures}


def _row(one: Measure, void: bool) -> dict[str, Any]:
    value, low, high, n = one.share
    known = not isnan(value)
    numbers = {"value": value, "low": low, "high": high} if known else dict.fromkeys(("value", "low", "high"))
    return {
        **numbers,
        "n": n,
        "required": f"{'at most' if one.control else 'above'} {one.bar:.0%}",
        "holds": not one.passes if one.control else one.passes and not void,
        "method": "" if one.control else one.of,
        "words": f"{one.check} {value:.0%} (n = {n:,})" if known else f"{one.check}: of nothing",
        "control": one.control,
        "note": one.note,
    }


def passed_checks(measures: Checks, method: str) -> str:
    """A sentence on how well a method passed; nothing if it was not checked."""
    rows = [row for row in measures.values() if row.get("method") == method and row["holds"] is not None]
    if not rows:
        return ""
    words = [row["words"] + ("" if row["holds"] else " (failed)") for row in rows]
    return f"It passed {sum(row['holds'] for row in rows)} of {len(rows)} checks: {'; '.join(words)}."


def rows_of(measures: Checks) -> list[list[str]]:
    """The table of measurements, those of older versions too; its first row is the head."""
    rows = [["check", "value (95 % interval)", "n", "low end", "result"]]
    for name, row in measures.items():
        words = {True: "holds", False: "does not hold", None: ""}
        if row.get("control"):
            words = {True: "control: refused", False: "control: NOT refused"}
        value = "–" if row["value"] is None else f"{row['value']:.3g}"
        if row.get("low") is not None:
            value = f"{row['value']:.0%} ({row['low']:.0%} … {row['high']:.0%})"
        note = f"\n{row['note']}" if row.get("note") else ""
        rows.append([name + note, value, f"{row['n']:,}", row["required"], words[row["holds"]]])
    return rows


def failed_checks(measures: Checks) -> str:
    """What did not hold, in a few words; nothing if all held."""
    failed = [row for row in measures.values() if row["holds"] is False]
    passed = sum(bool(row.get("control")) for row in failed)
    return (
        f"{len(failed)} of {len(measures)} do not hold ({passed} controls were not refused)" if failed else ""
    )
