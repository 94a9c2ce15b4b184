from typing import NamedTuple

import pytest

from shared.config import listening, print_line, progress, reading


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


def test_progress_goes_to_a_listener_that_may_end_it(capsys: pytest.CaptureFixture) -> None:
    heard: list[tuple] = []

    def listen(what: str, done: int | float, of: int | float | None) -> None:
        heard.append((what, done, of))
        if done == 2:
            raise StopAsyncIteration

    with listening(listen):
        with pytest.raises(StopAsyncIteration):
            list(progress("abc", "counting", disable=True))
        list(progress(iter("a"), "going"))
    assert heard == [("counting", 0, 3), ("counting", 1, 3), ("counting", 2, 3), ("going", 0, None)]
    list(progress("abc", "counting", disable=True))
    assert len(heard) == 4
    assert capsys.readouterr().out == ""
