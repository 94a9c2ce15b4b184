"""Accuracy that a trained network loses if every second cell of its input is replaced by the one before.

python -m tests.halved DATA FOLDER [NETWORK ...]

DATA holds the data of the cards: go/kgs.tar.xz, image/mnist, image/cifar10/cifar10-jpg.tar.xz,
speech/fsdd.tar.xz and text/rt-polarity.*. FOLDER gets ``metrics.json`` and ``environment.json``. The networks
are those that come with the project, trained on whole inputs and tested on their cards' test items, whole and
halved along axes of the maps that they take: rows and columns of a picture or a board, bands and frames of a
spectrogram, words of a text. A network that is trained on halved inputs is another question, which
``compare=lecture`` asks.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from shared.commands.evaluate import data_of, read_data, test
from shared.config import print_line
from shared.config.cli import compose
from shared.files import write_json
from shared.network import Network
from shared.network.layers.halve import Halve
from shared.results import difference, score
from shared.runs import Run, environment
from shared.training import build_trainer, load_module


class Task(NamedTuple):
    """The test of a bundled network: overrides of ``evaluate``, and axes to be halved, by what they are."""

    network: str
    overrides: list[str]
    axes: dict[str, list[int]]


GRID = {"rows and columns": [1, 2], "rows": [1], "columns": [2]}
TASKS = [
    Task("image/digits", ["data.path=DATA/image/mnist"], GRID),
    Task("image/objects", ["data.path=DATA/image/cifar10/cifar10-jpg.tar.xz", "+data.test_views=1"], GRID),
    Task("go/policy", ["data.path=DATA/go/kgs.tar.xz", "+data.test_size=4000", "+data.workers=0"], GRID),
    Task("speech/digits", ["data.path=DATA/speech/fsdd.tar.xz"], {"frequency": [1], "time": [2]}),
    Task("text/opinions", ["data.path=DATA/text/rt-polarity.*"], {"words": [1]}),
]


def measure(task: Task, data: Path) -> dict[str, Any]:
    """Accuracy on whole and on halved inputs, and what is lost, each with its interval."""
    words = [word.replace("DATA", str(data)) for word in task.overrides]
    run, chosen = Run.open(task.network), compose("evaluate", [f"run={task.network}", *words]).data
    module = load_module(run)
    items = data_of(run, module, chosen)
    read_data(items, run, "best", chosen)
    trainer = build_trainer(run.config, None, [])
    whole = test(trainer, module, items, None).columns
    right, groups = whole["label_rank"] == 0, whole["group"]
    scores = {"whole": score("whole", right, groups)}
    for name, axes in task.axes.items():
        with halved_inputs(module.network, axes):
            halved = test(trainer, module, items, None).columns
        assert np.array_equal(halved["item"], whole["item"])
        still = halved["label_rank"] == 0
        scores[name] = score(name, still, groups)
        scores[f"{name}/lost"] = difference(right.astype(float), still.astype(float), groups)
        print_line(f"{task.network}, {name}: lost {100 * scores[f'{name}/lost'].value:.1f} points")
    values: dict[str, Any] = {}
    for name, one in scores.items():
        key = f"{task.network}/{name}"
        values |= {key: one.value, f"{key}/n": one.n, f"{key}/interval": [one.low, one.high]}
    return values


@contextmanager
def halved_inputs(network: Network, axes: list[int]) -> Iterator[None]:
    """Inside the context, the network is given halved inputs."""
    layer = Halve(network.input_shape, axes=axes)  # type: ignore[arg-type]

    def halve(_: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        return layer(*inputs), *inputs[1:]

    hook = network.register_forward_pre_hook(halve)
    try:
        yield
    finally:
        hook.remove()


def main(words: Sequence[str]) -> None:
    data, folder, *chosen = words
    metrics: dict[str, Any] = {}
    for task in TASKS:
        if not chosen or task.network in chosen:
            metrics |= measure(task, Path(data).absolute())
    Path(folder).mkdir(parents=True, exist_ok=True)
    write_json(Path(folder) / "metrics.json", metrics)
    write_json(
        Path(folder) / "environment.json", environment(torch.device("cpu"), "as in each network's card")
    )


if __name__ == "__main__":
    main(sys.argv[1:])
