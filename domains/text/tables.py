"""Tables of sentences: CSV, TSV and JSON lines, by the names of their columns."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from shared.archive import MEMBER_LIMIT
from shared.errors import UserError, nearest

TABLES = (".csv", ".tsv", ".jsonl")


class Line(NamedTuple):
    """A sentence, where it stands in its file, and its label, "" where none is asked for."""

    number: int
    text: str
    label: str


class _Tsv(csv.excel_tab):
    quoting = csv.QUOTE_NONE  # a quote in a TSV is a quote


def rows(content: str, name: str, suffix: str, text: str, label: str | None) -> Iterator[Line]:
    """The rows of a table, those with an empty text too; lines with nothing in them are passed over.

    Args:
        content: the file's.
        name: what errors call it.
        suffix: one of TABLES. Of .csv and .tsv the first row names the columns; fields of .csv may be quoted.
        text: column of the sentences.
        label: column of the labels; None: no labels are asked for.

    Raises:
        UserError: a column or a field is missing, or a row is broken.
    """
    found = _json(content, name) if suffix == ".jsonl" else _separated(content, name, suffix)
    wanted = [text] if label is None else [text, label]
    for number, row in found:
        for column in wanted:
            if row.get(column) is None:
                names = [str(key) for key in row if row[key] is not None]
                raise UserError(
                    f"{name}, line {number}: no column {column!r}; {nearest(column, names)} "
                    "(data.columns names the columns to read)"
                )
        yield Line(number, str(row[text]), "" if label is None else str(row[label]).strip())


def _separated(content: str, name: str, suffix: str) -> Iterator[tuple[int, dict[str, Any]]]:
    # The library's limit of 131,072 characters a field is meant for less careful readers.
    csv.field_size_limit(MEMBER_LIMIT)
    lines = io.StringIO(content, newline="\n")
    reader = csv.DictReader(lines, dialect=csv.excel if suffix == ".csv" else _Tsv, strict=True)
    try:
        for row in reader:
            if None in row:
                raise UserError(
                    f"{name}, line {reader.line_num}: more fields than the {len(reader.fieldnames or ())} "
                    "columns that the first row names; put a text with a separator in quotes (.csv)"
                )
            yield reader.line_num, row
    except csv.Error as error:
        raise UserError(f"{name}, line {reader.line_num}: broken table: {error}") from error


def _json(content: str, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(content.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UserError(f"{name}, line {number}: not JSON: {error}") from error
        if not isinstance(row, dict):
            raise UserError(f"{name}, line {number}: not an object {{…}} but {line[:40]!r}")
        yield number, row
