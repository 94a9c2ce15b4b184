"""Answers of a trained network for a user's own files: a table, ``predictions.jsonl``, and pictures."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from omegaconf import DictConfig
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from shared.config import Console, find_domain, print_line, unique_name
from shared.errors import UserError, require_int, require_number
from shared.files import make_folder, write
from shared.results import percent, write_figure
from shared.runs import Run, predict_options
from shared.training import UNLIKE, Record, build_data, load_module

REMARKS = 10  # printed
SHOWN = 60  # rows of the table; the file has them all
WIDTH, NAME, GAP = 80, 24, 2  # of a terminal: of the table, of a file's name in it, between two columns
SHORT = {"probability": "prob."}  # headings of columns


class Predictions(NamedTuple):
    """What a domain's function returns; ``domains/NAME/__init__.py`` names it as ``predict``.

    It is called as ``predict(module, source, *, top, unsure, …)`` with the network, the user's path (None
    where ``text`` is given instead), and as keywords the configuration's other keys that are not null. It
    reads all of its input before it predicts, and writes nothing.

    Attributes:
        rows: one for each prediction, at least one, all with the same keys. ``file`` names its input,
            ``best`` lists the likeliest classes (see the function); probabilities are floats 0 … 1;
            ``familiar``, ``sure`` and ``remarks`` are those of ``Answers.trust``.
        summary: text that is printed last.
        pictures: name and figure; each is drawn when the iterable reaches it.
        pages: further files, such as HTML documents, each complete in itself, by the name of their file.
        cells: columns that the table shows with other words or colours than the rows have: by column, the
            text of every row, at least of the first SHOWN.
    """

    rows: list[dict[str, Any]]
    summary: str
    pictures: Iterable[tuple[str, Figure]] = ()
    pages: Mapping[str, str | bytes] = MappingProxyType({})
    cells: Mapping[str, Sequence[Text]] = MappingProxyType({})


def predict(config: DictConfig) -> Predictions:
    """Predict ``config.input`` with the run ``config.run``; print a table and write a folder."""
    run = Run.open(config.run)
    function = find_domain(run.config.domain.name).part("predict")
    if function is None:
        raise UserError(f"run={config.run}: the domain {run.config.domain.name} has no predictions for files")
    options = predict_options(config)
    require_int("top", config.top, 1)
    require_number("unsure", config.unsure, 0, 1)
    if config.input is None and config.text is None:
        raise UserError("input is not set: give input=…")
    source = None if config.input is None else Path(config.input)
    module = load_module(run, config.checkpoint)
    module.views = build_data(run.config).views  # what is predicted is what was tested
    module.record = Record.read(run, module) if config.checkpoint == "best" else None
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
            write_figure(output / f"{number:03d}-{label}", figure, config.figures)
    console.print(_table(predictions.rows, predictions.cells), width=WIDTH)
    if len(predictions.rows) > SHOWN:
        console.print(f"… and {len(predictions.rows) - SHOWN:,} more in predictions.jsonl")
    for line in _remarks(predictions.rows):
        print_line(line)
    console.print(Text(predictions.summary), soft_wrap=True)
    console.print(_trust(predictions.rows, module.record, config.unsure), soft_wrap=True, highlight=False)
    print_line(f"predictions: {output}")
    return predictions


def _trust(rows: list[dict[str, Any]], record: Record | None, unsure: float) -> str:
    """How many predictions are sure, and how many inputs are unlike training."""
    sure = sum(row["sure"] == "yes" for row in rows)
    line = f"sure: {sure:,} of {len(rows):,} (probability from {percent(unsure)}"
    if record is None:
        return (
            f"{line}); familiarity is not known: the run has no record of it, train.py resume=FOLDER adds it"
        )
    if not len(record.held):
        return f"{line}); familiarity is not known: the run has too few validation items"
    strange = record.unlike(np.array([row["familiar"] for row in rows])).sum()
    return f"{line}, and familiar); unlike training: {strange:,} (as {UNLIKE:.0%} of validation items)"


def _remarks(rows: list[dict[str, Any]]) -> list[str]:
    """The first remarks in full, each after the file or the place in it that it is about."""
    single, lines = len({row["file"] for row in rows}) == 1, []
    for row in rows[:SHOWN]:
        _, (key, value), *_ = row.items()
        place = [f"{key} {value}"] if isinstance(value, int) else []
        name = ", ".join([*([] if single and place else [row["file"]]), *place])
        lines += [f"{name}: {remark}" for remark in row["remarks"]]
    left = [f"… and {len(lines) - REMARKS} more remarks in predictions.jsonl"] * (len(lines) > REMARKS)
    return lines[:REMARKS] + left


def _table(rows: list[dict[str, Any]], cells: Mapping[str, Sequence[Text]]) -> Table:
    """One line for each row, cut to the width of a terminal; the name of a single file is the title."""
    shown = rows[:SHOWN]
    single = len({row["file"] for row in rows}) == 1
    left_out = {"remarks", *(["file"] if single else [])}  # remarks are too long for a column
    left_out |= set() if any(row.get("familiar") for row in shown) else {"familiar"}
    columns = {
        key: cells[key][: len(shown)] if key in cells else [_cell(key, row[key]) for row in shown]
        for key in rows[0]
        if key not in left_out
    }
    headings = {key: SHORT.get(key, key) for key in columns}
    wanted = {
        key: max(cell_len(headings[key]), *(text.cell_len for text in column))
        for key, column in columns.items()
    }
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    table.title = _end(rows[0]["file"], WIDTH) if single else None
    room, widths = WIDTH - GAP * (len(columns) - 1), {}
    for left, key in zip(range(len(columns), 0, -1), sorted(wanted, key=wanted.__getitem__), strict=True):
        widths[key] = min(wanted[key], room // left)  # narrow columns whole, the others alike
        room -= widths[key]
    if "file" in columns:
        columns["file"] = [_end(text.plain, widths["file"]) for text in columns["file"]]
    for key in columns:
        justify: Any = "right" if isinstance(rows[0][key], int | float) else "left"
        table.add_column(headings[key], justify=justify, width=widths[key], no_wrap=True, overflow="ellipsis")
    for row in zip(*columns.values(), strict=True):
        table.add_row(*row)
    return table


def _cell(key: str, value: Any) -> Text:
    if key == "file":
        return _end(value, NAME)
    if isinstance(value, list):
        return Text("  ".join(f"{guess['name']} {percent(guess['probability'])}" for guess in value))
    return Text("–" if value is None else percent(value) if isinstance(value, float) else str(value))


def _end(name: str, width: int) -> Text:
    """A name's end, where a file stands, in at most N cells of a terminal."""
    while cell_len(name) > width:
        name = f"…{name.removeprefix('…')[1:]}"
    return Text(name)
