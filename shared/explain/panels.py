"""From a method and a target to panels of the report."""

from collections.abc import Iterator, Sequence
from typing import Any

from omegaconf import DictConfig

from shared.config import print_line
from shared.errors import UserError
from shared.explain.adapter import InputAdapter
from shared.explain.explanation import Example, Explanation, Shown
from shared.explain.method import Method, explain
from shared.explain.report import Panel
from shared.explain.units import Target, default_layer, find_layer, first_filters

UNITS = 6  # of a layer, shown where no number is given
CLASSES = 10  # at most, shown where a method explains all and no number is given
LARGE = 1.6  # times the adapter's usual size: the first picture of an input
# Of an explanation's meta, what the figure or a sentence shows.
DRAWN = ("strongest", "ratio", "total variation", "nearest that exists")


class Panels:
    """Makes panels of one network, and prints a line for each.

    Args:
        adapter: of the network.
        options: of the methods, by name (None: their default).
        config: of the command: ``layer``, ``unit``, ``units``, ``figures``; with ``methods`` all have to fit.
        passed: a sentence for each method on how well it passed the run's checks.

    Attributes:
        skipped: lines on methods that do not fit the network.

    Raises:
        UserError: there is no such layer or unit, or a unit without a layer.
    """

    def __init__(
        self, adapter: InputAdapter, options: dict[str, Any], config: DictConfig, passed: dict[str, str]
    ):
        self.adapter, self.config, self.passed = adapter, config, passed
        self.layer, self.unit, self.units = config.layer, config.unit, config.units
        self.options = {**options, "layer": self.layer}
        self.skipped: list[str] = []
        if self.layer is not None:
            find_layer(adapter.network, self.layer, self.unit)
        elif self.unit is not None:
            raise UserError(f"unit: must be given with layer=, got {self.unit}; layer='?' lists the layers")

    def of_example(self, methods: Sequence[Method], example: Example, target: Target) -> list[Panel]:
        """A panel of each method, the first one large."""
        panels: list[Panel] = []
        for method in methods:
            panels += self.of(method, example, target, large=not panels)
        return panels

    def of(
        self,
        method: Method,
        example: Example | None = None,
        target: Target | None = None,
        large: bool = False,
    ) -> list[Panel]:
        """All panels of a method: of units or weights, or of an example for its target.

        Raises:
            UserError: the method was named, and does not fit the network.
        """
        try:
            if example is not None and target is not None:
                panels = [self._example(method, example, target, large)]
            else:
                panels = list(self._weights(method) if method.kind == "weights" else self._units(method))
        except UserError as error:
            if self.config.methods is not None:
                raise
            if (line := f"skipped: {error}") not in self.skipped:
                self.skipped.append(line)
            return []
        for panel in panels:
            print_line(f"{panel.title}: {' '.join(panel.lines)} {panel.details}")
        return panels

    def _example(self, method: Method, example: Example, target: Target, large: bool) -> Panel:
        """The panel of a method of inputs, with all kinds of regions that it takes away."""
        kinds = list(self.adapter.regions(example)) if "regions" in method.options else [None]
        ones = {kind: self._explain(method, example, target, regions=kind) for kind in kinds}
        first = next(iter(ones.values()))
        if method.kind == "map":
            maps = {str(kind): one.map[0].detach().numpy() for kind, one in ones.items()}
            scale = LARGE if large else 1.0
            figure = self.adapter.map_figure(example, maps, target, method.unit, scale)
        else:
            figure = self.adapter.grid_figure(first.shown, self._columns(len(first.shown)))
        named = {", ".join(filter(None, (method.name, kind))): one for kind, one in ones.items()}
        regions = ", ".join(str(one.meta["regions"]) for one in ones.values() if "regions" in one.meta)
        details = self._details(first.meta | ({"regions": regions} if regions else {}), target)
        files = self.adapter.sounds(first.made) if first.made else {}
        name, lines = f"{method.name}-{example.name}", self._lines(method, first, target)
        return Panel(name, method.title, lines, details, figure, self.config.figures, named, files)

    def _weights(self, method: Method) -> Iterator[Panel]:
        for layer, weight in first_filters(self.adapter.network, self.layer).items():
            one = self._explain(method, None, Target(0, layer))
            most = self.units or self.adapter.filters
            chosen = [self.unit] if self.unit is not None else one.meta["strongest"][:most]
            size = "×".join(map(str, weight.shape[1:]))
            details = f"{layer}: {len(chosen)} of {len(weight)} filters of {size}"
            figure = self.adapter.filter_figure(weight, chosen, layer)
            name, title = f"{method.name}-{layer}", f"{method.title}: {layer}"
            lines = self._lines(method, one, Target(0, layer))
            yield Panel(name, title, lines, details, figure, self.config.figures, {layer: one})

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
            target = group[0] if len(group) == 1 else None
            if target is None:
                words = f"units of {group[0].layer}" if group[0].layer else "each class"
            lines, details = self._lines(method, first, target), self._details(first.meta, target)
            name, title = f"{method.name}-{words}", method.title.format(target=words)
            figure = self.adapter.grid_figure(shown, columns)
            yield Panel(name, title, lines, details, figure, self.config.figures, explanations)

    def _columns(self, wanted: int) -> int:
        return min(wanted, self.adapter.columns)

    def _explain(self, method: Method, example: Example | None, target: Target, **more: Any) -> Explanation:
        values = {**self.options, **more}
        options = {key: values[key] for key in method.options if values.get(key) is not None}
        return explain(self.adapter, example, method.name, target, **options)

    def _targets(self, method: Method) -> list[Target]:
        """The chosen unit, else some of the layer's, else the classes or some units of the last maps."""
        if self.layer is None and method.of_classes:
            most = self.units or CLASSES
            return [Target(number) for number in range(min(len(self.adapter.module.classes), most))]
        layer = self.layer or default_layer(self.adapter.network)
        if self.unit is not None:
            return [Target(self.unit, layer)]
        order = self.adapter.search(layer).value[0].argsort(descending=True, stable=True)
        return [Target(unit, layer) for unit in order[: self.units or UNITS].tolist()]

    def _lines(self, method: Method, one: Explanation, target: Target | None) -> list[str]:
        """How to read it, what value and baseline are, and how well the method passed the run's checks."""
        words = "the target" if target is None else target.words(self.adapter.module.classes)
        read, numbers = method.sentences(one, words)
        lines = [read]
        if method.kind in ("units", "input"):
            lines.append(self.adapter.drawn)
        if target is not None:
            lines.append(numbers)
        return [line for line in (*lines, self.passed.get(method.name, "")) if line]

    def _details(self, meta: dict[str, Any], target: Target | None) -> str:
        """The target, and how it was made."""
        first = [] if target is None else [f"target: {target.words(self.adapter.module.classes)}"]
        hidden = () if target is not None else ("dead",)
        return ", ".join([*first, *words_of(meta, hidden)])


def words_of(meta: dict[str, Any], hidden: Sequence[str] = ()) -> list[str]:
    """How an explanation was made, but what its figure or a sentence shows."""
    return [
        f"{key}: {f'{value:.3g}' if isinstance(value, float) else value}"
        for key, value in meta.items()
        if key not in (*DRAWN, *hidden) and value is not None and value is not False
    ]


def _row(name: str, one: Explanation, width: int) -> list[Shown]:
    """A unit's inputs as one row of the grid; a dead unit is called dead."""
    first, *others = one.shown or (Shown(None, f"dead: 0 on all {one.meta['searched']}"),)
    row = [first._replace(words=f"{name}\n{first.words}"), *others]
    return [*row, *[Shown(None, "")] * (width - len(row))]
