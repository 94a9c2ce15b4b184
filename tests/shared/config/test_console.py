from typing import NamedTuple

import pytest

from shared.config import print_line, progress, reading


class Part(NamedTuple):
    done: float


def test_a_printed_line_is_not_wrapped_nor_read_as_markup(capsys: pytest.CaptureFixture) -> None:
    path = f"[bold]{'a' * 300} {'b' * 300}"
    print_line(f"run: {path}")
    print_line("remark", error=True)
    printed = capsys.readouterr()
    assert printed.out == f"run: {path}\n"
    assert printed.err == "remark\n"


def test_bars_leave_standard_output_alone(capsys: pytest.CaptureFixture) -> None:
    parts = [Part(0.5), Part(1.0)]
    assert list(progress(iter(parts), "counting", 2)) == parts
    assert list(reading(iter(parts), "reading")) == parts
    assert capsys.readouterr().out == ""
