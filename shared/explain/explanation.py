"""The inputs and the results of explanations."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from jaxtyping import Float
from torch import Tensor

Box = tuple[range, range]  # rows and columns of an input


@dataclass(frozen=True)
class Example:
    """One input as the network's layers take it, after the preprocessing.

    Attributes:
        x: channels over the grid; no padding.
        name: the file's, or the item's.
        label: number of its class; None: unknown.
        source: what the adapter draws it from, or takes regions away from; None: made by a method.
    """

    x: Float[Tensor, "channels a1 a2"]
    name: str
    label: int | None = None
    source: Any = None


class Shown(NamedTuple):
    """An input to be drawn, with its caption and a box in it; None: the caption alone."""

    example: Example | None
    words: str
    box: Box | None = None


@dataclass(frozen=True)
class Explanation:
    """The result of a method.

    Attributes:
        map: relevance of each place (1, axis 1, axis 2), axes that carry no place having one cell; or an
            input (channels, axis 1, axis 2) that the method made; or weights.
        value: the number that it is about, such as a score or a degree of activation.
        baseline: what that is compared with, such as the same without the evidence.
        meta: how it was made, in plain values: filling, layer, seed.
        shown: the inputs that belong to it.
        signed: a map with signs, of a method whose ``map`` has none.
        made: the input made, of which the adapter may write a file, such as its sound.
    """

    map: Tensor
    value: float
    baseline: float
    meta: dict[str, Any] = field(default_factory=dict)
    shown: tuple[Shown, ...] = ()
    signed: Tensor | None = None
    made: Example | None = None

    @property
    def with_signs(self) -> Float[Tensor, "_ _"]:
        """The relevance of places (axis 1, axis 2), with signs."""
        return (self.map if self.signed is None else self.signed)[0].detach()
