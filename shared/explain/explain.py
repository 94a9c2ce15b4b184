"""One verb for all methods."""

import inspect
from collections.abc import Callable
from typing import Any

import torch

from shared.errors import UserError, nearest
from shared.explain.adapter import InputAdapter
from shared.explain.explanation import Example, Explanation
from shared.explain.methods.actmax import actmax
from shared.explain.methods.adversarial import adversarial
from shared.explain.methods.dream import dream
from shared.explain.methods.filters import filters
from shared.explain.methods.fool import fool
from shared.explain.methods.occlusion import occlusion
from shared.explain.methods.patches import top_patches
from shared.explain.methods.saliency import GRADIENTS
from shared.explain.methods.style import style
from shared.explain.units import Target
from shared.training import Classifier

METHODS: dict[str, Callable[..., Explanation]] = {
    "filters": filters,
    "top_patches": top_patches,
    "actmax": actmax,
    **GRADIENTS,
    "occlusion": occlusion,
    "fool": fool,
    "adversarial": adversarial,
    "dream": dream,
    "style": style,
}
UNITS = ("filters", "top_patches", "actmax")  # that ask about a unit, and take no input
MAPS = (*GRADIENTS, "occlusion")  # that give the relevance of an input's places


def explain(
    model: Classifier,
    input: Example | None,
    method: str,
    target: Target,
    adapter: InputAdapter,
    **options: Any,
) -> Explanation:
    """Explain a class's score or a unit of a network.

    Args:
        model: the network; its weights stay as they are.
        input: what it is explained on; None for methods in UNITS.
        method: one of METHODS.
        target: the class, or the unit.
        adapter: the adapter of the network's adapter.
        options: of the method, see its function.

    Raises:
        UserError: there is no such method, or it cannot work on this network, input or option.
    """
    function = find_method(method)
    parameters = model.network.parameters()
    trained = [each for each in parameters if each.requires_grad]
    model.network.eval().requires_grad_(False)
    try:
        with torch.backends.cudnn.flags(enabled=False):  # cuDNN's LSTM has no gradient in evaluation
            return function(model, input, target, adapter, **options)
    finally:
        for each in trained:
            each.requires_grad_()


def find_method(name: str) -> Callable[..., Explanation]:
    """The function of a method.

    Raises:
        UserError: there is none of that name.
    """
    if name not in METHODS:
        raise UserError(f"methods: {name!r}: {nearest(str(name), list(METHODS))}")
    return METHODS[name]


def options_of(method: str) -> set[str]:
    """The options that a method takes."""
    return set(inspect.signature(find_method(method)).parameters) - {"model", "input", "target", "adapter"}
