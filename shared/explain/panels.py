"""From a method and a target to panels of the report."""

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Any

import torch

from shared.errors import UserError
from shared.explain.adapter import InputAdapter
from shared.explain.explain import explain
from shared.explain.explanation import Example, Explanation, Shown
from shared.explain.method import Method
from shared.explain.methods.filters import first_filters
from shared.explain.report import Panel
from shared.explain.training_inputs import Reals
from shared.explain.units import Target, check_unit, default_layer, find_layer
from shared.results import percent
from shared.training import Classifier

UNITS = 6  # of a layer, shown where none is named
FILTERS = 32  # of a layer, drawn
CLASSES = 10  # at most, shown where a method explains all
SECTION = "What single units look for"
# Of an explanation's meta, what the figure shows.
DRAWN = ("strongest", "ratio", "total variation", "nearest that exists")


class Panels:
    """Makes panels of one network.

    Args:
        model: the network.
        adapter: of its domain.
        reals: its training inputs.
        options: of the methods, by name; None: the method's own default.
        layer: the chosen one, or None.
        unit: the chosen one, or None.

    Raises:
        UserError: there is no such layer or unit, or a unit without a layer.
    """

    def __init__(
        self,
        model: Classifier,
        adapter: InputAdapter,
        reals: Reals,
        options: dict[str, Any],
        layer: str | None,
        unit: int | None,
    ):
        self.model, self.adapter, self.reals = model, adapter, reals
        self.options, self.layer, self.unit = {**options, "reals": reals, "layer": layer}, layer, unit
        if layer is not None:
            find_layer(model.network, layer)
            if unit is not None:
                check_unit(model.network, layer, unit)
        elif unit is not None:
            raise UserError(f"unit: must be given with layer=, got {unit}; layer='?' lists the layers")

    def of(self, method: Method, examples: Sequence[Example], targets: Sequence[Target]) -> Iterator[Panel]:
        """All panels of a method: of some units or weights, or of each example for its target."""
        if method.kind == "weights":
            yield from self._weights(method)
        elif method.kind == "units":
            yield from self._units(method)
        else:
            for example, target in zip(examples, targets, strict=True):
                yield from self._example(method, example, target)

    def _weights(self, method: Method) -> Iterator[Panel]:
        for filters in first_filters(self.model.network, self.layer):
            explanation = self._explain(None, method, Target(0, filters.layer))
            chosen = [self.unit] if self.unit is not None else filters.strongest[:FILTERS]
            figure = self.adapter.filter_figure(filters.weight, chosen, filters.layer)
            size = "×".join(map(str, filters.weight.shape[1:]))
            lines = [
                f"{filters.layer}: the strongest of {len(filters.weight)} filters of {size}",
                method.caption,
            ]
            name = f"{method.name}-{filters.layer}"
            yield Panel(name, SECTION, method.title, lines, figure, {filters.layer: explanation})

    def _units(self, method: Method) -> Iterator[Panel]:
        targets = self._targets(method)
        if method.columns:
            for target in targets:
                one = self._explain(None, method, target)
                yield self._grid(SECTION, method, target, {str(target.unit): one}, one.shown, method.columns)
            return
        classes = self.model.classes
        explanations = {target.words(classes): self._explain(None, method, target) for target in targets}
        width = max(1, *(len(one.shown) for one in explanations.values()))
        shown = [cell for name, one in explanations.items() for cell in _row(name, one, width)]
        words = targets[0].words(classes)
        if len(targets) > 1:
            words = f"units of {targets[0].layer}" if targets[0].layer else "each class"
        columns = width * (1 if width > 2 else 2)
        yield self._grid(SECTION, method, targets[0], explanations, shown, columns, words)

    def _example(self, method: Method, example: Example, target: Target) -> Iterator[Panel]:
        section = f"On {example.name}"
        if method.kind == "input":
            one = self._explain(example, method, target)
            columns = min(len(one.shown), 4)
            yield self._grid(section, method, target, {method.name: one}, one.shown, columns, example=example)
            return
        kinds = list(self.adapter.regions(example)) if "regions" in method.options else [""]
        for kind in kinds:
            one = self._explain(example, method, target, regions=kind or None)
            name = "-".join(part for part in (method.name, kind, example.name) if part)
            title = f"{method.title}, {kind}" if len(kinds) > 1 else method.title
            lines = [*self._lines(target, one, example), method.caption]
            figure = self.adapter.map_figure(example, one.map[0].detach().numpy(), target)
            yield Panel(name, section, title, lines, figure, {method.name: one})

    def _explain(self, example: Example | None, method: Method, target: Target, **more: Any) -> Explanation:
        values = {**self.options, **more}
        options = {key: values[key] for key in method.options if values.get(key) is not None}
        return explain(self.model, example, method.name, target, self.adapter, **options)

    def _targets(self, method: Method) -> list[Target]:
        """The chosen unit, else some of the layer's, else the classes or some units of the last maps."""
        if self.layer is None and method.of_classes:
            return [Target(number) for number in range(min(len(self.model.classes), CLASSES))]
        layer = self.layer or default_layer(self.model.network)
        if self.unit is not None:
            return [Target(self.unit, layer)]
        order = self.reals.search(layer).value[0].argsort(descending=True, stable=True)[:UNITS].tolist()
        return [Target(unit, layer) for unit in order]

    def _grid(
        self,
        section: str,
        method: Method,
        target: Target,
        explanations: dict[str, Explanation],
        shown: Sequence[Shown],
        columns: int,
        words: str = "",
        example: Example | None = None,
    ) -> Panel:
        """A panel of inputs in a grid."""
        words = words or target.words(self.model.classes)
        first = next(iter(explanations.values()))
        figure = self.adapter.grid_figure(shown or _row(words, first, 1), columns)
        alone = len(explanations) == 1
        lines = self._lines(target if alone else None, first, example, alone)
        files = self.adapter.sounds(first.made) if first.made else {}
        name = f"{method.name}-{example.name if example else words}"
        if method.caption:
            lines.append(method.caption)
        return Panel(name, section, method.title.format(target=words), lines, figure, explanations, files)

    def _lines(
        self, target: Target | None, one: Explanation, example: Example | None, alone: bool = True
    ) -> list[str]:
        """The lines of every panel: target, probability, value and baseline; then how it was made."""
        first = []
        if target is not None:
            first.append(f"target: {target.words(self.model.classes)}")
            if example is not None and target.layer is None:
                with torch.no_grad():
                    p = self.model.network(example.x[None]).softmax(1)[0, target.unit]
                first.append(f"probability {percent(float(p))}")
        if alone:
            first += [f"value {one.value:.4g}", f"baseline {one.baseline:.4g}"]
        second = [
            f"{key}: {f'{value:.3g}' if isinstance(value, float) else value}"
            for key, value in one.meta.items()
            if key not in DRAWN and (alone or key != "dead") and value is not None and value is not False
        ]
        return [line for part in (first, second) for line in wrap(", ".join(part), 120)]


def _row(name: str, one: Explanation, width: int) -> list[Shown]:
    """A unit's inputs as one row of the grid; a dead unit is called dead."""
    first, *others = one.shown or (Shown(None, f"dead: 0 on all {one.meta['searched']}"),)
    row = [first._replace(words=f"{name}\n{first.words}"), *others]
    return [*row, *[Shown(None, "")] * (width - len(row))]
