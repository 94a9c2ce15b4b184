"""Explanations of a trained network: one file a method, one function for all, an adapter for each domain."""

from shared.explain.adapter import HEAD, InputAdapter, Masks, Planted, boxes, draw_box
from shared.explain.command import explain_run
from shared.explain.explanation import Box, Example, Shown
from shared.explain.units import Target
