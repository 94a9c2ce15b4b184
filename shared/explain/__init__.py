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
from shared.explain.checks.base import passed_checks, rows_of
from shared.explain.command import build_adapter, explain_run, measured_checks
from shared.explain.examples import show
from shared.explain.explanation import Box, Example, Explanation, Input, Inputs, Shown
from shared.explain.method import METHODS, Method, explain, methods_of
from shared.explain.panels import words_of
from shared.explain.units import Target, activations, default_layer, find_layer, first_filters

for _folder in ("methods", "checks"):  # each function registers itself
    for _module in iter_modules([f"{__path__[0]}/{_folder}"]):
        import_module(f"{__name__}.{_folder}.{_module.name}")
