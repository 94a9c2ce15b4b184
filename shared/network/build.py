"""A network from its list of layers: the YAML is checked, then built."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from shared.errors import UserError, nearest, require_int
from shared.network.layers import LAYERS
from shared.network.layers.base import Chain, Layer
from shared.network.layers.branches import Residual, SideBySide
from shared.network.layers.settings import check_settings, settings_of
from shared.network.shape import Axis, Shape

COMPOSED = ("repeat", "side_by_side", "residual")
LAYER_LIMIT = 10_000
INPUT_LIMIT = 2**24  # numbers of an input: 64 MiB


class Network(Chain):
    """Layers by name (``conv1``, ``pool1``, ``dense2``), from channels over two axes to logits.

    Attributes:
        input_shape: The shape of its input.
    """

    def __init__(self, chain: Chain, input_shape: Shape):
        super().__init__(dict(chain.named_children()), chain.shape)  # type: ignore[arg-type]
        self.input_shape = input_shape

    def forward(
        self, x: Float[Tensor, "n channels a1 a2"], lengths: Int[Tensor, " n"] | None = None
    ) -> Float[Tensor, "n classes"]:
        """Logits.

        Args:
            x: Channels over the grid.
            lengths: Own cells of each example along the axis that varies, at least one; cells beyond are
                padding and change no logits. None: all examples fill the axis.
        """
        varying = self.input_shape.varying
        if varying is None and lengths is not None:
            raise ValueError(f"lengths for a network on {self.input_shape}, in which nothing varies")
        if varying is not None and lengths is None:
            lengths = torch.full((len(x),), x.size(2 + varying), device=x.device)
        return super().forward(x, lengths)


def build_network(
    layers: Any, channels: int, size: tuple[int | None, int | None], classes: int | None
) -> Network:
    """The network that a list of layers describes.

    A layer is a name (``flatten``), a name with its main setting (``dense: 100``) or with its settings
    (``conv: {filters: 25, kernel: 3}``). Composed layers are ``repeat: {times: 3, layers: [...]}``,
    ``residual: [...]`` and ``side_by_side: [[...], [...]]``. ``defaults: {conv: {pad: zeros}}`` holds
    settings for the layers after it, also those in lists among them, that do not set these themselves.

    The last layer that computes gives the logits, so neither activation nor norm follows it. The
    activation of a residual's last layer follows the sum.

    Args:
        layers: The list, as plain containers.
        channels: Channels of the input.
        size: Cells along its two axes; None for the one that varies from example to example.
        classes: Number of logits; None where it is not known yet: ``classes`` stands for 2, and any number of
            logits is right.

    Raises:
        UserError: The list has a mistake; names the layer, the key, the value and what is allowed.
    """
    if size == (None, None):
        raise ValueError("one axis may vary, not both")
    number = 2 if classes is None else classes
    sizes = [channels, number, *(cells for cells in size if cells is not None)]
    if min(sizes) < 1 or math.prod(sizes) // number > INPUT_LIMIT:
        raise UserError(
            f"layers: must have an input of 1 to {INPUT_LIMIT:,} numbers and at least 1 class, got "
            f"{channels} channels of {size[0]}×{size[1]} and {number} classes"
        )
    shape = Shape(channels, (Axis(size[0]), Axis(size[1])))
    chain = _build(_with_logits(_Reader(number).read(layers, "layers")), shape)
    _check_end(chain.shape, classes)
    return Network(chain, shape)


@dataclass(frozen=True)
class Item:
    """One layer of the list, its settings checked.

    Attributes:
        place: Its place: ``layers[2].conv``.
        kind: Its name.
        settings: Keyword arguments of its class.
        parts: The lists of layers of a composed one.
        own: The settings that are its own, and not defaults.
    """

    place: str
    kind: str
    settings: dict[str, Any] = field(default_factory=dict)
    parts: tuple[tuple["Item", ...], ...] = ()
    own: tuple[str, ...] = ()

    @cached_property
    def count(self) -> int:
        """The number of layers in it."""
        return 1 + sum(item.count for part in self.parts for item in part)

    def without(self, *keys: str) -> "Item":
        """The same layer with ``none`` for those of the keys that are settings of its class."""
        known = settings_of(LAYERS[self.kind])
        return replace(self, settings=self.settings | {key: "none" for key in keys if key in known})


@dataclass(frozen=True)
class _Reader:
    """Reads lists of layers: repeats are written out, and defaults filled in."""

    classes: int
    defaults: dict[str, dict[str, Any]] = field(default_factory=dict)

    def read(self, layers: Any, place: str) -> tuple[Item, ...]:
        if not isinstance(layers, list) or not layers:
            raise UserError(f"{place}: must be a list of at least one layer, got {layers!r}")
        items: list[Item] = []
        for number, layer in enumerate(layers):
            here = f"{place}[{number}]"
            layer = {layer: {}} if isinstance(layer, str) else layer
            if not isinstance(layer, dict) or len(layer) != 1:
                raise UserError(f"{here}: must be a layer's name, or `name: settings`, got {layer!r}")
            [(kind, settings)] = layer.items()
            if kind == "defaults":
                self = replace(self, defaults=self.defaults | self._checked(settings, f"{here}.{kind}"))
            else:
                items += self._items(kind, settings, here)
            _check_count(sum(item.count for item in items), place)
        return tuple(items)

    def _items(self, kind: str, settings: Any, place: str) -> list[Item]:
        here = f"{place}.{kind}"
        if kind == "repeat":
            return self._repeat(settings, here)
        if kind == "residual":
            return [Item(here, kind, parts=(self.read(settings, here),))]
        if kind == "side_by_side":
            if not isinstance(settings, list) or len(settings) < 2:
                raise UserError(f"{here}: must be a list of two or more lists of layers, got {settings!r}")
            parts = tuple(self.read(part, f"{here}[{n}]") for n, part in enumerate(settings))
            return [Item(here, kind, parts=parts)]
        if kind not in LAYERS:
            legal = nearest(str(kind), [*LAYERS, *COMPOSED, "defaults"])
            raise UserError(f"{place}: there is no layer {kind!r}; {legal}")
        item = self._single(kind, settings, here)
        return [] if item.settings.get("type") == "none" else [item]

    def _checked(self, defaults: Any, place: str) -> dict[str, dict[str, Any]]:
        if not isinstance(defaults, dict):
            raise UserError(f"{place}: must be settings by layer name, got {defaults!r}")
        for kind, settings in defaults.items():
            if kind not in LAYERS:
                raise UserError(f"{place}.{kind}: there is no such layer; {nearest(str(kind), list(LAYERS))}")
            if not isinstance(settings, dict):
                raise UserError(f"{place}.{kind}: must be settings, {{key: value, ...}}, got {settings!r}")
            check_settings(LAYERS[kind], settings, f"{place}.{kind}", partial=True)
        return defaults

    def _repeat(self, settings: Any, place: str) -> list[Item]:
        if not isinstance(settings, dict) or set(settings) != {"times", "layers"}:
            raise UserError(f"{place}: must be {{times: a number, layers: a list}}, got {settings!r}")
        require_int(f"{place}.times", settings["times"], 1)
        items = self.read(settings["layers"], f"{place}.layers")
        _check_count(settings["times"] * sum(item.count for item in items), place)
        return settings["times"] * list(items)

    def _single(self, kind: str, settings: Any, place: str) -> Item:
        layer = LAYERS[kind]
        if layer.main and not isinstance(settings, dict):
            settings = {layer.main: settings}
        if not isinstance(settings, dict):
            raise UserError(f"{place}: must be a mapping of settings, {{key: value, ...}}, got {settings!r}")
        own = tuple(settings)
        settings = {**self.defaults.get(kind, {}), **settings}
        if layer.width and settings.get(layer.width) == "classes":
            settings[layer.width] = self.classes
        check_settings(layer, settings, place)
        return Item(place, kind, settings, own=own)


def _check_count(layers: int, place: str) -> None:
    if layers > LAYER_LIMIT:
        raise UserError(f"{place}: must have at most {LAYER_LIMIT:,} layers, got {layers:,}")


def _with_logits(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """The items, of which the last that computes gives logits."""
    able = [name for name, layer in LAYERS.items() if layer.gives_logits]
    computing = [n for n, item in enumerate(items) if item.kind in COMPOSED or LAYERS[item.kind].computes]
    number = computing[-1] if computing else len(items) - 1
    last = items[number]
    if last.kind not in able:
        raise UserError(
            f"layers: the one that gives the logits must be {' or '.join(able)}, got {last.place}"
        )
    for key in ("activation", "norm"):
        if key in last.own:
            got = last.settings[key]
            raise UserError(
                f"{last.place}.{key}: must not be set in the layer that gives the logits, got {got}"
            )
    return (*items[:number], last.without("activation", "norm"), *items[number + 1 :])


def _build(items: tuple[Item, ...], shape: Shape) -> Chain:
    """A chain of the items' layers, each named by its kind and its number among those in the chain."""
    numbers: Counter[str] = Counter()
    layers: dict[str, Layer] = {}
    for item in items:
        numbers[item.kind] += 1
        layer = _build_layer(item, shape)
        layers[f"{item.kind}{numbers[item.kind]}"] = layer
        shape = layer.shape
    return Chain(layers, shape)


