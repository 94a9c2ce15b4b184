"""Several trainings at a time, each in a process of its own; if one dies, the others continue."""

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import redirect_stderr, redirect_stdout
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, NamedTuple

import torch
from omegaconf import DictConfig

from shared.commands import train_once
from shared.compare.item_order import Order
from shared.compare.profile import facts
from shared.config import REQUEUE
from shared.errors import UserError
from shared.files import write, write_json
from shared.runs import Run, runs_in

FAILED, FACTS, LOG = "failed.txt", "facts.json", "log.txt"


class Job(NamedTuple):
    """A task for a process: a function, its configuration, and the folder of its results."""

    does: Callable[[DictConfig, Path], None]
    config: DictConfig
    folder: Path

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


class Workers:
    """``n`` threads, each with a process of its own that is kept from job to job: imports take seconds.

    One pool of ``n`` processes would give up all its jobs when one process dies.
    """

    def __init__(self, n: int):
        self._threads = ThreadPoolExecutor(n)
        self._local = threading.local()
        self._stopped = False

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        if kind:  # such as Ctrl-C: the trainings are resumed next time
            self._stopped = True
            for process in multiprocessing.active_children():
                process.kill()
        self._threads.shutdown(cancel_futures=True)  # the end of a thread ends its process

    def run(self, jobs: Iterable[Job]) -> Iterator[Job]:
        """Do the jobs; yields each when it is done; the folder of a failed one holds the reason."""
        futures: dict[Future, Job] = {self._threads.submit(self._do, job): job for job in jobs}
        for future in as_completed(futures):
            future.result()
            yield futures[future]

    def _do(self, job: Job) -> None:
        if not hasattr(self._local, "process"):
            # Spawned, not forked: a copy of a process whose threads run may hang.
            self._local.process = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _start)
        job.folder.mkdir(parents=True, exist_ok=True)
        (job.folder / FAILED).unlink(missing_ok=True)
        try:
            reason = self._local.process.submit(_attempt, job).result()
        except BrokenProcessPool:
            del self._local.process
            reason = "" if self._stopped else "its process was killed; was there enough memory?"
        if reason:
            write(job.folder / FAILED, reason)


def _start() -> None:
    """Use one thread, and exit when the parent process dies.

    A terminal and SLURM send the signals that end a command to all its processes; the first one handles them.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, *REQUEUE):
        signal.signal(number, signal.SIG_IGN)
    torch.set_num_threads(1)
    parent = multiprocessing.parent_process()
    assert parent

    def follow() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _attempt(job: Job) -> str | None:
    """Do the job in this process, its output in a file; returns why it failed, or None."""
    with (job.folder / LOG).open("a") as log, redirect_stdout(log), redirect_stderr(log):
        try:
            job.does(job.config, job.folder)
        except UserError as error:
            return str(error)
        except Exception as error:
            log.write(traceback.format_exc())
            return f"{type(error).__name__}: {error}".split("\n")[0]
    return None
