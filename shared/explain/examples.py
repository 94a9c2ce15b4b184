"""Look at the data before training: examples with their labels, and what was read and skipped."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from omegaconf import DictConfig
from rich.table import Table
from rich.text import Text

from shared import training
from shared.config import Console, Count, check_value, find_domain, print_line, unique_name
from shared.explain.adapter import InputAdapter
from shared.explain.explanation import Example, Shown
from shared.files import csv_text, make_folder, printable, write
from shared.results import write_figure
from shared.training import UNLABELLED, DataModule, Draw

MOST = 400  # examples of a picture: more are too small to be seen
LISTED = 20  # classes that are printed
WIDE = 30  # characters of a caption
HEAD = 0.4  # inches of the title
SPLITS = ("train", "val", "test")


def show(config: DictConfig) -> Path:
    """Draw ``config.n`` training examples, as the network gets them without augmentation; return the folder.

    There lie ``examples.png`` and ``classes.csv``, the number of examples of each class in each split; over
    time of cells with its label.

    Raises:
        UserError: As a training's: the configuration or the data cannot be used; or the folder not written.
    """
    check_value(config.n, Count, "n")
    data = training.build_data(config)
    training.check_network(config, data)
    data.setup()
    console = Console()
    console.print(data.summary, highlight=False, markup=False)
    data.require("train")
    module = training.build_module(config, data).eval()
    make = find_domain(config.domain.name).part("explain") or InputAdapter
    adapter: InputAdapter = make(module, data)
    items = chosen(data, min(config.n, MOST), config.seed)
    examples = [adapter.example(data.train_set, item) for item in items.tolist()]
    labels = [_labels(data, item, example) for item, example in zip(items.tolist(), examples, strict=True)]
    cells = [
        Shown(example, f"{_short(' '.join(own.names))}\n" * (not own.runs) + _short(example.name))
        for example, own in zip(examples, labels, strict=True)
    ]
    columns = 2 if data.over_time else adapter.columns + 1
    figure = adapter.grid_figure(cells, min(len(cells), columns), head=HEAD)
    for axes, example, own in zip(figure.axes, examples, labels, strict=False):
        if own.runs:
            adapter.show_labels(axes, example, own.runs)
    title = f"{len(items):,} of {len(data.train_set):,} training examples of {config.choices.data}"
    names = {name for own in labels for name in own.names}
    title += f", {len(names):,} of {len(data.classes):,} classes"
    figure.suptitle(title, x=0.01, y=1 - 0.12 / figure.get_figheight(), ha="left", va="top", parse_math=False)
    folder = Path(
        config.output or Path(config.runs, config.domain.name, "examples", unique_name())
    ).absolute()
    make_folder("output", folder)
    write_figure(folder / "examples", figure, config.figures)
    sizes = {name: data.class_sizes(name) for name in SPLITS}
    rows = [
        [name, *(None if size is None else int(size[n]) for size in sizes.values())]
        for n, name in enumerate(data.classes)
    ]
    write(folder / "classes.csv", csv_text(["class", *sizes], rows))
    console.print(_table(rows, "labelled cells" if data.over_time else "examples"))
    if line := data.imbalance:
        print_line(line)
    print_line(f"examples: {folder}")
    return folder


def chosen(data: DataModule, n: int, seed: int) -> np.ndarray:
    """N items of the training set, drawn at random; none of a class again before all classes were drawn."""
    order = np.random.default_rng(seed).permutation(len(data.train_set))
    y = getattr(data.train_set, "y", None)
    if y is None:
        return order[:n]
    labels = y[order]
    by_class = np.argsort(labels, kind="stable")
    starts = np.concatenate([[0], np.bincount(labels).cumsum()])
    rank = np.empty(len(order), np.int64)  # of an item among those of its class
    rank[by_class] = np.arange(len(order)) - starts[labels[by_class]]
    return order[np.argsort(rank, kind="stable")[:n]]


class Labels(NamedTuple):
    """Of an example: one label, or over time all in order, and where known the cells of each."""

    names: list[str]
    runs: list[tuple[range, str]]


def _labels(data: DataModule, item: int, example: Example) -> Labels:
    if not data.over_time:
        return Labels([data.classes[example.label or 0]], [])
    batch = data.train_set[Draw(np.array([item]), None)]
    names = [data.classes[number] for number in batch["labels"][0] if number != UNLABELLED]
    y = batch.get("y", [[]])[0]
    ends = np.flatnonzero(np.diff(y, append=-2)) + 1
    runs = zip([0, *ends[:-1].tolist()], ends.tolist(), strict=False)
    return Labels(names, [(range(*run), data.classes[y[run[0]]]) for run in runs if y[run[0]] != UNLABELLED])


def _short(name: str) -> str:
    text = printable(name)
    return text if len(text) <= WIDE else f"{text[: WIDE // 2]}…{text[1 - WIDE // 2 :]}"


def _table(rows: list[list], title: str) -> Table:
    """The number of examples of each class; of many classes, of the rarest in training."""
    shown = rows
    if len(rows) > LISTED:
        shown = sorted(rows, key=lambda row: row[1] or 0)[:LISTED]
        title = f"{title} of the {LISTED} rarest of {len(rows):,} classes"
    table = Table("class", title=title)
    for name in SPLITS:
        table.add_column(name, justify="right")
    for name, *numbers in shown:
        table.add_row(Text(name), *("–" if number is None else f"{number:,}" for number in numbers))
    return table
