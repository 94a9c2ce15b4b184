"""One function that runs every method."""

from typing import Any

import torch

import shared.explain.methods  # noqa: F401 - fills METHODS
from shared.explain.adapter import InputAdapter
from shared.explain.explanation import Example, Explanation
from shared.explain.method import find_method
from shared.explain.units import Target
from shared.training import Classifier


def explain(
    model: Classifier,
    example: Example | None,
    method: str,
    target: Target,
    adapter: InputAdapter,
    **options: Any,
) -> Explanation:
    """Explain a class's score or a unit of a network.

    Args:
        model: the network; its weights stay as they are.
        example: the input; None for methods about weights or units.
        method: its name.
        target: the class, or the unit.
        adapter: of the network's domain.
        options: of the method, see its function.

    Raises:
        UserError: there is no such method, or it does not work on this network, example or option.
    """
    record = find_method(method)
    trained = [weight for weight in model.network.parameters() if weight.requires_grad]
    model.network.eval().requires_grad_(False)
    try:
        with torch.backends.cudnn.flags(enabled=False):  # cuDNN's LSTM has no gradient in evaluation
            explanation = record.function(model, example, target, adapter, **options)
    finally:
        for weight in trained:
            weight.requires_grad_()
    if record.kind == "map" and not record.signed and explanation.signed is None:
        raise ValueError(f"{method}: a method of maps without signs must return a signed map as well")
    return explanation
