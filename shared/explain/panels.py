"""From a method and what it is asked about to a panel of the report."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from shared.errors import UserError
from shared.explain.adapter import InputAdapter
from shared.explain.explain import explain, options_of
from shared.explain.explanation import Example, Explanation, Shown
from shared.explain.methods.filters import first_filters
from shared.explain.methods.saliency import last_maps
from shared.explain.report import Panel
from shared.explain.training_inputs import Excitement, Reals
from shared.explain.units import Target, check_unit, find_layer, learned_layers
from shared.results import percent
from shared.training import Classifier

TITLES = {
    "filters": "Filters that read the input",
    "top_patches": "Real inputs that excite {target} most",
    "actmax": "What {target} would most like to see",
    "saliency": "Saliency |∂y/∂x|",
    "input_x_gradient": "Input × gradient",
    "integrated_gradients": "Integrated gradients",
    "grad_cam": "Grad-CAM",
    "occlusion": "Occlusion",
    "fool": "An input from noise that fools the network",
    "adversarial": "A small change, and another answer",
    "dream": "Deep Dream",
    "style": "Content in another style",
}
COLOURS = "blue speaks for the target, orange or red against it"
SIZES = "the darker the blue, the more the target's score depends on the place"
UNITS = 6  # of a layer, that are shown where none is named
FILTERS = 32  # of a layer, that are drawn
CLASSES = 10  # shown where a network has more


class Panels:
    """Makes panels of one network.

    Args:
        model: the network.
        adapter: its adapter.
        reals: its training inputs.
        options: of the methods, by name: each takes those that it has.
        layer: that was asked for, or None.
        unit: that was asked for, or None.
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
            raise UserError(f"unit={unit}: of which layer? give layer=; layer='?' lists them")

    def of_units(self, method: str) -> Iterator[Panel]:
        """Panels of a method that takes no input."""
        section = "What single units look for"
        if method == "filters":
            yield from self._filters(section)
            return
        targets = self._targets(method)
        if method == "top_patches":
            for target in targets:
                one = self._explain(None, method, target)
                yield self._panel(section, method, target, {str(target.unit): one}, one.shown, 3)
            return
        found = {target.words(self.model.classes): self._explain(None, method, target) for target in targets}
        width = max(1, *(len(each.shown) for each in found.values()))
        shown = [each for name, one in found.items() for each in _row(name, one, width)]
        words = targets[0].words(self.model.classes)
        if len(targets) > 1:
            words = f"units of {targets[0].layer}" if targets[0].layer else "each class"
        yield self._panel(section, method, targets[0], found, shown, width * (1 if width > 2 else 2), words)

    def of_input(self, method: str, example: Example, target: Target) -> Iterator[Panel]:
        """Panels of a method on an input."""
        section = f"On {example.name}"
        kinds: Sequence[str | None] = [None]
        if method == "occlusion":
            kinds = list(self.adapter.regions(example)) if not self.options.get("regions") else kinds
        for kind in kinds:
            more = {"regions": kind} if kind else {}
            found = self._explain(example, method, target, **more)
            if found.shown:
                columns = min(len(found.shown), 4)
                yield self._panel(
                    section, method, target, {method: found}, found.shown, columns, example=example
                )
                continue
            heat = found.map[0].detach().numpy()
            yield Panel(
                f"{method}-{kind or ''}-{example.name}".replace("--", "-"), section,
                TITLES[method] + (f", {kind}" if kind and len(kinds) > 1 else ""),
                [*self._lines(target, found, example), SIZES if method == "saliency" else COLOURS],
                self.adapter.map_figure(example, heat, target),
                {method: found},
            )  # fmt: skip

    def _explain(self, example: Example | None, method: str, target: Target, **more: Any) -> Explanation:
        options = {
            key: value
            for key, value in {**self.options, **more}.items()
            if key in options_of(method) and value is not None
        }
        return explain(self.model, example, method, target, self.adapter, **options)

    def _targets(self, method: str) -> list[Target]:
        """The unit that was asked for, else some of the layer's, else the classes or the last maps' units."""
        layer = self.layer
        if layer is None and method == "actmax":
            return [Target(c) for c in range(min(len(self.model.classes), CLASSES))]
        layer = layer or default_layer(self.model)
        if self.unit is not None:
            return [Target(self.unit, layer)]
        found: Excitement = self.reals.search(layer)
        order = found.value[0].argsort(descending=True, stable=True)[:UNITS].tolist()
        return [Target(unit, layer) for unit in order]

    def _filters(self, section: str) -> Iterator[Panel]:
        for each in first_filters(self.model.network, self.layer):
            found = self._explain(None, "filters", Target(0, each.layer))
            chosen = [self.unit] if self.unit is not None else each.strongest[:FILTERS]
            figure = self.adapter.filter_figure(each.weight, chosen, each.layer)
            shape = "×".join(map(str, each.weight.shape[1:]))
            lines = [
                f"{each.layer}: the strongest of {len(each.weight)} filters of {shape}",
                "blue: weights above zero, orange: below",
            ]
            yield Panel(
                f"filters-{each.layer}", section, TITLES["filters"], lines, figure, {each.layer: found}
            )

    def _panel(
        self,
        section: str,
        method: str,
        target: Target,
        found: dict[str, Explanation],
        shown: Sequence[Shown],
        columns: int,
        words: str | None = None,
        example: Example | None = None,
    ) -> Panel:
        words = words or target.words(self.model.classes)
        first = next(iter(found.values()))
        figure = self.adapter.grid_figure(shown or _row(words, first, 1), columns)
        lines = self._lines(None if len(found) > 1 else target, first, example, alone=len(found) == 1)
        made = shown[-1].example if method == "dream" else None
        files = self.adapter.sounds(made) if made else {}
        name = f"{method}-{example.name if example else words}"
        return Panel(name, section, TITLES[method].format(target=words), lines, figure, found, files)

    def _lines(
        self, target: Target | None, found: Explanation, example: Example | None, alone: bool = True
    ) -> list[str]:
        """What every panel states."""
        first = []
        if target is not None:
            first.append(f"target: {target.words(self.model.classes)}")
            if example is not None and target.layer is None:
                with torch.no_grad():
                    p = self.model.network(example.x[None]).softmax(1)[0, target.unit]
                first.append(f"probability {percent(float(p))}")
        if alone:
            first += [f"value {found.value:.4g}", f"baseline {found.baseline:.4g}"]
        skipped = (
            "strongest",
            "ratio",
            "total variation",
            "nearest that exists",
            *(() if alone else ("dead",)),
        )
        second = [
            f"{key}: {_short(value)}"
            for key, value in found.meta.items()
            if key not in skipped and value is not None and value is not False
        ]
        return [", ".join(first), *_wrapped(second, 120)] if first else _wrapped(second, 120)


def _row(name: str, found: Explanation, width: int) -> list[Shown]:
    """A unit's inputs as one row of the grid; a dead unit is called dead."""
    first, *others = found.shown or (Shown(None, f"dead: 0 on all {found.meta['searched']}"),)
    row = [first._replace(words=f"{name}\n{first.words}"), *others]
    return [*row, *[Shown(None, "")] * (width - len(row))]


def default_layer(model: Classifier) -> str:
    """The layer whose units are shown where none is named: the last convolution's before the logits."""
    try:
        return last_maps(model.network)[0]
    except UserError:
        return learned_layers(model.network)[0]


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _wrapped(words: list[str], width: int) -> list[str]:
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + len(word) < width:
            lines[-1] += f", {word}"
        else:
            lines.append(word)
    return lines
