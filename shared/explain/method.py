"""A record of each explanation method, written beside its function, and one function that runs them all."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch

from shared.errors import UserError, require_choice
from shared.explain.adapter import InputAdapter
from shared.explain.explanation import Example, Explanation
from shared.explain.units import Target

KINDS = ("map", "input", "weights", "units")  # in the order of a report
# Of maps, in the order of a report on a run that was not checked; others follow.
USUAL = ("occlusion", "integrated_gradients", "input_x_gradient", "grad_cam", "saliency")


@dataclass
class Method:
    """The record of a method, as the decorator of its function ``f(adapter, example, target, **options)``.

    Attributes:
        title: of its panels; ``{target}`` is filled in.
        kind: what it shows: the ``weights`` of a layer, inputs for ``units`` of a layer (both take no
            example), a ``map`` of the relevance of the example's places, or an ``input`` that it made.
        caption: a sentence on how to read its panels; ``{target}`` is filled in.
        numbers: a sentence on ``{target}``, ``{value}`` and ``{baseline}``.
        unit: of a map: what its colours measure.
        columns: of units: inputs in a row of a panel for each unit; 0: one panel with a row for each unit.
        pictures: whether it works on pictures and spectrograms alone.
        of_classes: of units: whether it explains the classes where no layer is named.
    """

    title: str
    kind: Literal["weights", "units", "map", "input"]
    caption: str = ""
    numbers: str = "value {value}, baseline {baseline}"
    unit: str = "relevance"
    columns: int = 0
    pictures: bool = False
    of_classes: bool = False

    def __call__(self, function: Callable[..., Explanation]) -> Callable[..., Explanation]:
        """Enter the function, whose name ``methods=`` takes."""
        self.function, self.name = function, function.__name__
        parameters = list(inspect.signature(function).parameters.values())[3:]
        self.options = {option.name: option.default is option.empty for option in parameters}
        self.hints = {option.name: option.annotation for option in parameters}
        METHODS[self.name] = self
        return function

    def sentences(self, one: Explanation, target: str) -> tuple[str, str]:
        """How to read an explanation of a target, and what its value and baseline are."""
        numbers = {"value": f"{one.value:.4g}", "baseline": f"{one.baseline:.4g}", "target": target}
        return self.caption.format(**numbers), self.numbers.format(**numbers)


METHODS: dict[str, Method] = {}


def methods_of(*kinds: str) -> list[Method]:
    """The methods of some kinds, in the order of a report; without kinds all."""
    chosen = [method for method in METHODS.values() if method.kind in (kinds or KINDS)]

    def usual(method: Method) -> tuple[int, int]:
        return KINDS.index(method.kind), [*USUAL, method.name].index(method.name)

    return sorted(chosen, key=usual)


def explain(
    adapter: InputAdapter, example: Example | None, method: str, target: Target, **options: Any
) -> Explanation:
    """Explain a class's score or a unit of the adapter's network, whose weights stay as they are.

    Raises:
        UserError: there is no such method, or it does not work on this network, example or option.
    """
    require_choice("methods", method, METHODS)
    record = METHODS[method]
    if record.pictures and not adapter.pictures:
        raise UserError(f"{method}: works on pictures and spectrograms; leave it out of methods")
    adapter.turn_to(example)
    trained = [weight for weight in adapter.network.parameters() if weight.requires_grad]
    adapter.network.eval().requires_grad_(False)
    try:
        with torch.backends.cudnn.flags(enabled=False):  # cuDNN's LSTM has no gradient in evaluation
            return record.function(adapter, example, target, **options)
    finally:
        for weight in trained:
            weight.requires_grad_()
