"""A record of each explanation method, written beside its function."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from shared.errors import UserError, nearest
from shared.explain.explanation import Explanation

KINDS = ("weights", "units", "map", "input")  # in the order of a report
SIGNED = "blue supports the target, orange or red opposes it"
UNSIGNED = "the darker the blue, the more the target's score depends on the place"


@dataclass(frozen=True)
class Method:
    """One method.

    Attributes:
        function: ``function(model, example, target, adapter, **options)``; ``methods=`` takes its name.
        title: of its panels; ``{target}`` is filled in.
        kind: what it shows: the ``weights`` of a layer, inputs for ``units`` of a layer (both take no
            example), a ``map`` of the relevance of the example's places, or an ``input`` that it made.
        reading: how to read a panel, in one line.
        signed: of a map: whether values below zero speak against the target. A method without signs gives
            ``Explanation.signed`` too, which the check of randomised weights compares.
        faithful: of a map: whether the checks require that it beats a random order at deletion and insertion.
        columns: of units: inputs in a row of a panel for each unit; 0: one panel with a row for each unit.
        of_classes: of units: whether it explains the classes where no layer is named.
    """

    function: Callable[..., Explanation]
    title: str
    kind: Literal["weights", "units", "map", "input"]
    reading: str = ""
    signed: bool = True
    faithful: bool = False
    columns: int = 0
    of_classes: bool = False

    @property
    def name(self) -> str:
        """The function's name."""
        return self.function.__name__

    @property
    def caption(self) -> str:
        """What the colours of its panels mean."""
        if self.kind == "map" and not self.reading:
            return SIGNED if self.signed else UNSIGNED
        return self.reading if self.kind in ("map", "weights") else ""

    @property
    def options(self) -> dict[str, bool]:
        """Its options, and whether each is required."""
        parameters = list(inspect.signature(self.function).parameters.values())[4:]
        return {option.name: option.default is option.empty for option in parameters}


METHODS: dict[str, Method] = {}


def method(title: str, kind: str, **facts: Any) -> Callable[[Callable[..., Explanation]], Any]:
    """Make a function an explanation method; the arguments are those of ``Method``."""

    def register(function: Callable[..., Explanation]) -> Callable[..., Explanation]:
        METHODS[function.__name__] = Method(function, title, kind, **facts)  # type: ignore[arg-type]
        return function

    return register


def methods_of(*kinds: str) -> list[Method]:
    """The methods of some kinds, in the order of a report; without kinds all."""
    chosen = [record for record in METHODS.values() if record.kind in (kinds or KINDS)]
    return sorted(chosen, key=lambda record: KINDS.index(record.kind))


def find_method(name: str) -> Method:
    """The method of a name.

    Raises:
        UserError: There is none.
    """
    if name not in METHODS:
        raise UserError(f"methods: must be names of methods, got {name!r}; {nearest(str(name), [*METHODS])}")
    return METHODS[name]
