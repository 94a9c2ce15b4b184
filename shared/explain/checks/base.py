"""What yardsticks share: the network and the inputs that they measure, and how a figure is told."""

from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import torch
from rich.table import Table

from shared.errors import UserError
from shared.explain.adapter import InputAdapter
from shared.explain.explanation import Example
from shared.explain.training_inputs import Reals
from shared.training import Classifier

MOST = 10  # times as many inputs are asked, at most, until the network was right on enough


class Measure(NamedTuple):
    """One figure: of how many, and whether it is what is asked of it (None: nothing is asked)."""

    name: str
    value: float
    n: int
    asked: str = ""
    holds: bool | None = None


class Bench:
    """One network, and items of its validation set on which it is right.

    Args:
        model: the network.
        adapter: its adapter.
        reals: its training inputs.
        n: inputs that each yardstick is measured on.
        seed: of all that is drawn.

    Raises:
        UserError: the network is right on fewer than two of the inputs asked.
    """

    def __init__(self, model: Classifier, adapter: InputAdapter, reals: Reals, n: int, seed: int):
        self.model, self.adapter, self.reals, self.n, self.seed = model, adapter, reals, n, seed
        dataset = adapter.data.val_set
        drawn = np.random.default_rng(seed).permutation(len(dataset))[: MOST * n]
        found = (adapter.example(dataset, int(item)) for item in drawn)
        self.samples = list(islice((each for each in found if self.answer(each) == each.label), n))
        if len(self.samples) < 2:
            raise UserError(
                f"check: of {len(drawn)} validation inputs the network is right on {len(self.samples)}; "
                "train it further, or give a larger n"
            )

    @torch.no_grad()
    def answer(self, example: Example) -> int:
        """The class that the network names."""
        return int(self.model.network(example.x[None]).argmax())


HEADS = ["yardstick", "value", "n", "asked", ""]


def told(measures: dict[str, dict[str, Any]]) -> list[list[str]]:
    """The rows of the table: figure, value, n, what is asked, whether it holds."""
    words = {True: "holds", False: "does not hold", None: ""}
    return [
        [name, f"{each['value']:.3g}", f"{each['n']:,}", each["asked"], words[each["holds"]]]
        for name, each in measures.items()
    ]


def as_table(measures: dict[str, dict[str, Any]]) -> Table:
    """For the terminal."""
    found = Table(*HEADS)
    for row in told(measures):
        found.add_row(*row)
    return found


def plainly(measures: list[Measure]) -> dict[str, dict[str, Any]]:
    """Plain values by name, as a file holds them."""
    return {m.name: {"value": m.value, "n": m.n, "asked": m.asked, "holds": m.holds} for m in measures}
