"""Networks from lists of layers, with the shape and the receptive field behind each layer."""

from shared.network.build import Network, build_network
from shared.network.layers.base import Layer, beyond, clear
from shared.network.layers.branches import Residual, SideBySide
from shared.network.layers.conv import Conv
from shared.network.layers.dense import Dense, Flatten
from shared.network.layers.pool import Pool
from shared.network.layers.whiten import Whiten
from shared.network.shape import Axis, Shape
from shared.network.table import layer_table, render

__all__ = [
    "Axis",
    "Conv",
    "Dense",
    "Flatten",
    "Layer",
    "Network",
    "Pool",
    "Residual",
    "Shape",
    "SideBySide",
    "Whiten",
    "beyond",
    "build_network",
    "clear",
    "layer_table",
    "render",
]
