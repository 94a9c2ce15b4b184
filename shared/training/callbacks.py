"""What is kept and shown while a network trains."""

import io
import signal
import threading
import time
from pathlib import Path
from typing import Any, TypedDict

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback, EarlyStopping, ModelCheckpoint
from pytorch_lightning.plugins.io import TorchCheckpointIO

from shared.config import Monitor, check_known, progress_bar
from shared.files import csv_text, write
from shared.runs import Run
from shared.training.classifier import Classifier


class WholeCheckpoints(TorchCheckpointIO):
    """Writes a checkpoint whole or not at all, on whichever disk the run's folder is.

    Lightning writes it to the system's temporary folder and moves it, which from disk to disk is a copy that
    a kill or a full disk cuts short.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None
    ) -> None:
        """Replace the file at ``path``.

        Raises:
            UserError: It cannot be written.
        """
        contents = io.BytesIO()
        torch.save(checkpoint, contents)
        write(Path(path), contents.getvalue())


class KeepSignals(Callback):
    """Leaves SIGTERM and SIGUSR1 to whoever had them before Lightning.

    Lightning's own handlers send to the other processes from within a signal, which those that wait for
    something else never take, and write a SLURM job's checkpoint outside its run.
    """

    def setup(self, *_: Any, **__: Any) -> None:
        """Before Lightning sets its own."""
        self._before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR1)}

    def on_train_start(self, *_: Any, **__: Any) -> None:
        """After Lightning has set its own, which only the first thread can."""
        if threading.current_thread() is threading.main_thread():
            for number, handler in self._before.items():
                signal.signal(number, handler)

    on_test_start = on_train_start


class RunCheckpoint(ModelCheckpoint):
    """``<name>.ckpt`` in a run's folder, written after each epoch, or where ``monitor`` is the best so far.

    What it remembers of its files holds wherever the folder lies now. Lightning's own forgets the best score
    where the folder was moved, and still names the old place.
    """

    def __init__(self, folder: Path, name: str, monitor: Monitor | None = None):
        super().__init__(
            folder,
            filename=name,
            monitor=monitor.name if monitor else None,
            mode=monitor.mode if monitor else "max",
            enable_version_counter=False,
            save_on_train_epoch_end=True,  # after validation: a checkpoint stands between two epochs
        )

    @property
    def state_key(self) -> str:
        """As Lightning's own: checkpoints of older runs have that."""
        return super().state_key.replace(type(self).__qualname__, ModelCheckpoint.__qualname__, 1)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where the checkpoint stood, in the folder that the run has now."""

        def here(path: str) -> str:
            return str(Path(str(self.dirpath), Path(path).name)) if path else path

        moved = {key: here(value) if key.endswith("_path") else value for key, value in state_dict.items()}
        best = {here(path): score for path, score in state_dict["best_k_models"].items()}
        super().load_state_dict(moved | {"dirpath": self.dirpath, "best_k_models": best})


class Patience(EarlyStopping):
    """Ends training after a number of epochs without a better value of the metric, also in a resumed run."""

    def __init__(self, epochs: int, monitor: Monitor):
        super().__init__(monitor.name, mode=monitor.mode, patience=epochs)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where the checkpoint stood, with the patience that is set now."""
        super().load_state_dict(state_dict | {"patience": self.patience})

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Train no epoch more where the run stood at its early end."""
        trainer.should_stop = self.wait_count >= self.patience


class Lengthen(Callback):
    """Plans more epochs for a run, once its training goes on: nothing of it is refused any more."""

    def __init__(self, run: Run, epochs: int):
        self.run, self.epochs = run, epochs

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.is_global_zero:
            self.run.lengthen(self.epochs)


class Rows(TypedDict):
    """The state of the history in a checkpoint."""

    rows: list[dict[str, Any]]
    train_seconds: float
    cpu_seconds: float
    samples: int


class History(Callback):
    """``metrics.csv``, one row per epoch, and the samples and seconds spent in training steps.

    CPU seconds are this process's, over all its threads; loader processes count apart.

    When a run is resumed, rows of epochs after its last checkpoint are dropped: those are trained again.
    """

    def __init__(self, path: Path):
        self.path = path
        self.rows: list[dict[str, float]] = []
        self.train_seconds = self.cpu_seconds = 0.0
        self.samples = 0

    def state_dict(self) -> dict[str, Any]:
        return {key: getattr(self, key) for key in Rows.__annotations__}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        check_known(state_dict, Rows, "callbacks.History")
        vars(self).update({key: state_dict[key] for key in Rows.__annotations__})

    def on_train_epoch_start(self, *_: Any) -> None:
        self._since, self._cpu_since = time.perf_counter(), time.process_time()

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop the clocks: validation follows the epoch's last step."""
        self.train_seconds += time.perf_counter() - self._since
        self.cpu_seconds += time.process_time() - self._cpu_since
        assert isinstance(pl_module, Classifier)
        self.samples += pl_module.train_items * trainer.world_size

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.rows.append(
            {
                "epoch": trainer.current_epoch,
                "step": trainer.global_step,
                "lr": trainer.optimizers[0].param_groups[0]["lr"],
                "train_seconds": round(self.train_seconds, 3),
                "cpu_seconds": round(self.cpu_seconds, 3),
                **{name: round(float(value), 6) for name, value in trainer.callback_metrics.items()},
            }
        )
        if trainer.is_global_zero:
            names = list(self.rows[-1])
            write(self.path, csv_text(names, ([row.get(name) for name in names] for row in self.rows)))


class TrainingProgress(Callback):
    """A line an epoch, and on a terminal below them one bar over the whole training.

    The bar has steps, loss, the monitored metric, time passed and time left.
    """

    def __init__(self, monitor: Monitor) -> None:
        self.monitor, self.bar, self._drawn = monitor, progress_bar(), 0.0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.bar.disable |= not trainer.is_global_zero
        total = int(trainer.estimated_stepping_batches)
        self.task = self.bar.add_task("training", total=total, completed=trainer.global_step, note="")
        self.bar.start()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, *_: Any
    ) -> None:
        """Move the bar, at most four times a second: reading the loss waits for the device."""
        if not self.bar.disable and time.monotonic() - self._drawn > 0.25:
            self._drawn = time.monotonic()
            note = self._note(trainer, outputs["loss"])
            self.bar.update(self.task, completed=trainer.global_step, note=note)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Print a line, above the bar if there is one."""
        self.bar.update(self.task, completed=trainer.global_step)
        if trainer.is_global_zero:
            note = self._note(trainer, trainer.callback_metrics["train/loss"])
            epoch = f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}"
            self.bar.console.print(f"{epoch}  step {trainer.global_step}  {note}")

    def _note(self, trainer: pl.Trainer, loss: Any) -> str:
        value = trainer.callback_metrics.get(self.monitor.name)
        metric = "" if value is None else f"  {self.monitor.name} {self.monitor.text(float(value))}"
        return f"loss {float(loss):.3f}{metric}"

    def on_train_end(self, *_: Any, **__: Any) -> None:
        self.bar.stop()

    on_exception = on_train_end
