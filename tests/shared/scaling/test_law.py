"""A law that is known is recovered, and its intervals hold it."""

import json
from pathlib import Path

import numpy as np
import pytest

from shared.config.cli import compose
from shared.errors import UserError
from shared.scaling.grid import scaling
from shared.scaling.law import Law, Trained, fit, interval, resampled
from shared.scaling.report import report

TRUE = Law(
    floor=1.4, a=np.log(60), b=np.log(400), alpha=0.35, beta=0.42, flops=2000.0, at_zero=0.95, slope=-0.22
)


def trainings(noise: float, seed: int = 0) -> Trained:
    params, examples = (
        grid.ravel() for grid in np.meshgrid(np.geomspace(3e4, 2e6, 4), np.geomspace(1e5, 1e7, 4))
    )
    loss = TRUE.loss(params, examples) * np.exp(np.random.default_rng(seed).normal(0, noise, 16))
    return Trained(params, examples, TRUE.flops * params * examples, loss, TRUE.at_zero + TRUE.slope * loss)


def test_an_exact_law_is_recovered() -> None:
    assert np.allclose(fit(trainings(0)), TRUE, rtol=2e-3)


def test_the_interval_of_a_noisy_one_holds_it() -> None:
    trained = trainings(0.003)
    law = fit(trained)
    laws = resampled(trained, law, 25)
    for name in ("alpha", "beta"):
        low, high = interval([getattr(other, name) for other in laws])
        assert low < getattr(TRUE, name) < high
        assert getattr(law, name) == pytest.approx(getattr(TRUE, name), abs=0.08)
    assert law.best(1e17).accuracy == pytest.approx(TRUE.best(1e17).accuracy, abs=0.01)


def test_the_best_size_has_the_least_loss() -> None:
    best = TRUE.best(1e16)
    assert best.params * best.examples * TRUE.flops == pytest.approx(1e16)
    for factor in (0.5, 0.9, 1.1, 2):
        assert TRUE.loss(best.params * factor, best.examples / factor) > best.loss


def test_the_report_predicts_and_keeps_the_trainings(tmp_path: Path) -> None:
    lines = report(tmp_path, trainings(0.003), [1e16, 1e17], 10, "png")
    assert lines[0].startswith("16 trainings, 6e+12 to 4e+16 FLOPs. It misses")
    assert [line.split(" | ")[0] for line in lines[-2:]] == ["| 1e+16", "| 1e+17"]
    assert (tmp_path / "law.md").read_text().splitlines() == lines
    assert len((tmp_path / "trainings.csv").read_text().splitlines()) == 17
    assert json.loads((tmp_path / "law.json").read_text())["law"]["alpha"] == pytest.approx(0.35, abs=0.08)
    assert (tmp_path / "law.png").stat().st_size > 10_000


WORDS = [
    "domain=image",
    "model=image/lecture",
    "data.workers=0",
    "trainer.accelerator=cpu",
    "trainer.max_epochs=1",
]
WORDS += ["trainer.precision=32-true", "trainer.enable_progress_bar=false", "scaling.resamples=10"]
SIZES = "scaling.sizes=[{model.units: 4},{model.units: 8}]"


@pytest.mark.slow
def test_a_grid_is_trained_once_and_its_law_written(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    words = [*WORDS, f"runs={tmp_path}", SIZES, "scaling.flops=[1e10]"]
    words.append("scaling.budgets=[{data.epoch_size: 100},{data.epoch_size: 200},{data.epoch_size: 400}]")
    folder = scaling(compose("scaling", words))
    assert len(list(folder.glob("*/image/*/metrics.json"))) == 6
    written = {file: file.stat().st_mtime_ns for file in folder.glob("*/image/*/metrics.json")}
    assert "| 1e+10 |" in capsys.readouterr().out
    assert scaling(compose("scaling", [*words[:-2], words[-1], "scaling.flops=[2e10]"])) == folder
    assert {file: file.stat().st_mtime_ns for file in folder.glob("*/image/*/metrics.json")} == written
    assert "| 2e+10 |" in (folder / "law.md").read_text()


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("scaling.sizes=null", "scaling.sizes: must be a list of keys with values"),
        ("scaling.sizes=[{model.filter: 2}]", "scaling: model.filter: there is no such key"),
        ("scaling.budgets=[{data.epoch_size: 0}]", "scaling: data.epoch_size: must be a whole number from 1"),
        ("scaling.flops=[-1]", "scaling.flops: must be a number"),
    ],
)
def test_mistakes_are_reported_before_a_training(word: str, reason: str, tmp_path: Path) -> None:
    words = {"scaling.sizes": SIZES, "scaling.budgets": "scaling.budgets=[{data.epoch_size: 100}]"}
    words[word.split("=")[0]] = word
    with pytest.raises(UserError, match=reason.replace(".", r"\.")):
        scaling(compose("scaling", [*WORDS, f"runs={tmp_path}", *words.values()]))
    assert not list(tmp_path.glob("**/config.yaml"))


def test_too_few_trainings_have_no_law() -> None:
    few = trainings(0).some(np.arange(5))
    with pytest.raises(UserError, match="must have at least 6 trainings of two sizes and two budgets, got 5"):
        fit(few)
