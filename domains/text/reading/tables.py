"""Tables of sentences: CSV, TSV and JSON lines, with named columns."""

import csv
import json
import math
from collections.abc import Iterator
from typing import Any

from domains.text.reading.encoding import replace_surrogates
from domains.text.reading.lines import (
    MAX_CHARACTERS,
    SEPARATORS,
    SHOWN,
    BadLine,
    Form,
    Line,
    check_line,
    lines_of,
)
from shared.errors import UserError, nearest
from shared.files import printable

JSON = (".jsonl", ".ndjson", ".json")
TABLES = (".csv", ".tsv", *JSON)


def table_rows(content: str, place: str, suffix: str, form: Form) -> tuple[Iterator[Line | BadLine], str]:
    """The rows of a table, and a note on its separator if that was guessed.

    The first row of .csv and .tsv names the columns; a ``UserError`` names one that is missing or repeated.
    Fields may be quoted, except in a .tsv with tabs. A separator that is not given is the first of comma (in
    .tsv: tab), semicolon, tab, bar and comma by which the first row has the columns.
    """
    if suffix in JSON:
        lines = enumerate(lines_of(content), start=1)
        return (_json_row(number, line, form) for number, line in lines if not line.isspace()), ""
    if not content.strip():
        return iter(()), ""
    usual = "\t" if suffix == ".tsv" else ","
    required = [form.text] if form.label is None else [form.text, form.label]
    known: list[str] = []
    for mark in [form.separator] if form.separator else dict.fromkeys(usual + ";\t|,"):
        records = _records(content, mark, is_quoted=(suffix, mark) != (".tsv", "\t"))
        _, first = next(records, (1, []))
        header = [] if isinstance(first, csv.Error) else [name.strip() for name in first]
        if {*required} <= {*header}:
            break
        known = max(known, header, key=len)
    else:
        missing = next(name for name in required if name not in known)
        known = [printable(name[:SHOWN]) for name in known if name]
        hint = nearest(missing, known) if known else "the row is broken"
        raise UserError(
            f"{place}: must name a column {missing!r} in the first row; {hint} (data.columns, in predict.py "
            "column, names the columns to read; data.separator separates them)"
        )
    for name in required:
        if header.count(name) > 1:
            raise UserError(
                f"{place}: must have one column {name!r}, got {header.count(name)}; rename the others"
            )
    note = "" if mark in (usual, form.separator) else f"separated by {SEPARATORS[mark]}, guessed"
    return _rows(records, header, [header.index(name) for name in required]), note


def _records(content: str, mark: str, is_quoted: bool) -> Iterator[tuple[int, list[str] | csv.Error]]:
    """Rows or their errors with the number of their first line, without empty lines.

    Reading continues at the second line of a broken row, so that an unclosed quote costs one line. This is
    not slow: up to the next line with an odd number of quotes, the lines of such a row are complete rows.
    """
    csv.field_size_limit(MAX_CHARACTERS)
    lines, number = lines_of(content), 1
    reader = csv.reader(
        lines, delimiter=mark, quoting=csv.QUOTE_MINIMAL if is_quoted else csv.QUOTE_NONE, strict=True
    )
    while True:
        place, before = lines.tell(), reader.line_num
        try:
            row: list[str] | csv.Error = next(reader)
            length = reader.line_num - before
        except StopIteration:
            return
        except csv.Error as error:
            row, length = error, 1
            lines.seek(place)
            lines.readline()
        if row:
            yield number, row
        number += length


def _rows(
    records: Iterator[tuple[int, list[str] | csv.Error]], header: list[str], columns: list[int]
) -> Iterator[Line | BadLine]:
    names = len(header)
    for number, row in records:
        if isinstance(row, csv.Error):
            yield BadLine(number, "broken", str(row))
        elif len(row) > names and any(row[names:]):
            yield BadLine(number, "with more fields than columns", f"{len(row)}, not {names}")
        elif len(row) <= max(columns):
            yield BadLine(number, "with fewer fields than columns", f"{len(row)}, not {names}")
        elif [name.strip() for name in row] == header:
            yield BadLine(number, "with the names of the columns")
        else:
            yield check_line(number, *(row[column] for column in columns))


def _json_row(number: int, line: str, form: Form) -> Line | BadLine:
    if len(line) > 2 * MAX_CHARACTERS:
        return BadLine(number, f"longer than {2 * MAX_CHARACTERS:,} characters")
    try:
        row = json.loads(line, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        return BadLine(number, "not JSON", str(error))
    if not isinstance(row, dict):
        return BadLine(number, "not an object {…}", repr(line[:SHOWN]))
    text = _plain(row.get(form.text))
    label = None if form.label is None else _plain(row.get(form.label))
    if text and label != "":
        return check_line(number, text, label)
    key, part = (form.label, "label") if label == "" else (form.text, "sentence")
    detail = f"{key!r} is {row[key]!r}" if key in row else f"its keys are {', '.join(map(repr, row))}"
    return BadLine(number, f"without a {part}", detail[: 2 * SHOWN])


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        raise ValueError("duplicate key")
    return row


def _plain(value: Any) -> str:
    """A JSON value as text; empty for null, a number that is not finite, a list or an object."""
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    return replace_surrogates(str(value)) if isinstance(value, bool | int | float | str) else ""
