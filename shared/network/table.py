"""What a network is, layer by layer: output, parameters, arithmetic, and what a cell sees."""

from dataclasses import dataclass
from typing import Any

import torch
from rich.table import Table
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from shared.network.build import Network
from shared.network.layers.base import Layer
from shared.network.shape import Shape


@dataclass(frozen=True)
class LayerRow:
    """One layer of a network.

    Attributes:
        name: Its name in the network: ``network.get_submodule(name)``.
        output: Shape of what it gives for one sample: (planes, axis 1, axis 2) or (features,); for one
            window, where the sample is cut into windows.
        params: Parameters of its own.
        flops: Floating point operations of one sample's forward pass as ``torch.utils.flop_counter``
            counts them: two a multiply-add, and nothing else.
        field: Input cells that a cell of the output sees along each axis; None where every cell sees all.
            For a vector, what its features see together.
        shape: Its output with start, size and stride of the receptive field; ``shape.sees`` gives a box.
    """

    name: str
    output: tuple[int, ...]
    params: int
    flops: int
    field: tuple[int | None, int | None]
    shape: Shape


def layer_table(network: Network, length: int = 100) -> list[LayerRow]:
    """A row a layer in the order of computation; a composed layer comes after the layers in it.

    Args:
        network: Any network; it is run once, on zeros.
        length: Cells of a sample along the axis that varies, if one does.
    """
    layers = {module: name for name, module in network.named_modules() if isinstance(module, Layer)}
    outputs: dict[Layer, tuple[int, ...]] = {}

    def note(module: Any, given: Any, output: Tensor) -> None:
        outputs[module] = tuple(output.shape[1:])

    rows, columns = network.input_shape.extent
    extent = rows or length, columns or length
    x = next(network.parameters()).new_zeros(1, network.input_shape.planes, *extent)
    counter = FlopCounterMode(display=False, custom_mapping={torch.ops.aten.mkldnn_rnn_layer: _rnn_flops})
    hooks = [layer.register_forward_hook(note) for layer in layers]
    training = network.training
    try:
        with (
            torch.no_grad(),
            torch.backends.cudnn.flags(enabled=False),
            counter,
        ):  # cuDNN's LSTM goes uncounted
            network.eval()(x)
    finally:
        network.train(training)
        for hook in hooks:
            hook.remove()

    counts = counter.get_flop_counts()
    table = []
    for layer, output in outputs.items():
        name = layers[layer]
        composed = any(isinstance(inner, Layer) for inner in layer.modules() if inner is not layer)
        params = 0 if composed else sum(each.numel() for each in layer.parameters())
        flops = 0 if composed else sum(counts.get(f"{type(network).__name__}.{name}", {}).values())
        table.append(LayerRow(name, output, params, flops, _field(layer.shape, extent), layer.shape))
    return table


def _field(shape: Shape, extent: tuple[int, int]) -> tuple[int | None, int | None]:
    last = shape.axes[0].extent or 1, shape.axes[1].extent or 1
    boxes = shape.sees((0, 0), extent), shape.sees((last[0] - 1, last[1] - 1), extent)
    sizes = [None if all(box[i] == range(extent[i]) for box in boxes) else shape.axes[i].size for i in (0, 1)]
    return sizes[0], sizes[1]


def _rnn_flops(x: Any, weight_in: Any, weight_state: Any, *_: Any, **__: Any) -> int:
    steps, samples, features = x  # shapes
    return 2 * steps * samples * weight_in[0] * (features + weight_state[1])


def render(table: list[LayerRow]) -> Table:
    """The rows, and their totals, ready to print with rich."""
    params, flops = sum(row.params for row in table), sum(row.flops for row in table)
    text = Table("layer", "output", show_footer=True)
    text.columns[0].footer = "total"
    text.add_column("parameters", f"{params:,}", justify="right")
    text.add_column("FLOPs", f"{flops:,}", justify="right")
    text.add_column("sees", justify="right")
    text.add_column("every", justify="right")
    for row in table:
        flat = row.shape.flat
        text.add_row(
            row.name,
            "×".join(map(str, row.output)) + (" a window" if row.shape.windows else ""),
            f"{row.params:,}",
            f"{row.flops:,}",
            "all"
            if row.field == (None, None)
            else "×".join("all" if n is None else str(n) for n in row.field),
            "" if flat else "×".join(str(axis.stride) for axis in row.shape.axes),
        )
    return text
