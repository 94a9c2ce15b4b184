"""Explanations of a trained network: one file a method, one function for all, an adapter for each domain."""

from importlib import import_module
from pkgutil import iter_modules

from shared.explain.adapter import (
    BAR,
    WIDEST,
    WORDS,
    InputAdapter,
    Masks,
    Planted,
    boxes,
    draw_bar,
    draw_box,
    draw_signed,
)
from shared.explain.command import explain_run
from shared.explain.examples import show
from shared.explain.explanation import Box, Example, Explanation, Input, Inputs, Shown
from shared.explain.method import Method
from shared.explain.units import Target

for _folder in ("methods", "checks"):  # each function registers itself
    for _module in iter_modules([f"{__path__[0]}/{_folder}"]):
        import_module(f"{__name__}.{_folder}.{_module.name}")
