"""Tables of sentences: CSV, TSV and JSON lines, with named columns."""

import csv
import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

from domains.text.reading.encoding import replace_surrogates
from domains.text.reading.lines import (
    MAX_CHARACTERS,
    SEPARATORS,
    SHOWN,
    BadLine,
    Form,
    Line,
    Lines,
    check_line,
)
from shared.errors import UserError, nearest
from shared.files import printable

JSON = (".jsonl", ".ndjson", ".json")
TABLES = (".csv", ".tsv", *JSON)


def table_rows(content: str, place: str, suffix: str, form: Form) -> tuple[Iterator[Line | BadLine], str]:
    r"""The rows of a table, and a note on its separator if that was guessed.

    The first row of .csv and .tsv names the columns. Fields may be quoted, except in a .tsv with tabs. A
    separator that is not given is the first of comma (in .tsv: tab), semicolon, tab, bar and comma by which
    the first row has the columns.

    Args:
        content: of the file, with lines that end in ``\n``.
        place: the file, for errors.
        suffix: one of TABLES.
        form: the columns with sentences and labels.

    Raises:
        UserError: a column is missing or named twice.
    """
    if suffix in JSON:
        return _json(content, form), ""
    usual = "\t" if suffix == ".tsv" else ","
    marks = [form.separator] if form.separator else list(dict.fromkeys(usual + ";\t|,"))
    headers = [_header(content, _dialect(mark, suffix)) for mark in marks]
    required = [form.text] if form.label is None else [form.text, form.label]
    fitting = [
        (mark, header) for mark, header in zip(marks, headers, strict=True) if {*required} <= {*header}
    ]
    if not content.strip():
        return iter(()), ""
    if not fitting:
        raise _no_column(place, required, max(headers, key=len))
    mark, header = fitting[0]
    for name in required:
        if header.count(name) > 1:
            raise UserError(
                f"{place}: must have one column {name!r}, got {header.count(name)}; rename the others"
            )
    columns = [header.index(name) for name in required]
    note = "" if mark == usual or form.separator else f"separated by {SEPARATORS[mark]}, guessed"
    return _separated(content, _dialect(mark, suffix), header, columns), note


def _no_column(place: str, required: Sequence[str], names: Sequence[str]) -> UserError:
    missing = next(name for name in required if name not in names)
    known = [printable(name[:SHOWN]) for name in names if name]
    hint = nearest(missing, known) if known else "the row is broken"
    return UserError(
        f"{place}: must name a column {missing!r} in the first row; {hint} (data.columns, in predict.py "
        "column, names the columns to read; data.separator separates them)"
    )


def _dialect(mark: str, suffix: str) -> type[csv.Dialect]:
    class Separated(csv.excel):
        delimiter = mark
        strict = True
        quoting = csv.QUOTE_NONE if suffix == ".tsv" and mark == "\t" else csv.QUOTE_MINIMAL

    return Separated


def _records(content: str, dialect: type[csv.Dialect]) -> Iterator[tuple[int, list[str] | csv.Error]]:
    """Rows or their errors with the number of their first line, without empty lines.

    Reading continues at the second line of a broken row, so that an unclosed quote costs one line. This is
    not slow: up to the next line with an odd number of quotes, the lines of such a row are complete rows.
    """
    csv.field_size_limit(MAX_CHARACTERS)
    lines = Lines(content)
    reader = csv.reader(lines, dialect)
    while True:
        place, number = lines.place, lines.number
        try:
            row: list[str] | csv.Error = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            row = error
            lines.place, lines.number = place, number
            next(lines)
        if row:
            yield number + 1, row


def _header(content: str, dialect: type[csv.Dialect]) -> list[str]:
    """The names of the columns; none if the first row is missing or broken."""
    _, row = next(_records(content, dialect), (0, []))
    return [] if isinstance(row, csv.Error) else [name.strip() for name in row]


def _separated(
    content: str, dialect: type[csv.Dialect], header: list[str], columns: Sequence[int]
) -> Iterator[Line | BadLine]:
    last, names = max(columns), len(header)
    records = _records(content, dialect)
    next(records)  # the header
    for number, row in records:
        if isinstance(row, csv.Error):
            yield BadLine(number, "broken", str(row))
        elif len(row) > names and any(row[names:]):
            yield BadLine(number, "with more fields than columns", f"{len(row)}, not {names}")
        elif len(row) <= last:
            yield BadLine(number, "with fewer fields than columns", f"{len(row)}, not {names}")
        elif [name.strip() for name in row] == header:
            yield BadLine(number, "with the names of the columns")
        else:
            yield check_line(number, *(row[column] for column in columns))


def _json(content: str, form: Form) -> Iterator[Line | BadLine]:
    lines = Lines(content)
    for line in lines:
        if not line.isspace():
            yield _json_row(lines.number, line, form)


def _json_row(number: int, line: str, form: Form) -> Line | BadLine:
    if len(line) > 2 * MAX_CHARACTERS:
        return BadLine(number, f"longer than {2 * MAX_CHARACTERS:,} characters")
    try:
        row = json.loads(line, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        return BadLine(number, "not JSON", str(error))
    if not isinstance(row, dict):
        return BadLine(number, "not an object {…}", repr(line[:SHOWN]))
    label = None if form.label is None else _plain(row.get(form.label))
    if label == "":
        return BadLine(number, "without a label", _value(row, str(form.label)))
    text = _plain(row.get(form.text))
    return (
        check_line(number, text, label)
        if text
        else BadLine(number, "without a sentence", _value(row, form.text))
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        raise ValueError("duplicate key")
    return row


def _plain(value: Any) -> str:
    """A JSON value as text; empty for null, a number that is not finite, a list or an object."""
    if isinstance(value, float):
        return str(value) if math.isfinite(value) else ""
    if isinstance(value, bool | int):
        return str(value)
    return replace_surrogates(value) if isinstance(value, str) else ""


def _value(row: dict[str, Any], key: str) -> str:
    if key in row:
        return f"{key!r} is {row[key]!r}"[: 2 * SHOWN]
    return f"its keys are {', '.join(map(repr, row))}"[: 2 * SHOWN]
