"""Explanations one after the other, as events for the client, until it has had enough."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event
from typing import Any, TypedDict

import torch

from shared.app.networks import usable
from shared.app.page import Grid, Page, View, numbers
from shared.commands import best
from shared.config import listening
from shared.errors import UserError, require_choice
from shared.explain import Example, Explanation, Method, Shown, Target, explain, find_layer, words_of

TOP = 10  # classes that are listed
EXACT = 7  # digits of a map: as many as float32 has
Send = Callable[[str, Any], None]  # an event's name and its data


class CancelledError(Exception):
    """The client has gone."""


class Map(TypedDict):
    """Relevance of places, with the kind of regions that it was measured by."""

    kind: str
    values: Grid
    low: float
    high: float


class ShownInput(TypedDict):
    """An input that belongs to an explanation, its caption, and a box in it: rows, columns, half open."""

    view: View | None
    words: str
    box: list[int] | None


class Result(TypedDict):
    """An explanation, with how to read it and how far the method can be trusted on this network."""

    method: str
    title: str
    kind: str
    target: str
    unit: str
    read: str
    numbers: str
    passed: str
    value: float
    baseline: float
    signed: bool
    details: str
    maps: list[Map]
    shown: list[ShownInput]


class Explaining:
    """A client's wish: methods, and what they explain.

    Args:
        methods: names of methods.
        input: of the page; None: methods of units.
        target: a class; None: the predicted one.
        layer, unit: a unit instead of a class.
        regions: that occlusion takes away; None: all kinds, one after the other.
        passed: for each method how well it passed the network's checks.

    Raises:
        UserError: There is no method.
    """

    def __init__(
        self,
        *,
        methods: list[str],
        input: Any = None,
        target: str | None = None,
        layer: str | None = None,
        unit: int | None = None,
        regions: str | None = None,
    ):
        if not methods:
            raise UserError("methods: must be some of those of the network, got []")
        self.names = list(dict.fromkeys(methods))
        self.input, self.class_name = input, target
        self.layer, self.unit, self.regions = layer, unit, regions
        self.cancelled = Event()

    def run(self, page: Page, passed: Callable[[str], str], send: Send) -> None:
        """Compute; stop at the next step once it is cancelled.

        Raises:
            UserError: The input, the target or a method cannot be used.
            CancelledError: The client has gone.
        """
        self.send, self.page, self.passed, self.now = send, page, passed, ""
        known = {method.name: method for method in usable(page)}
        for name in self.names:
            require_choice("methods", name, known)
        with listening(self._step), self._watched():
            example = None
            if self.input is not None:
                with torch.no_grad():
                    example = page.example(self.input)
            target = self._target(example)
            words = target.words(page.module.classes)
            start: dict[str, Any] = {"target": words, "view": None, "best": []}
            if example is not None:
                start |= {"view": page.view(example), "best": likeliest(page, example)}
            send("start", {**start, "methods": self.names})
            for method in map(known.__getitem__, self.names):
                self.now = method.name
                try:
                    result = self._result(method, example, target, words)
                except UserError as error:
                    send("skipped", {"method": method.name, "error": str(error)})
                else:
                    send("result", result)
        send("end", {})

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Inside the context, a pass of the network that no one waits for ends the work."""
        first = next(iter(self.page.adapter.module.network))
        hook = first.register_forward_pre_hook(lambda *_: self._check())
        try:
            yield
        finally:
            hook.remove()

    def _check(self) -> None:
        if self.cancelled.is_set():
            raise CancelledError

    def _step(self, what: str, done: int | float, of: int | float | None) -> None:
        self._check()
        self.send("progress", {"method": self.now, "what": what, "done": done, "of": of})

    def _target(self, example: Example | None) -> Target:
        adapter, classes = self.page.adapter, self.page.module.classes
        if self.layer is not None:
            find_layer(adapter.module.network, self.layer, self.unit)
        if self.unit is not None:
            if self.layer is None:
                raise UserError(f"unit: must be given with layer, got {self.unit}")
            return Target(self.unit, self.layer)
        if self.class_name is not None:
            require_choice("target", self.class_name, classes)
            return Target(classes.index(self.class_name))
        return Target(0 if example is None else adapter.answer(example))

    def _result(self, method: Method, example: Example | None, target: Target, words: str) -> Result:
        adapter = self.page.adapter
        of_units = method.kind == "units"
        if not of_units and example is None:
            raise UserError(f"input: must be given for {method.name}, got null")
        if of_units and self.layer is not None and self.unit is None:
            raise UserError(f"unit: must be given with layer for {method.name}, got null")
        kinds: Sequence[str | None] = [self.regions]
        if "regions" in method.options and example is not None and self.regions is None:
            kinds = list(adapter.regions(example))
        made = {}
        for kind in kinds:
            wanted = {"regions": kind, "layer": self.layer if self.unit is None else None}
            options = {key: value for key, value in wanted.items() if value and key in method.options}
            made[kind] = explain(adapter, None if of_units else example, method.name, target, **options)
        first = next(iter(made.values()))
        maps = [] if method.kind != "map" else [_map(str(kind or ""), one) for kind, one in made.items()]
        read, value = method.sentences(first, words)
        drawn = f" {adapter.drawn}" if method.kind != "map" and adapter.drawn else ""
        meta = dict(first.meta)
        if "regions" in meta:
            meta["regions"] = ", ".join(str(one.meta["regions"]) for one in made.values())
        return {
            "method": method.name,
            "title": method.title.format(target=words),
            "kind": method.kind,
            "target": words,
            "unit": method.unit,
            "read": read + drawn,
            "numbers": value,
            "passed": self.passed(method.name),
            "value": first.value,
            "baseline": first.baseline,
            "signed": any(part["low"] < 0 for part in maps),
            "details": ", ".join(words_of(meta)),
            "maps": maps,
            "shown": [] if method.kind == "map" else [self._shown(one) for one in first.shown],
        }

    def _shown(self, shown: Shown) -> ShownInput:
        box = None
        if shown.box is not None:
            rows, columns = shown.box
            box = [rows.start, rows.stop, columns.start, columns.stop]
        view = None if shown.example is None else self.page.view(shown.example)
        return {"view": view, "words": shown.words, "box": box}


def _map(kind: str, one: Explanation) -> Map:
    values = one.map[0].detach()
    return {
        "kind": kind,
        "values": numbers(values, EXACT),
        "low": min(float(values.min()), 0.0),
        "high": max(float(values.max()), 0.0),
    }


def likeliest(page: Page, example: Example) -> list[dict[str, Any]]:
    """The likeliest classes of an input that is explained."""
    adapter = page.adapter
    adapter.turn_to(example)
    return best(adapter.probabilities(example.x[None])[0].numpy(), adapter.module.classes, TOP)
