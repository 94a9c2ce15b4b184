"""No cell of a written table is a formula, and what was written can be read again."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.files.csv_table import csv_text, plain_cell


def test_numbers_stay_numbers_and_nothing_is_an_empty_cell() -> None:
    assert csv_text(["a", "b", "c"], [[-1, -0.5, None], [True, 2, "x"]]) == "a,b,c\n-1,-0.5,\nTrue,2,x\n"


@pytest.mark.parametrize("name", ["=1+1", '=HYPERLINK("x")', "+1", "-1", "@SUM(A1)", "\t=1", "'=1"])
def test_text_that_a_spreadsheet_takes_for_a_formula_is_escaped(name: str) -> None:
    for cell in csv.reader(io.StringIO(csv_text([name], [[name]]), newline="")):
        assert cell[0].startswith("'")
        assert plain_cell(cell[0]) == name


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r")), min_size=1))
def test_any_names_are_read_as_they_were_written(names: list[str]) -> None:
    [read] = csv.reader(io.StringIO(csv_text(names, []), newline=""))
    assert [plain_cell(cell) for cell in read] == names
