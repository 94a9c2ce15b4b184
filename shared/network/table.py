"""What a network is, layer by layer: output, parameters, arithmetic, and what a cell sees."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from rich.table import Table
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from shared.network.build import Network
from shared.network.layers.base import Layer, single_layers
from shared.network.shape import Shape


@dataclass(frozen=True)
class LayerRow:
    """One layer of a network.

    Attributes:
        trained: Those of ``params`` that training changes.
        output: Of one example (or window): (channels, axis 1, axis 2) or (features,).
        flops: Floating point operations of one example's forward pass as ``torch.utils.flop_counter`` counts
            them: two for a multiply-add, and nothing else.
        field: Input cells that a cell of the output sees along each axis, or the features of a vector
            together; None where every cell sees all.
    """

    name: str
    output: tuple[int, ...]
    params: int
    trained: int
    flops: int
    field: tuple[int | None, int | None]
    shape: Shape


def layer_table(network: Network, length: int = 100) -> list[LayerRow]:
    """A row for each layer, in the order of computation; a composed layer comes after the layers in it.

    The network runs once, on zeros, with ``length`` cells along the axis that varies, if one does. For one
    that was built without memory for its weights, a copy runs.
    """
    if next(network.parameters()).is_meta:  # some layers' shapes depend on values
        network = deepcopy(network)._apply(lambda x: torch.zeros_like(x, device="cpu") if x.is_meta else x)
    outputs: dict[Layer, tuple[int, ...]] = {}

    def note(module: Any, given: Any, output: Tensor) -> None:
        outputs[module] = tuple(output.shape[1:])

    names = {module: name for name, module in network.named_modules() if isinstance(module, Layer)}
    hooks = [layer.register_forward_hook(note) for layer in names]
    rows, columns = network.input_shape.size
    size = rows or length, columns or length
    x = next(network.parameters()).new_zeros(1, network.input_shape.channels, *size)
    counter = FlopCounterMode(display=False, custom_mapping={torch.ops.aten.mkldnn_rnn_layer: _rnn_flops})
    training = network.training
    try:
        with torch.no_grad(), torch.backends.cudnn.flags(enabled=False), counter:  # it misses cuDNN's LSTM
            network.eval()(x)
    finally:
        network.train(training)
        for hook in hooks:
            hook.remove()

    counts, single = counter.get_flop_counts(), single_layers(network)
    table = []
    for layer, output in outputs.items():
        name, params, trained, flops = names[layer], 0, 0, 0
        if name in single:
            params = sum(weight.numel() for weight in layer.parameters())
            trained = sum(weight.numel() for weight in layer.parameters() if weight.requires_grad)
            flops = sum(counts.get(f"{type(network).__name__}.{name}", {}).values())
        table.append(LayerRow(name, output, params, trained, flops, _field(layer.shape, size), layer.shape))
    return table


def _field(shape: Shape, size: tuple[int, int]) -> tuple[int | None, int | None]:
    last = shape.axes[0].size or 1, shape.axes[1].size or 1
    boxes = shape.sees((0, 0), size), shape.sees((last[0] - 1, last[1] - 1), size)
    rows, columns = (
        None if all(box[i] == range(size[i]) for box in boxes) else len(axis.view or range(axis.field))
        for i, axis in enumerate(shape.axes)
    )
    return rows, columns


def _rnn_flops(x: Any, weight_in: Any, weight_state: Any, *_: Any, **__: Any) -> int:
    steps, n, features = x  # shapes
    return 2 * steps * n * weight_in[0] * (features + weight_state[1])


def render(table: list[LayerRow]) -> Table:
    """The rows and their totals as a table for the terminal; names, which other commands take, stay whole.

    Where layers are frozen, a column says how many parameters are trained.
    """
    params, flops = sum(row.params for row in table), sum(row.flops for row in table)
    trained = sum(row.trained for row in table)
    frozen = {"trained": f"{trained:,}"} if 0 < trained < params else {}
    text = Table(show_footer=True)
    text.add_column("layer", "total", no_wrap=True, min_width=max(len(row.name) for row in table))
    text.add_column("output", overflow="fold")
    totals = {"params": f"{params:,}", **frozen, "FLOPs": f"{flops:,}", "sees": "", "every": ""}
    for title, total in totals.items():
        text.add_column(title, total, justify="right", overflow="fold")
    for row in table:
        text.add_row(
            row.name,
            "×".join(map(str, row.output)) + (" a window" if row.shape.windows else ""),
            f"{row.params:,}",
            *([f"{row.trained:,}"] if frozen else []),
            f"{row.flops:,}",
            "all" if row.field == (None, None) else "×".join(str(n or "all") for n in row.field),
            "" if row.shape.flat else "×".join(str(axis.stride) for axis in row.shape.axes),
        )
    return text
