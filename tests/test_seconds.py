"""training.seconds: the length of an epoch follows from the time of a step; the training is as any other."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from shared.commands import bench
from shared.commands.bench import step_seconds
from shared.commands.train import train
from shared.config.cli import compose
from shared.errors import UserError
from shared.runs.run import Run

BENCH = sys.modules[bench.__module__]
WORDS = ["domain=image", "model=image/tiny", "data.batch_size=50", "data.workers=0", "trainer.max_epochs=2"]
WORDS += ["trainer.accelerator=cpu", "trainer.precision=32-true", "trainer.enable_progress_bar=false"]
WORDS += ["test=false"]


def test_the_run_is_the_same_as_one_of_that_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def timed(*given: Any) -> float:
        assert step_seconds(*given) > 0
        return 0.1

    monkeypatch.setattr(BENCH, "TIMED", 0.01)
    monkeypatch.setattr(sys.modules[train.__module__], "step_seconds", timed)
    first = Run(train(compose("train", [*WORDS, f"runs={tmp_path}", "training.seconds=2.1"]))["run"])
    assert first.config.data.epoch_size == 10 * 50  # 0.97 × 2.1 s ÷ 0.1 s ÷ 2 epochs
    assert first.config.training.seconds is None
    second = Run(train(compose("train", [*WORDS, f"runs={tmp_path}", "data.epoch_size=500"]))["run"])
    ours, theirs = (run.checkpoint("last") for run in (first, second))
    assert ours["global_step"] == theirs["global_step"] == 20
    assert all(
        torch.equal(ours["state_dict"][name], theirs["state_dict"][name]) for name in ours["state_dict"]
    )


def test_several_processes_are_refused(tmp_path: Path) -> None:
    words = [*WORDS, f"runs={tmp_path}", "training.seconds=2", "trainer.devices=2", "trainer.strategy=ddp"]
    config = compose("train", words)
    with pytest.raises(UserError, match=r"training\.seconds: must be null where several processes train"):
        train(config)
