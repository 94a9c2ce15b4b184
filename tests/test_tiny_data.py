"""Trainings of one step, and last layers that name their number: metrics and a best checkpoint."""

from pathlib import Path
from typing import Any

import pytest

from shared.commands.train import train
from shared.config.check import check_training
from shared.config.cli import compose
from shared.errors import UserError
from shared.runs.run import Run

SENTENCE = "[{conv: {filters: 4, kernel: [3, span]}}, {pool: {kernel: [span, 1]}}, flatten, {dense: %d}]"
PICTURE = "[{conv: {filters: 4, kernel: 5}}, {pool: {kernel: 8}}, flatten, {dense: %d}]"


def trained(tmp_path: Path, *words: str) -> dict[str, Any]:
    """A training of at most one batch an epoch."""
    config = compose(
        "train",
        [
            "domain=text", "model.embedding=8", "+trainer.limit_train_batches=1",
            "trainer.limit_val_batches=1", "trainer.limit_test_batches=1", "trainer.max_epochs=1",
            "trainer.accelerator=cpu", "trainer.precision=32-true", f"runs={tmp_path}", *words,
        ],
    )  # fmt: skip
    check_training(config)
    return train(config)


@pytest.mark.parametrize(
    "words",
    [
        ["trainer.max_epochs=5"],  # a warm-up of exactly one step
        ["trainer.max_epochs=1"],
        ["schedule.pct_start=0.5", "trainer.max_epochs=2", "+schedule.three_phase=true"],
        ["schedule=cosine"],
        ["schedule=linear"],
        ["schedule=halving"],
        ["schedule=constant"],
        ["data.epoch_size=2"],  # less than a batch
    ],
    ids=" ".join,
)
def test_a_training_of_few_steps_succeeds(tmp_path: Path, words: list[str]) -> None:
    metrics = trained(tmp_path, *words)
    assert metrics["test/n"] == 50
    assert Run.open(metrics["run"]).checkpoint("best")


def test_a_schedule_that_is_too_short_is_refused_before_training(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"schedule.total_steps: must be at least 2, .* got 1; null"):
        trained(tmp_path, "schedule.total_steps=1", "trainer.max_epochs=2")


@pytest.mark.parametrize(("domain", "layers", "classes"), [("text", SENTENCE, 2), ("image", PICTURE, 10)])
def test_the_last_layer_may_name_its_number(tmp_path: Path, domain: str, layers: str, classes: int) -> None:
    few = ["+trainer.limit_train_batches=1", "trainer.limit_val_batches=1", "trainer.limit_test_batches=1"]
    config = [f"domain={domain}", *few, "trainer.max_epochs=1", "trainer.accelerator=cpu", f"runs={tmp_path}"]
    assert train(compose("train", [*config, f"model.layers={layers % classes}"]))["epochs"] == 1
    there = set(tmp_path.rglob("*"))
    with pytest.raises(UserError, match=f"end in {classes} logits, one a class, got 7 features"):
        train(compose("train", [*config, f"model.layers={layers % 7}"]))
    assert set(tmp_path.rglob("*")) == there, "the run of a mistake is not kept"
