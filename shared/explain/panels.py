"""From a method and a target to panels of the report."""

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Any

from shared.errors import UserError
from shared.explain.adapter import InputAdapter
from shared.explain.explanation import Example, Explanation, Shown
from shared.explain.method import Method, explain
from shared.explain.report import Panel
from shared.explain.units import Target, default_layer, find_layer, first_filters
from shared.results import percent

UNITS = 6  # of a layer, shown where none is named
CLASSES = 10  # at most, shown where a method explains all
SECTION = "What single units look for"
# Of an explanation's meta, what the figure shows.
DRAWN = ("strongest", "ratio", "total variation", "nearest that exists")


class Panels:
    """Makes panels of one network, with options of the methods (None: their default).

    Raises:
        UserError: there is no such layer or unit, or a unit without a layer.
    """

    def __init__(self, adapter: InputAdapter, options: dict[str, Any], layer: str | None, unit: int | None):
        self.adapter, self.layer, self.unit = adapter, layer, unit
        self.options = {**options, "layer": layer}
        if layer is not None:
            find_layer(adapter.network, layer, unit)
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
        for layer, weight in first_filters(self.adapter.network, self.layer).items():
            one = self._explain(method, None, Target(0, layer))
            chosen = [self.unit] if self.unit is not None else one.meta["strongest"]
            size = "×".join(map(str, weight.shape[1:]))
            lines = [f"{layer}: the strongest of {len(weight)} filters of {size}", method.caption]
            figure = self.adapter.filter_figure(weight, chosen, layer)
            yield Panel(f"{method.name}-{layer}", SECTION, method.title, lines, figure, {layer: one})

    def _units(self, method: Method) -> Iterator[Panel]:
        """A panel for each unit, or one with a row of inputs for each."""
        targets, classes = self._targets(method), self.adapter.module.classes
        for group in [[target] for target in targets] if method.columns else [targets]:
            ones = {target.words(classes): self._explain(method, None, target) for target in group}
            words, first = next(iter(ones.items()))
            if method.columns:
                shown, columns = first.shown or _row(words, first, 1), self._columns(method.columns)
                explanations = {str(group[0].unit): first}
            else:
                width = max(1, *(len(one.shown) for one in ones.values()))
                shown = [cell for name, one in ones.items() for cell in _row(name, one, width)]
                explanations, columns = ones, width * (1 if width > 2 else 2)
            if len(group) > 1:
                words = f"units of {group[0].layer}" if group[0].layer else "each class"
            lines = self._lines(method, first, group[0] if len(group) == 1 else None)
            title, figure = method.title.format(target=words), self.adapter.grid_figure(shown, columns)
            yield Panel(f"{method.name}-{words}", SECTION, title, lines, figure, explanations)

    def _example(self, method: Method, example: Example, target: Target) -> Iterator[Panel]:
        """A panel, or one for each kind of regions that the method takes away."""
        kinds = list(self.adapter.regions(example)) if "regions" in method.options else [""]
        for kind in kinds:
            one = self._explain(method, example, target, regions=kind or None)
            if method.kind == "map":
                figure = self.adapter.map_figure(example, one.map[0].detach().numpy(), target)
            else:
                figure = self.adapter.grid_figure(one.shown, self._columns(len(one.shown)))
            name = "-".join(part for part in (method.name, kind, example.name) if part)
            title = f"{method.title}, {kind}" if len(kinds) > 1 else method.title
            lines = self._lines(method, one, target, example)
            files = self.adapter.sounds(one.made) if one.made else {}
            yield Panel(name, f"On {example.name}", title, lines, figure, {method.name: one}, files)

    def _columns(self, wanted: int) -> int:
        return min(wanted, self.adapter.columns)

    def _explain(self, method: Method, example: Example | None, target: Target, **more: Any) -> Explanation:
        values = {**self.options, **more}
        options = {key: values[key] for key in method.options if values.get(key) is not None}
        return explain(self.adapter, example, method.name, target, **options)

    def _targets(self, method: Method) -> list[Target]:
        """The chosen unit, else some of the layer's, else the classes or some units of the last maps."""
        if self.layer is None and method.of_classes:
            return [Target(number) for number in range(min(len(self.adapter.module.classes), CLASSES))]
        layer = self.layer or default_layer(self.adapter.network)
        if self.unit is not None:
            return [Target(self.unit, layer)]
        order = self.adapter.search(layer).value[0].argsort(descending=True, stable=True)
        return [Target(unit, layer) for unit in order[:UNITS].tolist()]

    def _lines(
        self, method: Method, one: Explanation, target: Target | None, example: Example | None = None
    ) -> list[str]:
        """Of one target, its name, probability, value and baseline; how it was made; how to read it."""
        first = []
        if target is not None:
            first.append(f"target: {target.words(self.adapter.module.classes)}")
            if example is not None and target.layer is None:
                p = self.adapter.logits(example.x[None]).softmax(1)[0, target.unit]
                first.append(f"probability {percent(float(p))}")
            first += [f"value {one.value:.4g}", f"baseline {one.baseline:.4g}"]
        hidden = DRAWN if target is not None else (*DRAWN, "dead")
        second = [
            f"{key}: {f'{value:.3g}' if isinstance(value, float) else value}"
            for key, value in one.meta.items()
            if key not in hidden and value is not None and value is not False
        ]
        lines = [line for part in (first, second) for line in wrap(", ".join(part), 120)]
        return [*lines, method.caption] if method.caption else lines


def _row(name: str, one: Explanation, width: int) -> list[Shown]:
    """A unit's inputs as one row of the grid; a dead unit is called dead."""
    first, *others = one.shown or (Shown(None, f"dead: 0 on all {one.meta['searched']}"),)
    row = [first._replace(words=f"{name}\n{first.words}"), *others]
    return [*row, *[Shown(None, "")] * (width - len(row))]
