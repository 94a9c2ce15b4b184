"""Layers and units by name, and their outputs."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from shared.errors import UserError, nearest, require_int
from shared.explain.explanation import Inputs
from shared.network import Chain, Layer, Network, Shape, SideBySide, beyond, single_layers


class Activations(NamedTuple):
    """A layer's values for N examples; a vector's features are units of one cell each."""

    values: Float[Tensor, "n units windows rows columns"]  # one window where the network cuts none
    own: Bool[Tensor, "n 1 windows rows columns"]  # cells that are no padding, in which values are 0

    @property
    def total(self) -> Float[Tensor, "n units"]:
        """The degree of activation a_k = Σ_ij a_k,ij of each unit."""
        return self.values.sum((2, 3, 4))

    def peak(self) -> tuple[Float[Tensor, "n units"], tuple[Tensor, ...]]:
        """A unit's largest value, and the window, row and column of its cell (N, units)."""
        value, cell = self.values.masked_fill(~self.own, -torch.inf).flatten(2).max(2)
        return value, torch.unravel_index(cell, self.values.shape[2:])


class Seen(NamedTuple):
    """A layer in one forward pass: its output, and the lengths that it received."""

    layer: Layer
    output: Tensor
    lengths: Tensor | None

    def arrange(self, output: Tensor | None = None) -> Activations:
        """The output, or a tensor of its shape such as its gradient, example by example."""
        output = self.output if output is None else output
        if output.dim() == 2:
            output = output[:, :, None, None]
        shape = self.layer.shape
        lengths = None if self.lengths is None else self.layer.out_lengths(self.lengths)
        if shape.windows is not None:  # windows follow each other in the batch
            if lengths is None:
                assert shape.windows.size is not None
                lengths = torch.full((len(output) // shape.windows.size,), shape.windows.size)
            parts = output.split(lengths.tolist())
            values = nn.utils.rnn.pad_sequence(list(parts), batch_first=True).movedim(1, 2)
            own = ~beyond(lengths.to(values.device), values.size(2))[:, None, :, None, None]
            return Activations(values, own.expand(-1, 1, -1, *values.shape[3:]))
        own = torch.ones_like(output[:, :1, None], dtype=torch.bool)
        if shape.varying is not None and lengths is not None:
            padding = beyond(lengths, output.size(2 + shape.varying))[:, None, None]
            own = own & ~(padding[..., None] if shape.varying == 0 else padding[..., None, :])
        return Activations(output[:, :, None] * own, own)


class _StopError(Exception):
    """The last of the named layers has run."""


@contextmanager
def watched(
    network: Network, names: Sequence[str | None], stop: bool = False
) -> Iterator[dict[str | None, Seen]]:
    """Inside the context, a forward pass fills the dictionary with the outputs of the named layers.

    The name None is that of the last layer, whose units are the classes. With ``stop`` the pass ends, and the
    block with it, once all of them have run: nothing after them is computed, so the input may be of any size
    that they take.
    """
    layers = {name: find_layer(network, name) for name in names}
    seen: dict[str | None, Seen] = {}

    def note(name: str | None, layer: Layer, inputs: tuple, output: Tensor) -> None:
        seen[name] = Seen(layer, output, inputs[1] if len(inputs) > 1 else None)
        if stop and len(seen) == len(layers):
            raise _StopError

    with suppress(_StopError), ExitStack() as hooks:
        for name, layer in layers.items():
            hooks.enter_context(layer.register_forward_hook(partial(note, name)))
        yield seen


def activations(network: Network, name: str | None, x: Inputs, lengths: Tensor | None = None) -> Activations:
    """The output of a layer for N inputs."""
    with watched(network, [name], stop=True) as seen:
        network(x, lengths)
    return seen[name].arrange()


def learned_layers(network: Network, maps: bool = False) -> list[str]:
    """The names of the layers with weights, in order; with ``maps`` only those that give maps."""
    return [
        name
        for name, layer in single_layers(network).items()
        if any(True for _ in layer.parameters()) and not (maps and layer.shape.flat)
    ]


def last_maps(network: Network) -> list[str]:
    """The last layers with weights before the logits whose maps have several cells: one, or one a branch."""
    allowed = set(learned_layers(network)[:-1])

    def last(chain: nn.Module, prefix: str) -> list[str]:
        for name, layer in reversed(list(chain.named_children())):
            if isinstance(layer, SideBySide):
                parts = [(f"{prefix}{name}.{part}.", branch) for part, branch in layer.named_children()]
                if names := [inner for part, branch in parts for inner in last(branch, part)]:
                    return names
            elif isinstance(layer, Layer):
                inner = {part for part, _ in layer.named_modules(prefix=prefix + name)}
                if inner & allowed and layer.shape.size != (1, 1):
                    return [prefix + name]
        return []

    return last(network, "")


def default_layer(network: Network) -> str:
    """The layer whose units are explained where none is named: the last before the logits with maps."""
    return (last_maps(network) or learned_layers(network))[0]


def find_layer(network: Network, name: str | None, unit: Any = None) -> Layer:
    """A layer by its name, None being the last; a unit that is given must be one of its units.

    Raises:
        UserError: naming what there is instead.
    """
    layers = {key: layer for key, layer in network.named_modules() if isinstance(layer, Layer)}
    if name is None:
        return list(network)[-1]
    if name not in layers:
        hint = f"{nearest(name, list(layers))}; layer='?' lists them"
        raise UserError(f"layer: must be a layer of the network, got {name}; {hint}")
    if unit is not None:
        require_int(f"unit (of layer={name})", unit, 0, layers[name].shape.channels - 1)
    return layers[name]


def first_filters(network: Network, layer: str | None = None) -> dict[str, Tensor]:
    """The filters (filters, channels, kernel 1, kernel 2) of layers that no other with weights comes before.

    Raises:
        UserError: there are none, or ``layer`` is given and not among them.
    """

    def first(chain: nn.Module, prefix: str, shape: Shape) -> dict[str, Tensor]:
        for name, layer in chain.named_children():
            branches = [item for item in layer.named_children() if isinstance(item[1], Chain)]
            if branches:
                parts = [first(branch, f"{prefix}{name}.{part}.", shape) for part, branch in branches]
                return {inner: weight for part in parts for inner, weight in part.items()}
            assert isinstance(layer, Layer)
            weight = layer.filters(shape)
            if weight is not None or any(True for _ in layer.parameters()):
                return {} if weight is None else {prefix + name: weight}
            if not layer.shape.flat:  # a dense layer's filters are as large as the map that was flattened
                shape = layer.shape
        return {}

    filters = first(network, "", network.input_shape)
    if not filters:
        raise UserError("filters: no layer of this network has filters over its input; leave it out")
    if layer is not None and layer not in filters:
        names, why = ", ".join(filters), "whose filters read other layers' maps"
        raise UserError(f"layer: must be one whose filters read the input ({names}), got {layer}, {why}")
    return filters if layer is None else {layer: filters[layer]}


class Target(NamedTuple):
    """What is explained: a class's score before softmax, or a unit of a layer."""

    unit: int  # or the class's number
    layer: str | None = None

    def score(self, network: Network, x: Inputs) -> Float[Tensor, " n"]:
        """The class's score, or the unit's degree of activation, of each input."""
        return activations(network, self.layer, x).total[:, self.unit]

    def words(self, classes: Sequence[str]) -> str:
        """The target's name in panels."""
        return f"class {classes[self.unit]}" if self.layer is None else f"{self.layer} unit {self.unit}"
