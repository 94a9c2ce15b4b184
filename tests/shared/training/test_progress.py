"""What a training prints on a terminal."""

import re
from unittest.mock import Mock

import pytest
import pytorch_lightning as pl

from shared.config import Monitor
from shared.training.callbacks import TrainingProgress


def test_a_line_for_each_epoch_stays_above_the_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal
    progress, module = TrainingProgress(Monitor()), Mock(spec=pl.LightningModule)
    assert not progress.bar.disable
    metrics = {"train/loss": 1.0, "val/acc": 0.5}
    trainer = Mock(spec=pl.Trainer, is_global_zero=True, estimated_stepping_batches=4, max_epochs=2)
    trainer.configure_mock(global_step=0)
    progress.on_train_start(trainer, module)
    for epoch in range(2):
        trainer.configure_mock(current_epoch=epoch, global_step=2 * epoch + 2, callback_metrics=metrics)
        progress.on_train_epoch_end(trainer, module)
    progress.on_train_end()
    printed = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", capsys.readouterr().err)  # without colours
    assert [printed.count(f"epoch {epoch}") for epoch in (1, 2)] == [1, 1]
    assert printed.index("epoch 2") < printed.rindex("left")  # the bar is drawn again below the last line
