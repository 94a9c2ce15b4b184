"""Tables as CSV, in which untrusted names, such as classes, are no formulas when a spreadsheet opens them.

Source: OWASP, "CSV Injection": a cell that begins with ``=``, ``+``, ``-``, ``@`` or a tab is taken for a
formula. Such text gets an apostrophe in front, which ``plain_cell`` takes away again; numbers stay numbers.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

FORMULA = re.compile(r"'*[=+\-@\t]")


def csv_text(header: Sequence[str], rows: Iterable[Iterable[Any]]) -> str:
    """A table as the text of a CSV file; None is an empty cell."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([_cell(name) for name in header])
    table.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, int | float):
        return value
    text = str(value).replace("\r", " ")  # which Python's csv does not quote
    return f"'{text}" if FORMULA.match(text) else text


def plain_cell(text: str) -> str:
    """The text that ``csv_text`` wrote as this cell."""
    return text[1:] if text.startswith("'") and FORMULA.match(text) else text
