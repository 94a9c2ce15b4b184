"""Small networks of the four domains, as runs on disk."""

from collections.abc import Callable
from pathlib import Path

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback

from shared.commands.train import train
from shared.config.cli import compose
from shared.explain.adapter import InputAdapter
from shared.explain.command import build_adapter
from shared.runs.run import Run
from shared.training.setup import load_module

WORDS = {
    "image": ["domain=image"],
    "go": ["domain=go", "model.filters=6", "model.depth=3", "data.workers=0"],
    "speech": ["domain=speech", "model.filters=6", "model.units=8"],
    "text": ["domain=text", "model.embedding=12", "model.filters=8"],
}
STEPS = {
    "image": 60,
    "go": 2,
    "speech": 0,
    "text": 90,
}  # training steps; more where tests need a trained network


class Change(Callback):
    """Changes a network before its first step."""

    def __init__(self, change: Callable[[LightningModule], None]):
        self.change = change

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.change(pl_module)


def make_run(
    folder: Path,
    *words: str,
    steps: int = 0,
    rate: float = 0.01,
    change: Callable[[LightningModule], None] = lambda network: None,
) -> Run:
    """The run that ``train.py`` writes for a network that is trained on ``steps`` batches.

    Args:
        folder: The folder of runs.
        words: Overrides.
        steps: Number of batches, of 50 examples; 0 keeps the initial weights.
        rate: Adam's learning rate.
        change: Is applied to the network before training.
    """
    budget = [
        *("optimizer=adam", f"optimizer.lr={rate if steps else 0}", "schedule=constant", "test=false"),
        *("data.batch_size=50", f"data.epoch_size={50 * max(steps, 1)}", "trainer.max_epochs=1"),
        *("trainer.accelerator=cpu", "trainer.precision=32-true", "trainer.enable_progress_bar=false"),
        *("trainer.limit_val_batches=1", f"runs={folder}"),
    ]
    return Run.open(train(compose("train", [*words, *budget]), [Change(change)])["run"])


def opened(run: Run) -> InputAdapter:
    """The adapter that explains a run."""
    model = load_module(run).requires_grad_(False)
    return build_adapter(run, model, compose("explain", [f"run={run.folder}", "searched=60"]))
