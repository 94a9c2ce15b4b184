"""What a trained network has learned: one method a file, one verb for all, one adapter a domain."""

from shared.explain.adapter import HEAD, InputAdapter, Masks, Planted, boxes, draw_box
from shared.explain.command import explain_run
from shared.explain.explanation import Box, Example, Shown
from shared.explain.units import Target

__all__ = [
    "HEAD",
    "Box",
    "Example",
    "InputAdapter",
    "Masks",
    "Planted",
    "Shown",
    "Target",
    "boxes",
    "draw_box",
    "explain_run",
]
