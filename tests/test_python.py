"""The suite from Python: the same results, checks and errors as the commands."""

import gc
import json
from pathlib import Path

import pytest
import pytorch_lightning as pl

import convolutions
from shared.config import PROJECT
from shared.errors import UserError
from tests.commands import TINY

GAME = PROJECT / "domains/go/sample/game.sgf"


def test_a_bundled_network_predicts_and_explains_a_game() -> None:
    network = convolutions.load("go/policy")
    assert isinstance(network.module, pl.LightningModule)
    predicted = network.predict(GAME, move=49)
    [row] = predicted.rows
    assert (row["played"], row["rank"]) == ("H16", 1)
    assert "H16 51.7%" in predicted.text
    assert len(predicted.pictures) == 1
    explained = network.explain(GAME, move=49, method="saliency")
    assert [row["section"] for row in explained.rows] == [explained.rows[0]["section"]]
    shown = explained._repr_html_()
    assert shown.startswith("<img ")
    assert "game.sgf, move 49: H16, " in shown
    with pytest.raises(UserError, match=r"methods.*saliancy"):
        network.explain(GAME, move=49, method="saliancy")
    for result in (predicted, explained):
        assert '<img src="data:image/png;base64,' in result._repr_html_()
        folder = result.folder
        assert folder.is_dir()
    del predicted, explained, result
    gc.collect()
    assert not folder.exists()


def test_a_training_is_loaded_and_keeps_what_output_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    network = convolutions.train("domain=text", "trainer.max_epochs=1", "trainer.enable_progress_bar=false")
    assert network.run.metrics["epochs"] == 1
    assert network.run.folder.is_relative_to(tmp_path / "runs")
    for text in ("'it is good'", "null", "it's good, isn't it? ${x}"):
        result = network.predict(text=text, output=tmp_path / "kept")
        assert text in json.dumps(result.rows, ensure_ascii=False)
    assert "<iframe sandbox" in result._repr_html_()
    tested = network.evaluate(output=tmp_path / "kept")
    assert tested.metrics["test/acc"] == network.run.metrics["test/acc"]
    assert [(row["class"], row["n"]) for row in tested.rows] == [("blame", 372), ("praise", 384)]
    assert len(tested.pictures) == 2
    with pytest.raises(UserError, match=r"more\.zip: no such file"):
        network.evaluate("data=text/sentences", "data.path=more.zip")
    del result
    assert (tmp_path / "kept" / "predictions.jsonl").is_file()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"input": "missing.sgf"}, "input=missing.sgf: no such file"),
        ({"input": GAME, "moves": 49}, "moves=49: not an option of the domain go; did you mean 'move'"),
        ({"input": GAME, "move": 0}, "move: must be from 1 to 242"),
        ({"input": GAME, "top": 0}, "top: must be"),
        ({}, "input is not set"),
        ({"input": GAME, "text": "x"}, "text: must not be set beside input"),
    ],
)
def test_a_mistake_is_the_error_of_the_command(options: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        convolutions.load("go/policy").predict(**options)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["domain=imag"], "did you mean 'domain/image'"),
        (["lr=0.1", *TINY], "optimizer.lr"),
        (["--domain"], "KEY=VALUE"),
    ],
)
def test_a_wrong_word_of_a_training_is_the_error_of_the_command(words: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        convolutions.train(*words)
