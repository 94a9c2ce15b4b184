"""Trainings that are killed: SIGKILL at a chosen moment of a process that runs the product's own functions.

The processes are forked from a server that has only imported the libraries: their state is that of a new
process, and they start in a tenth of a second.
"""

import json
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.callbacks import Callback

from shared.training.callbacks import History
from tests.commands import epochs_of

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(
    [
        "shared.commands.train",
        "shared.config.cli",
        *(f"domains.{name}.module" for name in ("go", "image", "speech", "text")),
    ]
)

Moment = tuple[str, int]  # a hook of Lightning's callbacks, and the number of the call that is killed


def _work(function: Callable[..., Any], args: tuple, folder: Path, moment: Moment | None) -> None:
    multiprocessing.set_start_method("fork", force=True)  # of the loader's processes, as from a shell
    os.chdir(folder)
    if moment:
        hook, calls = moment
        own = getattr(History, hook)

        def dying(self: Callback, *words: Any) -> None:
            nonlocal calls
            calls -= 1
            if calls <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
            own(self, *words)

        setattr(History, hook, dying)
    function(*args)


def run(function: Callable[..., Any], *args: Any, folder: Path, moment: Moment | None = None) -> bool:
    """Run ``function(*args)`` in a new process that is killed at ``moment``; whether it ended before."""
    process = processes.Process(target=_work, args=(function, args, folder, moment))
    process.start()
    process.join(300)
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode == 0


def equal(run: Path, whole: Path) -> None:
    """Fail at the first difference: rows and metrics without times, weights of both checkpoints."""
    ours, theirs = epochs_of(run), epochs_of(whole)
    for row, other in zip(ours, theirs, strict=True):
        assert row == other
    for name in ("best", "last"):
        mine, other = (
            torch.load(folder / "checkpoints" / f"{name}.ckpt", weights_only=True) for folder in (run, whole)
        )
        assert mine["epoch"] == other["epoch"], name
        for key, value in other["state_dict"].items():
            assert torch.equal(mine["state_dict"][key], value), (name, key)
    clock = ("train_seconds", "cpu_seconds", "samples_per_second")
    ours, theirs = (json.loads((folder / "metrics.json").read_text()) for folder in (run, whole))
    assert {k: v for k, v in ours.items() if k not in clock} == {
        k: v for k, v in theirs.items() if k not in clock
    }
