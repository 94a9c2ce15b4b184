"""What goes into an explanation and what comes out."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from jaxtyping import Float
from torch import Tensor

Box = tuple[range, range]  # rows and columns of an input


@dataclass(frozen=True)
class Example:
    """One input as the network's layers take it: what the front end gave.

    Attributes:
        x: planes over the grid; no padding.
        name: the file's, or the item's.
        label: number of its class; None: nobody has said.
        source: what the adapter draws it from, or takes regions away from; None: made by a method.
    """

    x: Float[Tensor, "planes a1 a2"]
    name: str
    label: int | None = None
    source: Any = None


class Shown(NamedTuple):
    """An input to be drawn: what is said of it, and the box that it is about; None: the words alone."""

    example: Example | None
    words: str
    box: Box | None = None


@dataclass(frozen=True)
class Explanation:
    """What a method found.

    Attributes:
        map: relevance of each place (1, axis 1, axis 2), axes that carry no place having one cell; or an
            input (planes, axis 1, axis 2) that the method made; or weights.
        value: the figure that it is about, such as a score or a degree of activation.
        baseline: what that is to be compared with, such as the same without the evidence.
        meta: how it was made, in plain values: what is filled in, layer, seed, figures.
        shown: the inputs that belong to it.
    """

    map: Tensor
    value: float
    baseline: float
    meta: dict[str, Any] = field(default_factory=dict)
    shown: tuple[Shown, ...] = ()
