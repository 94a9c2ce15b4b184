"""The list of layers, as YAML holds it: checked, with repeats written out and defaults filled in."""

import inspect
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from shared.config import check_arguments, check_value
from shared.errors import UserError, nearest, require_int
from shared.network.layers import LAYERS
from shared.network.layers.base import Layer
from shared.network.layers.branches import Residual, SideBySide

LAYER_LIMIT = 10_000
COMPOSED: dict[str, type[Layer]] = {"residual": Residual, "side_by_side": SideBySide}


@dataclass(frozen=True)
class Item:
    """One layer of the list, its settings checked.

    Attributes:
        place: As ``layers[2].conv``.
        own: The settings that are not defaults.
        parts: The lists of layers of a composed one.
    """

    place: str
    kind: str
    layer: type[Layer]
    settings: dict[str, Any] = field(default_factory=dict)
    own: tuple[str, ...] = ()
    parts: tuple[tuple["Item", ...], ...] = ()

    @cached_property
    def count(self) -> int:
        """The number of layers in it."""
        return 1 + sum(item.count for part in self.parts for item in part)

    def without(self, *keys: str) -> "Item":
        """The same layer with ``none`` for those of the keys that are settings of its class."""
        none = {key: "none" for key in keys if key in _settings(self.layer)}
        return replace(self, settings=self.settings | none)


@dataclass(frozen=True)
class Reader:
    """Reads lists of layers, in which ``classes`` stands for a number."""

    classes: int
    defaults: dict[str, dict[str, Any]] = field(default_factory=dict)

    def read(self, layers: Any, place: str) -> tuple[Item, ...]:
        """The layers of a list that stands in ``place``; refuses what is none."""
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
                self = replace(self, defaults=self.defaults | _checked(settings, f"{here}.{kind}"))
            else:
                items += self._items(kind, settings, here)
            _check_count(items, 1, place)
        return tuple(items)

    def _items(self, kind: str, settings: Any, place: str) -> Iterable[Item]:
        here = f"{place}.{kind}"
        if kind == "repeat":
            if not isinstance(settings, dict) or set(settings) != {"times", "layers"}:
                raise UserError(f"{here}: must be {{times: a number, layers: a list}}, got {settings!r}")
            require_int(f"{here}.times", settings["times"], 1)
            items = self.read(settings["layers"], f"{here}.layers")
            _check_count(items, settings["times"], here)
            return settings["times"] * items
        if kind == "side_by_side":
            if not isinstance(settings, list) or len(settings) < 2:
                raise UserError(f"{here}: must be a list of two or more lists of layers, got {settings!r}")
            parts = tuple(self.read(part, f"{here}[{n}]") for n, part in enumerate(settings))
            return [Item(here, kind, SideBySide, parts=parts)]
        if kind == "residual":
            return [_residual(self.read(settings, here), here)]
        if kind not in LAYERS:
            legal = nearest(str(kind), [*LAYERS, *COMPOSED, "repeat", "defaults"])
            raise UserError(f"{place}: there is no layer {kind!r}; {legal}")
        item = self._single(kind, settings, here)
        return [] if item.settings.get(item.layer.switch) == "none" else [item]

    def _single(self, kind: str, settings: Any, place: str) -> Item:
        layer = LAYERS[kind]
        if layer.main and not isinstance(settings, dict):
            settings = {layer.main: settings}
        check_value(settings, dict[str, Any], place)
        filled = self.defaults.get(kind, {}) | settings
        if layer.width and filled.get(layer.width) == "classes":
            filled[layer.width] = self.classes
        check_arguments(layer, filled, place, filled=("shape",))
        return Item(place, kind, layer, filled, own=tuple(settings))


def _residual(items: tuple[Item, ...], place: str) -> Item:
    """The activation of the last layer follows the sum; the norm of a projection is that of the last norm."""
    *before, last = items or [None]
    if last is None or last.parts or not last.layer.computes:
        got = last.place if last else "none"
        raise UserError(f"{place}: must end in a layer that computes what is added, got {got}")
    normed = [item.settings.get("norm", "none") for item in items if "norm" in _settings(item.layer)]
    settings = {"norm": ["none", *normed][-1], "activation": last.settings.get("activation", "relu")}
    return Item(place, "residual", Residual, settings, parts=((*before, last.without("activation")),))


def _settings(layer: type[Layer]) -> list[str]:
    parameters = inspect.signature(layer).parameters.values()
    return [one.name for one in parameters if one.kind is one.KEYWORD_ONLY]


def _checked(defaults: Any, place: str) -> dict[str, dict[str, Any]]:
    check_value(defaults, dict[str, dict[str, Any]], place)
    for kind, settings in defaults.items():
        if kind not in LAYERS:
            raise UserError(f"{place}.{kind}: there is no such layer; {nearest(str(kind), list(LAYERS))}")
        check_arguments(LAYERS[kind], settings, f"{place}.{kind}", filled=("shape",), partial=True)
    return defaults


def _check_count(items: Iterable[Item], times: int, place: str) -> None:
    layers = times * sum(item.count for item in items)
    if layers > LAYER_LIMIT:
        raise UserError(f"{place}: must have at most {LAYER_LIMIT:,} layers, got {layers:,}")
