"""A network from its list of layers: the words of a YAML file, checked, then built."""

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from shared.errors import UserError, nearest
from shared.network.layers.base import Chain, Layer
from shared.network.layers.branches import Residual, SideBySide
from shared.network.layers.conv import Conv
from shared.network.layers.dense import Dense, Dropout, Flatten
from shared.network.layers.pool import Pool
from shared.network.layers.settings import check_settings
from shared.network.layers.whiten import Whiten
from shared.network.layers.windows import Lstm, Windows
from shared.network.shape import Axis, Shape

LAYERS: dict[str, type[Layer]] = {
    "conv": Conv,
    "pool": Pool,
    "flatten": Flatten,
    "dense": Dense,
    "dropout": Dropout,
    "whiten": Whiten,
    "windows": Windows,
    "lstm": Lstm,
}
COMPOSED = ("repeat", "side_by_side", "residual")
# `dense: 100` is `dense: {units: 100}`
MAIN_SETTING = {"dense": "units", "dropout": "p", "lstm": "units", "whiten": "kernel"}
COUNTED = ("filters", "units")  # may be `classes`
LAYER_LIMIT = 10_000
INPUT_LIMIT = 2**24  # numbers of an input: 64 MiB


class Network(Chain):
    """Layers by name (``conv1``, ``pool1``, ``dense2``), from planes over two axes to logits.

    Attributes:
        input_shape: What it takes.
    """

    def __init__(self, chain: Chain, input_shape: Shape):
        super().__init__(dict(chain.named_children()), chain.shape)  # type: ignore[arg-type]
        self.input_shape = input_shape

    def forward(
        self, x: Float[Tensor, "n planes a1 a2"], lengths: Int[Tensor, " n"] | None = None
    ) -> Float[Tensor, "n classes"]:
        """Logits.

        Args:
            x: Planes over the grid.
            lengths: Each sample's own cells along the axis that varies, one at least; what lies beyond is
                padding and changes no answer. None: all samples fill the axis.
        """
        varying = self.input_shape.varying
        if varying is None and lengths is not None:
            raise ValueError(f"lengths given to a network on {self.input_shape}, of which nothing varies")
        if varying is not None and lengths is None:
            lengths = torch.full((len(x),), x.size(2 + varying), device=x.device)
        return super().forward(x, lengths)


def build_network(
    layers: Any, planes: int, extent: tuple[int | None, int | None], classes: int | None
) -> Network:
    """The network that a list of layers describes.

    Each layer is a name (``flatten``) or a name with its settings (``conv: {filters: 25, kernel: 3}``): the
    keyword arguments of the layer's class. ``filters`` and ``units`` may be ``classes``. Composed layers are
    ``repeat: {times: 3, layers: [...]}``, ``residual: [...]`` and ``side_by_side: [[...], [...]]``.

    The last layer with weights gives the logits, so it has neither activation nor norm; neither has the last
    layer of a residual an activation: it comes after the sum.

    Args:
        layers: The list, as plain containers.
        planes: Planes of the input.
        extent: Cells along its two axes; None for the one that varies from sample to sample.
        classes: Number of logits; None where it is not known yet: ``classes`` stands for 2, and any number of
            logits is right.

    Raises:
        UserError: The list has a mistake; names the layer, the key, the value and what is allowed.
    """
    if extent == (None, None):
        raise ValueError("one axis may vary, not both")
    number = 2 if classes is None else classes
    sizes = [planes, number, *(cells for cells in extent if cells is not None)]
    if min(sizes) < 1 or math.prod(sizes) // number > INPUT_LIMIT:
        raise UserError(
            f"layers: must have an input of 1 to {INPUT_LIMIT:,} numbers and 1 class at least, got "
            f"{planes} planes of {extent[0]}×{extent[1]} and {number} classes"
        )
    shape = Shape(planes, (Axis(extent[0]), Axis(extent[1])))
    items = _end_in_logits(_parse(layers, "layers", number))
    chain = _build(items, shape)
    _check_end(chain.shape, classes)
    return Network(chain, shape)


@dataclass(frozen=True)
class Item:
    """One layer of the list, its words checked.

    Attributes:
        place: Where it stands: ``layers[2].conv``.
        kind: Its name.
        settings: Keyword arguments of its class.
        parts: The lists of layers that a composed one has.
    """

    place: str
    kind: str
    settings: dict[str, Any]
    parts: tuple[tuple["Item", ...], ...] = ()

    @cached_property
    def count(self) -> int:
        """Layers that it stands for."""
        return 1 + sum(item.count for part in self.parts for item in part)


