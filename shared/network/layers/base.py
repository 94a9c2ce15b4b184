"""What every layer is, and chains of layers."""

import math
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Literal, TypeAlias

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from shared.errors import UserError
from shared.network.shape import Shape

Maps: TypeAlias = Float[Tensor, "n channels a1 a2"]
Lengths: TypeAlias = Int[Tensor, " _"] | None
MAP_LIMIT = 2**24  # numbers of a map that a layer enlarges to a size as given: 64 MiB
LAYERS: dict[str, type["Layer"]] = {}  # by the names that lists of layers use
TAKES = {
    "maps": "it takes maps, not vectors: put it before `flatten`",
    "vectors": "it takes vectors, not maps: put `flatten` before it",
    "sequences": "it takes a sequence of vectors: put `windows: {size: …, hop: …}` before it, then `flatten`",
}


class Layer(nn.Module):
    """A step of a network: ``forward(x, lengths)`` returns a tensor.

    ``class Conv(Layer, name="conv")`` is the layer ``conv`` of a list of layers. Its constructor takes the
    shape of its input; keyword-only arguments are its settings. A setting ``activation`` or ``norm`` names
    what follows the layer's own arithmetic. Class attributes describe it to everything else.

    ``lengths`` (N,) counts each example's own cells along the axis that varies, or its windows once it is cut
    into windows; cells beyond are padding, may hold anything, and change no prediction.

    Attributes:
        shape: The shape of its output.
        kind: Its name in the list of layers that a network was built from.
        settings: Those that the list has for it, defaults included.
    """

    # A sequence is windows of vectors.
    takes: ClassVar[Literal["maps", "vectors", "sequences", "any"]] = "maps"
    # Whether an axis of its input may vary from example to example.
    varies: ClassVar[bool] = True
    # The setting that may be written alone: ``dense: 100`` is ``dense: {units: 100}``.
    main: ClassVar[str | None] = None
    # The setting whose value ``none`` builds no layer, so that one word switches it off.
    switch: ClassVar[str] = "type"
    # The setting that counts the channels or features of the output, which may be ``classes``.
    width: ClassVar[str | None] = None
    gives_logits: ClassVar[bool] = False  # whether it can
    # False of a layer that only selects, averages or rearranges values. Such a layer may follow the logits,
    # and a residual does not end in one.
    computes: ClassVar[bool] = True
    fitted: ClassVar[bool] = False  # whether ``fit`` makes it from training inputs before training
    kind: str = ""
    settings: Mapping[str, Any] = MappingProxyType({})
    slides: tuple[bool, bool] = (False, False)  # whether filters slide along axis 1 and along axis 2
    pads: str | None = None  # what it adds around a map, such as ``zeros``
    pools: str | None = None  # the statistic that it takes of windows of cells, such as ``max``

    def __init_subclass__(cls, name: str | None = None, **settings: Any):
        super().__init_subclass__(**settings)
        if name is not None:
            LAYERS[name] = cls

    def __init__(self, shape: Shape):
        super().__init__()
        self.shape = shape

    @classmethod
    def check_input(cls, shape: Shape) -> None:
        """Refuse an input that the layer does not take; the message names what has to come before it."""
        kinds = {"maps": not shape.flat, "vectors": shape.flat, "sequences": shape.flat and shape.windows}
        if not kinds.get(cls.takes, True):
            raise UserError(TAKES[cls.takes])
        if shape.varying is not None and not cls.varies:
            span = ("span, 1", "1, span")[shape.varying]
            raise UserError(
                f"it takes maps of one size, and axis {shape.varying + 1} varies from example to example: "
                f"put pool: {{kernel: [{span}]}} before it"
            )

    def out_lengths(self, lengths: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
        """The lengths of its output, from those of its input."""
        return lengths

    def filters(self, shape: Shape) -> Float[Tensor, "filters channels k1 k2"] | None:
        """Its weights as filters over maps of a shape; None where they are not such filters."""
        return None

    def fit(self, x: Maps) -> None:
        """Make what it takes from training inputs."""


def checked(key: str, shape: Shape) -> Shape:
    """The shape of an enlarged map; refuses one that would fill the memory."""
    if math.prod([shape.channels, *(cells or 1 for cells in shape.size)]) > MAP_LIMIT:
        raise UserError(f"{key}: must give a map of at most {MAP_LIMIT:,} numbers, got {shape}")
    return shape


class Chain(nn.Sequential):
    """Layers one after the other, by name."""

    def __init__(self, layers: dict[str, Layer], shape: Shape):
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.shape = shape

    def __iter__(self) -> "Iterator[Layer]":
        return iter(self._modules.values())  # type: ignore[arg-type]

    def forward(self, x: Float[Tensor, "n ..."], lengths: Lengths = None) -> Tensor:
        for layer in self:
            x = layer(x, lengths)
            if lengths is not None:
                lengths = layer.out_lengths(lengths)
        return x

    def out_lengths(self, lengths: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
        for layer in self:
            lengths = layer.out_lengths(lengths)
        return lengths


def single_layers(network: nn.Module) -> dict[str, Layer]:
    """The layers of a network that are not composed of others, by name, in order."""
    return {
        name: layer
        for name, layer in network.named_modules()
        if isinstance(layer, Layer) and sum(isinstance(inner, Layer) for inner in layer.modules()) == 1
    }


def shortest(network: nn.Module) -> int:
    """The cells along the axis that varies with which every map has three along it."""
    axes = [
        axis
        for layer in single_layers(network).values()
        for axis in (*layer.shape.axes, layer.shape.windows)
        if axis is not None and axis.size is None
    ]
    return max((axis.field + 2 * axis.stride for axis in axes), default=3)


def beyond(lengths: Int[Tensor, " n"], cells: int) -> Bool[Tensor, "n cells"]:
    """Which of N cells are padding."""
    return torch.arange(cells, device=lengths.device) >= lengths[:, None]


def clear(
    x: Float[Tensor, "n channels _ _"], lengths: Int[Tensor, " n"], axis: int, least: int, value: float
) -> Float[Tensor, "n channels _ _"]:
    """``x`` with ``value`` as padding, extended to at least ``least`` cells along ``axis`` (0 or 1)."""
    missing = least - x.size(2 + axis)
    if missing > 0:
        x = nn.functional.pad(x, (0, missing) if axis == 1 else (0, 0, 0, missing))
    padding = beyond(lengths, x.size(2 + axis))
    # where() keeps the layout of x; masked_fill() does not, which makes the next layers several times slower.
    return torch.where(padding[:, None, None] if axis == 1 else padding[:, None, :, None], value, x)
