"""Layers and units by name, and their outputs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from shared.errors import UserError, nearest
from shared.network import Layer, Network, SideBySide, beyond, single_layers


class Activations(NamedTuple):
    """A layer's values for N examples; a vector's features are units of one cell each.

    Attributes:
        values: (N, units, windows, rows, columns); one window where the network cuts none; 0 in padding.
        own: (N, 1, windows, rows, columns) which cells are a example's own.
    """

    values: Float[Tensor, "n units windows rows columns"]
    own: Bool[Tensor, "n 1 windows rows columns"]

    @property
    def total(self) -> Float[Tensor, "n units"]:
        """The degree of activation a_k = Σ_ij a_k,ij of each unit."""
        return self.values.sum((2, 3, 4))

    def peak(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(N, units) each: a unit's largest value, and the window, row and column of its cell."""
        value, cell = self.values.masked_fill(~self.own, -torch.inf).flatten(2).max(2)
        _, _, _, rows, columns = self.values.shape
        return value, cell // (rows * columns), cell // columns % rows, cell % columns


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
        shape, lengths = self.layer.shape, self.lengths
        if lengths is not None:
            lengths = self.layer.out_lengths(lengths)
        if shape.windows is not None:
            return _by_sample(output, lengths, shape.windows.size)
        own = torch.ones_like(output[:, :1, None], dtype=torch.bool)
        if shape.varying is not None and lengths is not None:
            padding = beyond(lengths, output.size(2 + shape.varying))
            own = ~(padding[:, None, None, :, None] if shape.varying == 0 else padding[:, None, None, None])
            own = own.expand(-1, 1, 1, *output.shape[2:])
        return Activations(output[:, :, None] * own, own)


def _by_sample(output: Tensor, counts: Tensor | None, every: int | None) -> Activations:
    """Windows, which follow each other in the batch, as an axis of their examples."""
    if counts is None:
        assert every is not None
        counts = torch.full((len(output) // every,), every, device=output.device)
    values = nn.utils.rnn.pad_sequence(list(output.split(counts.tolist())), batch_first=True).movedim(1, 2)
    own = ~beyond(counts, values.size(2))[:, None, :, None, None]
    return Activations(values, own.expand(-1, 1, -1, *values.shape[3:]))


class _StopError(Exception):
    """The last of the named layers has run."""


@contextmanager
def watched(network: Network, names: Sequence[str], stop: bool = False) -> Iterator[dict[str, Seen]]:
    """Inside the context, a forward pass fills the dictionary with the outputs of the named layers.

    Args:
        network: any network.
        names: of layers, as its table has them.
        stop: let the pass end, and the block with it, once all of them have run: nothing after them is
            computed, so the input may be of any size that they take.

    Raises:
        UserError: there is no such layer.
    """
    layers = {name: find_layer(network, name) for name in names}
    seen: dict[str, Seen] = {}

    def note(name: str, layer: Layer, given: tuple, output: Tensor) -> None:
        seen[name] = Seen(layer, output, given[1] if len(given) > 1 else None)
        if stop and len(seen) == len(layers):
            raise _StopError

    hooks = [
        layer.register_forward_hook(
            lambda module, given, output, name=name: note(name, module, given, output)
        )
        for name, layer in layers.items()
    ]
    try:
        yield seen
    except _StopError:
        pass
    finally:
        for hook in hooks:
            hook.remove()


def activations(network: Network, name: str, x: Tensor, lengths: Tensor | None = None) -> Activations:
    """The output of a layer for inputs (N, channels, axis 1, axis 2)."""
    with watched(network, [name], stop=True) as seen:
        network(x, lengths)
    return seen[name].arrange()


def layer_names(network: Network) -> list[str]:
    """The names of all layers, in the order of the network."""
    return [name for name, layer in network.named_modules() if isinstance(layer, Layer)]


def learned_layers(network: Network, maps: bool = False) -> list[str]:
    """The names of the layers with weights, in order; with ``maps`` only those that give maps."""
    return [
        name
        for name, layer in single_layers(network).items()
        if any(True for _ in layer.parameters()) and not (maps and layer.shape.flat)
    ]


def last_maps(network: Network) -> list[str]:
    """The last layers with weights before the logits whose maps have several cells: one, or one a branch.

    Raises:
        UserError: there is none.
    """
    names = _last(network, "", set(learned_layers(network)[:-1]))
    if not names:
        raise UserError("grad_cam: no layer with weights gives a map of several cells; leave it out")
    return names


def _last(chain: nn.Module, prefix: str, allowed: set[str]) -> list[str]:
    for name, layer in reversed(list(chain.named_children())):
        if isinstance(layer, SideBySide):
            parts = layer.named_children()
            names = [
                last for part, branch in parts for last in _last(branch, f"{prefix}{name}.{part}.", allowed)
            ]
            if names:
                return names
        elif isinstance(layer, Layer):
            inner = {part for part, _ in layer.named_modules(prefix=prefix + name)}
            if inner & allowed and layer.shape.size != (1, 1):
                return [prefix + name]
    return []


def default_layer(network: Network) -> str:
    """The layer whose units are explained where none is named: the last before the logits with maps."""
    try:
        return last_maps(network)[0]
    except UserError:
        return learned_layers(network)[0]


def find_layer(network: Network, name: str) -> Layer:
    """A layer by its name.

    Raises:
        UserError: there is none; names the nearest.
    """
    names = layer_names(network)
    if name not in names:
        raise UserError(
            f"layer: must be a layer of the network, got {name}; {nearest(name, names)}; layer='?' lists them"
        )
    layer = network.get_submodule(name)
    assert isinstance(layer, Layer)
    return layer


class Target(NamedTuple):
    """What is explained: a class's score before softmax, or a unit of a layer.

    Attributes:
        unit: number of the class, or of the unit in its layer.
        layer: the layer's name; None: a class.
    """

    unit: int
    layer: str | None = None

    def score(self, network: Network, x: Tensor, lengths: Tensor | None = None) -> Float[Tensor, " n"]:
        """The class's score, or the unit's degree of activation, of each input."""
        if self.layer is None:
            return network(x, lengths)[:, self.unit]
        return activations(network, self.layer, x, lengths).total[:, self.unit]

    def words(self, classes: Sequence[str]) -> str:
        """The target's name in panels."""
        return f"class {classes[self.unit]}" if self.layer is None else f"{self.layer} unit {self.unit}"


def check_unit(network: Network, layer: str, unit: Any) -> None:
    """Refuse a unit that a layer does not have.

    Raises:
        UserError: Naming the layer, the number and how many there are.
    """
    units = find_layer(network, layer).shape.channels
    if isinstance(unit, bool) or not isinstance(unit, int) or not 0 <= unit < units:
        raise UserError(f"unit: must be from 0 to {units - 1}, the units of {layer}, got {unit}")
