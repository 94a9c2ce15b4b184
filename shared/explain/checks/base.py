"""Common to all checks: the network and its examples, and a measurement with its requirement."""

import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from itertools import chain, islice
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

from shared.config import progress
from shared.errors import UserError
from shared.explain.adapter import InputAdapter
from shared.explain.explanation import Example, Explanation
from shared.explain.method import explain, methods_of
from shared.explain.units import Target
from shared.network import Network

MOST = 10  # times N examples are tried, until the network was right on N
SIGNS: dict[str, Callable[[float, float], bool]] = {
    "≥": operator.ge, "≤": operator.le, ">": operator.gt, "<": operator.lt,
}  # fmt: skip


class Measure(NamedTuple):
    """One number with its n, and what is required of it (``holds`` None: nothing)."""

    name: str
    value: float
    n: int
    required: str = ""
    holds: bool | None = None
    method: str = ""  # that is judged by it; none: the check is of the network, or of several methods
    words: str = ""  # of a report on this method


def measure(
    name: str, value: float, n: int, sign: str = "", bound: float = 0.0, method: str = "", words: str = ""
) -> Measure:
    """A number, which with one of SIGNS has to be on the right side of a bound."""
    required, holds = (f"{sign} {bound:.3g}", bool(SIGNS[sign](value, bound))) if sign else ("", None)
    return Measure(name, value, n, required, holds, method, words)


class Subject:
    """One network, and N examples of its validation set on which it is right; ``seed`` is of all choices.

    Raises:
        UserError: the network is right on fewer than two of the examples tried.
    """

    def __init__(self, adapter: InputAdapter, n: int, seed: int):
        self.adapter, self.n, self.seed = adapter, n, seed
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

    def maps(self, example: Example, target: Target | None = None) -> dict[str, Tensor]:
        """The map (axis 1, axis 2) of each method."""
        return {name: self.explain(name, example, target).map[0].detach() for name in self.methods}

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
    """The measurements of all checks of one network, as plain values by name."""
    measures = chain.from_iterable(function(subject) for function in progress(CHECKS, "checking"))
    return {name: dict(zip(Measure._fields[1:], values, strict=True)) for name, *values in measures}


def passed_checks(measures: Checks, method: str) -> str:
    """A sentence on how well a method passed; nothing if it was not checked."""
    rows = [row for row in measures.values() if row.get("method") == method and row["holds"] is not None]
    if not rows:
        return ""
    words = [row["words"] + ("" if row["holds"] else " (failed)") for row in rows]
    return f"It passed {sum(row['holds'] for row in rows)} of {len(rows)} checks: {'; '.join(words)}."


def rows_of(measures: Checks) -> list[list[str]]:
    """The table of measurements; its first row is the head."""
    words = {True: "holds", False: "does not hold", None: ""}
    rows = [["check", "value", "n", "required", ""]]
    for name, row in measures.items():
        rows.append([name, f"{row['value']:.3g}", f"{row['n']:,}", row["required"], words[row["holds"]]])
    return rows
