"""The table that predict.py prints: one line an item, at most 80 columns of a terminal, the summary last."""

import io
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from shared.commands.predict import SHOWN, WIDTH, _remarks, _table, predict
from shared.commands.train import train
from shared.config.cli import compose
from shared.errors import UserError
from shared.runs.run import Run
from tests.networks import WORDS, make_run

NAMES = ["a.png", "x" * 300 + ".png", "目録/" + "数字" * 60 + ".png", "папка/цифра.png", "👨‍👩‍👧.png"]


def lines_of(
    rows: list[dict[str, Any]], cells: dict[str, list[Text]] | None = None, width: int = 200
) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width).print(_table(rows, cells or {}), width=WIDTH)
    return out.getvalue().splitlines()


def row(file: str, **more: Any) -> dict[str, Any]:
    best = [{"name": f"a class with a long name {n}", "probability": 0.2} for n in range(30)]
    trust = {"familiar": 0.03, "sure": "no", "remarks": ["colours, the network sees grey"]}
    return {"file": file, "answer": best[0]["name"], "probability": 0.2, **trust, **more, "best": best}


@pytest.mark.parametrize("names", [NAMES, NAMES[1:2], NAMES[2:3], [f"{n}.png" for n in range(1000)]])
def test_each_item_is_one_line_of_at_most_eighty_columns(names: list[str]) -> None:
    lines = lines_of([row(name) for name in names])
    assert max(map(cell_len, lines)) <= WIDTH
    assert len(lines) == min(len(names), SHOWN) + 2 + (len(names) == 1)
    items = lines[-min(len(names), SHOWN) :]
    assert all("20.0%" in line and "3.0%" in line for line in items)
    assert all("a class" in line for line in items)
    if len(names) == len(NAMES):
        assert items[0].startswith("a.png ")
        assert items[1].startswith("…xxx")
        assert ".png " in items[1]
        assert "цифра.png " in items[3]


def test_columns_of_many_kinds_fit() -> None:
    moves = {"move": 123, "colour": "black", "played": "Q16", "rank": 12}
    lines = lines_of([row("game.sgf", **moves)] * 3)
    assert max(map(cell_len, lines)) <= WIDTH
    assert all(word in lines[1] for word in ("move", "colour", "played", "rank", "familiar", "sure"))
    words = {
        "text": [Text("ein sehr langer Satz " * 20)] * 3,
        "filters": [Text("never dull 31.2%  " * 9)] * 3,
    }
    lines = lines_of([row("lines.txt", line=7, text="", filters=[])] * 3, words)
    assert max(map(cell_len, lines)) <= WIDTH
    assert all("ein sehr" in line and "never" in line for line in lines[-3:])


def test_without_a_record_nothing_is_said_of_it_in_the_table() -> None:
    lines = lines_of([row("a.png", familiar=None, remarks=[])] * 2)
    assert "familiar" not in lines[1]


def test_remarks_are_printed_in_full_with_their_place() -> None:
    long = "a level of 3.2, in training 0.1 … 0.9, and more words than a column holds"
    moves = [{"file": "a.sgf", "move": n, "remarks": [long] * (n == 2)} for n in (1, 2)]
    assert _remarks(moves) == [f"move 2: {long}"]
    assert _remarks([*moves, {**moves[1], "file": "b.sgf"}])[1] == f"b.sgf, move 2: {long}"
    many = _remarks([row(f"{n}.png") for n in range(40)])
    assert many[0] == "0.png: colours, the network sees grey"
    assert many[-1] == "… and 30 more remarks in predictions.jsonl"
    assert len(many) == 11


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_run(tmp_path_factory.mktemp("runs"), *WORDS["text"], steps=60)


def test_the_summary_is_last_and_says_what_is_known(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    words = [f"run={run.folder}", "text='zzz was qqq'", f"output={tmp_path}"]
    predict(compose("predict", words))
    *_, summary, folder = capsys.readouterr().out.splitlines()
    assert folder == f"predictions: {tmp_path}"
    assert "familiarity is not known: the run has no record of it" in summary
    train(compose("train", [f"resume={run.folder}"]))
    capsys.readouterr()
    [strange] = predict(compose("predict", words)).rows
    *_, summary, folder = capsys.readouterr().out.splitlines()
    assert summary.startswith("sure: 0 of 1 (probability from 80.0%, and familiar); unlike training: 1 ")
    assert (strange["sure"], strange["familiar"] <= 0.05) == ("no", True)
    assert strange["probability"] >= 0.5
    assert strange["remarks"][0].startswith("2 of 3 words unknown: zzz, qqq")
    last = predict(compose("predict", [*words, "checkpoint=last"]))
    assert last.rows[0]["familiar"] is None  # the record is of the best


@pytest.mark.parametrize("value", ["-0.1", "1.5", "half", "true", "null"])
def test_unsure_is_a_probability(run: Run, tmp_path: Path, value: str) -> None:
    words = [f"run={run.folder}", "text=fine", f"unsure={value}", f"output={tmp_path / 'out'}"]
    with pytest.raises(UserError, match="unsure: must be a number from 0 to 1, got"):
        predict(compose("predict", words))
    assert not (tmp_path / "out").exists()