def _build_layer(item: Item, shape: Shape) -> Layer:
    if item.kind == "side_by_side":
        branches = [_build(part, shape) for part in item.parts]
        with _at(item.place, shape):
            return SideBySide(branches)
    if item.kind == "residual":
        return _build_residual(item, shape)
    with _at(item.place, shape):
        LAYERS[item.kind].check_input(shape)
        return LAYERS[item.kind](shape, **item.settings)


def _build_residual(item: Item, shape: Shape) -> Residual:
    *before, last = item.parts[0]
    if last.kind in COMPOSED or not LAYERS[last.kind].computes:
        raise UserError(f"{item.place}: must end in a layer that computes what is added, got {last.place}")
    body = _build((*before, last.without("activation")), shape)
    norms = [
        part for part in item.parts[0] if part.kind in LAYERS and "norm" in settings_of(LAYERS[part.kind])
    ]
    norm: Any = norms[-1].settings.get("norm", "none") if norms else "none"
    with _at(item.place, shape):
        return Residual(shape, body, norm, last.settings.get("activation", "relu"))


def _check_end(shape: Shape, classes: int | None) -> None:
    if not shape.flat:
        raise UserError(f"layers: must end in logits, got {shape}; add `flatten`")
    if shape.windows is not None:
        raise UserError(f"layers: must end in one prediction, got {shape}; add `lstm` and `dense: classes`")
    if classes is not None and shape.channels != classes:
        raise UserError(
            f"layers: must end in {classes} logits, one a class, got {shape}; let the last layer be "
            "`dense: classes`, or choose filters and sizes that give as many"
        )


@contextmanager
def _at(place: str, shape: Shape) -> Iterator[None]:
    """Add the layer and its input to a UserError: ``layers[1].conv.kernel: must be … (its input: …)``."""
    try:
        yield
    except UserError as error:
        key = "." if re.match(r"\w+: ", str(error)) else ": "
        raise UserError(f"{place}{key}{error} (its input: {shape})") from None
