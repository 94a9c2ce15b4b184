"""Scaling laws: what a network's loss will be, from trainings of several sizes and lengths."""

from shared.scaling.grid import scaling
