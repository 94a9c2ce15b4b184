"""The inputs and the results of explanations."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from jaxtyping import Float
from torch import Tensor

Box = tuple[range, range]  # rows and columns of an input
Input = Float[Tensor, "channels a1 a2"]
Inputs = Float[Tensor, "n channels a1 a2"]


@dataclass(frozen=True)
class Example:
    """One input as the network's layers take it, after the preprocessing, without padding.

    ``source`` is what the adapter draws it from, or takes regions away from; None: made by a method.
    ``window`` is that whose answer is explained, of a network with an answer for each.
    """

    x: Input
    name: str
    label: int | None = None
    source: Any = None
    window: int | None = None


class Shown(NamedTuple):
    """An input to be drawn, with its caption and a box in it; None: the caption alone."""

    example: Example | None
    words: str
    box: Box | None = None


@dataclass(frozen=True)
class Explanation:
    """The result of a method.

    ``map`` is the relevance of each place (1, axis 1, axis 2), with one cell along an axis that carries no
    place; or an input that the method made; or weights.
    """

    map: Tensor
    value: float  # what it is about, such as a score or a degree of activation
    baseline: float  # what that is compared with, such as the same without the evidence
    meta: dict[str, Any] = field(default_factory=dict)  # how it was made: filling, layer, seed
    shown: tuple[Shown, ...] = ()  # the inputs that belong to it
    made: Example | None = None  # the input made, of which the adapter may write a sound
