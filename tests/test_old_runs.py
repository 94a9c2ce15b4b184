"""Runs of release 0.1.0 can be evaluated, predicted with, explained, played with, and resumed."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from convolutions.scripts import call
from domains.go.engine.network import Policy
from shared.commands.evaluate import evaluate
from shared.commands.predict import predict
from shared.commands.train import train
from shared.config.cli import compose
from shared.explain.command import explain_run
from shared.runs.run import Run
from tests.commands import PROJECT, epochs_of

DOMAINS = ("image", "go", "speech", "text")
INPUTS = {"go": "game.sgf", "image": "seven.png", "speech": "word.wav"}


@pytest.fixture(params=DOMAINS)
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    folder = tmp_path / request.param
    shutil.copytree(PROJECT / "tests" / "old_runs" / request.param, folder)
    config = folder / "config.yaml"
    config.write_text(config.read_text().replace("PROJECT", str(PROJECT)))
    return Run.open(folder)


def test_an_old_run_is_evaluated(run: Run) -> None:
    expected = json.loads((run.folder / "expected.json").read_text())
    figures = evaluate(compose("evaluate", [f"run={run.folder}", "checkpoint=last"]))
    baselines = {name for name in expected if name.startswith("baseline/") and name.count("/") == 1}
    assert baselines
    assert {name: figures[name] for name in baselines} == pytest.approx({n: expected[n] for n in baselines})


def test_an_old_run_predicts_and_is_explained(run: Run, tmp_path: Path) -> None:
    words = [f"run={run.folder}", f"output={tmp_path / 'out'}"]
    domain = run.config.domain.name
    own = "text=not dull" if domain == "text" else f"input={write_input(tmp_path / INPUTS[domain])}"
    assert predict(compose("predict", [*words, own])).rows
    explain_run(compose("explain", [f"run={run.folder}", f"output={tmp_path / 'why'}", "methods=[saliency]"]))
    assert (tmp_path / "why" / "report.html").is_file()
    if domain == "go":
        assert Policy.load(run, 1).size == 19


@pytest.mark.slow
def test_a_training_starts_from_an_old_run(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    words = [f"domain={run.config.domain.name}", f"init={run.folder}", f"runs={tmp_path}", "test=false"]
    call("train", *words, "data.epoch_size=64", "trainer.max_epochs=1", "trainer.limit_val_batches=1")
    assert f"weights of {run.folder}: " in capsys.readouterr().out


def write_input(path: Path) -> Path:
    """A small file of the format of the suffix."""
    if path.suffix == ".sgf":
        path.write_text("(;SZ[19];B[dd];W[pp];B[dp];W[pd])")
    elif path.suffix == ".png":
        Image.linear_gradient("L").resize((28, 28)).save(path)
    else:
        soundfile.write(path, np.sin(np.arange(4000) / 5), 8000)
    return path


def test_an_old_run_is_resumed_with_the_same_end(run: Run) -> None:
    before = epochs_of(run.folder)
    metrics = train(compose("train", [f"resume={run.folder}"]))
    expected = json.loads((run.folder / "expected.json").read_text())
    rows = epochs_of(run.folder)
    assert [row | old for row, old in zip(rows, before[:2], strict=False)] == rows[:2]  # and newer metrics
    assert [row["epoch"] for row in rows] == [0, 1, 2]
    for name in ("epochs", "steps", "params", "flops", "test/n"):
        assert metrics[name] == expected[name]
    assert metrics["val/acc"] == pytest.approx(expected["val/acc"], abs=0.005)
    assert metrics["test/acc"] == pytest.approx(expected["test/acc"], abs=0.005)
