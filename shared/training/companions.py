"""The other processes that Lightning starts for one training: where one is killed, the rest end too."""

import os
import sys
from collections.abc import Callable
from subprocess import Popen
from threading import Event, Thread
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from shared.runs import Run
from shared.training.cut_short import RunPlace


class Companions(Callback):
    """Ends this process in one line once another one of its training has been killed.

    It would wait for that one, in code that hears no signal. Lightning kills it after some seconds, without a
    word, or leaves it waiting where the first process is the one that is gone.
    """

    def __init__(self, run: Run, again: str | None = None):
        self.run, self.again, self._ended = run, again, Event()

    def setup(self, trainer: pl.Trainer, *_: Any, **__: Any) -> None:
        """The processes have been started."""
        environment = getattr(trainer.strategy, "cluster_environment", None)
        if trainer.world_size == 1 or environment is None or environment.creates_processes_externally:
            return  # who starts them, torchrun or SLURM, watches them
        started: list[Popen] = getattr(trainer.strategy.launcher, "procs", [])
        first = os.getppid()

        def gone() -> bool:
            return any(process.poll() for process in started) if started else os.getppid() != first

        Thread(target=self._watch, args=[gone, started], daemon=True).start()

    def _watch(self, gone: Callable[[], bool], started: list[Popen]) -> None:
        while not self._ended.wait(0.05):
            if gone():
                saved = f"; {RunPlace(self.run.folder, self.again).saved()}" if started else ""
                if self._ended.is_set():
                    return
                sys.stderr.write(f"\nerror: another process of this training ended{saved}\n")
                sys.stderr.flush()
                for process in started:
                    process.kill()
                os._exit(1)

    def close(self) -> None:
        """The training has ended, or its end is reported elsewhere."""
        self._ended.set()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: Any) -> None:
        """After a signal, Lightning kills the others."""
        if isinstance(exception, KeyboardInterrupt):
            self.close()
