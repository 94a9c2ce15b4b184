"""Tables of sentences: CSV, TSV and JSON lines, by the names of their columns."""

import csv
import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

from domains.text.reading.encoding import whole
from domains.text.reading.lines import LONGEST, SEPARATORS, SHOWN, Bad, Form, Line, Lines, checked
from shared.errors import UserError, nearest
from shared.files import printable

JSON = (".jsonl", ".ndjson", ".json")
TABLES = (".csv", ".tsv", *JSON)


def rows(content: str, place: str, suffix: str, form: Form) -> tuple[Iterator[Line | Bad], str]:
    r"""The rows of a table, and a note on its separator if that is not the usual one of its suffix.

    Of .csv and .tsv the first row names the columns. Fields may be quoted; but in a .tsv with tabs a quote is
    a quote. A separator that is not given is the first of comma (in .tsv: tab), semicolon, tab, bar and comma
    with which the first row has the columns.

    Args:
        content: the file's; its lines end in ``\n``.
        place: what errors call it.
        suffix: one of TABLES.
        form: which columns hold sentences and labels.

    Raises:
        UserError: a column is missing or stands twice.
    """
    if suffix in JSON:
        return _json(content, form), ""
    usual = "\t" if suffix == ".tsv" else ","
    marks = [form.separator] if form.separator else list(dict.fromkeys(usual + ";\t|,"))
    headers = [_header(content, _dialect(mark, suffix)) for mark in marks]
    wanted = [form.text] if form.label is None else [form.text, form.label]
    fitting = [(mark, header) for mark, header in zip(marks, headers, strict=True) if {*wanted} <= {*header}]
    if not content.strip():
        return iter(()), ""
    if not fitting:
        raise _no_column(place, wanted, max(headers, key=len))
    mark, header = fitting[0]
    for name in wanted:
        if header.count(name) > 1:
            raise UserError(f"{place}: {header.count(name)} columns {name!r}: give the others another name")
    columns = [header.index(name) for name in wanted]
    note = "" if mark == usual or form.separator else f"separated by {SEPARATORS[mark]}, guessed"
    return _separated(content, _dialect(mark, suffix), header, columns), note


def _no_column(place: str, wanted: Sequence[str], names: Sequence[str]) -> UserError:
    missing = next(name for name in wanted if name not in names)
    known = [printable(name[:SHOWN]) for name in names if name]
    hint = nearest(missing, known) if known else "it is broken"
    return UserError(
        f"{place}: no column {missing!r} in the first row, which must name the columns; {hint} "
        "(data.columns, in predict.py column, names those to read, data.separator what stands between them)"
    )


def _dialect(mark: str, suffix: str) -> type[csv.Dialect]:
    class Separated(csv.excel):
        delimiter = mark
        strict = True
        quoting = csv.QUOTE_NONE if suffix == ".tsv" and mark == "\t" else csv.QUOTE_MINIMAL

    return Separated


def _records(content: str, dialect: type[csv.Dialect]) -> Iterator[tuple[int, list[str] | csv.Error]]:
    """Rows, or what is wrong with them, by the number of their first line; empty lines are passed over.

    Behind a broken row it goes on with the line after the row's first one, so that a quote that is never
    closed costs one line. That is not slow: up to the next line with an odd number of quotes, all lines of
    such a row are whole rows of their own.
    """
    csv.field_size_limit(LONGEST)
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
    """The names of the columns; none if there is no row, or the first is broken."""
    _, row = next(_records(content, dialect), (0, []))
    return [] if isinstance(row, csv.Error) else [name.strip() for name in row]


def _separated(
    content: str, dialect: type[csv.Dialect], header: list[str], columns: Sequence[int]
) -> Iterator[Line | Bad]:
    last, names = max(columns), len(header)
    records = _records(content, dialect)
    next(records)  # the header
    for number, row in records:
        if isinstance(row, csv.Error):
            yield Bad(number, "broken", str(row))
        elif len(row) > names and any(row[names:]):
            yield Bad(number, "with more fields than columns", f"{len(row)}, not {names}")
        elif len(row) <= last:
            yield Bad(number, "with fewer fields than columns", f"{len(row)}, not {names}")
        elif [name.strip() for name in row] == header:
            yield Bad(number, "with the names of the columns again")
        else:
            yield checked(number, *(row[column] for column in columns))


def _json(content: str, form: Form) -> Iterator[Line | Bad]:
    lines = Lines(content)
    for line in lines:
        if not line.isspace():
            yield _json_row(lines.number, line, form)


def _json_row(number: int, line: str, form: Form) -> Line | Bad:
    if len(line) > 2 * LONGEST:
        return Bad(number, f"longer than {2 * LONGEST:,} characters")
    try:
        row = json.loads(line, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        return Bad(number, "not JSON", str(error))
    if not isinstance(row, dict):
        return Bad(number, "not an object {…}", repr(line[:SHOWN]))
    label = None if form.label is None else _plain(row.get(form.label))
    if label == "":
        return Bad(number, "without a label", _value(row, str(form.label)))
    text = _plain(row.get(form.text))
    return checked(number, text, label) if text else Bad(number, "without a sentence", _value(row, form.text))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        raise ValueError("a key stands twice")
    return row


def _plain(value: Any) -> str:
    """A value of JSON as text; empty if it is missing, no finite number, or made of parts."""
    if isinstance(value, float):
        return str(value) if math.isfinite(value) else ""
    if isinstance(value, bool | int):
        return str(value)
    return whole(value) if isinstance(value, str) else ""


def _value(row: dict[str, Any], key: str) -> str:
    if key in row:
        return f"{key!r} is {row[key]!r}"[: 2 * SHOWN]
    return f"its keys are {', '.join(map(repr, row))}"[: 2 * SHOWN]