def _parse(layers: Any, place: str, classes: int) -> tuple[Item, ...]:
    """The layers of a list, repeats written out and pools of type none left out."""
    if not isinstance(layers, list) or not layers:
        raise UserError(f"{place}: {layers!r} is not a list of layers, with one at least")
    items: list[Item] = []
    for number, layer in enumerate(layers):
        here = f"{place}[{number}]"
        if isinstance(layer, str):
            layer = {layer: {}}
        if not isinstance(layer, dict) or len(layer) != 1:
            raise UserError(f"{here}: {layer!r} is not a layer: write its name, or `name: settings`")
        [(kind, settings)] = layer.items()
        if kind not in LAYERS and kind not in COMPOSED:
            raise UserError(f"{here}: unknown layer {kind!r}: {nearest(str(kind), [*LAYERS, *COMPOSED])}")
        here = f"{here}.{kind}"
        if kind == "repeat":
            items += _repeat(settings, here, classes)
        elif kind == "residual":
            items.append(Item(here, kind, {}, (_parse(settings, here, classes),)))
        elif kind == "side_by_side":
            if not isinstance(settings, list) or len(settings) < 2:
                raise UserError(f"{here}: {settings!r} is not a list of two or more lists of layers")
            parts = tuple(_parse(part, f"{here}[{n}]", classes) for n, part in enumerate(settings))
            items.append(Item(here, kind, {}, parts))
        else:
            item = Item(here, kind, _settings(kind, settings, here, classes))
            if item.settings.get("type") != "none":
                items.append(item)
        _check_count(sum(item.count for item in items), place)
    return tuple(items)


def _check_count(layers: int, place: str) -> None:
    if layers > LAYER_LIMIT:
        raise UserError(f"{place}: must have at most {LAYER_LIMIT:,} layers, got {layers:,}")


def _repeat(settings: Any, place: str, classes: int) -> list[Item]:
    if not isinstance(settings, dict) or set(settings) != {"times", "layers"}:
        raise UserError(f"{place}: {settings!r} is not {{times: a number, layers: a list}}")
    times = settings["times"]
    if not isinstance(times, int) or isinstance(times, bool) or times < 1:
        raise UserError(f"{place}: times: {times!r} is not a whole number of at least 1")
    items = _parse(settings["layers"], f"{place}.layers", classes)
    _check_count(times * sum(item.count for item in items), place)
    return times * list(items)


def _settings(kind: str, settings: Any, place: str, classes: int) -> dict[str, Any]:
    if kind in MAIN_SETTING and not isinstance(settings, dict):
        settings = {MAIN_SETTING[kind]: settings}
    if not isinstance(settings, dict):
        raise UserError(f"{place}: {settings!r} is not a mapping of settings, {{key: value, ...}}")
    settings = {
        key: classes if key in COUNTED and value == "classes" else value for key, value in settings.items()
    }
    with _at(place):
        check_settings(LAYERS[kind], settings)
    return settings


def _end_in_logits(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """The last layer with weights, made to give logits."""
    weighted = [n for n, item in enumerate(items) if item.kind in ("conv", "dense", "lstm", *COMPOSED)]
    if not weighted or items[weighted[-1]].kind not in ("conv", "dense"):
        raise UserError("layers: the last layer with weights gives the logits, so it must be conv or dense")
    last = items[weighted[-1]]
    for key in ("activation", "norm"):
        if key in last.settings:
            raise UserError(
                f"{last.place}: {key}: {last.settings[key]} has no place here: the last layer with weights "
                "gives the logits, without activation or norm; leave the key out"
            )
    last = replace(last, settings={**last.settings, "activation": "none"})
    return (*items[: weighted[-1]], last, *items[weighted[-1] + 1 :])


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
        _check_kind(item.kind, shape)
        return LAYERS[item.kind](shape, **item.settings)


def _build_residual(item: Item, shape: Shape) -> Residual:
    *before, last = item.parts[0]
    if last.kind not in ("conv", "dense"):
        raise UserError(f"{item.place}: its last layer is {last.kind}; what is summed must be conv or dense")
    plain = replace(last, settings={**last.settings, "activation": "none"})
    body = _build((*before, plain), shape)
    norm, activation = last.settings.get("norm", "none"), last.settings.get("activation", "relu")
    with _at(item.place, shape):
        return Residual(shape, body, norm, activation)


def _check_kind(kind: str, shape: Shape) -> None:
    """Refuse a layer for maps where vectors come in, and the reverse."""
    if kind == "dense" and not shape.flat:
        raise UserError("it takes vectors, not maps: put `flatten` before it")
    if kind == "lstm" and (shape.windows is None or not shape.flat):
        raise UserError(
            "it reads a sequence of vectors: put `windows: {size: ..., hop: ...}` before it, then `flatten`"
        )
    if kind in ("conv", "pool", "flatten", "whiten", "windows") and shape.flat:
        raise UserError("it takes maps, not vectors: put it before `flatten`")
    if kind == "windows" and shape.windows is not None:
        raise UserError("its input is cut into windows already: leave one of the two out")


def _check_end(shape: Shape, classes: int | None) -> None:
    if not shape.flat:
        raise UserError(f"layers: they end in {shape}, not in logits: add `flatten`")
    if shape.windows is not None:
        raise UserError(f"layers: they end in {shape}, not in one answer: add `lstm` and `dense: classes`")
    if classes is not None and shape.planes != classes:
        raise UserError(
            f"layers: they end in {shape} and there are {classes} classes: let the last be `dense: classes`, "
            "or choose filters and sizes that give as many"
        )


@contextmanager
def _at(place: str, shape: Shape | None = None) -> Iterator[None]:
    """Puts before a UserError the layer it is about, and after it what the layer takes."""
    try:
        yield
    except UserError as error:
        given = f" (its input: {shape})" if shape else ""
        raise UserError(f"{place}: {error}{given}") from None
