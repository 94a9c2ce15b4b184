"""Several trainings at a time, each in a process of its own; one that dies takes no other with it."""

import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import redirect_stderr, redirect_stdout
from multiprocessing.connection import wait
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
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
    """Something that a process is to do with a configuration, and the folder where all of it is kept."""

    does: Callable[[DictConfig, Path], None]
    config: DictConfig
    folder: Path

    @property
    def done(self) -> bool:
        """Whether what it makes is there."""
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
    """Keep the facts of a cell."""
    write_json(folder / FACTS, facts(config))


def train(config: DictConfig, folder: Path) -> None:
    """Train, or go on with, the one training of this folder."""
    train_once(config, [Order()])


class Workers:
    """``n`` processes, each started when it is first needed and kept: the libraries load for seconds."""

    def __init__(self, n: int):
        self._threads = ThreadPoolExecutor(n)
        self._pools: SimpleQueue[ProcessPoolExecutor | None] = SimpleQueue()
        self._stopped = False
        for _ in range(n):
            self._pools.put(None)

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        if kind:  # such as Ctrl-C: what they train is resumed next time
            self._stopped = True
            for process in multiprocessing.active_children():
                process.kill()
        self._threads.shutdown(cancel_futures=True)
        while not self._pools.empty():
            pool = self._pools.get()
            if pool:
                pool.shutdown()

    def run(self, jobs: Iterable[Job]) -> Iterator[Job]:
        """Do the jobs; each comes back when it is done, and why it failed stands in its folder."""
        futures: dict[Future, Job] = {self._threads.submit(self._do, job): job for job in jobs}
        for future in as_completed(futures):
            future.result()
            yield futures[future]

    def _do(self, job: Job) -> None:
        pool = self._pools.get()
        try:
            # Spawned, not forked: a copy of a process whose threads run may hang.
            pool = pool or ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _start)
            job.folder.mkdir(parents=True, exist_ok=True)
            (job.folder / FAILED).unlink(missing_ok=True)
            reason = pool.submit(_attempt, job).result()
        except BrokenProcessPool:
            pool, reason = None, "" if self._stopped else "its process was killed; was there memory enough?"
        finally:
            self._pools.put(pool)
        if reason:
            write(job.folder / FAILED, reason)


def _start() -> None:
    """One thread a process, and none that outlives the process it works for: that would write on, unseen.

    The signals that end a command, which a terminal and SLURM send to all its processes, are for the first.
    """
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, *REQUEUE):
        signal.signal(each, signal.SIG_IGN)
    torch.set_num_threads(1)
    parent = multiprocessing.parent_process()
    assert parent

    def follow() -> None:
        wait([parent.sentinel])
        os._exit(1)

    Thread(target=follow, daemon=True).start()


def _attempt(job: Job) -> str | None:
    """Do the job in this process; what it prints goes to a file, and why it failed comes back."""
    with (job.folder / LOG).open("a") as log, redirect_stdout(log), redirect_stderr(log):
        try:
            job.does(job.config, job.folder)
        except UserError as error:
            return str(error)
        except Exception as error:
            log.write(traceback.format_exc())
            return f"{type(error).__name__}: {error}".split("\n")[0]
    return None
