"""Answers of a trained network for a user's own files: a table, ``predictions.jsonl``, and pictures."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from omegaconf import DictConfig
from rich.table import Table
from rich.text import Text

from shared.config import Console, find_domain, print_line, unique_name
from shared.errors import UserError, require_int
from shared.files import make_folder, write
from shared.results import percent, png
from shared.runs import Run, predict_options
from shared.training import Classifier, as_tensors, build_data, load_module

SHOWN = 60  # rows of the table; the file has them all


class Predictions(NamedTuple):
    """What a domain's function returns; ``domains/NAME/__init__.py`` names it as ``predict``.

    It is called as ``predict(module, source, *, top, …)`` with the network, the user's path (None where
    ``text`` is given instead), and as keywords the configuration's other keys that are not null. It reads
    all of its input before it predicts, and writes nothing.

    Attributes:
        rows: one for each prediction, at least one, all with the same keys. ``file`` names its input,
            ``best`` lists the likeliest classes (see the function); probabilities are floats 0 … 1.
        summary: text that is printed last.
        pictures: name and figure; each is drawn when the iterable reaches it.
        pages: HTML documents, each complete in itself, by the name of their file.
        cells: columns that the table shows with other words or colours than the rows have: by column, the
            text of every row, at least of the first SHOWN.
    """

    rows: list[dict[str, Any]]
    summary: str
    pictures: Iterable[tuple[str, Figure]] = ()
    pages: Mapping[str, str] = MappingProxyType({})
    cells: Mapping[str, Sequence[Text]] = MappingProxyType({})


def probabilities(module: Classifier, batch: Mapping[str, Any]) -> NDArray[np.float64]:
    """The network's probabilities (N, classes) for a batch as the domain's dataset has them."""
    with torch.inference_mode():
        return module.logits(as_tensors(batch, module.device)).softmax(1).cpu().double().numpy()


def best(probabilities: NDArray[np.floating], names: Sequence[str], top: int) -> list[dict[str, Any]]:
    """The ``top`` likeliest classes of probabilities (classes,), the likeliest first."""
    order = np.argsort(-probabilities, kind="stable")[:top]
    return [{"name": names[i], "probability": float(probabilities[i])} for i in order]


def predict(config: DictConfig) -> Predictions:
    """Predict ``config.input`` with the run ``config.run``; print a table and write a folder."""
    run = Run.open(config.run)
    function = find_domain(run.config.domain.name).part("predict")
    if function is None:
        raise UserError(f"run={config.run}: the domain {run.config.domain.name} has no predictions for files")
    options = predict_options(config)
    require_int("top", config.top, 1)
    if config.input is None and config.text is None:
        raise UserError("input is not set: give input=…")
    source = None if config.input is None else Path(config.input)
    module = load_module(run, config.checkpoint)
    module.views = build_data(run.config).views  # what is predicted is what was tested
    predictions: Predictions = function(module, source, **options)

    output = Path(config.output or run.output / "predictions" / unique_name()).absolute()
    make_folder("output", output)
    write(output / "predictions.jsonl", "".join(json.dumps(row) + "\n" for row in predictions.rows))
    for name, page in predictions.pages.items():
        write(output / name, page)
    console = Console()
    with console.status("drawing"):
        for number, (name, figure) in enumerate(predictions.pictures, start=1):
            label = re.sub(r"[^\w.-]+", "-", name, flags=re.ASCII)[:100]
            write(output / f"{number:03d}-{label}.png", png(figure))
    console.print(_table(predictions.rows, predictions.cells))
    if len(predictions.rows) > SHOWN:
        console.print(f"… and {len(predictions.rows) - SHOWN:,} more in predictions.jsonl")
    console.print(Text(predictions.summary), soft_wrap=True)
    print_line(f"predictions: {output}")
    return predictions


def _table(rows: list[dict[str, Any]], cells: Mapping[str, Sequence[Text]]) -> Table:
    files = {row["file"] for row in rows}
    table = Table(title=Text(rows[0]["file"]) if len(files) == 1 else None)
    columns = [key for key in rows[0] if key != "file" or len(files) > 1]
    for key in columns:
        number = isinstance(rows[0][key], int | float)
        table.add_column(key, justify="right" if number else "left", overflow="fold")
    for place, row in enumerate(rows[:SHOWN]):
        table.add_row(*(cells[key][place] if key in cells else _cell(row[key]) for key in columns))
    return table


def _cell(value: Any) -> Text:
    if isinstance(value, list):
        return Text("  ".join(f"{guess['name']} {percent(guess['probability'])}" for guess in value))
    return Text("–" if value is None else percent(value) if isinstance(value, float) else str(value))
