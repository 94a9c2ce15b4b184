"""Several trainings at a time, each in a process of its own; if one dies, the others continue."""

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Generator, Iterable
from contextlib import redirect_stderr, redirect_stdout
from multiprocessing import connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, NamedTuple

import torch
from omegaconf import DictConfig

from shared.commands import train_once
from shared.compare.item_order import Order
from shared.compare.profile import FACTS, facts
from shared.config import REQUEUE
from shared.errors import UserError
from shared.files import write, write_json
from shared.runs import Run, runs_in

FAILED, LOG = "failed.txt", "log.txt"


class Job(NamedTuple):
    """Work for a process: a function, its configuration, and the folder of its results.

    ``factor`` is the multiple of the recipe's learning rate that the configuration has.
    """

    does: Callable[[DictConfig, Path], None]
    config: DictConfig
    folder: Path
    factor: float = 1.0

    @property
    def done(self) -> bool:
        """Whether its result exists."""
        return (self.folder / FACTS).is_file() or self.run is not None

    @property
    def run(self) -> Run | None:
        """The run of a training, once it has ended."""
        return next((run for run in runs_in(self.folder) if run.metrics), None)

    @property
    def failure(self) -> str | None:
        """Why it failed when it was last tried; None if it did not."""
        file = self.folder / FAILED
        return file.read_text() if file.is_file() else None


def measure(config: DictConfig, folder: Path) -> None:
    """Write the facts of an entry."""
    write_json(folder / FACTS, facts(config))


def train(config: DictConfig, folder: Path) -> None:
    """Train, or resume, the only training of this folder."""
    train_once(config, [Order()])


def do(jobs: Iterable[Job], n: int) -> Generator[Job]:
    """Do jobs, ``n`` at a time; yields each when it is done; the folder of a failed one holds the reason.

    Each has a process of its own, forked from one that has made the imports, which take seconds. When the
    iterator is closed, what runs is killed: the trainings are resumed next time.
    """
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([__name__])
    waiting = list(jobs)
    running: dict[Any, tuple[ForkServerProcess, Job]] = {}  # by what is ready when the process has ended
    try:
        while waiting or running:
            while waiting and len(running) < n:
                job = waiting.pop(0)
                job.folder.mkdir(parents=True, exist_ok=True)
                (job.folder / FAILED).unlink(missing_ok=True)
                process = processes.Process(target=_attempt, args=(job,))
                process.start()
                running[process.sentinel] = process, job
            for sentinel in connection.wait(list(running)):
                process, job = running.pop(sentinel)
                process.join()
                if process.exitcode:
                    write(job.folder / FAILED, "its process was killed; was there enough memory?")
                yield job
    finally:
        for process, _ in running.values():
            process.kill()
            process.join()


def _attempt(job: Job) -> None:
    """Do the job in this process with one thread, its output in a file; write why it failed."""
    # A terminal and SLURM send the signals that end a command to all its processes; the first handles them.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, *REQUEUE):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()
    torch.set_num_threads(1)
    with (job.folder / LOG).open("a") as log, redirect_stdout(log), redirect_stderr(log):
        try:
            job.does(job.config, job.folder)
        except UserError as error:
            write(job.folder / FAILED, str(error))
        except Exception as error:
            traceback.print_exc()
            write(job.folder / FAILED, f"{type(error).__name__}: {error}".split("\n")[0])


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent
    connection.wait([parent.sentinel])
    os._exit(1)
