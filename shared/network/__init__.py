"""Networks from lists of layers, with the shape and the receptive field behind each layer."""

from shared.network.build import Network, build_network
from shared.network.layers.base import Chain, Layer, beyond, clear, shortest, single_layers
from shared.network.layers.branches import SideBySide
from shared.network.layers.windows import in_rows
from shared.network.shape import Axis, Shape
from shared.network.table import LayerRow, layer_table, render
from shared.network.weights import check_optimizer_state, with_weights
