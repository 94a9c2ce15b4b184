"""Common to all checks: the network and its examples, and a measurement with its requirement."""

import operator
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import chain, islice
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from shared.config import progress
from shared.errors import UserError
from shared.explain.adapter import InputAdapter
from shared.explain.explain import explain
from shared.explain.explanation import Example, Explanation
from shared.explain.method import Method, methods_of
from shared.explain.training_inputs import Reals
from shared.explain.units import Target
from shared.training import Classifier

MOST = 10  # times N examples are tried, until the network was right on N
HEADS = ("check", "value", "n", "required", "")
SIGNS = {"≥": operator.ge, "≤": operator.le, ">": operator.gt, "<": operator.lt}


class Measure(NamedTuple):
    """One number with its n, and what is required of it (``holds`` None: nothing)."""

    name: str
    value: float
    n: int
    required: str = ""
    holds: bool | None = None


def required(name: str, value: float, n: int, sign: str, bound: float) -> Measure:
    """A number that has to be ``≥``, ``≤``, ``>`` or ``<`` a bound."""
    return Measure(name, value, n, f"{sign} {bound:.3g}", bool(SIGNS[sign](value, bound)))


class Subject:
    """One network, and examples of its validation set on which it is right.

    Args:
        model: the network.
        adapter: of its domain.
        reals: its training inputs.
        n: examples of each check.
        seed: of all random choices.

    Raises:
        UserError: the network is right on fewer than two of the examples tried.
    """

    def __init__(self, model: Classifier, adapter: InputAdapter, reals: Reals, n: int, seed: int):
        self.model, self.adapter, self.reals, self.n, self.seed = model, adapter, reals, n, seed
        dataset = adapter.data.val_set
        drawn = np.random.default_rng(seed).permutation(len(dataset))[: MOST * n]
        examples = (adapter.example(dataset, int(item)) for item in drawn)
        right = (example for example in examples if self.answer(example) == example.label)
        self.examples = list(islice(right, n))
        if len(self.examples) < 2:
            raise UserError(
                f"check: the network must be right on at least 2 of {len(drawn)} validation inputs, got "
                f"{len(self.examples)}; train it further, or give a larger n"
            )

    @torch.no_grad()
    def answer(self, example: Example) -> int:
        """The class that the network predicts."""
        return int(self.model.network(example.x[None]).argmax())

    def explain(self, method: Method, example: Example, target: Target | None = None) -> Explanation:
        """A method's explanation of the predicted class, or of another target."""
        target = target or Target(self.answer(example))
        return explain(self.model, example, method.name, target, self.adapter)

    @cached_property
    def methods(self) -> list[Method]:
        """The methods that give a map for this network."""
        return [method for method in methods_of("map") if self._works(method)]

    def _works(self, method: Method) -> bool:
        try:
            self.explain(method, self.examples[0])
        except UserError:
            return False
        return True

    def maps(self, example: Example, target: Target | None = None) -> dict[str, Tensor]:
        """The map (axis 1, axis 2) of each method."""
        return {method.name: self.explain(method, example, target).map[0].detach() for method in self.methods}


Check = Callable[[Subject], Iterator[Measure]]
CHECKS: dict[str, Check] = {}


def check(function: Check) -> Check:
    """Make a function one of the checks of ``explain.py check``, by its name."""
    CHECKS[function.__name__] = function
    return function


def run_checks(subject: Subject) -> dict[str, dict[str, Any]]:
    """The measurements of all checks of one network, as plain values by name."""
    measures = chain.from_iterable(function(subject) for function in progress(CHECKS.values(), "checking"))
    return {name: dict(zip(Measure._fields[1:], values, strict=True)) for name, *values in measures}


def rows_of(measures: dict[str, dict[str, Any]]) -> list[list[str]]:
    """The rows of the table of measurements, under ``HEADS``."""
    words = {True: "holds", False: "does not hold", None: ""}
    return [
        [name, f"{each['value']:.3g}", f"{each['n']:,}", each["required"], words[each["holds"]]]
        for name, each in measures.items()
    ]
